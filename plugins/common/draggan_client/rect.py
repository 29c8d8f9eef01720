"""A rectangle of whole pixels: of the document, where nothing else is said. It may lie outside the canvas."""

import math
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Rect:
    """Pixel columns left ... right - 1, rows top ... bottom - 1."""

    left: int
    top: int
    width: int
    height: int

    @staticmethod
    def around(left: float, top: float, width: float, height: float, border: int = 0) -> "Rect":
        """The whole pixels that an area with fractions touches, and so many more on each side."""
        first_x, first_y = math.floor(left) - border, math.floor(top) - border
        end_x, end_y = math.ceil(left + width) + border, math.ceil(top + height) + border
        return Rect(first_x, first_y, end_x - first_x, end_y - first_y)

    @property
    def right(self) -> int:
        """The first column that is not in it."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """The first row that is not in it."""
        return self.top + self.height

    @property
    def is_empty(self) -> bool:
        """Whether it holds no pixel."""
        return self.width <= 0 or self.height <= 0

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, width and height, as frames are chosen by."""
        return float(self.left), float(self.top), float(self.width), float(self.height)

    def cut(self, other: "Rect") -> "Rect":
        """What lies in both."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        return Rect(left, top, max(0, right - left), max(0, bottom - top))

    def united(self, other: "Rect") -> "Rect":
        """The smallest that holds both; one that is empty counts for nothing."""
        if self.is_empty or other.is_empty:
            return other if self.is_empty else self
        left, top = min(self.left, other.left), min(self.top, other.top)
        return Rect(left, top, max(self.right, other.right) - left, max(self.bottom, other.bottom) - top)

    def moved(self, dx: int, dy: int) -> "Rect":
        """The same size elsewhere."""
        return Rect(self.left + dx, self.top + dy, self.width, self.height)

    def strips(self, pixels: int) -> Iterator["Rect"]:
        """Cut into strips of whole rows, from the top, of about so many pixels each; a row at least."""
        rows = max(1, pixels // max(1, self.width))
        for top in range(self.top, self.bottom if self.width > 0 else self.top, rows):
            yield Rect(self.left, top, self.width, min(rows, self.bottom - top))
