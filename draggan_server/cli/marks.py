"""Handles and targets, drawn where they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from draggan_client.frames import inside
from draggan_client.messages import Frame
from draggan_client.points import Spot
from draggan_server.cli.pictures import Rgba

_HANDLE, _TARGET, _OUTLINE = (230, 40, 40, 255), (50, 110, 240, 255), (255, 255, 255, 255)
_FINER = 4
"""Drawn so much larger and made smaller again, for smooth edges."""


@dataclass(frozen=True)
class Mark:
    """A handle and its target, in document px."""

    handle: tuple[float, float]
    target: tuple[float, float]


def with_marks(pixels: Rgba, marks: Sequence[Mark], frame: Frame) -> Rgba:
    """A copy of the pixels, with the marks on them: handles red, targets blue, an arrow between.

    The pixels' upper side is that of `frame`; they may reach further down than it.
    """
    height, width = pixels.shape[:2]
    radius = max(2.5, width / 64)
    layer = Image.new("RGBA", (width * _FINER, height * _FINER), (255, 255, 255, 0))
    draw = ImageDraw.Draw(layer)

    def place(point: tuple[float, float]) -> tuple[float, float]:
        part = inside(frame, Spot(*point))
        return part.x * width * _FINER, part.y * frame.height / frame.width * width * _FINER

    def dot(point: tuple[float, float], colour: tuple[int, int, int, int]) -> None:
        (x, y), r = place(point), radius * _FINER
        draw.ellipse((x - r, y - r, x + r, y + r), fill=_OUTLINE)
        r *= 0.72
        draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)

    for mark in marks:
        draw.line((place(mark.handle), place(mark.target)), fill=_OUTLINE, width=round(radius * 0.5 * _FINER))
    for mark in marks:
        if mark.target != mark.handle:
            dot(mark.target, _TARGET)
        dot(mark.handle, _HANDLE)
    drawn = layer.resize((width, height), Image.Resampling.BOX)
    return np.array(Image.alpha_composite(Image.fromarray(pixels), drawn))
