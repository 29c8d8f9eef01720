"""Files in the layouts of other programs: read, they draw what a slow forward by other arithmetic draws."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from draggan_server.checkpoints import Checkpoint, CheckpointError, open_checkpoint
from draggan_server.stylegan2 import Discriminator, Generator, z_from_seed
from tests.reference.plain_stylegan2 import draw, judge
from tests.unit.checkpoints import writers
from tests.unit.stylegan2 import golden


@pytest.fixture(scope="module")
def networks():
    return writers.make_networks()


def plain_mapping(generator: Generator, z: torch.Tensor, c: torch.Tensor | None, psi: float) -> torch.Tensor:
    """StyleGAN2's mapping network, written out."""
    state, config = generator.state_dict(), generator.config

    def unit(x: torch.Tensor) -> torch.Tensor:
        return x / (x.square().mean(dim=1, keepdim=True) + 1e-8).sqrt()

    x = z
    if c is not None:
        weight, bias = state["mapping.embed.weight"], state["mapping.embed.bias"]
        y = c @ (weight / weight.shape[1] ** 0.5).t() + bias
        x = torch.cat([z, y] if config.condition == "plain" else [unit(z), unit(y)], dim=1)
    if c is None or config.condition == "plain":
        x = unit(x)
    for i in range(config.mapping_layers):
        weight, bias = (state[f"mapping.fc{i}.{kind}"] * config.mapping_lr_multiplier for kind in ("weight", "bias"))
        x = x @ (weight / weight.shape[1] ** 0.5).t() + bias
        x = torch.where(x > 0, x, 0.2 * x) * 2**0.5
    return state["mapping.w_avg"] + psi * (x - state["mapping.w_avg"])


def check(loaded: Checkpoint, generator: Generator, discriminator: Discriminator | None, *, w_avg: bool = True):
    """The loaded networks against a plain forward of those that were written."""
    classes = generator.config.c_dim
    z = torch.cat([z_from_seed(seed, generator.config.z_dim) for seed in (1, 2)])
    c = torch.eye(classes)[:2] if classes else None
    psi = 0.7 if w_avg else 1.0
    w = plain_mapping(generator, z, c, psi)
    ws = loaded.generator.mapping(z, c, psi=psi)
    torch.testing.assert_close(ws, w[:, None].expand_as(ws), rtol=0, atol=1e-4)
    picture = draw(generator, ws)[0]
    torch.testing.assert_close(loaded.generator.image(ws), picture, rtol=0, atol=1e-4)
    assert picture.std() > 0.1
    if discriminator is None:
        assert loaded.discriminator is None
    else:
        assert loaded.discriminator is not None
        torch.testing.assert_close(
            loaded.discriminator(picture, c), judge(discriminator, picture, c), rtol=0, atol=1e-4
        )


def read(folder: Path, data: bytes, name: str = "weights") -> Checkpoint:
    path = folder / name
    path.write_bytes(data)
    return open_checkpoint(path).checkpoint


@pytest.mark.parametrize("name", golden.NAMES)
def test_golden_files_give_nvidias_numbers(name: str):
    opened = open_checkpoint(golden.FOLDER / f"{name}.pkl")
    loaded, due = opened.checkpoint, golden.read(name)
    z = torch.cat([z_from_seed(seed, 64) for seed in due.seeds])
    assert opened.remarks == ()
    torch.testing.assert_close(loaded.generator.mapping(z, psi=due.psi), due.w, rtol=0, atol=1e-4)
    torch.testing.assert_close(loaded.generator.image(due.w), due.image, rtol=0, atol=1e-4)
    torch.testing.assert_close(loaded.discriminator(due.image), due.logits, rtol=0, atol=1e-4)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("numpy", ["numpy.core", "numpy._core"])
def test_nvidias_pickle(tmp_path: Path, networks, protocol: int, numpy: str):
    check(read(tmp_path, writers.nvidia_file(*networks, protocol=protocol, numpy=numpy)), *networks)


def test_nvidias_generator_alone_and_without_mean(tmp_path: Path, networks):
    alone = writers.dump({"G_ema": writers.nvidia_network(networks[0])})
    check(read(tmp_path, alone), networks[0], None)
    without_mean = writers.dump({"G": writers.nvidia_network(networks[0]), "D": None, "G_ema": None})
    check(read(tmp_path, without_mean), networks[0], None)


@pytest.mark.parametrize("archive", [True, False])
def test_a_whole_network_by_torch(tmp_path: Path, networks, archive: bool):
    path = writers.save_torch(writers.nvidia_network(networks[0]), tmp_path / "tuned.pt", archive=archive)
    check(open_checkpoint(path).checkpoint, networks[0], None)


def test_clamps_of_half_precision_networks(tmp_path: Path):
    networks = writers.make_networks(clamp=0.8)
    loaded = read(tmp_path, writers.nvidia_file(*networks))
    assert loaded.generator.config.conv_clamp == loaded.discriminator.config.conv_clamp == 0.8
    check(loaded, *networks)


