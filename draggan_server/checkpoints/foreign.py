"""A file of any known format -> networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from ..stylegan2 import Discriminator, Generator
from .assembly import RESTORE, Config, Network, assemble
from .card import ModelCard
from .checkpoint import Checkpoint, CheckpointError
from .formats import Parts, UnsupportedError, format_of
from .formats.parts import NetworkParts
from .native import load_checkpoint
from .untrusted import RefusedError, read_file

_OTHER_MODEL = "Use another model"
_W_AVG_SAMPLES = 8192
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

    The file is read once, and of it no more than the networks need. Formats are told apart by what the file holds,
    never by its name.

    Raises:
        CheckpointError: the file is missing, damaged, of no known format, of a kind that cannot be drawn, or holds
            what is not allowed. The text says which.
    """
    try:
        with path.open("rb") as file:
            start = file.read(9)
            if start[8:] == b"{":  # the length of a JSON header, and the header
                return Opened(load_checkpoint(path), "this program's own", ())
            size = file.seek(0, 2)
            root = read_file(file, size)
            found = format_of(root)
            if found is None:
                raise UnsupportedError("it holds no StyleGAN2 of a known layout")
            parts = found.read(root)
            return Opened(_assembled(path, parts), found.name, parts.remarks)
    except RefusedError as error:
        raise CheckpointError(path, str(error), RESTORE) from error
    except UnsupportedError as error:
        raise CheckpointError(path, str(error), _OTHER_MODEL) from error
    except FileNotFoundError:
        raise CheckpointError(path, "there is no such file", "Look whether it was moved or renamed") from None
    except OSError as error:
        problem = f"the file cannot be read ({error.strerror or error})"
        raise CheckpointError(path, problem, "Look at the disk and at the file's permissions") from error


def _assembled(path: Path, parts: Parts) -> Checkpoint:
    generator = _network(path, Generator, parts.generator).freeze()
    if parts.lacks_w_avg:
        _sample_w_avg(generator)
    discriminator = None
    if parts.discriminator is not None:
        discriminator = _network(path, Discriminator, parts.discriminator).freeze()
    card = ModelCard(name=path.stem[:_LONGEST_NAME] or "Model", domain="unknown", licence="unknown")
    return Checkpoint(generator, discriminator, card)


def _network(path: Path, network_type: Callable[[Config], Network], parts: NetworkParts[Config]) -> Network:
    weights = parts.weights
    shapes = {name: weight.shape for name, weight in weights.items()}
    return assemble(path, network_type, parts.config, shapes, lambda name: weights[name].read())


def _sample_w_avg(generator: Generator) -> None:
    """The mean of many w, where the file does not hold it."""
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        z = torch.randn(_W_AVG_SAMPLES, generator.config.z_dim, generator=random)
        generator.mapping.w_avg.copy_(generator.mapping(z)[:, 0].mean(dim=0))
