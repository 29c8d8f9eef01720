"""TensorFlow's files: variables drawn at random under TensorFlow's names, against the same arithmetic in numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from draggan_server.checkpoints import Checkpoint, CheckpointError, open_checkpoint
from draggan_server.stylegan2 import z_from_seed
from tests.reference import plain_tensorflow as plain
from tests.unit.checkpoints import writers
from tests.unit.checkpoints.test_formats import check, read

LATENT, WIDTH, CLASSES, RESOLUTION = 12, 12, 3, 16
CHANNELS = {4: 10, 8: 8, 16: 4}
"""fmap_base 32, fmap_max 10."""


class Model:
    """The variables of a generator and of a discriminator."""

    def __init__(self, classes: str = "", architecture: str = "skip", critic: str = "resnet") -> None:
        """classes: "" for none, "concat" as in the first program, "embed" and "embed, mapped" as in StyleGAN2-ADA."""
        self.random = np.random.default_rng(5)
        self.mapping: dict[str, np.ndarray] = {}
        self.synthesis: dict[str, np.ndarray] = {}
        self.critic: dict[str, np.ndarray] = {}
        self.classes = classes
        self._make_mapping()
        self._make_synthesis(architecture)
        self._make_critic(critic)
        self.main = {"lod": np.zeros((), np.float32), "dlatent_avg": self.numbers(WIDTH, scale=0.1)}

    def numbers(self, *shape: int, scale: float = 1.0) -> np.ndarray:
        return (self.random.standard_normal(shape) * scale).astype(np.float32)

    def dense(self, into: dict[str, np.ndarray], name: str, inputs: int, outputs: int, lrmul: float = 1.0) -> None:
        into[f"{name}/weight"] = self.numbers(inputs, outputs, scale=1 / lrmul)
        into[f"{name}/bias"] = self.numbers(outputs, scale=0.3 / lrmul)

    def _make_mapping(self) -> None:
        inputs = LATENT
        if self.classes == "concat":
            self.mapping["LabelConcat/weight"] = self.numbers(CLASSES, LATENT)
            inputs += LATENT
        elif self.classes:
            self.dense(self.mapping, "LabelEmbed", CLASSES, 7)
            inputs += 7
        for i, (into, outputs) in enumerate(((inputs, 9), (9, 9), (9, WIDTH))):
            self.dense(self.mapping, f"Dense{i}", into, outputs, 0.01)

    def _make_synthesis(self, architecture: str) -> None:
        v = self.synthesis
        v["4x4/Const/const"] = self.numbers(1, CHANNELS[4], 4, 4)

        def modulated(name: str, k: int, inputs: int, outputs: int) -> None:
            v[f"{name}/weight"] = self.numbers(k, k, inputs, outputs)
            v[f"{name}/bias"] = self.numbers(outputs, scale=0.3)
            v[f"{name}/mod_weight"] = self.numbers(WIDTH, inputs)
            v[f"{name}/mod_bias"] = self.numbers(inputs, scale=0.3)

        noise, below = 0, CHANNELS[4]
        for r, channels in CHANNELS.items():
            names = [("Conv0_up", below), ("Conv1", channels)] if r > 4 else [("Conv", channels)]
            for name, inputs in names:
                modulated(f"{r}x{r}/{name}", 3, inputs, channels)
                v[f"{r}x{r}/{name}/noise_strength"] = np.float32(0.3).reshape(())
                v[f"noise{noise}"] = self.numbers(1, 1, r, r)
                noise += 1
            if architecture == "skip" or r == RESOLUTION:
                modulated(f"{r}x{r}/ToRGB", 1, channels, 3)
            if architecture == "resnet" and r > 4:
                v[f"{r}x{r}/Skip/weight"] = self.numbers(1, 1, below, channels)
            below = channels

    def _make_critic(self, architecture: str) -> None:
        v = self.critic

        def conv(name: str, k: int, inputs: int, outputs: int, *, bias: bool = True) -> None:
            v[f"{name}/weight"] = self.numbers(k, k, inputs, outputs)
            if bias:
                v[f"{name}/bias"] = self.numbers(outputs, scale=0.3)

        for r in (16, 8):
            if r == RESOLUTION or architecture == "skip":
                conv(f"{r}x{r}/FromRGB", 1, 3, CHANNELS[r])
            conv(f"{r}x{r}/Conv0", 3, CHANNELS[r], CHANNELS[r])
            conv(f"{r}x{r}/Conv1_down", 3, CHANNELS[r], CHANNELS[r // 2])
            if architecture == "resnet":
                conv(f"{r}x{r}/Skip", 1, CHANNELS[r], CHANNELS[r // 2], bias=False)
        if architecture == "skip":
            conv("4x4/FromRGB", 1, 3, CHANNELS[4])
        conv("4x4/Conv", 3, CHANNELS[4] + 1, CHANNELS[4])
        self.dense(v, "4x4/Dense0", CHANNELS[4] * 16, CHANNELS[4])
        outputs = {"": 1, "concat": CLASSES}.get(self.classes, 6)
        self.dense(v, "Output", CHANNELS[4], outputs)
        if self.classes.startswith("embed"):
            self.dense(v, "LabelEmbed", CLASSES, outputs)
            for i in range(2 if self.classes.endswith("mapped") else 0):
                self.dense(v, f"Mapping{i}", outputs, outputs, 0.1)

    def file(self, settings: dict[str, Any] | None = None, critics_settings: dict[str, Any] | None = None) -> bytes:
        mean = {"": self.main, "mapping": self.mapping, "synthesis": self.synthesis}
        first = {name: {key: values + 1 for key, values in own.items()} for name, own in mean.items()}
        settings = {"latent_size": LATENT, "label_size": CLASSES if self.classes else 0, **(settings or {})}
        return writers.tensorflow_pickle(first, {"": self.critic}, mean, settings, critics_settings or {})


def compare(
    model: Model, loaded: Checkpoint, architecture: str = "skip", critic: str = "resnet", lrmul: float = 0.1
) -> None:
    z = np.concatenate([z_from_seed(seed, LATENT).numpy() for seed in range(3)])
    label = np.eye(CLASSES)[[0, 2, 1]] if model.classes else None
    c = None if label is None else torch.from_numpy(label).float()
    w = plain.mapping(model.mapping, z.astype(float), label)
    assert w.std() > 0.1
    truncated = model.main["dlatent_avg"] + 0.6 * (w - model.main["dlatent_avg"])
    for due, psi in ((w, 1.0), (truncated, 0.6)):
        ws = loaded.generator.mapping(torch.from_numpy(z), c, psi=psi)
        np.testing.assert_allclose(ws.numpy(), np.repeat(due[:, None], ws.shape[1], axis=1), rtol=0, atol=1e-5)
    picture = plain.synthesis(model.synthesis, w, architecture)
    np.testing.assert_allclose(loaded.generator.image(ws_of(w, loaded)).numpy(), picture, rtol=0, atol=1e-4)
    picture /= picture.std()
    logits = plain.critic(model.critic, picture, label, critic, lrmul)
    assert loaded.discriminator is not None
    ours = loaded.discriminator(torch.from_numpy(picture).float(), c).numpy()
    np.testing.assert_allclose(ours, logits, rtol=0, atol=1e-4)
    assert logits.std() > 0.01


def ws_of(w: np.ndarray, loaded: Checkpoint) -> torch.Tensor:
    return torch.from_numpy(w).float()[:, None].repeat(1, loaded.generator.num_ws, 1)


@pytest.mark.parametrize("classes", ["", "concat", "embed", "embed, mapped"])
def test_tensorflows_own_arithmetic_with_classes_and_without(tmp_path: Path, classes: str):
    model = Model(classes)
    loaded = read(tmp_path, model.file())
    compare(model, loaded)
    assert loaded.generator.config.c_dim == (CLASSES if classes else 0)
    assert loaded.generator.config.layer_features == 9


@pytest.mark.parametrize("architecture", ["skip", "resnet", "orig"])
@pytest.mark.parametrize("critic", ["resnet", "skip", "orig"])
def test_tensorflows_own_arithmetic_of_every_architecture(tmp_path: Path, architecture: str, critic: str):
    model = Model("concat", architecture, critic)
    settings = {"architecture": architecture, "normalize_latents": True, "nonlinearity": "lrelu"}
    compare(model, read(tmp_path, model.file(settings, {"architecture": critic})), architecture, critic)


def test_what_maps_a_discriminators_class_has_its_own_learning_rate(tmp_path: Path):
    model = Model("embed, mapped")
    for i in range(2):
        for kind in ("weight", "bias"):
            model.critic[f"Mapping{i}/{kind}"] *= 2
    compare(model, read(tmp_path, model.file(critics_settings={"mapping_lrmul": 0.05})), lrmul=0.05)


@pytest.mark.parametrize("condition", ["plain", "mapped"])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_classes_of_files_of_every_protocol(tmp_path: Path, condition: str, protocol: int):
    networks = writers.make_networks(4, condition=condition)
    for numpy in ("numpy.core", "numpy._core"):
        loaded = read(tmp_path, writers.tensorflow_file(*networks, protocol=protocol, numpy=numpy))
        assert loaded.generator.config == networks[0].config
        assert loaded.discriminator is not None
        assert loaded.discriminator.config.condition == condition
        check(loaded, *networks)


def test_networks_without_noise(tmp_path: Path):
    model = Model()
    model.synthesis = {name: values for name, values in model.synthesis.items() if "noise" not in name}
    with pytest.raises(CheckpointError, match="4x4/Conv/noise_strength is missing"):
        read(tmp_path, model.file())
    compare(model, read(tmp_path, model.file({"use_noise": False})))


@pytest.mark.parametrize("classes", ["", "concat", "embed"])
def test_without_a_mean_w_one_is_found(tmp_path: Path, classes: str):
    model = Model(classes)
    due = model.main.pop("dlatent_avg")
    z = np.random.default_rng(1).standard_normal((20_000, LATENT))
    label = np.eye(CLASSES)[np.arange(20_000) % CLASSES] if classes else None
    due = plain.mapping(model.mapping, z, label).mean(axis=0)
    found = read(tmp_path, model.file()).generator.w_avg.numpy()
    np.testing.assert_allclose(found, due, rtol=0, atol=0.05)


def test_statistics_of_the_whole_batch(tmp_path: Path):
    compare(Model(), read(tmp_path, Model().file(critics_settings={"mbstd_group_size": None})))


def test_what_training_counts_is_no_matter(tmp_path: Path):
    model = Model()
    for variables in (model.main, model.critic):
        variables["strength"] = np.array(0.5, np.float32)
    compare(model, read(tmp_path, model.file()))


def test_statistics_that_are_left_out(tmp_path: Path):
    """A group of one has none, and so the layer after them reads no further channel."""
    model = Model()
    model.critic["4x4/Conv/weight"] = model.critic["4x4/Conv/weight"][:, :, :-1]
    for size in (0, 1):
        loaded = read(tmp_path, model.file(critics_settings={"mbstd_group_size": size}))
        assert loaded.discriminator is not None
        assert loaded.discriminator.config.mbstd_num_channels == 0


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "activation": ({"nonlinearity": "relu"}, "its nonlinearity is relu, which cannot be drawn"),
    "mapping's activation": ({"mapping_nonlinearity": "linear"}, "its mapping_nonlinearity is linear, which cannot"),
    "filter": ({"resample_kernel": [1, 2, 1]}, r"its resample_kernel is \(1, 2, 1\), which cannot be drawn"),
    "no filter": ({"resample_kernel": None}, "its resample_kernel is None, which cannot be drawn"),
    "latents as they are": ({"normalize_latents": False}, "its normalize_latents is False, which cannot be drawn"),
    "spectral": ({"use_spectral_norm": True}, "its use_spectral_norm is True, which cannot be drawn"),
    "another latent": ({"latent_size": 10}, "its latent_size is 10, but its parameters are for 12"),
    "other classes": ({"label_size": 2}, "its label_size is 2, but its parameters are for 0"),
    "first StyleGAN": ({"synthesis_func": "G_synthesis_stylegan_revised"}, "it is made as in the first StyleGAN"),
    "no number": ({"mapping_lrmul": "much"}, "mapping_lrmul is no number"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_settings_that_are_not_drawn_are_named(tmp_path: Path, kind: str):
    settings, said = REFUSED[kind]
    with pytest.raises(CheckpointError, match=said):
        read(tmp_path, Model().file(settings))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"nonlinearity": "relu"}, "its nonlinearity is relu, which cannot be drawn"),
        ({"resample_kernel": [1, 1]}, "its resample_kernel is (1, 1), which cannot be drawn"),
    ],
)
def test_discriminators_that_are_not_known_are_left_out_and_said(tmp_path: Path, settings: dict[str, Any], said: str):
    path = tmp_path / "model.pkl"
    path.write_bytes(Model().file(critics_settings=settings))
    opened = open_checkpoint(path)
    assert opened.checkpoint.discriminator is None
    assert opened.remarks == (f"The discriminator is left out: {said}.",)


def test_settings_and_variables_that_nobody_knows_are_said(tmp_path: Path):
    model = Model()
    path = tmp_path / "model.pkl"
    path.write_bytes(model.file({"randomize_noise": False, "wobble": 3}, {"fmap_max": 10, "squash": True}))
    assert open_checkpoint(path).remarks == (
        "The generator was made with settings that are not known here and were left out: wobble.",
        "The discriminator was made with settings that are not known here and were left out: squash.",
    )
    model.synthesis["16x16/Attention/weight"] = model.numbers(4, 4)
    with pytest.raises(CheckpointError, match="it has 16x16/Attention/weight, which no known network has"):
        read(tmp_path, model.file())


def test_parts_that_disagree_are_named(tmp_path: Path):
    whole = writers.tensorflow_network(
        {}, {"mapping_lrmul": 0.01}, "numpy.core", parts={"mapping": ({}, {"mapping_lrmul": 0.1})}
    )
    with pytest.raises(CheckpointError, match="its parts disagree about mapping_lrmul"):
        read(tmp_path, writers.dump((whole, whole, whole)))


def test_a_table_of_classes_of_another_width_is_named(tmp_path: Path):
    model = Model("concat")
    model.mapping["LabelConcat/weight"] = model.numbers(CLASSES, LATENT - 2)
    model.mapping["Dense0/weight"] = model.numbers(2 * LATENT - 2, 9)
    with pytest.raises(CheckpointError, match="its classes are not as wide as its latent"):
        read(tmp_path, model.file())
