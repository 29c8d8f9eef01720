"""The frames of a drag as a small file that plays in a browser."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from draggan_server.cli.errors import CommandError

_FORMATS = {".gif": "GIF", ".webp": "WEBP", ".png": "PNG", ".apng": "PNG"}

MOST_FRAMES = 48
SECONDS = 2.4
"""How long the movement takes, however long the drag took."""
FIRST_MS, LAST_MS = 700, 1600
"""How long the pictures before and after are held."""
_COLOURS = 256
_UNSEEN = 4
"""Of 255."""
_LEAST_MS = 40
"""Browsers slow down GIFs that are faster than about this."""


def check_animation(path: Path) -> None:
    """Raises CommandError where the ending names no format that moves."""
    if path.suffix.lower() not in _FORMATS:
        raise CommandError(
            f"{path}: no animation format is known by the ending {path.suffix!r}. Use one of {', '.join(_FORMATS)}."
        )


def encoded_animation(frames: Sequence[NDArray[np.uint8]], path: Path) -> bytes:
    """The frames, [height, width, 3] each, as a file of the format that `path` ends in; it loops for ever.

    More than MOST_FRAMES are thinned out; the first and the last always stay.
    """
    chosen = sorted({round(index) for index in np.linspace(0, len(frames) - 1, min(len(frames), MOST_FRAMES))})
    images = [Image.fromarray(frames[index]) for index in chosen]
    between = max(_LEAST_MS, min(120, round(1000 * SECONDS / max(1, len(images) - 1) / 10) * 10))
    durations = [FIRST_MS, *[between] * (len(images) - 2), LAST_MS][: len(images)]
    name = _FORMATS[path.suffix.lower()]
    file = io.BytesIO()
    first, *others = _with_common_colours(images) if name == "GIF" else images
    if name == "GIF":
        first.save(
            file, name, save_all=True, append_images=others, duration=durations, loop=0, optimize=False, disposal=1
        )
    elif name == "WEBP":
        first.save(file, name, save_all=True, append_images=others, duration=durations, loop=0, quality=90, method=4)
    else:
        first.save(file, name, save_all=True, append_images=others, duration=durations, loop=0, default_image=False)
    return file.getvalue()


def _with_common_colours(images: Sequence[Image.Image]) -> list[Image.Image]:
    """One palette for all, and no dithering: what stands still in the picture stands still in the file."""
    images = [Image.fromarray(frame) for frame in _without_tremor([np.asarray(image) for image in images])]
    width, height = images[0].size
    samples = [images[round(index)] for index in np.linspace(0, len(images) - 1, min(len(images), 6))]
    sheet = Image.new("RGB", (width, height * len(samples)))
    for index, sample in enumerate(samples):
        sheet.paste(sample, (0, height * index))
    palette = sheet.quantize(_COLOURS - 1, Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE)
    return [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]


def _without_tremor(frames: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """Pixels keep their colour until it has changed by more than an eye sees: that halves the file."""
    steady = [frames[0]]
    for frame in frames[1:]:
        change = np.abs(frame.astype(np.int16) - steady[-1]).max(axis=-1, keepdims=True)
        steady.append(np.where(change > _UNSEEN, frame, steady[-1]))
    return steady
