"""What an editor sends: a layer's pixels or an editable mask, with their place on the document."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from numpy.typing import NDArray

from .depth import FULL_SCALE, Pixels
from .errors import EmptyPictureError, MaskError, PictureError
from .frame import Frame

Values = TypeVar("Values", bound=NDArray)
DEPTHS = ", ".join(sorted(dtype.name for dtype in FULL_SCALE))


@dataclass(frozen=True, eq=False)
class Picture:
    """Straight-alpha, sRGB-encoded RGBA pixels [H, W, 4] (uint8, uint16 or float32) on the document.

    The array is referred to, not copied: do not write to it while the picture is in use.
    Raises PictureError for another shape or type, EmptyPictureError where there are no pixels at all.
    """

    pixels: Pixels
    x: int = 0
    """Document px of the array's left edge; may be negative."""
    y: int = 0
    """Document px of the array's top edge; may be negative."""

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 4:
            raise PictureError(
                f"A picture has the shape [height, width, 4] (RGBA), but this one has {list(self.pixels.shape)}.",
                "Send the pixels as RGBA.",
            )
        if self.pixels.dtype not in FULL_SCALE:
            raise PictureError(
                f"A picture's values are {DEPTHS}, but these are {self.pixels.dtype.name}.",
                "Convert them to one of these.",
            )
        if 0 in self.pixels.shape:
            raise EmptyPictureError(
                f"The picture is empty ({self.width} x {self.height} px).", "Choose a layer with something on it."
            )

    @property
    def width(self) -> int:
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        return self.pixels.shape[0]

    @property
    def region(self) -> Region:
        """The document pixels that the picture has."""
        return Region(self.x, self.y, self.x + self.width, self.y + self.height)


@dataclass(frozen=True, eq=False)
class Mask:
    """The editable mask: values [H, W] (uint8, uint16 or float32), full = may change, 0 = must not.

    What lies beside the array must not change either. Raises MaskError for another shape or type.
    """

    values: Pixels
    x: int = 0
    """Document px of the array's left edge; may be negative."""
    y: int = 0
    """Document px of the array's top edge; may be negative."""

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or 0 in self.values.shape:
            raise MaskError(
                f"A mask has the shape [height, width] and at least one pixel, "
                f"but this one has {list(self.values.shape)}.",
                "Send one value for each pixel.",
            )
        if self.values.dtype not in FULL_SCALE:
            raise MaskError(
                f"A mask's values are {DEPTHS}, but these are {self.values.dtype.name}.",
                "Convert them to one of these.",
            )

    @classmethod
    def covering(cls, picture: Picture, values: Pixels) -> Mask:
        """A mask with a value for each pixel of `picture`, at the picture's place.

        Raises MaskError when the sizes differ.
        """
        mask = cls(values, picture.x, picture.y)
        if (mask.width, mask.height) != (picture.width, picture.height):
            raise MaskError(
                f"The mask is {mask.width} x {mask.height} px, but the picture is "
                f"{picture.width} x {picture.height} px.",
                "Make the mask as large as the picture.",
            )
        return mask

    @property
    def width(self) -> int:
        return self.values.shape[1]

    @property
    def height(self) -> int:
        return self.values.shape[0]

    @property
    def region(self) -> Region:
        """The document pixels that the mask has values for."""
        return Region(self.x, self.y, self.x + self.width, self.y + self.height)


@dataclass(frozen=True)
class Region:
    """A rectangle of whole document pixels, [left, right) x [top, bottom)."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def covering(cls, frame: Frame) -> Region:
        """The whole pixels that the frame touches, whether there is a picture or not; of a turned frame, the rectangle
        round them."""
        return cls._round(frame.corners)

    @classmethod
    def shared(cls, frame: Frame, area: Picture | Mask) -> Region:
        """The pixels of `area` that the frame touches, or the rectangle round them; empty where the two lie apart."""
        covered = cls.covering(frame).intersection(area.region)
        if frame.is_upright or covered.empty:
            return covered
        places = _clipped(frame.corners, area.region)
        if not places:
            return cls(covered.left, covered.top, covered.left, covered.top)
        return cls._round(places).intersection(covered)

    @classmethod
    def _round(cls, places: Sequence[tuple[float, float]]) -> Region:
        """The whole pixels of the rectangle round some places."""
        x, y = zip(*places, strict=True)
        return cls(math.floor(min(x)), math.floor(min(y)), math.ceil(max(x)), math.ceil(max(y)))

    @property
    def width(self) -> int:
        return max(0, self.right - self.left)

    @property
    def height(self) -> int:
        return max(0, self.bottom - self.top)

    @property
    def empty(self) -> bool:
        return self.width == 0 or self.height == 0

    def intersection(self, other: Region) -> Region:
        """What lies in both; empty where they lie apart."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        return Region(left, top, max(left, min(self.right, other.right)), max(top, min(self.bottom, other.bottom)))

    def union(self, other: Region) -> Region:
        """The smallest rectangle that holds both."""
        return Region(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def contains(self, other: Region) -> bool:
        return (
            self.left <= other.left
            and self.top <= other.top
            and self.right >= other.right
            and self.bottom >= other.bottom
        )

    def of(self, values: Values, x: int, y: int) -> Values:
        """The part of an array [H, W, ...] lying at (x, y) that this region covers, without a copy."""
        return values[self.top - y : self.bottom - y, self.left - x : self.right - x]  # type: ignore[return-value]

    def bands(self, pixels: int) -> Iterator[Region]:
        """This region in parts of some of its rows, each of about `pixels` pixels at most."""
        rows = max(1, pixels // max(1, self.width))
        for top in range(self.top, self.bottom, rows):
            yield Region(self.left, top, self.right, min(top + rows, self.bottom))

    def tiles(self, pixels: int) -> Iterator[Region]:
        """This region in parts that are nearly square, each of about `pixels` pixels at most."""
        side = max(1, math.isqrt(pixels))
        for top in range(self.top, self.bottom, side):
            for left in range(self.left, self.right, side):
                yield Region(left, top, min(left + side, self.right), min(top + side, self.bottom))


Places = Sequence[tuple[float, float]]


def _clipped(polygon: Places, region: Region) -> Places:
    """The part of a convex polygon inside a region (Sutherland and Hodgman 1974); empty where there is none."""
    for axis, limit, sign in ((0, region.left, 1), (0, region.right, -1), (1, region.top, 1), (1, region.bottom, -1)):
        inside = [(place[axis] - limit) * sign for place in polygon]
        kept: list[tuple[float, float]] = []
        for i, place in enumerate(polygon):
            before, there, from_there = polygon[i - 1], inside[i], inside[i - 1]
            if there * from_there < 0:
                part = from_there / (from_there - there)
                kept.append((before[0] + (place[0] - before[0]) * part, before[1] + (place[1] - before[1]) * part))
            if there >= 0:
                kept.append(place)
        polygon = kept
    return polygon
