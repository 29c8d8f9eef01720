"""A file of any known format -> a file of this program, a parameter at a time: a model never lies in memory whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..stylegan2 import Discriminator, Generator
from .assembly import Config, Network, checked, outline
from .card import ModelCard
from .foreign import NATIVE, card_of, is_native, opened_parts, reader_of, shapes_of
from .formats.parts import NetworkParts
from .native import discriminator_file, load_checkpoint, save_checkpoint, save_network


@dataclass(frozen=True)
class Converted:
    """What was written, and what there is to say of the file that it came from."""

    card: ModelCard
    format: str
    remarks: tuple[str, ...]
    """What of the file is not used, and why: whole sentences."""
    has_discriminator: bool


def convert_checkpoint(source: Path, path: Path, described: Callable[[ModelCard], ModelCard]) -> Converted:
    """Read a model file as `open_checkpoint` does, and write it to `path`.

    Args:
        described: from what the file says of itself to what is to be written.

    Raises:
        CheckpointError: as `open_checkpoint`. Nothing is at `path` then, though its discriminator may be.
        OSError: `path` cannot be written.
    """
    if is_native(source):
        known = load_checkpoint(source)  # mapped, not read: see there
        card = described(known.card)
        save_checkpoint(path, known.generator, card, known.discriminator)
        return Converted(card, NATIVE, (), known.discriminator is not None)
    with opened_parts(source) as (format_name, parts):
        card = described(card_of(source))
        if parts.discriminator is not None:
            _write(source, discriminator_file(path), Discriminator, parts.discriminator)
        _write(source, path, Generator, parts.generator, card)
        return Converted(card, format_name, parts.remarks, parts.discriminator is not None)


def _write(
    source: Path,
    path: Path,
    network_type: Callable[[Config], Network],
    parts: NetworkParts[Config],
    card: ModelCard | None = None,
) -> None:
    shapes, read = shapes_of(parts), reader_of(source, parts)
    outline(source, network_type, parts.config, shapes)
    save_network(path, parts.config, shapes, lambda name: checked(source, name, read(name)), card)
