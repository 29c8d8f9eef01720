"""The native format: safetensors with NVIDIA's parameter names, and the configuration in the metadata.

A generator lies in `NAME.safetensors`; its discriminator, where there is one, lies beside it in
`NAME.discriminator.safetensors`.
Reading one runs nothing and allocates no more than the file is long.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import safetensors
import torch
from torch import Tensor

from ..stylegan2 import Discriminator, DiscriminatorConfig, Generator, GeneratorConfig
from .assembly import RESTORE, Config, Network, Read, Shapes, assemble
from .card import ModelCard
from .checkpoint import Checkpoint, CheckpointError
from .plain import from_plain
from .untrusted import printable
from .writing import write_tensors

FORMAT = "draggan-stylegan2"
VERSION = "1"
_OTHER_FORMAT = "Only files written by this program can be opened as they are"
_UNREADABLE = (KeyError, ValueError, RecursionError)
"""What JSON that is not there, is none, means something else or nests without end raises."""

Tensors = dict[str, Tensor]


def discriminator_file(path: Path) -> Path:
    """Where the discriminator of the generator at `path` lies."""
    return path.with_suffix(".discriminator.safetensors")


def save_checkpoint(
    path: Path,
    generator: Generator,
    card: ModelCard,
    discriminator: Discriminator | None = None,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Write the networks; who reads at the same time sees the old files or the new ones, never half of one.

    Args:
        dtype: how numbers are stored. float16 halves the file and costs about 3 digits.
    """
    if discriminator is not None:
        # First: whoever finds the generator finds its discriminator too.
        state = discriminator.state_dict()
        save_network(discriminator_file(path), discriminator.config, shapes_of(state), state.__getitem__, dtype=dtype)
    state = generator.state_dict()
    save_network(path, generator.config, shapes_of(state), state.__getitem__, card, dtype)


def save_network(
    path: Path,
    config: GeneratorConfig | DiscriminatorConfig,
    shapes: Shapes,
    read: Read,
    card: ModelCard | None = None,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Write one network, each parameter read when its turn comes; a generator has a card.

    Raises:
        ClassNamesError: the card names more or fewer classes than the network has.
        OSError: `path` cannot be written.
    """
    kind = "generator" if isinstance(config, GeneratorConfig) else "discriminator"
    metadata = {"format": FORMAT, "version": VERSION, "network": kind, "config": json.dumps(asdict(config))}
    if card is not None:
        card.check_classes(config.c_dim)
        metadata["card"] = json.dumps(asdict(card))
    # Not with the whole name in it: that may be as long as the system allows already.
    part = path.with_name(f".{os.getpid()}-{threading.get_ident()}.part")
    try:
        write_tensors(part, metadata, shapes, read, dtype)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def shapes_of(tensors: Mapping[str, Tensor]) -> Shapes:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a generator, and its discriminator where one lies beside it.

    Raises:
        CheckpointError: the file is missing, damaged, or of another format or version.
    """
    tensors, metadata = _read(path, "generator")
    config = _config(path, metadata, GeneratorConfig)
    card = _card(path, metadata, config)
    generator = _assembled(path, Generator, config, tensors)
    discriminator = None
    beside = discriminator_file(path)
    if _exists(beside):
        tensors, metadata = _read(beside, "discriminator")
        beside_config = _config(beside, metadata, DiscriminatorConfig)
        discriminator = _assembled(beside, Discriminator, beside_config, tensors).freeze()
    return Checkpoint(generator.freeze(), discriminator, card)


def read_card(path: Path) -> tuple[ModelCard, GeneratorConfig]:
    """What the file says of itself, without reading the weights. Raises as `load_checkpoint` does."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = _checked_metadata(path, file.metadata(), "generator")
    except (OSError, safetensors.SafetensorError) as error:
        raise _damaged(path, error) from error
    config = _config(path, metadata, GeneratorConfig)
    return _card(path, metadata, config), config


def _read(path: Path, kind: str) -> tuple[Tensors, dict[str, str]]:
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = _checked_metadata(path, file.metadata(), kind)
            return {name: file.get_tensor(name) for name in file.keys()}, metadata  # noqa: SIM118
    except (OSError, safetensors.SafetensorError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> CheckpointError:
    if not path.exists():
        return CheckpointError(path, "there is no such file", "Look whether it was moved or renamed")
    return CheckpointError(path, f"the file is damaged or incomplete ({printable(str(error)[:200])})", RESTORE)


def _checked_metadata(path: Path, metadata: dict[str, str] | None, kind: str) -> dict[str, str]:
    metadata = metadata or {}
    if metadata.get("format") != FORMAT:
        raise CheckpointError(path, "this is not a model file of this program", _OTHER_FORMAT)
    if metadata.get("version") != VERSION:
        version = printable(metadata.get("version", "nothing")[:20])
        raise CheckpointError(path, f"its format has version {version}, not {VERSION}", "Update this program")
    if metadata.get("network") != kind:
        found = printable(metadata.get("network", "nothing")[:20])
        raise CheckpointError(path, f"it holds a {found}, not a {kind}", RESTORE)
    return metadata


def _config(path: Path, metadata: dict[str, str], config: type[Config]) -> Config:
    try:
        return from_plain(config, json.loads(metadata["config"]))
    except _UNREADABLE as error:
        raise CheckpointError(path, f"its configuration cannot be read ({error})", RESTORE) from error


def _card(path: Path, metadata: dict[str, str], config: GeneratorConfig) -> ModelCard:
    try:
        card = from_plain(ModelCard, json.loads(metadata["card"]))
        card.check_classes(config.c_dim)
        return card
    except _UNREADABLE as error:
        raise CheckpointError(path, f"its description cannot be read ({error})", RESTORE) from error


def _assembled(path: Path, network_type: Callable[[Config], Network], config: Config, tensors: Tensors) -> Network:
    return assemble(
        path,
        network_type,
        config,
        shapes_of(tensors),
        tensors.__getitem__,
    )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # the generator's name is so long that nothing can lie beside it
        return False