def test_numbers_in_half_precision(tmp_path: Path, networks):
    state = {name: value.half() for name, value in writers.rosinality_generator(networks[0]).items()}
    path = writers.save_torch({"g_ema": state, "latent_avg": networks[0].w_avg}, tmp_path / "half.pt")
    loaded = open_checkpoint(path).checkpoint
    ws = networks[0].mapping(z_from_seed(1, 20))
    torch.testing.assert_close(loaded.generator.image(ws), draw(networks[0], ws)[0], rtol=0, atol=0.1)


def test_classes(tmp_path: Path):
    networks = writers.make_networks(c_dim=3)
    check(read(tmp_path, writers.nvidia_file(*networks)), *networks)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_tensorflows_pickle(tmp_path: Path, networks, protocol: int):
    check(read(tmp_path, writers.tensorflow_file(*networks, protocol=protocol)), *networks)


@pytest.mark.parametrize("archive", [True, False])
def test_rosinalitys_converted_file(tmp_path: Path, networks, archive: bool):
    value = {"g_ema": writers.rosinality_generator(networks[0]), "latent_avg": networks[0].w_avg.clone()}
    path = writers.save_torch(value, tmp_path / "converted.pt", archive=archive)
    check(open_checkpoint(path).checkpoint, networks[0], None)


@pytest.mark.parametrize("archive", [True, False])
def test_rosinalitys_trainer_file(tmp_path: Path, networks, archive: bool):
    path = writers.save_torch(writers.trainer_file(*networks), tmp_path / "550000.pt", archive=archive)
    loaded = open_checkpoint(path).checkpoint
    check(loaded, *networks, w_avg=False)
    z = torch.randn(20_000, 20, generator=torch.Generator().manual_seed(8))
    mean = plain_mapping(networks[0], z, None, 1.0).mean(dim=0)
    torch.testing.assert_close(loaded.generator.w_avg, mean, rtol=0, atol=0.05 * float(mean.std()) + 0.01)


def test_without_noise_maps_one_is_made_that_stays(tmp_path: Path, networks):
    value = {"g_ema": writers.rosinality_generator(networks[0], noises=False), "latent_avg": networks[0].w_avg}
    first, second = (
        open_checkpoint(writers.save_torch(value, tmp_path / "old.pt")).checkpoint.generator for _ in range(2)
    )
    ws = networks[0].mapping(z_from_seed(1, 20))
    assert torch.equal(first.image(ws), second.image(ws))
    torch.testing.assert_close(first.image(ws, noise="none"), networks[0].image(ws, noise="none"), rtol=0, atol=1e-4)


def test_the_decoder_of_an_encoder(tmp_path: Path, networks):
    path = writers.save_torch(writers.encoder_file(networks[0]), tmp_path / "e4e.pt")
    check(open_checkpoint(path).checkpoint, networks[0], None)


def changed(networks, **changes) -> bytes:
    """NVIDIA's generator with other attributes of its first block."""
    return writers.dump({"G_ema": writers.nvidia_network(networks[0], changes={"synthesis.b4": changes})})


@pytest.mark.parametrize("architecture", ["skip", "resnet", "orig"])
@pytest.mark.parametrize("critic", ["resnet", "skip", "orig"])
def test_architectures(tmp_path: Path, architecture: str, critic: str):
    networks = writers.make_networks(architecture=architecture, critic=critic)
    settings = {"architecture": architecture}
    for data in (writers.nvidia_file(*networks), writers.tensorflow_file(*networks, settings=settings)):
        loaded = read(tmp_path, data)
        assert loaded.generator.config.architecture == architecture
        assert loaded.discriminator is not None
        assert loaded.discriminator.config.architecture == critic
        check(loaded, *networks)


@pytest.mark.parametrize("architecture", ["resnet", "orig"])
def test_all_at_once(tmp_path: Path, architecture: str):
    """Tall pictures, classes, clamped as half precision networks are."""
    networks = writers.make_networks(3, 0.8, architecture=architecture, critic="orig", base=(4, 2))
    loaded = read(tmp_path, writers.nvidia_file(*networks))
    assert (loaded.generator.height, loaded.generator.width) == (32, 16)
    check(loaded, *networks)


@pytest.mark.parametrize("base", [(4, 2), (2, 4), (3, 4)], ids=["tall", "wide", "three quarters"])
def test_pictures_that_are_not_square(tmp_path: Path, base: tuple[int, int]):
    """As StyleGAN-Human has them, and in every other layout."""
    networks = writers.make_networks(base=base)
    height, width = base[0] * 8, base[1] * 8
    trained = writers.save_torch(writers.trainer_file(*networks), tmp_path / "trained.pt")
    for loaded, w_avg in (
        (read(tmp_path, writers.nvidia_file(*networks)), True),
        (read(tmp_path, writers.tensorflow_file(*networks)), True),
        (open_checkpoint(trained).checkpoint, False),
    ):
        check(loaded, *networks, w_avg=w_avg)
        assert (loaded.generator.height, loaded.generator.width) == (height, width)
    value = {"g_ema": writers.rosinality_generator(networks[0], noises=False), "latent_avg": networks[0].w_avg}
    old = open_checkpoint(writers.save_torch(value, tmp_path / "old.pt")).checkpoint.generator
    ws = networks[0].mapping(z_from_seed(1, 20))
    torch.testing.assert_close(old.image(ws, "none"), networks[0].image(ws, "none"), rtol=0, atol=1e-4)


