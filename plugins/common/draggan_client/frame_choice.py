"""Choosing a frame on a picture: the gestures and keys that move, size and turn it, the clicks on landmarks, and undo.

Coordinates are document pixels, floats. Nothing here knows a toolkit: a shell turns its events into `press`, `move` and
`release`, with lengths that it has converted from screen pixels, and paints anew whenever `version` has grown.
"""

import contextlib
import math
from collections.abc import Sequence
from dataclasses import replace

from . import frames
from .frames import FrameChoiceError, FramePull, Part
from .framing import MAX_BODY_BYTES
from .messages import AlignmentPoint, Frame
from .points import Spot
from .views import Problem

TURN_STEPS = 15.0
"""Degrees: where the artist wants whole steps."""
_MOST_BYTES = MAX_BODY_BYTES - (1 << 16)
"""Of the pixels that are sent."""
_MAX_UNDO_STEPS = 100
_CORNERS_OF = {"mouth": "corner of the mouth"}


class FrameChoice:
    """A frame that is being chosen, for a model's shape (`aspect`). For one thread: the editor's.

    While landmarks are asked for, presses put these instead of pulling the frame.
    """

    def __init__(self, frame: Frame) -> None:
        self._first = frame
        self._frame = frame
        self._undo: list[Frame] = []
        self._redo: list[Frame] = []
        self._pull: FramePull | None = None
        self._pulled = 0.0
        self._landmarks: tuple[AlignmentPoint, ...] = ()
        self._clicks: tuple[Spot, ...] = ()
        self._version = 0

    @property
    def frame(self) -> Frame:
        """As it is now, also within a gesture."""
        return self._frame

    @property
    def version(self) -> int:
        """Grows with everything that shows: paint again."""
        return self._version

    @property
    def held(self) -> Part | None:
        """What of it the pointer holds."""
        return self._pull.part if self._pull else None

    @property
    def wanted(self) -> AlignmentPoint | None:
        """The landmark that the next click is to show; None: none is asked for."""
        return self._landmarks[len(self._clicks)] if self._landmarks else None

    @property
    def clicks(self) -> tuple[Spot, ...]:
        """The landmarks that were shown so far."""
        return self._clicks

    @property
    def landmarks(self) -> tuple[AlignmentPoint, ...]:
        """All that are asked for; empty: none are."""
        return self._landmarks

    # Gestures

    def press(self, spot: Spot, reach: float, knob_distance: float) -> Part:
        """Take hold of what is there. A press whose release got lost is over first."""
        self._finish()
        part = frames.part_at(self._frame, spot, reach, knob_distance)
        self._pull = FramePull(self._frame, part, spot)
        self._pulled = 0.0
        self._version += 1
        return part

    def move(self, spot: Spot, slop: float = 0.0, steps: float = 0.0) -> None:
        """The pointer has moved; nearer than `slop` to where it was pressed, it is still a click. `steps`: see
        `FramePull.to`. Does nothing without a press before."""
        if self._pull is None:
            return
        self._pulled = max(self._pulled, self._pull.start.distance(spot))
        if self._pulled >= max(slop, 1e-9) and not self._landmarks:
            self._show(self._pull.to(spot, steps=steps))

    def release(self, spot: Spot, slop: float, steps: float = 0.0) -> bool:
        """The pointer was let go there. Whether it was a click: then the frame is as it was.

        A click while landmarks are asked for shows the next; with the last the frame is found. Raises
        FrameChoiceError where none fits them; they are asked for anew then.
        """
        self.move(spot, slop, steps)
        pull, self._pull = self._pull, None
        if pull is None:
            return False
        self._version += 1
        if self._landmarks:
            self._click(spot)
            return True
        if self._pulled < slop:
            self._show(pull.before)
            return True
        self._step(pull.before)
        return False

    def abort(self) -> bool:
        """End a gesture: all is as it was before its press. False: none was under way."""
        pull, self._pull = self._pull, None
        if pull is not None:
            self._show(pull.before)
            self._version += 1
        return pull is not None

    # Landmarks

    def ask(self, landmarks: Sequence[AlignmentPoint]) -> None:
        """Ask for a click on each of these, in this order."""
        self._finish()
        self._landmarks, self._clicks = tuple(landmarks), ()
        self._version += 1

    def stop_asking(self) -> bool:
        """Pull the frame again. False: no landmarks were asked for."""
        was_asking = bool(self._landmarks)
        self._landmarks, self._clicks = (), ()
        self._version += was_asking
        return was_asking

    def _click(self, spot: Spot) -> None:
        clicks = (*self._clicks, spot)
        if len(clicks) < len(self._landmarks):
            self._clicks = clicks
            return
        landmarks = self._landmarks
        self._clicks = ()
        found = frames.aligned(landmarks, clicks, self._frame.aspect)
        self._landmarks = ()
        self.set(found)

    # Changes that are no gesture

    def set(self, frame: Frame) -> None:
        """Another frame altogether; undo brings this one back."""
        self._finish()
        before = self._frame
        self._show(frame)
        self._step(before)

    def reset(self) -> None:
        """The one that it began with."""
        self.set(replace(self._first, aspect=self._frame.aspect))

    def reshape(self, aspect: float) -> None:
        """For a model of another shape: about the same middle, the longer side stays."""
        if aspect != self._frame.aspect:
            self._finish()
            middle = frames.centre(self._frame)
            size = max(self._frame.size, frames.smallest_size(aspect))
            self._show(frames.placed(middle, size, self._frame.angle, aspect))

    def nudge(self, dx: float, dy: float) -> None:
        """Move it by so much."""
        self.set(replace(self._frame, x=self._frame.x + dx, y=self._frame.y + dy))

    def resize(self, size: float) -> None:
        """Another longer side, about its middle; the smallest where that would be too small."""
        size = max(size, frames.smallest_size(self._frame.aspect))
        self.set(frames.placed(frames.centre(self._frame), size, self._frame.angle, self._frame.aspect))

    def turn(self, angle: float) -> None:
        """Another angle (degrees), about its middle."""
        self.set(frames.placed(frames.centre(self._frame), self._frame.size, angle, self._frame.aspect))

    def undo(self) -> bool:
        """Back by one change: a gesture under way, a landmark, or the frame. False: there is nothing to undo."""
        if self.abort():
            return True
        if self._clicks:
            self._clicks = self._clicks[:-1]
            self._version += 1
            return True
        return self.stop_asking() or self._travel(self._undo, self._redo)

    def redo(self) -> bool:
        """Forward by one change of the frame. False: there is nothing to redo."""
        return self._pull is None and self._travel(self._redo, self._undo)

    # Inside

    def _finish(self) -> None:
        pull, self._pull = self._pull, None
        if pull is not None:
            self._step(pull.before)

    def _show(self, frame: Frame) -> None:
        if frame != self._frame:
            self._frame = frame
            self._version += 1

    def _step(self, before: Frame) -> None:
        if before != self._frame:
            self._undo = [*self._undo, before][-_MAX_UNDO_STEPS:]
            self._redo.clear()

    def _travel(self, back: list[Frame], forth: list[Frame]) -> bool:
        if not back:
            return False
        forth.append(self._frame)
        self._show(replace(back.pop(), aspect=self._frame.aspect))
        return True


