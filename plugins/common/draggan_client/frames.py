"""The part of the picture that the model sees, and the ways to choose it: from a rectangle, from clicks on landmarks,
and by pulling it about on the canvas.

Coordinates are document pixels, x right and y down, floats; angles are degrees, clockwise as seen. Nothing here knows a
toolkit: a shell turns its events into `press`, `move` and `release`, with lengths that it has converted from screen
pixels.
"""

import cmath
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from .errors import DragganError
from .messages import AlignmentPoint, Frame
from .points import Spot

SMALLEST_PX = 8.0
"""A shorter side shows the model nothing that it could recognise."""
_WHOLE_TURN = 360.0


class FrameChoiceError(DragganError):
    """No frame can be made of what was chosen; the text says why and what to do."""


def corners(frame: Frame) -> tuple[Spot, Spot, Spot, Spot]:
    """Its own top left, top right, bottom right and bottom left corner."""
    return (at(frame, 0, 0), at(frame, 1, 0), at(frame, 1, 1), at(frame, 0, 1))


def at(frame: Frame, across: float, down: float) -> Spot:
    """The place in the document of a place in fractions of the frame's width and height."""
    turned = complex(across * frame.width, down * frame.height) * _direction(frame.angle)
    return Spot(frame.x + turned.real, frame.y + turned.imag)


def inside(frame: Frame, spot: Spot) -> Spot:
    """The other way: where in the frame a place of the document lies, in fractions of its width and height."""
    straight = complex(spot.x - frame.x, spot.y - frame.y) / _direction(frame.angle)
    return Spot(straight.real / frame.width, straight.imag / frame.height)


def contains(frame: Frame, spot: Spot) -> bool:
    """Whether the frame shows this place; its edges belong to it."""
    place = inside(frame, spot)
    return 0 <= place.x <= 1 and 0 <= place.y <= 1


def centre(frame: Frame) -> Spot:
    """The frame's middle."""
    return at(frame, 0.5, 0.5)


def bounds(frame: Frame) -> tuple[float, float, float, float]:
    """Left, top, width and height of the smallest upright rectangle round the frame."""
    each = corners(frame)
    left, top = min(spot.x for spot in each), min(spot.y for spot in each)
    return left, top, max(spot.x for spot in each) - left, max(spot.y for spot in each) - top


def placed(middle: Spot, size: float, angle: float = 0.0, aspect: float = 1.0) -> Frame:
    """The frame round `middle` whose longer side is `size`. Raises FrameChoiceError where it would be too small, or
    lies where no document is."""
    if not min(aspect, 1 / aspect) * size >= SMALLEST_PX:
        raise FrameChoiceError(
            f"This frame would be {size:.0f} px wide; it must be at least {SMALLEST_PX:.0f} px.",
            "Choose a larger part of the picture.",
        )
    frame = Frame(0.0, 0.0, size, math.remainder(angle, _WHOLE_TURN), aspect)
    off = centre(frame)
    return replace(frame, x=middle.x - off.x, y=middle.y - off.y)


def within(left: float, top: float, width: float, height: float, aspect: float = 1.0) -> Frame:
    """The largest upright frame inside a rectangle, in its middle. Raises FrameChoiceError."""
    height_inside = min(height, width / aspect)
    size = height_inside * max(1.0, aspect)
    return placed(Spot(left + width / 2, top + height / 2), size, aspect=aspect)


def around(left: float, top: float, width: float, height: float, aspect: float = 1.0) -> Frame:
    """The smallest upright frame that holds a whole rectangle, in its middle. Raises FrameChoiceError."""
    height_outside = max(height, width / aspect)
    return placed(Spot(left + width / 2, top + height / 2), height_outside * max(1.0, aspect), aspect=aspect)


def aligned(landmarks: Sequence[AlignmentPoint], clicks: Sequence[Spot], aspect: float = 1.0) -> Frame:
    """The frame in which the clicks lie, as nearly as can be, where the model expects these landmarks, in this order.

    The least-squares similarity (Umeyama 1991), which in the plane is one complex factor. Raises FrameChoiceError where
    clicks are missing or lie on one spot.
    """
    if len(clicks) != len(landmarks) or len(clicks) < 2:
        raise FrameChoiceError(
            f"There are {len(clicks)} clicks for {len(landmarks)} landmarks.", "Click each of them once; two at least."
        )
    unit = Frame(0.0, 0.0, 1.0, aspect=aspect)
    model = [complex(point.x * unit.width, point.y * unit.height) for point in landmarks]
    document = [complex(spot.x, spot.y) for spot in clicks]
    model_mean, document_mean = sum(model) / len(model), sum(document) / len(document)
    spread = sum(abs(each - model_mean) ** 2 for each in model)
    together = sum(
        (there - document_mean) * (here - model_mean).conjugate() for here, there in zip(model, document, strict=True)
    )
    if spread == 0 or abs(together) == 0:
        raise FrameChoiceError("The clicks lie on one spot.", "Click each landmark where it is in the picture.")
    factor = together / spread
    corner = document_mean - factor * model_mean
    frame = placed(Spot(0.0, 0.0), abs(factor), math.degrees(cmath.phase(factor)), aspect)
    return replace(frame, x=corner.real, y=corner.imag)


