"""Gestures that choose the frame: it is moved, sized, turned, drawn anew; and clicks that show the landmarks."""

import functools
import math
from typing import Any

from ..draggan_client import frames
from ..draggan_client.frame_choice import TURN_STEPS, FrameChoice
from ..draggan_client.frames import FrameChoiceError, Part
from ..draggan_client.look import LOOK
from ..draggan_client.points import Spot
from ..qt import Qt, QtCore, QtGui, QtWidgets
from .frame_marks import FrameLook, knob_distance
from .mapping import Mapping
from .pointer import Device, Gesture, Intent, Pointer, Pressed

_CURSOR_SIDE = 24
_DIAGONAL = math.tan(math.radians(67.5))
"""Nearer to an axis than that, a corner is pulled along it."""


class FramePointer(Pointer):
    """Pulls a frame about. A click inside it is remembered (`clicked`): it says that the frame is good."""

    def __init__(self, choice: FrameChoice) -> None:
        super().__init__()
        self.choice = choice
        self.clicked: Spot | None = None
        """Inside the frame, by the last gesture."""
        self.refused: FrameChoiceError | None = None
        """Why the landmarks of the last gesture make no frame."""
        self._part: Part | None = None
        self._corner_way = (1.0, 1.0)
        """On the canvas, from the frame's middle to the corner under the pointer."""

    @property
    def look(self) -> FrameLook:
        """How the frame is shown now."""
        choice = self.choice
        asks = bool(choice.landmarks)
        part = None if asks else choice.held or self._part
        return FrameLook(choice.frame, is_chosen=not asks, part=part, clicks=choice.clicks, asks=asks)

    @property
    def cursor(self) -> Any:
        part = self.choice.held or self._part
        if self.choice.landmarks or part in (None, Part.NEW):
            return Qt.CursorShape.CrossCursor
        if part is Part.INSIDE:
            return Qt.CursorShape.SizeAllCursor
        return turning_cursor() if part is Part.KNOB else _corner_cursor(*self._corner_way)

    def hover(self, place: Any, mapping: Mapping, device: Device) -> bool:
        before = self._part
        frame, spot = self.choice.frame, mapping.document(place)
        self._part = frames.part_at(frame, spot, device.reach / mapping.scale, self._knob_distance(mapping))
        if self._part.is_corner:
            away = place - mapping.canvas(frames.centre(frame))
            self._corner_way = (away.x(), away.y())
        return self._part != before

    def leave(self) -> bool:
        before, self._part = self._part, None
        return before is not None

    def press(self, place: Any, mapping: Mapping, device: Device, canvas: Any, intent: Intent) -> Pressed:
        self.lose()
        self.clicked = self.refused = None
        self.hover(place, mapping, device)
        self.choice.press(mapping.document(place), device.reach / mapping.scale, self._knob_distance(mapping))
        self._gesture = Gesture(device, canvas, place, place, mapping)
        return Pressed.TAKEN

    def move(self, place: Any, mapping: Mapping) -> None:
        if self._went(place, mapping) is not None:
            self.choice.move(mapping.document(place), LOOK.slop / mapping.scale, self._steps)

    def release(self, place: Any, mapping: Mapping) -> None:
        if self._went(place, mapping) is None:
            return
        self._gesture = None
        asked, part, spot = bool(self.choice.landmarks), self.choice.held, mapping.document(place)
        try:
            was_click = self.choice.release(spot, LOOK.slop / mapping.scale, self._steps)
        except FrameChoiceError as error:
            self.refused = error
            return
        if was_click and not asked and part is Part.INSIDE:
            self.clicked = spot

    def abort(self) -> bool:
        self._gesture = None
        return self.choice.abort()

    def _knob_distance(self, mapping: Mapping) -> float:
        return knob_distance(self.choice.frame, mapping, self.area)

    @property
    def _steps(self) -> float:
        return TURN_STEPS if self.stepping else 0.0


def _corner_cursor(across: float, down: float) -> Any:
    """For a corner in this direction from the middle, as it is seen."""
    if abs(across) > _DIAGONAL * abs(down):
        return Qt.CursorShape.SizeHorCursor
    if abs(down) > _DIAGONAL * abs(across):
        return Qt.CursorShape.SizeVerCursor
    return Qt.CursorShape.SizeFDiagCursor if across * down > 0 else Qt.CursorShape.SizeBDiagCursor


@functools.lru_cache(maxsize=1)
def turning_cursor() -> Any:
    """An arc with two arrow heads; Qt has none."""
    ratio = QtWidgets.QApplication.instance().devicePixelRatio()
    picture = QtGui.QPixmap(round(_CURSOR_SIDE * ratio), round(_CURSOR_SIDE * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(picture)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.translate(_CURSOR_SIDE / 2, _CURSOR_SIDE / 2 + 3)
    shape = QtGui.QPainterPath()
    shape.arcMoveTo(QtCore.QRectF(-8, -8, 16, 16), 25)
    shape.arcTo(QtCore.QRectF(-8, -8, 16, 16), 25, 130)
    for side in (-1, 1):
        tip = QtCore.QPointF(side * 7.2, -3.2)
        shape.moveTo(tip + QtCore.QPointF(side * 1.5, -4.5))
        shape.lineTo(tip + QtCore.QPointF(side * 0.3, 0.8))
        shape.lineTo(tip + QtCore.QPointF(side * -4.8, -1.2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((LOOK.outline, 4.0), (LOOK.frame, 1.8)):
        pen = QtGui.QPen(QtGui.QColor(colour), width)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawPath(shape)
    painter.end()
    return QtGui.QCursor(picture)
