"""Handle and target points.

The unit is the model's picture: pixel (i, j) covers [i, i+1) x [j, j+1), its centre is at +0.5; x right, y down.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from .errors import DragInputError

MAX_POINTS = 100


@dataclass(frozen=True)
class Point:
    """A place in the model's picture, in px."""

    x: float
    y: float

    def distance(self, other: Point) -> float:
        """Euclidean distance in px."""
        return math.hypot(self.x - other.x, self.y - other.y)


@dataclass(frozen=True)
class Reference:
    """Where a handle was first put, and the feature there: what point tracking looks for (Eq. 3)."""

    position: Point
    feature: Tensor
    """[C], read from the block at `resolution`."""
    resolution: int


@dataclass(frozen=True)
class DragPoint:
    """A handle and where it shall go. A point whose target is its handle is a pin: the feature stays there.

    `reference` is None for a new point; the drag reads it off the first feature map. Afterwards it is kept from
    drag to drag, whatever happens to other points.
    """

    handle: Point
    target: Point
    reference: Reference | None = None

    @property
    def distance(self) -> float:
        """From the handle to the target, in model px."""
        return self.handle.distance(self.target)


def check_points(points: Sequence[DragPoint], width: int, height: int) -> None:
    """Raises DragInputError unless there are 1 to MAX_POINTS points, finite and inside [0, width] x [0, height]."""
    if not points:
        raise DragInputError("there are no points; a drag needs at least one handle and its target")
    if len(points) > MAX_POINTS:
        raise DragInputError(f"{len(points)} points are more than the {MAX_POINTS} that one drag can take")
    for number, point in enumerate(points, start=1):
        for name, place in (("handle", point.handle), ("target", point.target)):
            if not (math.isfinite(place.x) and math.isfinite(place.y)):
                raise DragInputError(f"the {name} of point {number} is not a number: ({place.x}, {place.y})")
            if not (0 <= place.x <= width and 0 <= place.y <= height):
                raise DragInputError(
                    f"the {name} of point {number}, ({place.x:g}, {place.y:g}), lies outside the picture of "
                    f"{width} x {height} px"
                )