Box = tuple[float, float, float, float]
"""Left, top, width, height."""


def trouble(frame: Frame, seen: Box, pixel_bytes: int = 4) -> Problem | None:
    """Why a model cannot be shown this frame of a layer that is seen in the rectangle `seen`; None: it can.

    `pixel_bytes`: what a pixel of the layer takes on the way to the server.
    """
    if not _meet(frame, seen):
        return Problem("The frame lies beside the picture.", "Move it onto what you want to drag.")
    if min(frame.width, frame.height) < frames.SMALLEST_PX:
        return Problem(f"The frame is only {min(frame.width, frame.height):.0f} px wide.", "Make it larger.")
    around_it = frames.bounds(frame)
    width, height = (
        min(around_it[i] + around_it[i + 2], seen[i] + seen[i + 2]) - max(around_it[i], seen[i]) for i in (0, 1)
    )
    share = width * height * pixel_bytes / _MOST_BYTES
    if share > 1:
        return Problem(
            f"The frame is {frame.size:.0f} px wide, which is more than can be worked on at once.",
            f"Make it about {0.95 * frame.size / math.sqrt(share):.0f} px wide, or smaller.",
        )
    return None


def _meet(frame: Frame, seen: Box) -> bool:
    """Whether the turned frame and the upright rectangle have some area in common: neither's sides part them."""
    left, top, width, height = seen
    if width <= 0 or height <= 0:
        return False
    frame_left, frame_top, frame_width, frame_height = frames.bounds(frame)
    if frame_left >= left + width or left >= frame_left + frame_width:
        return False
    if frame_top >= top + height or top >= frame_top + frame_height:
        return False
    ends = [Spot(left + across * width, top + down * height) for across in (0, 1) for down in (0, 1)]
    places = [frames.inside(frame, spot) for spot in ends]
    apart_x = max(place.x for place in places) <= 0 or min(place.x for place in places) >= 1
    apart_y = max(place.y for place in places) <= 0 or min(place.y for place in places) >= 1
    return not (apart_x or apart_y)


def default_frame(seen: Box, selected: Box | None, aspect: float = 1.0, pixel_bytes: int = 4) -> Frame:
    """Where choosing begins: round what is selected, else the largest in the middle of what is seen of the layer.

    Raises FrameChoiceError where too little is seen.
    """
    if selected is not None:
        with contextlib.suppress(FrameChoiceError):
            frame = frames.around(*selected, aspect)
            if trouble(frame, seen, pixel_bytes) is None:
                return frame
    frame = frames.within(*seen, aspect)
    largest = math.sqrt(_MOST_BYTES / pixel_bytes)
    return frame if frame.size <= largest else frames.placed(frames.centre(frame), largest, aspect=aspect)


def landmark_words(name: str) -> str:
    """A landmark as one would ask for it: "eye_left" is "the eye on the left". Sides are those of the picture."""
    sides, rest = _words(name)
    return f"the {_CORNERS_OF.get(rest, rest)} on the {sides[0]}" if sides else f"the {rest}"


def landmarks_title(landmarks: Sequence[AlignmentPoint]) -> str:
    """What clicking these is called: "Click eyes and mouth"."""
    kinds: dict[str, int] = {}
    for landmark in landmarks:
        kind = _words(landmark.name)[1]
        kinds[kind] = kinds.get(kind, 0) + 1
    words = [kind if kind in _CORNERS_OF or count == 1 else f"{kind}s" for kind, count in kinds.items()]
    return "Click " + " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""


def _words(name: str) -> tuple[list[str], str]:
    """The sides in a landmark's name, and the rest of it."""
    words = name.replace("-", "_").replace(" ", "_").lower().split("_")
    sides = [word for word in words if word in ("left", "right")]
    return sides, " ".join(word for word in words if word and word not in sides) or "point"
