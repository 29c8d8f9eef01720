"""A model file from anywhere -> one of the user's models, tried out before it counts as one."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from draggan_server.checkpoints import (
    ClassNamesError,
    ModelCard,
    convert_checkpoint,
    discriminator_file,
    stream_generator,
)
from draggan_server.models.guessing import ALIGNMENTS, UNKNOWN, guess
from draggan_server.models.library import ModelEntry, ModelLibrary
from draggan_server.models.origin import origin_file, write_origin
from draggan_server.stylegan2 import Generator

_LONGEST_ID = 100
"""Bytes. A file's name has room for 255 on every system, and its endings need some."""
_LONGEST_NAME = 200
_STAGING = ".adding-"
_ABANDONED_S = 24 * 3600
_SEED = 0
_PSI = 0.7
_DRAWN_UP_TO = 32
_TILE = 8
"""Pixels of the block at _DRAWN_UP_TO."""
_LARGEST_TILE = 64
"""Pixels of the blocks above."""
_LEAST_CONTRAST = 1e-3
"""Of a range of 2. A picture with less is one colour."""
_FORGOTTEN_BY_WINDOWS = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)
"""Names that mean devices there."""


class ModelAddError(Exception):
    """A model cannot become one of the user's. The text says why, and what to do."""


NO_ALIGNMENT = "none"
"""The name of the alignment of models that have none."""


@dataclass(frozen=True)
class Downloaded:
    """Where a file came from: an address, and what it was there."""

    address: str
    sha256: str | None = None


@dataclass(frozen=True)
class AddedModel:
    """What came of adding."""

    entry: ModelEntry
    format: str
    """The layout of the file that it came from, for people."""
    remarks: tuple[str, ...]
    """What of the file is not used, and why: whole sentences."""
    has_discriminator: bool


def add_model(
    source: Path,
    library: ModelLibrary,
    folder: Path,
    *,
    name: str | None = None,
    domain: str | None = None,
    licence: str | None = None,
    alignment: str | None = None,
    class_names: Sequence[str] | None = None,
    model_id: str | None = None,
    downloaded: Downloaded | None = None,
) -> AddedModel:
    """Read a model file of any known format, draw a picture with it, and write it into the user's folder.

    Args:
        library: the models that there are, `folder` among its folders.
        name: for people, in menus; the model's id is made from it. None: the file's name without its ending.
        domain: what it draws. None: what the file says, which only files of this program do, or what its name tells.
        licence: None: what the file says.
        alignment: a name of guessing.ALIGNMENTS, or NO_ALIGNMENT. None: as `domain`.
        class_names: of all the classes, in their order. None: what the file says.
        model_id: another than `name` gives.
        downloaded: where the file came from, where that is not this computer.

    Raises:
        CheckpointError: the file cannot be used; the text says why.
        ModelAddError: there is such a model already, it draws nothing that can be dragged, or the names are not those
            of its classes.
        OSError: the folder cannot be written to. Nothing is left there then.
    """
    check_alignment(alignment)
    model_id = model_id or id_from_name(name if name is not None else source.stem)
    path = folder / f"{model_id}.safetensors"
    if model_id in library.ids() or path.exists() or discriminator_file(path).exists():
        raise ModelAddError(
            f"There is a model {model_id!r} already. Choose another name with --name, or remove it first."
        )
    with _made(folder), tempfile.TemporaryDirectory(prefix=_STAGING, dir=folder) as staging:
        # On the same disk, so that what has been tried out only needs to be renamed.
        written = Path(staging) / "model.safetensors"
        try:
            converted = convert_checkpoint(
                source, written, lambda card: _described(card, source, name, domain, licence, alignment, class_names)
            )
        except ClassNamesError as error:
            raise ModelAddError(f"{source.name}: {error}. Name every class, or none.") from None
        try_out(source, stream_generator(written))
        try:
            if converted.has_discriminator:
                # First: whoever finds the generator finds its discriminator too.
                discriminator_file(written).replace(discriminator_file(path))
            written.replace(path)
            entry = library.entry(model_id)
            from_where = downloaded or Downloaded(source.name)
            write_origin(path, converted.format, from_where.address, from_where.sha256)
        except BaseException:
            for file in (path, discriminator_file(path), origin_file(path)):
                file.unlink(missing_ok=True)
            raise
    return AddedModel(entry, converted.format, converted.remarks, converted.has_discriminator)


