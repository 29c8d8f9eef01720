"""Where on the document the model looks: the one affine map for points, masks and pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

from numpy.typing import NDArray

from .errors import FrameError

Places = TypeVar("Places", float, NDArray)
"""One coordinate, or an array of them."""

MIN_FRAME_DOCUMENT_PX = 8
"""A smaller frame shows the model nothing that it could recognise."""


@dataclass(frozen=True)
class Frame:
    """A rectangle of the document of the shape of the model's picture, in document pixels; mostly a square. It may be
    turned, and reach past the picture.

    Pixel (i, j) covers [i, i+1) x [j, j+1), its centre is at +0.5, on the document and in the model's picture alike. So
    one affine serves all: model = (document - corner), turned back by the angle, * resolution / size. `resolution` is
    the longer side of the model's picture.

    >>> Frame(x=100, y=50, size=256).to_model(164.0, 114.0, resolution=128)
    (32.0, 32.0)
    >>> Frame(x=100, y=50, size=256, angle=90.0).to_model(36.0, 114.0, resolution=128)
    (32.0, 32.0)
    """

    x: float
    """Of its own top left corner, where the model's picture begins; the frame turns about this corner."""
    y: float
    """y points down."""
    size: float
    """The longer side."""
    angle: float = 0.0
    """Degrees, clockwise as seen."""
    aspect: float = 1.0
    """Width over height."""

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) for value in (self.x, self.y, self.size, self.angle, self.aspect)):
            raise FrameError(
                f"The frame must have finite numbers, but it is x={self.x}, y={self.y}, size={self.size}, "
                f"angle={self.angle}, aspect={self.aspect}.",
                "Choose the frame anew.",
            )
        if not 0.1 <= self.aspect <= 10:
            raise FrameError(
                f"The frame's width is {self.aspect:g} times its height; 0.1 to 10 times is possible.",
                "Choose the frame anew.",
            )
        if min(self.width, self.height) < MIN_FRAME_DOCUMENT_PX:
            raise FrameError(
                f"The frame is {self.width:g} x {self.height:g} px; it must be at least {MIN_FRAME_DOCUMENT_PX} px "
                "wide and high.",
                "Choose a larger part of the picture.",
            )

    @classmethod
    def around(cls, width: int, height: int, x: float = 0.0, y: float = 0.0, aspect: float = 1.0) -> Frame:
        """The largest upright frame inside a `width` x `height` picture at (x, y), in its middle.

        Raises FrameError when the picture is too small for any frame.
        """
        frame_height = min(height, width / aspect)
        frame_width = frame_height * aspect
        if min(frame_width, frame_height) < MIN_FRAME_DOCUMENT_PX:
            raise FrameError(
                f"The picture is {width} x {height} px, too small for a frame; "
                f"at least {MIN_FRAME_DOCUMENT_PX} x {MIN_FRAME_DOCUMENT_PX} px are needed.",
                "Choose a larger picture, or enlarge this one.",
            )
        size = float(max(frame_width, frame_height))
        return cls(x + (width - frame_width) / 2, y + (height - frame_height) / 2, size, aspect=aspect)

    @property
    def width(self) -> float:
        """Along its own upper side."""
        return self.size * min(1.0, self.aspect)

    @property
    def height(self) -> float:
        """Along its own left side."""
        return self.size / max(1.0, self.aspect)

    @property
    def direction(self) -> tuple[float, float]:
        """Cosine and sine of the angle: its own x axis in the document. Exact at quarters of a turn."""
        quarters = self.angle / 90.0
        if quarters == round(quarters):
            return ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[round(quarters) % 4]
        return math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))

    @property
    def is_upright(self) -> bool:
        """Whether its sides lie along those of the document, the right way up."""
        return self.direction == (1.0, 0.0)

    @property
    def corners(self) -> tuple[tuple[float, float], ...]:
        """Its own top left, top right, bottom right and bottom left corner, in document px."""
        cosine, sine = self.direction
        places = ((0.0, 0.0), (self.width, 0.0), (self.width, self.height), (0.0, self.height))
        return tuple((self.x + x * cosine - y * sine, self.y + x * sine + y * cosine) for x, y in places)

    def contains(self, x: float, y: float) -> bool:
        """Whether the frame shows this place of the document; its edges belong to it."""
        across, down = self.to_model(x, y, 1)
        return 0 <= across <= self.width / self.size and 0 <= down <= self.height / self.size

    def scale(self, resolution: int) -> float:
        """Document pixels per pixel of a model's picture whose longer side is `resolution`."""
        return self.size / resolution

    def shape(self, resolution: int) -> tuple[int, int]:
        """Rows and columns of a model's picture whose longer side is `resolution`."""
        return tuple(max(1, round(side / self.size * resolution)) for side in (self.height, self.width))  # type: ignore[return-value]

    def to_model(self, x: Places, y: Places, resolution: float) -> tuple[Places, Places]:
        """A place in document px -> the same place in model px."""
        cosine, sine = self.direction
        x, y, part = x - self.x, y - self.y, resolution / self.size
        return (x * cosine + y * sine) * part, (y * cosine - x * sine) * part

    def to_document(self, x: Places, y: Places, resolution: float) -> tuple[Places, Places]:
        """A place in model px -> the same place in document px."""
        cosine, sine = self.direction
        x, y = x * self.size / resolution, y * self.size / resolution
        return self.x + x * cosine - y * sine, self.y + x * sine + y * cosine
