"""Where on the document the model looks: the one affine map for points, masks and pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .errors import FrameError

MIN_FRAME_DOCUMENT_PX = 8
"""A smaller frame shows the model nothing that it could recognise."""


@dataclass(frozen=True)
class Frame:
    """An axis-aligned square of the document, in document pixels; it may reach past the picture.

    Pixel (i, j) covers [i, i+1) x [j, j+1), its centre is at +0.5, on the document and in the model's
    picture alike. So one affine serves all: model = (document - corner) * resolution / size.

    >>> Frame(x=100, y=50, size=256).to_model(164.0, 114.0, resolution=128)
    (32.0, 32.0)
    """

    x: float
    """Left edge."""
    y: float
    """Top edge; y points down."""
    size: float
    """Side length."""

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) for value in (self.x, self.y, self.size)):
            raise FrameError(
                f"The frame must have finite numbers, but it is x={self.x}, y={self.y}, size={self.size}.",
                "Choose the frame anew.",
            )
        if self.size < MIN_FRAME_DOCUMENT_PX:
            raise FrameError(
                f"The frame is {self.size:g} px wide; it must be at least {MIN_FRAME_DOCUMENT_PX} px.",
                "Choose a larger part of the picture.",
            )

    @classmethod
    def around(cls, width: int, height: int, x: float = 0.0, y: float = 0.0) -> Frame:
        """The largest square inside a `width` x `height` picture at (x, y), in its middle.

        Raises FrameError when the picture is too small for any frame.
        """
        size = min(width, height)
        if size < MIN_FRAME_DOCUMENT_PX:
            raise FrameError(
                f"The picture is {width} x {height} px, too small for a frame; "
                f"at least {MIN_FRAME_DOCUMENT_PX} x {MIN_FRAME_DOCUMENT_PX} px are needed.",
                "Choose a larger picture, or enlarge this one.",
            )
        return cls(x + (width - size) / 2, y + (height - size) / 2, float(size))

    def scale(self, resolution: int) -> float:
        """Document pixels per pixel of a model picture of `resolution` x `resolution`."""
        return self.size / resolution

    def to_model(self, x: float, y: float, resolution: int) -> tuple[float, float]:
        """A place in document px -> the same place in model px."""
        return (x - self.x) * resolution / self.size, (y - self.y) * resolution / self.size

    def to_document(self, x: float, y: float, resolution: int) -> tuple[float, float]:
        """A place in model px -> the same place in document px."""
        return self.x + x * self.size / resolution, self.y + y * self.size / resolution
