"""A rectangle of the document, in whole document px; may lie outside the canvas."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Region:
    """Pixel columns left ... right - 1, rows top ... bottom - 1."""

    left: int
    top: int
    width: int
    height: int

    @staticmethod
    def of(rect: Any) -> "Region":
        """From a QRect."""
        return Region(rect.x(), rect.y(), max(0, rect.width()), max(0, rect.height()))

    @staticmethod
    def around(x: float, y: float, width: float, height: float) -> "Region":
        """The smallest that holds a rectangle with fractions."""
        left, top = math.floor(x), math.floor(y)
        return Region(left, top, math.ceil(x + width) - left, math.ceil(y + height) - top)

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

    def cut(self, other: "Region") -> "Region":
        """What lies in both."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        return Region(left, top, max(0, right - left), max(0, bottom - top))

    def united(self, other: "Region") -> "Region":
        """The smallest that holds both; one that is empty counts for nothing."""
        if self.is_empty or other.is_empty:
            return other if self.is_empty else self
        left, top = min(self.left, other.left), min(self.top, other.top)
        return Region(left, top, max(self.right, other.right) - left, max(self.bottom, other.bottom) - top)

    def moved(self, dx: int, dy: int) -> "Region":
        """The same size elsewhere."""
        return Region(self.left + dx, self.top + dy, self.width, self.height)

    def strips(self, pixels: int) -> Iterator["Region"]:
        """Cut into strips of whole rows, from the top, of about so many pixels each; a row at least."""
        rows = max(1, pixels // max(1, self.width))
        for top in range(self.top, self.bottom if self.width > 0 else self.top, rows):
            yield Region(self.left, top, self.width, min(rows, self.bottom - top))
