"""A file of any known format -> networks."""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from ..stylegan2 import Discriminator, Generator, GeneratorConfig
from .assembly import RESTORE, Config, Network, Read, Shapes, assemble, checked, outline
from .card import ModelCard
from .checkpoint import Checkpoint, CheckpointError
from .formats import Parts, UnsupportedError, format_of
from .formats.parts import Constant, NetworkParts
from .native import load_checkpoint
from .untrusted import RefusedError, read_file

NATIVE = "this program's own"
_OTHER_MODEL = "Use another model"
_W_AVG_SAMPLES = 8192
_W_AVG_AT_ONCE, _W_AVG_NUMBERS = 1 << 19, 1 << 27
"""Of the numbers that the samples take."""
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Opened:
    """A model from anywhere, and what there is to say of its file."""

    checkpoint: Checkpoint
    format: str
    remarks: tuple[str, ...]
    """What of the file is not used, and why: whole sentences."""


def open_checkpoint(path: Path) -> Opened:
    """Read a model file of any known format; nothing that it holds is executed.

    Of the file no more is read than the networks need. Formats are told apart by what the file holds,
    never by its name.

    Raises:
        CheckpointError: the file is missing, damaged, of no known format, of a kind that cannot be drawn, or holds
            what is not allowed. The text says which.
    """
    if is_native(path):
        return Opened(load_checkpoint(path), NATIVE, ())
    with opened_parts(path) as (format_name, parts):
        generator = _network(path, Generator, parts.generator).freeze()
        discriminator = None
        if parts.discriminator is not None:
            discriminator = _network(path, Discriminator, parts.discriminator).freeze()
        return Opened(Checkpoint(generator, discriminator, card_of(path)), format_name, parts.remarks)


def is_native(path: Path) -> bool:
    """Whether it begins as a safetensors file does. Raises CheckpointError where it cannot be read."""
    with _readable_errors(path):
        if not stat.S_ISREG(path.stat().st_mode):  # one may wait for ever to open a pipe
            raise RefusedError("it is no file, but a folder or a device")
        with path.open("rb") as file:
            return file.read(9)[8:] == b"{"  # after the length of a JSON header, the header


@contextlib.contextmanager
def opened_parts(path: Path) -> Iterator[tuple[str, Parts]]:
    """The name of the file's format, and what it holds, w_avg included; to be read inside. Raises CheckpointError."""
    with contextlib.ExitStack() as stack:
        with _readable_errors(path):
            file = stack.enter_context(path.open("rb"))
            root = read_file(file, file.seek(0, 2))
            found = format_of(root)
            if found is None:
                raise UnsupportedError("it holds no StyleGAN2 of a known layout")
            parts = _without_misfit(path, found.read(root))
        if parts.lacks_w_avg:
            parts.generator.weights["mapping.w_avg"] = Constant(_sampled_w_avg(path, parts.generator))
        yield found.name, parts


def _without_misfit(path: Path, parts: Parts) -> Parts:
    """Without a discriminator that does not fit together, or that reads other pictures than the generator draws."""
    if parts.discriminator is None:
        return parts
    problem, ours, read = "", parts.generator.config, parts.discriminator.config
    if (ours.img_resolution, ours.img_channels) != (read.img_resolution, read.img_channels):
        problem = f"it reads pictures of {read.img_resolution} px and {read.img_channels} channels"
    else:
        try:
            outline(path, Discriminator, read, shapes_of(parts.discriminator))
        except CheckpointError as error:
            problem = error.problem
    if not problem:
        return parts
    return replace(parts, discriminator=None, remarks=(*parts.remarks, f"The discriminator is left out: {problem}."))


def shapes_of(parts: NetworkParts[Config]) -> Shapes:
    """Of all parameters, by their names."""
    return {name: weight.shape for name, weight in parts.weights.items()}


def reader_of(path: Path, parts: NetworkParts[Config]) -> Read:
    """Reads a parameter by its name. Raises CheckpointError."""

    def read(name: str) -> Tensor:
        with _readable_errors(path):
            return parts.weights[name].read()

    return read


def card_of(path: Path) -> ModelCard:
    """Of a file that says nothing of itself."""
    return ModelCard(name=path.stem[:_LONGEST_NAME] or "Model", domain="unknown", licence="unknown")


@contextlib.contextmanager
def _readable_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except RefusedError as error:
        raise CheckpointError(path, str(error), RESTORE) from error
    except UnsupportedError as error:
        raise CheckpointError(path, str(error), _OTHER_MODEL) from error
    except FileNotFoundError:
        raise CheckpointError(path, "there is no such file", "Look whether it was moved or renamed") from None
    except OSError as error:
        problem = f"the file cannot be read ({error.strerror or error})"
        raise CheckpointError(path, problem, "Look at the disk and at the file's permissions") from error


def _sampled_w_avg(path: Path, parts: NetworkParts[GeneratorConfig]) -> Tensor:
    """[w_dim], the mean of many w, where the file does not hold it."""
    generator = outline(path, Generator, parts.config, shapes_of(parts))
    read = reader_of(path, parts)
    mapping = {name: checked(path, name, read(name)) for name in parts.weights if name.startswith("mapping.")}
    generator.load_state_dict(mapping, strict=False, assign=True)
    random, config = torch.Generator().manual_seed(0), parts.config
    with torch.no_grad():
        # As wide as the file says: in small batches, and where it is very wide fewer.
        width = max(config.z_dim + config.c_dim, generator.num_ws * config.w_dim)
        batch = max(1, min(_W_AVG_SAMPLES, _W_AVG_AT_ONCE // width))
        rounds = max(1, min(_W_AVG_SAMPLES, _W_AVG_NUMBERS // width) // batch)
        total = torch.zeros(config.w_dim)
        for start in range(0, rounds * batch, batch):
            z = torch.randn(batch, config.z_dim, generator=random)
            classes = torch.arange(start, start + batch) % config.c_dim if config.c_dim else None  # all of them in turn
            c = None if classes is None else torch.nn.functional.one_hot(classes, config.c_dim).float()
            total += generator.mapping(z, c)[:, 0].mean(dim=0)
        return total / rounds


def _network(path: Path, network_type: Callable[[Config], Network], parts: NetworkParts[Config]) -> Network:
    return assemble(path, network_type, parts.config, shapes_of(parts), reader_of(path, parts))