class Part(Enum):
    """What of a frame the pointer holds."""

    INSIDE = "inside"
    TOP_LEFT = "top left"
    TOP_RIGHT = "top right"
    BOTTOM_RIGHT = "bottom right"
    BOTTOM_LEFT = "bottom left"
    KNOB = "knob"
    """Turns it about its middle."""
    NEW = "new"
    """Outside: a pull from there makes another frame."""

    @property
    def is_corner(self) -> bool:
        return self in _CORNERS


_CORNERS = {
    Part.TOP_LEFT: (0.0, 0.0),
    Part.TOP_RIGHT: (1.0, 0.0),
    Part.BOTTOM_RIGHT: (1.0, 1.0),
    Part.BOTTOM_LEFT: (0.0, 1.0),
}


def knob(frame: Frame, distance: float) -> Spot:
    """Where the knob is that turns the frame: over the middle of its own upper side, so far outside."""
    return at(frame, 0.5, -distance / frame.height)


def part_at(frame: Frame, spot: Spot, reach: float, knob_distance: float) -> Part:
    """What of the frame is under the pointer; lengths in document px."""
    if spot.distance(knob(frame, knob_distance)) <= reach:
        return Part.KNOB
    nearest = min(_CORNERS, key=lambda part: spot.distance(at(frame, *_CORNERS[part])))
    if spot.distance(at(frame, *_CORNERS[nearest])) <= reach:
        return nearest
    return Part.INSIDE if contains(frame, spot) else Part.NEW


@dataclass(frozen=True)
class FramePull:
    """A gesture on a frame, from its press: `to` says what the frame is with the pointer elsewhere."""

    before: Frame
    part: Part
    start: Spot

    def to(self, spot: Spot, *, steps: float = 0.0) -> Frame:
        """The frame with the pointer at `spot`; `steps`: turn by whole multiples of so many degrees.

        A corner is pulled about the opposite one, and the knob about the middle. Pulled together, it stops at the
        smallest size.
        """
        if self.part is Part.INSIDE:
            moved_x, moved_y = spot.x - self.start.x, spot.y - self.start.y
            return replace(self.before, x=self.before.x + moved_x, y=self.before.y + moved_y)
        if self.part is Part.KNOB:
            return self._turned(spot, steps)
        if self.part is Part.NEW:
            return self._new(spot)
        return self._pulled(spot)

    def _turned(self, spot: Spot, steps: float) -> Frame:
        middle = centre(self.before)
        if spot == middle:
            return self.before
        angle = math.degrees(math.atan2(spot.y - middle.y, spot.x - middle.x)) + 90.0
        if steps:
            angle = round(angle / steps) * steps
        return placed(middle, self.before.size, angle, self.before.aspect)

    def _pulled(self, spot: Spot) -> Frame:
        across, down = _CORNERS[self.part]
        held = at(self.before, 1 - across, 1 - down)
        corner = at(self.before, across, down)
        diagonal = complex(corner.x - held.x, corner.y - held.y)
        # The pointer need not have met the corner exactly.
        pulled = complex(spot.x - self.start.x, spot.y - self.start.y) + diagonal
        share = (pulled * diagonal.conjugate()).real / abs(diagonal) ** 2
        share = max(share, smallest_size(self.before.aspect) / self.before.size)
        grown = replace(self.before, size=self.before.size * share)
        now = at(grown, 1 - across, 1 - down)
        return replace(grown, x=grown.x + held.x - now.x, y=grown.y + held.y - now.y)

    def _new(self, spot: Spot) -> Frame:
        """Upright, from the press to the pointer, which lies on one of its sides."""
        aspect = self.before.aspect
        across, down = spot.x - self.start.x, spot.y - self.start.y
        height = max(abs(down), abs(across) / aspect)
        size = max(height * max(1.0, aspect), smallest_size(aspect))
        new = Frame(self.start.x, self.start.y, size, aspect=aspect)
        left = self.start.x - (new.width if across < 0 else 0.0)
        return replace(new, x=left, y=self.start.y - (new.height if down < 0 else 0.0))


def smallest_size(aspect: float) -> float:
    """The longer side of a frame whose shorter one is as short as can be."""
    return SMALLEST_PX / min(aspect, 1 / aspect)


def _direction(angle: float) -> complex:
    """The frame's own x axis in the document. Exact where it is a quarter of a turn."""
    quarters = angle / 90.0
    if quarters == round(quarters):
        return (1, 1j, -1, -1j)[round(quarters) % 4]
    return cmath.rect(1.0, math.radians(angle))
