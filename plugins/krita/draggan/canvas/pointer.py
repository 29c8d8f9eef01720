"""Gestures of the pointer, those on the board of points, and what becomes of one whose end never comes."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ..draggan_client import frames
from ..draggan_client.look import LOOK
from ..draggan_client.messages import Frame
from ..draggan_client.points import End, Grip, PointBoard, Spot
from ..qt import Qt
from .mapping import Mapping

_EDGE = 1e-3
"""In fractions of the frame: so far inside it a point stays."""


class Device(Enum):
    """What points."""

    MOUSE = "mouse"
    PEN = "pen"

    @property
    def reach(self) -> float:
        """How near it must come to an end to grab it, in logical px."""
        return LOOK.pen_reach if self is Device.PEN else LOOK.reach


class Intent(Enum):
    """What a press is for."""

    POINT = "point"
    """Grab an end, or put a new pair."""
    SELECT_MORE = "select more"
    """The same, keeping the selection."""
    MOVE_HANDLE = "move handle"
    """Grab a handle only; a pin as a whole."""
    ERASE = "erase"
    """Remove what is there."""


class Pressed(Enum):
    """What came of a press."""

    TAKEN = "taken"
    NOTHING = "nothing"
    OUTSIDE = "outside"
    """Outside the frame, where the model sees nothing."""


@dataclass
class Gesture:
    """From a press to its release."""

    device: Device
    canvas: Any
    start: Any
    place: Any
    """Where the pointer was last, in the canvas's logical px."""
    mapping: Mapping
    offset: Spot = field(default_factory=lambda: Spot(0.0, 0.0))
    """From the pointer to the end that it holds, in document px."""
    travelled: float = 0.0


class Pointer:
    """The pointer of one artist: hovers, or is in a gesture on one canvas. What it does is its kinds' to say."""

    def __init__(self) -> None:
        self._gesture: Gesture | None = None
        self.stepping = False
        """Shift is held: by whole steps, where the gesture has them."""
        self.area: Any = None
        """The rectangle (QRectF) of the canvas that the pointer is on."""

    @property
    def device(self) -> Device | None:
        """What the running gesture is made with; None: none is running."""
        return self._gesture.device if self._gesture else None

    @property
    def canvas(self) -> Any:
        """The canvas that the running gesture is on."""
        return self._gesture.canvas if self._gesture else None

    @property
    def cursor(self) -> Any:
        """A Qt.CursorShape or a QCursor for what is under the pointer, or held."""
        raise NotImplementedError

    def hover(self, place: Any, mapping: Mapping, device: Device) -> bool:
        """The pointer is above that place. Returns whether something else is under it now."""
        raise NotImplementedError

    def leave(self) -> bool:
        """The pointer is elsewhere. Returns whether something was under it."""
        raise NotImplementedError

    def press(self, place: Any, mapping: Mapping, device: Device, canvas: Any, intent: Intent) -> Pressed:
        """A gesture begins. One that is still running is over first."""
        raise NotImplementedError

    def move(self, place: Any, mapping: Mapping) -> None:
        """The gesture goes on; or the canvas has moved away below a pointer that rests (`follow_canvas`)."""
        raise NotImplementedError

    def release(self, place: Any, mapping: Mapping) -> None:
        """The gesture ends."""
        raise NotImplementedError

    def abort(self) -> bool:
        """All is as before the press. False: no gesture was running."""
        raise NotImplementedError

    def follow_canvas(self, mapping: Mapping) -> None:
        """The artist has zoomed, panned or turned during the gesture: what is held stays under the pointer."""
        if self._gesture is not None:
            self.move(self._gesture.place, mapping)

    def lose(self) -> bool:
        """The release will never come. What was pulled stays where it was pulled to; what was only touched is undone.

        False: no gesture was running.
        """
        gesture = self._gesture
        if gesture is None:
            return False
        if gesture.travelled < LOOK.slop:
            return self.abort()
        self.release(gesture.place, gesture.mapping)
        return True

    def _went(self, place: Any, mapping: Mapping) -> Gesture | None:
        """Note where the pointer of the running gesture is now."""
        gesture = self._gesture
        if gesture is not None:
            gesture.place, gesture.mapping = place, mapping
            way = place - gesture.start
            gesture.travelled = max(gesture.travelled, (way.x() ** 2 + way.y() ** 2) ** 0.5)
        return gesture


class PointPointer(Pointer):
    """Puts points on a board and pulls them, inside a frame."""

    def __init__(self, board: PointBoard) -> None:
        super().__init__()
        self.board = board
        self.frame: Frame | None = None
        self.hovered: Grip | None = None

    @property
    def cursor(self) -> Any:
        if self._gesture is None and self.hovered is not None:
            return Qt.CursorShape.PointingHandCursor
        return Qt.CursorShape.CrossCursor  # also while something is pulled: a hand would cover where it goes

    def hover(self, place: Any, mapping: Mapping, device: Device) -> bool:
        before = self.hovered
        self.hovered = self.board.hit(mapping.document(place), device.reach / mapping.scale)
        return self.hovered != before

    def leave(self) -> bool:
        before, self.hovered = self.hovered, None
        return before is not None

    def press(self, place: Any, mapping: Mapping, device: Device, canvas: Any, intent: Intent) -> Pressed:
        self.lose()
        spot, reach = mapping.document(place), device.reach / mapping.scale
        held = self._held_in(spot)
        hit = self.board.hit(spot, reach)
        if intent is Intent.ERASE:
            return Pressed.TAKEN if self.board.remove_at(spot, reach) else Pressed.NOTHING
        if intent is Intent.MOVE_HANDLE:
            if not self.board.press_handle_only(spot, reach):
                return Pressed.NOTHING
        elif hit is None and spot.distance(held) > reach:
            return Pressed.OUTSIDE
        else:
            self.board.press(spot if hit else held, reach, intent is Intent.SELECT_MORE)
        grip = self.board.dragged
        pair = self.board.pair(grip.pair_id) if grip else None
        if grip is None or pair is None:  # no room for another
            return Pressed.NOTHING
        self.hovered = grip
        end = pair.handle if grip.end is End.HANDLE else pair.target
        offset = Spot(end.x - spot.x, end.y - spot.y) if hit else Spot(0.0, 0.0)
        self._gesture = Gesture(device, canvas, place, place, mapping, offset)
        return Pressed.TAKEN

    def move(self, place: Any, mapping: Mapping) -> None:
        gesture = self._went(place, mapping)
        if gesture is not None:
            self.board.move(self._aim(gesture))

    def release(self, place: Any, mapping: Mapping) -> None:
        self.move(place, mapping)
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            self.board.release(self._aim(gesture), LOOK.slop / mapping.scale)

    def abort(self) -> bool:
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            self.board.abort()
        return gesture is not None

    def _aim(self, gesture: Gesture) -> Spot:
        """Where the board is told that the pointer is, for the end that it holds to stay in the frame."""
        spot, offset = gesture.mapping.document(gesture.place), gesture.offset
        end = self._held_in(Spot(spot.x + offset.x, spot.y + offset.y))
        return Spot(end.x - offset.x, end.y - offset.y)

    def _held_in(self, spot: Spot) -> Spot:
        """The nearest place that the model sees."""
        frame = self.frame
        if frame is None:
            return spot
        place = frames.inside(frame, spot)
        held = Spot(min(max(place.x, _EDGE), 1 - _EDGE), min(max(place.y, _EDGE), 1 - _EDGE))
        return spot if held == place else frames.at(frame, held.x, held.y)
