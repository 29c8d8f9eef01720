"""Models pass through a parameter at a time: what comes out is what went in, and little is held meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from draggan_server.checkpoints import (
    CheckpointError,
    ModelCard,
    convert_checkpoint,
    discriminator_file,
    load_checkpoint,
    open_checkpoint,
    save_checkpoint,
    stream_generator,
)
from draggan_server.checkpoints.writing import write_tensors
from draggan_server.models import BUNDLED_MODELS, DEFAULT_MODEL
from draggan_server.stylegan2 import Generator, GeneratorConfig
from tests.unit.checkpoints import writers

CARD = ModelCard("Test", "noise", "MIT")
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_safetensors_itself_reads_what_is_written(tmp_path: Path, dtype: torch.dtype):
    tensors = {
        "a": torch.randn(3, 4, 5),
        "b": torch.tensor(2.5),
        "": torch.randn(7).double(),
        "turned": torch.randn(4, 6).t(),
        'ü"\n': torch.zeros(0, 3),
    }
    shapes = {name: tuple(value.shape) for name, value in tensors.items()}
    write_tensors(tmp_path / "x", {"key": 'välue"'}, shapes, tensors.__getitem__, dtype)
    found = load_file(tmp_path / "x")
    assert found.keys() == tensors.keys()
    for name, value in tensors.items():
        assert found[name].dtype is dtype
        assert torch.equal(found[name], value.to(dtype))
    with safe_open(tmp_path / "x", framework="pt") as file:
        assert file.metadata() == {"key": 'välue"'}


def test_a_tensor_of_another_shape_than_announced_is_noticed(tmp_path: Path):
    with pytest.raises(ValueError, match=r"a is \[2\], not \[3\] as announced"):
        write_tensors(tmp_path / "x", {}, {"a": (3,)}, lambda name: torch.zeros(2), torch.float32)


@pytest.mark.parametrize("architecture", ["skip", "resnet", "orig"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_a_streamed_generator_draws_the_same(tmp_path: Path, architecture: str, dtype: torch.dtype):
    torch.manual_seed(2)
    size = {"img_resolution": 16, "channel_base": 16 * 256, "channel_max": 256, "base_width": 2}
    generator = Generator(GeneratorConfig(z_dim=512, w_dim=512, c_dim=3, architecture=architecture, **size)).freeze()
    path = tmp_path / "x.safetensors"
    save_checkpoint(path, generator, CARD, dtype=dtype)
    whole, streamed = load_checkpoint(path).generator, stream_generator(path)
    on_disk = {name for name, value in streamed.state_dict().items() if value.is_meta}
    assert {"mapping.fc0.weight", "synthesis.b8.conv1.weight"} <= on_disk
    assert "synthesis.b4.const" not in on_disk and "mapping.w_avg" not in on_disk
    z, c = torch.randn(2, 512), torch.eye(3)[:2]
    with torch.no_grad():
        ws = streamed.mapping(z, c, psi=0.7)
        assert torch.equal(ws, whole.mapping(z, c, psi=0.7))
        assert torch.equal(streamed.image(ws), whole.image(ws))
    assert {name for name, value in streamed.state_dict().items() if value.is_meta} == on_disk


def test_converting_is_opening_and_saving(tmp_path: Path):
    generator, discriminator = writers.make_networks(c_dim=3, architecture="resnet")
    source, path = tmp_path / "cats.pkl", tmp_path / "cats.safetensors"
    source.write_bytes(writers.nvidia_file(generator, discriminator))
    converted = convert_checkpoint(source, path, lambda card: ModelCard(card.name.title(), "cats", "MIT"))
    assert converted.card == ModelCard("Cats", "cats", "MIT") and converted.has_discriminator
    assert (converted.format, converted.remarks) == ("NVIDIA's PyTorch networks", ())
    opened, loaded = open_checkpoint(source).checkpoint, load_checkpoint(path)
    assert loaded.card == converted.card
    for before, after in ((opened.generator, loaded.generator), (opened.discriminator, loaded.discriminator)):
        assert before is not None and after is not None and before.config == after.config
        for name, value in before.state_dict().items():
            assert torch.equal(value, after.state_dict()[name])


def test_converting_our_own_takes_both_files(tmp_path: Path):
    generator, discriminator = writers.make_networks()
    source, path = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    save_checkpoint(source, generator, CARD, discriminator)
    assert convert_checkpoint(source, path, lambda card: card).has_discriminator
    for file in (source, discriminator_file(source)):
        assert file.read_bytes() == file.with_name(file.name.replace("a.", "b.", 1)).read_bytes()


@pytest.mark.parametrize("place", [0, 1])
def test_a_damaged_parameter_stops_the_conversion(tmp_path: Path, place: int):
    networks = writers.make_networks()
    next(iter(networks[place].parameters())).flatten()[0] = float("inf")
    source = tmp_path / "cats.pkl"
    source.write_bytes(writers.nvidia_file(*networks))
    with pytest.raises(CheckpointError, match=r"cats\.pkl: .* no finite numbers"):
        convert_checkpoint(source, tmp_path / "cats.safetensors", lambda card: card)
    assert not (tmp_path / "cats.safetensors").exists() and not list(tmp_path.glob("*.part"))


def test_loading_a_model_does_not_load_torchs_compiler():
    """Its symbolic mathematics take a second, and the memory of a model."""
    model = BUNDLED_MODELS / f"{DEFAULT_MODEL}.safetensors"
    program = f"""
import sys
from pathlib import Path
from draggan_server.checkpoints import load_checkpoint
load_checkpoint(Path({str(model)!r}))
print([name for name in ("sympy", "torch._dynamo", "torch.fx.experimental.symbolic_shapes") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_is_no_file_is_not_waited_for(tmp_path: Path):
    paths = [tmp_path]
    if hasattr(os, "mkfifo"):  # Windows has neither pipes in folders nor devices
        os.mkfifo(tmp_path / "pipe")
        paths += [tmp_path / "pipe", Path("/dev/zero")]
    for path in paths:
        with pytest.raises(CheckpointError, match="it is no file, but a folder or a device"):
            open_checkpoint(path)
