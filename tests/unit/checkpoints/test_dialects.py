"""Every dialect in every way that its program may have written it: protocols, numpy's names, types, layouts."""

from __future__ import annotations

import copy
import io
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from draggan_server.checkpoints import CheckpointError, open_checkpoint
from draggan_server.stylegan2 import Discriminator, Generator, z_from_seed
from tests.reference.plain_stylegan2 import draw
from tests.unit.checkpoints import writers
from tests.unit.checkpoints.test_formats import check, read

Networks = tuple[Generator, Discriminator]


@pytest.fixture(scope="module")
def networks() -> Networks:
    return writers.make_networks()


def by_torch(value: Any, protocol: int, archive: bool) -> bytes:
    file = io.BytesIO()
    with writers.Named.importable():
        torch.save(value, file, pickle_protocol=protocol, _use_new_zipfile_serialization=archive)
    return file.getvalue()


BY_TORCH: dict[str, Callable[[Networks], Any]] = {
    "whole module": lambda networks: writers.nvidia_network(networks[0]),
    "whole module, numpy 1": lambda networks: writers.nvidia_network(networks[0], numpy="numpy.core"),
    "snapshot": lambda networks: {
        "G_ema": writers.nvidia_network(networks[0]),
        "D": writers.nvidia_network(networks[1]),
    },
    "converted": lambda networks: {
        "g_ema": writers.rosinality_generator(networks[0]),
        "latent_avg": networks[0].w_avg.clone(),
    },
    "encoder": lambda networks: writers.encoder_file(networks[0]),
    "trainer": lambda networks: writers.trainer_file(*networks),
}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("archive", [True, False], ids=["archive", "stream"])
@pytest.mark.parametrize("dialect", BY_TORCH)
def test_torchs_files_of_every_protocol(tmp_path: Path, networks: Networks, protocol: int, archive: bool, dialect: str):
    loaded = read(tmp_path, by_torch(BY_TORCH[dialect](networks), protocol, archive))
    discriminator = networks[1] if dialect in ("snapshot", "trainer") else None
    check(loaded, networks[0], discriminator, w_avg=dialect != "trainer")


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("kind", ["numpy.core", "numpy._core", "this numpy's own"])
@pytest.mark.parametrize("fortran", [False, True], ids=["C", "Fortran"])
def test_tensorflows_arrays_of_every_kind(
    tmp_path: Path, networks: Networks, monkeypatch: pytest.MonkeyPatch, protocol: int, kind: str, fortran: bool
):
    """numpy's own pickles of protocol 5 are made from buffers, and of protocol 2 from texts."""
    if kind == "this numpy's own":
        monkeypatch.setattr(writers, "number", lambda value, numpy: np.float64(value))
        monkeypatch.setattr(writers, "array", lambda values, numpy: np.asarray(values, order="F" if fortran else "C"))
        monkeypatch.setattr(writers.Named, "known", {})  # its own functions are not stood for
    else:
        monkeypatch.setattr(writers, "array", partial(writers.array, fortran=fortran))
    check(read(tmp_path, writers.tensorflow_file(*networks, protocol=protocol, numpy=kind)), *networks)


def test_the_trained_network_alone_where_there_is_no_mean_over_training(tmp_path: Path, networks: Networks):
    value = {"g": writers.rosinality_generator(networks[0]), "latent_avg": networks[0].w_avg}
    check(read(tmp_path, by_torch(value, 2, True)), networks[0], None)


def test_a_state_dict_alone(tmp_path: Path, networks: Networks):
    state = writers.rosinality_generator(networks[0])
    check(read(tmp_path, by_torch(state, 2, True)), networks[0], None, w_avg=False)


@pytest.mark.parametrize("archive", [True, False])
@pytest.mark.parametrize(("dtype", "off"), [(torch.float16, 0.1), (torch.bfloat16, 0.8), (torch.float64, 1e-4)])
def test_numbers_of_every_width(tmp_path: Path, networks: Networks, dtype: torch.dtype, off: float, archive: bool):
    """Files that were made smaller, or were computed in doubles."""
    generator = copy.deepcopy(networks[0]).to(dtype)
    state = writers.rosinality_generator(generator)
    for value in (
        {"g_ema": state, "latent_avg": generator.w_avg},
        {"G_ema": writers.nvidia_network(generator)},
    ):
        loaded = read(tmp_path, by_torch(value, 2, archive)).generator
        assert all(parameter.dtype is torch.float32 for parameter in loaded.state_dict().values())
        ws = networks[0].mapping(z_from_seed(1, 20))
        torch.testing.assert_close(loaded.image(ws), draw(networks[0], ws)[0], rtol=0, atol=off)