def test_networks_without_noise_that_are_not_square(tmp_path: Path):
    generator, _ = writers.make_networks(base=(4, 2))
    network = writers.nvidia_network(
        generator,
        changes={
            f"synthesis.b{r}.conv{i}": {"use_noise": False} for r in (4, 8, 16, 32) for i in (0, 1) if (r, i) != (4, 0)
        },
        without=("noise_const", "noise_strength"),
    )
    loaded = read(tmp_path, writers.dump({"G_ema": network})).generator
    ws = generator.mapping(z_from_seed(1, 20))
    torch.testing.assert_close(loaded.image(ws), generator.image(ws, "none"), rtol=0, atol=1e-4)


def test_an_architecture_that_is_not_that_of_the_parameters_is_named(tmp_path: Path, networks):
    with pytest.raises(CheckpointError, match=r"b4 is said to be of the resnet architecture, but .* are of skip"):
        read(tmp_path, changed(networks, architecture="resnet"))
    with pytest.raises(CheckpointError, match=r"generator is said to be of the orig architecture, but .* are of skip"):
        read(tmp_path, writers.tensorflow_file(*networks, settings={"architecture": "orig"}))


def test_clamps_of_tensorflows_half_precision_networks(tmp_path: Path):
    networks = writers.make_networks(clamp=0.8)
    settings = {"conv_clamp": 0.8, "num_fp16_res": 4}
    data = writers.tensorflow_file(*networks, settings=settings, critics_settings=settings)
    check(read(tmp_path, data), *networks)


def test_stylegan3_is_named(tmp_path: Path, networks):
    network = writers.nvidia_network(networks[0], changes={"synthesis.input": {}, "synthesis.L0_36_512": {}})
    with pytest.raises(CheckpointError, match="this is a StyleGAN3 generator"):
        read(tmp_path, writers.dump({"G_ema": network}))


@pytest.mark.parametrize("size", [(8, 8), (2, 2), (4, 4000)])
def test_smallest_maps_of_other_sizes_are_named(tmp_path: Path, networks, size: tuple[int, int]):
    state = writers.rosinality_generator(networks[0], noises=False)
    state["input.input"] = torch.zeros(1, 24, *size)
    path = writers.save_torch({"g_ema": state, "latent_avg": networks[0].w_avg}, tmp_path / "odd.pt")
    with pytest.raises(CheckpointError, match=rf"it starts from {size[1]} x {size[0]} instead of 4 px on its longer"):
        open_checkpoint(path)


def test_a_discriminator_of_another_kind_is_left_out_and_said(tmp_path: Path, networks):
    critic = writers.nvidia_network(networks[1], changes={"b8": {"architecture": "skip"}})
    path = tmp_path / "weights.pkl"
    path.write_bytes(writers.dump({"G_ema": writers.nvidia_network(networks[0]), "D": critic}))
    opened = open_checkpoint(path)
    assert opened.remarks == (
        "The discriminator is left out: b8 is said to be of the skip architecture, but its parameters are of resnet.",
    )
    check(opened.checkpoint, networks[0], None)


def test_missing_and_infinite_parameters_are_named(tmp_path: Path, networks):
    state = writers.rosinality_generator(networks[0])
    missing = {name: value for name, value in state.items() if name != "convs.2.activate.bias"}
    path = writers.save_torch({"g_ema": missing}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=r"a\.pt: convs\.2\.activate\.bias is missing"):
        open_checkpoint(path)
    state["convs.2.activate.bias"][0] = float("inf")
    path = writers.save_torch({"g_ema": state}, tmp_path / "b.pt")
    with pytest.raises(CheckpointError, match=r"b16\.conv0\.bias holds values that are no finite numbers"):
        open_checkpoint(path)


def test_something_else_is_said_to_be_so(tmp_path: Path):
    for name, data in (("a.pt", writers.dump({"weights": [1, 2]})), ("b.pt", b"\x89PNG\r\n\x1a\n" + b"0" * 99)):
        with pytest.raises(CheckpointError, match=r"holds no StyleGAN2|neither a pickle nor a torch file"):
            read(tmp_path, data, name)
    with pytest.raises(CheckpointError, match="there is no such file"):
        open_checkpoint(tmp_path / "gone.pkl")


def test_our_own_files_are_a_format_too(tmp_path: Path, networks):
    from draggan_server.checkpoints import ModelCard, save_checkpoint

    path = tmp_path / "own.safetensors"
    save_checkpoint(path, networks[0], ModelCard("Own", "noise", "MIT"), networks[1])
    opened = open_checkpoint(path)
    assert opened.checkpoint.card.name == "Own"
    check(opened.checkpoint, *networks)
