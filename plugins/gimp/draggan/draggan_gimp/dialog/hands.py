"""What the pointer does on the canvas: put and pull points, or choose the frame. Knows no widget.

Coordinates are the image's pixels; a `Touch` says how many of them a pixel of the screen is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from draggan_client import frames
from draggan_client.errors import DragganError
from draggan_client.frame_choice import TURN_STEPS, FrameChoice
from draggan_client.frames import Part
from draggan_client.look import LOOK
from draggan_client.messages import Frame
from draggan_client.points import PointBoard, Spot

from .view import KNOB_DISTANCE

_FAR_STEP = 10.0
_CURSORS = {
    Part.INSIDE: "move",
    Part.KNOB: "grab",
    Part.NEW: "crosshair",
}
_DIRECTIONS = {"Left": (-1, 0), "Right": (1, 0), "Up": (0, -1), "Down": (0, 1)}


@dataclass(frozen=True)
class Touch:
    """The pointer on the canvas."""

    spot: Spot
    reach: float
    """How near is on something."""
    px: float
    """A logical pixel of the screen."""
    shift: bool = False
    control: bool = False

    @property
    def slop(self) -> float:
        """What is pulled less than this is a click."""
        return LOOK.slop * self.px


class Hand(Protocol):
    """What presses, moves and keys on the canvas mean."""

    @property
    def holds(self) -> bool:
        """Whether a gesture is going on."""

    def press(self, touch: Touch) -> None: ...

    def move(self, touch: Touch) -> None: ...

    def release(self, touch: Touch) -> None: ...

    def abort(self) -> None:
        """All is as it was before the gesture."""

    def cursor(self, touch: Touch) -> str:
        """What the pointer looks like there, by CSS's names."""

    def key(self, name: str, control: bool, shift: bool) -> bool:
        """A key; whether it was one of its own."""


class PointHand:
    """Puts and pulls points: GIMP's own gestures for points."""

    def __init__(self, board: PointBoard, edited: Callable[[], object], beside: Callable[[], object]) -> None:
        """edited: the points, or what is selected, are others. beside: a press outside the frame did nothing."""
        self._board = board
        self._edited = edited
        self._beside = beside
        self.frame: Frame | None = None
        """New points are put inside it only: the model sees nothing else."""

    @property
    def holds(self) -> bool:
        return self._board.dragged is not None

    def press(self, touch: Touch) -> None:
        spot, reach, board = touch.spot, touch.reach, self._board
        if touch.control:
            board.remove_at(spot, reach)
        elif touch.shift and board.press_handle_only(spot, reach, keep_selection=True):
            pass
        elif board.hit(spot, reach) is not None or self.frame is None or frames.contains(self.frame, spot):
            board.press(spot, reach, keep_selection=touch.shift)
        else:
            self._beside()
            return
        self._edited()

    def move(self, touch: Touch) -> None:
        self._board.move(self._inside(touch.spot))
        self._edited()

    def release(self, touch: Touch) -> None:
        self._board.release(self._inside(touch.spot), touch.slop)
        self._edited()

    def abort(self) -> None:
        self._board.abort()
        self._edited()

    def cursor(self, touch: Touch) -> str:
        return "pointer" if self._board.hit(touch.spot, touch.reach) is not None else "crosshair"

    def key(self, name: str, control: bool, shift: bool) -> bool:
        board = self._board
        edits: dict[tuple[str, bool], Callable[[], object]] = {
            ("Delete", False): board.delete_selected,
            ("KP_Delete", False): board.delete_selected,
            ("BackSpace", False): board.delete_last,
            ("z", True): board.redo if shift else board.undo,
            ("Z", True): board.redo,
            ("y", True): board.redo,
            ("a", True): lambda: board.select(pair.id for pair in board.pairs),
        }
        edit = edits.get((name, control))
        if edit is None:
            return False
        edit()
        self._edited()
        return True

    def _inside(self, spot: Spot) -> Spot:
        frame = self.frame
        if frame is None or frames.contains(frame, spot):
            return spot
        place = frames.inside(frame, spot)
        return frames.at(frame, min(max(place.x, 0.0), 1.0), min(max(place.y, 0.0), 1.0))


class FrameHand:
    """Moves, sizes and turns the frame, draws another, and clicks landmarks."""

    def __init__(
        self, choice: FrameChoice, changed: Callable[[], object], failed: Callable[[DragganError], object]
    ) -> None:
        """changed: the frame, or what is asked for, is another. failed: no frame can be made of the clicks."""
        self.choice = choice
        self._changed = changed
        self._failed = failed

    @property
    def holds(self) -> bool:
        return self.choice.held is not None

    def press(self, touch: Touch) -> None:
        self.choice.press(touch.spot, touch.reach, KNOB_DISTANCE * touch.px)
        self._changed()

    def move(self, touch: Touch) -> None:
        self.choice.move(touch.spot, touch.slop, _steps(touch))
        self._changed()

    def release(self, touch: Touch) -> None:
        try:
            self.choice.release(touch.spot, touch.slop, _steps(touch))
        except DragganError as error:
            self._failed(error)
            return
        self._changed()

    def abort(self) -> None:
        self.choice.abort()
        self._changed()

    def cursor(self, touch: Touch) -> str:
        if self.choice.landmarks:
            return "crosshair"
        frame = self.choice.frame
        part = self.choice.held or frames.part_at(frame, touch.spot, touch.reach, KNOB_DISTANCE * touch.px)
        return _CURSORS.get(part) or _resize_cursor(frame, part)

    def key(self, name: str, control: bool, shift: bool) -> bool:
        choice, frame = self.choice, self.choice.frame
        step = _FAR_STEP if shift else 1.0
        across, down = _DIRECTIONS.get(name.removeprefix("KP_"), (0, 0))
        if across or down:
            if not control:
                choice.nudge(across * step, down * step)
            elif across:
                choice.turn(frame.angle + across * (TURN_STEPS if shift else 1.0))
            else:
                choice.resize(frame.size - down * step)
        elif control and name in ("z", "Z", "y"):
            forward = shift or name != "z"
            (choice.redo if forward else choice.undo)()
        elif name == "BackSpace" and choice.clicks:
            choice.undo()
        elif name == "Escape" and choice.landmarks:
            choice.stop_asking()
        else:
            return False
        self._changed()
        return True


def _steps(touch: Touch) -> float:
    return TURN_STEPS if touch.shift else 0.0


def _resize_cursor(frame: Frame, part: Part) -> str:
    """The double arrow that lies nearest to the corner's diagonal, however the frame is turned."""
    middle, corner = frames.centre(frame), frames.corners(frame)[_CORNER_ORDER.index(part)]
    across, down = corner.x - middle.x, corner.y - middle.y
    if abs(across) > 2.4 * abs(down):
        return "ew-resize"
    if abs(down) > 2.4 * abs(across):
        return "ns-resize"
    return "nwse-resize" if across * down > 0 else "nesw-resize"


_CORNER_ORDER = (Part.TOP_LEFT, Part.TOP_RIGHT, Part.BOTTOM_RIGHT, Part.BOTTOM_LEFT)