def test_half_precision_classes_and_clamps_at_once(tmp_path: Path):
    """What NVIDIA's CIFAR-10 configuration leaves: classes, clamped blocks, the mean network and discriminator."""
    networks = writers.make_networks(c_dim=10, clamp=256.0)
    for protocol in (2, 3, 4, 5):
        for numpy in ("numpy.core", "numpy._core"):
            loaded = read(tmp_path, writers.nvidia_file(*networks, protocol=protocol, numpy=numpy))
            assert loaded.generator.config.c_dim == 10 and loaded.generator.config.conv_clamp == 256
            check(loaded, *networks)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_what_else_a_network_carries_is_no_matter(tmp_path: Path, networks: Networks, protocol: int):
    """The StyleGAN3 repository's networks keep arrays, sets and settings that nobody needs to draw."""
    extra = {
        "stats": writers.array(np.arange(12.0).reshape(3, 4)),
        "mask": writers.array(np.array([True, False])),
        "counts": writers.array(np.arange(5), fortran=True),
        "names": {"a", "b"},
        "epoch": writers.number(3.5),
        "nothing": None,
        "type": torch.float32,
        "kind": torch.nn.Parameter,
        **{f"u{width}": writers.array(np.arange(3, dtype=f"u{width}")) for width in (1, 2, 4, 8)},
        "init": {"list": [1, 2.5, (3, b"4")], "big": 10**18, "negative": -(2**31)},
    }
    steps = {"_buffers": {"w_avg": networks[0].w_avg.clone(), "steps": torch.tensor(25_000)}}
    changes = {"": extra, "synthesis": extra, "mapping.fc0": extra, "mapping": steps}
    value = {"G_ema": writers.nvidia_network(networks[0], changes=changes), "progress": {"cur_nimg": 25_000_000}}
    check(read(tmp_path, writers.dump(value, protocol)), networks[0], None)


@pytest.mark.parametrize("archive", [True, False])
def test_tensors_that_are_views(tmp_path: Path, networks: Networks, archive: bool):
    """Of larger storages, transposed, in channels-last order, with steps: as torch saves what programs make."""
    state = writers.rosinality_generator(networks[0])
    shared = torch.cat([value.flatten() for value in state.values()])
    place = 0
    for number, (name, value) in enumerate(state.items()):
        part = shared[place : place + value.numel()].view(value.shape)
        place += value.numel()
        if number % 3 == 1 and value.ndim > 1:
            part = value.transpose(-1, -2).contiguous().transpose(-1, -2)
        if number % 3 == 2:
            part = torch.stack([value, value + 1], dim=-1)[..., 0]
        state[name] = part
    value = {"g_ema": state, "latent_avg": networks[0].w_avg}
    data = by_torch(value, 2, archive)
    assert len(data) > 4 * shared.numel()
    check(read(tmp_path, data), networks[0], None)


def test_networks_that_lay_on_a_gpu(tmp_path: Path, networks: Networks):
    state = {"g_ema": writers.rosinality_generator(networks[0]), "latent_avg": networks[0].w_avg}
    data = by_torch(state, 2, archive=False)
    on_cpu, on_gpu = (b"X" + struct.pack("<I", len(name)) + name for name in (b"cpu", b"cuda:0"))
    assert on_cpu in data
    check(read(tmp_path, data.replace(on_cpu, on_gpu)), networks[0], None)


@pytest.mark.parametrize("archive", [True, False])
def test_tensors_on_which_programs_have_left_something(tmp_path: Path, networks: Networks, archive: bool):
    """torch writes them otherwise, and each kind in its own way."""
    state = writers.rosinality_generator(networks[0])
    for number, name in enumerate(state):
        if number % 3 == 1:
            state[name] = torch.nn.Parameter(state[name])
        if number % 3 == 2:
            state[name] = torch.nn.Buffer(state[name])
        state[name].note = {"seen": True}  # type: ignore[attr-defined]
    data = by_torch({"g_ema": state, "latent_avg": networks[0].w_avg}, 2, archive)
    if not archive:
        assert data.count(b"_rebuild_parameter_with_state") == data.count(b"_rebuild_from_type_v2") == 1
    check(read(tmp_path, data), networks[0], None)


@pytest.mark.parametrize("archive", [True, False])
def test_tensors_that_stand_for_other_numbers_are_refused(tmp_path: Path, networks: Networks, archive: bool):
    """Of a conjugate's imaginary part torch keeps the numbers as they were, and notes that they are negated."""
    state = writers.rosinality_generator(networks[0])
    negated = torch.complex(state["conv1.conv.weight"], -state["conv1.conv.weight"]).conj().imag
    assert negated.is_neg()
    state["conv1.conv.weight"] = negated
    with pytest.raises(CheckpointError, match="a tensor has properties that no model needs"):
        read(tmp_path, by_torch({"g_ema": state, "latent_avg": networks[0].w_avg}, 2, archive))


def test_parameters_that_nobody_asks_for_are_named(tmp_path: Path, networks: Networks):
    """They would draw something else than the network that they were saved from."""
    mean = networks[0].w_avg
    state = writers.rosinality_generator(networks[0]) | {"attention.weight": torch.ones(3)}
    with pytest.raises(CheckpointError, match=r"it has attention\.weight, which no known network has"):
        read(tmp_path, by_torch({"g_ema": state, "latent_avg": mean}, 2, True))
    trained = writers.trainer_file(*networks)
    path = tmp_path / "trained.pt"
    for critic, said in (
        (trained["d"] | {"convs.9.weight": torch.ones(3)}, "it has convs.9.weight, which no known network has"),
        (
            writers.rosinality_discriminator(writers.make_networks(of_critic={"img_resolution": 16})[1]),
            "it reads pictures of 16 px and 3 channels",
        ),
    ):
        path.write_bytes(by_torch(trained | {"d": critic}, 2, True))
        opened = open_checkpoint(path)
        assert opened.remarks == (f"The discriminator is left out: {said}.",)
        check(opened.checkpoint, networks[0], None, w_avg=False)


def test_a_files_name_says_nothing(tmp_path: Path, networks: Networks):
    data = writers.nvidia_file(*networks)
    for name in ("ffhq-512.pt", "model.safetensors", "x.zip", "noending", "stylegan3-r.pkl"):
        path = tmp_path / name
        path.write_bytes(data)
        assert open_checkpoint(path).checkpoint.generator.resolution == 32