@contextlib.contextmanager
def _made(folder: Path) -> Iterator[None]:
    """Inside, there is this folder; after a failure, an empty one goes."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{_STAGING}*"):  # by a program that was killed
        if time.time() - left.stat().st_mtime > _ABANDONED_S:
            shutil.rmtree(left, ignore_errors=True)
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            folder.rmdir()
        raise


def check_alignment(alignment: str | None) -> None:
    """Raises ModelAddError for a name that is none of an alignment."""
    if alignment is not None and alignment not in (*ALIGNMENTS, NO_ALIGNMENT):
        known = ", ".join((*ALIGNMENTS, NO_ALIGNMENT))
        raise ModelAddError(f"There is no alignment {alignment[:80]!r}. The alignments are: {known}.")


def _described(
    card: ModelCard,
    source: Path,
    name: str | None,
    domain: str | None,
    licence: str | None,
    alignment: str | None,
    class_names: Sequence[str] | None,
) -> ModelCard:
    """What was asked for; else what the file says; else what its name tells."""
    guessed = guess(source.stem)
    if alignment is None:
        alignment = guessed.alignment if card.domain == UNKNOWN else None
        places = card.alignment or (ALIGNMENTS[alignment] if alignment else None)
    else:
        places = ALIGNMENTS.get(alignment)
    return replace(
        card,
        name=_printable(name) if name is not None else card.name,
        domain=domain if domain is not None else guessed.domain if card.domain == UNKNOWN else card.domain,
        licence=licence if licence is not None else card.licence,
        alignment=places,
        class_names=card.class_names if class_names is None else tuple(map(_printable, class_names)),
    )


def try_out(path: Path, generator: Generator) -> None:
    """Draw a picture with the model; with a large one only up to a lower block, if it draws there.

    The blocks above are tried on a tile: a whole picture of 1024 px takes several times the memory of the weights.

    Raises:
        ModelAddError: the model is of a kind that cannot be dragged, or its picture is none.
    """
    config = generator.config
    if config.img_channels != 3:
        raise ModelAddError(f"{path.name}: its pictures have {config.img_channels} channels, not red, green and blue.")
    with torch.no_grad():
        ws = generator.ws_from_seed(_SEED, _PSI)
        for _, x, picture in generator.blocks(ws, min(config.img_resolution, _DRAWN_UP_TO)):  # noqa: B007  # the last
            pass
        tile = _tile_of_upper_blocks(generator, x, ws)
    if picture is None:
        picture = tile
    if not torch.isfinite(picture).all() or not torch.isfinite(tile).all() or picture.std() < _LEAST_CONTRAST:
        raise ModelAddError(f"{path.name}: it draws no picture. The file is damaged, or its training has failed.")


def _tile_of_upper_blocks(generator: Generator, x: Tensor, ws: Tensor) -> Tensor:
    """What the blocks above _DRAWN_UP_TO make of the middle of x, which they take for the whole: right but for its
    edges."""
    x, picture = _middle(x, _TILE), None
    for resolution in generator.config.block_resolutions:
        if resolution > _DRAWN_UP_TO:
            block, first = generator.synthesis.block(resolution), generator.synthesis.first_w(resolution)
            x = _middle(x, _LARGEST_TILE)
            picture = None if picture is None else _middle(picture, _LARGEST_TILE)
            x = block.features(x, ws[:, first : first + 2].unbind(1), "none")
            picture = block.rgb(x, ws[:, first + 2], picture)
    return x if picture is None else picture


def _middle(x: Tensor, most: int) -> Tensor:
    """x [N, C, H, W] with at most so many rows and columns."""
    height, width = (min(size, most) for size in x.shape[2:])
    top, left = (x.shape[2] - height) // 2, (x.shape[3] - width) // 2
    return x[..., top : top + height, left : left + width]


def id_from_name(name: str) -> str:
    """The file name, without its ending, for a model of that name: letters, digits, _ and -.

    Raises:
        ModelAddError: nothing is left of the name, or it is endless.
    """
    if len(name) > _LONGEST_NAME:
        raise ModelAddError(
            f"The name has {len(name)} characters, more than {_LONGEST_NAME}. Choose another with --name."
        )
    model_id = re.sub(r"[^\w-]+", "-", name).strip("-").encode()[:_LONGEST_ID].decode(errors="ignore")
    if not model_id:
        raise ModelAddError(f"The name {name!r} has neither letters nor digits. Choose another with --name.")
    return f"{model_id}-model" if _FORGOTTEN_BY_WINDOWS.fullmatch(model_id) else model_id


def _printable(name: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in name)
