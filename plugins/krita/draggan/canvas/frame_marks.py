"""What is painted of a frame: its dashed edge; and while it is chosen its corners, its knob, a shade over all else."""

import math
from dataclasses import dataclass
from typing import Any

from ..draggan_client import frames
from ..draggan_client.frames import Part
from ..draggan_client.look import LOOK
from ..draggan_client.messages import Frame
from ..draggan_client.points import Spot
from ..qt import Qt, QtCore, QtGui
from .mapping import Mapping
from .pens import colour_of, pen_of

KNOB_DISTANCE = 26.0
"""From the frame's edge to its knob, in logical px."""
_CORNER_LENGTH = 14.0
"""Of the frame's corner marks, for as long as the frame is at least four times as large."""
_GRIP = 4.5
"""Half the side of a corner that can be pulled."""
_KNOB = 5.5
_GROWN = 1.35
"""What is under the pointer."""
_CLICK = 7.0
_RIM = (LOOK.outline_width - LOOK.line_width) / 2
_SHADE = QtGui.QColor(0, 0, 0, 90)


@dataclass(frozen=True)
class FrameLook:
    """A frame as it is shown now."""

    frame: Frame | None = None
    is_strong: bool = False
    """It is pointed out."""
    is_chosen: bool = False
    """It can be pulled: by its corners, its knob, its inside."""
    part: Part | None = None
    """What of it is held, or under the pointer."""
    clicks: tuple[Spot, ...] = ()
    """Landmarks that were clicked."""
    asks: bool = False
    """Clicks on landmarks are asked for: nothing shall lie over the picture."""

    @property
    def fills_canvas(self) -> bool:
        """Whether what is painted reaches everywhere."""
        return self.is_chosen or self.asks


def paint_frame(painter: Any, look: FrameLook, mapping: Mapping, canvas: Any) -> None:
    """Draw it on a canvas whose rectangle is `canvas` (QRectF). The painter must be antialiasing."""
    if look.frame is None:
        return
    polygon = mapping.polygon(look.frame)
    if look.asks:
        for number, spot in enumerate(look.clicks, 1):
            _paint_click(painter, mapping.canvas(spot), number)
        return
    if look.is_chosen:
        _paint_shade(painter, polygon, canvas)
    _paint_edge(painter, polygon, look.is_strong or look.is_chosen)
    if look.is_chosen:
        _paint_grips(painter, look, mapping, polygon, knob_distance(look.frame, mapping, canvas))


def frame_bounds(polygon: Any) -> Any:
    """What is painted of a frame that is not being chosen, as a QRectF."""
    room = LOOK.outline_width + 2
    return polygon.boundingRect().adjusted(-room, -room, room, room)


def knob_distance(frame: Frame, mapping: Mapping, canvas: Any) -> float:
    """How far the knob stands off the frame, in document px. Negative, inside it, where outside it could not be seen
    on the canvas, whose rectangle is `canvas` (QRectF)."""
    distance = KNOB_DISTANCE / mapping.scale
    is_seen = canvas.contains(mapping.canvas(frames.knob(frame, distance)))
    inside = mapping.canvas(frames.knob(frame, -distance))
    return distance if is_seen or not canvas.contains(inside) else -distance


def _paint_edge(painter: Any, polygon: Any, strong: bool) -> None:
    corners = [polygon.at(index) for index in range(4)]
    edge = QtGui.QPolygonF(corners)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(pen_of(colour_of(LOOK.outline, 150), 1.0))
    painter.drawPolygon(edge)
    dashes = pen_of(colour_of(LOOK.frame, 255 if strong else 200), 1.0)
    dashes.setDashPattern([5.0, 5.0])
    painter.setPen(dashes)
    painter.drawPolygon(edge)
    marks = QtGui.QPainterPath()
    for index, corner in enumerate(corners):
        marks.moveTo(_along(corner, corners[index - 1]))
        marks.lineTo(corner)
        marks.lineTo(_along(corner, corners[(index + 1) % 4]))
    width = LOOK.line_width * (1.5 if strong else 1.0)
    for pen in (pen_of(colour_of(LOOK.outline), width + 2 * _RIM), pen_of(colour_of(LOOK.frame), width)):
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(pen)
        painter.drawPath(marks)


def _paint_shade(painter: Any, polygon: Any, canvas: Any) -> None:
    outside = QtGui.QPainterPath()
    outside.setFillRule(Qt.FillRule.OddEvenFill)
    outside.addRect(canvas)
    outside.addPolygon(polygon)
    outside.closeSubpath()
    painter.fillPath(outside, _SHADE)


def _paint_grips(painter: Any, look: FrameLook, mapping: Mapping, polygon: Any, distance: float) -> None:
    assert look.frame is not None
    knob = mapping.canvas(frames.knob(look.frame, distance))
    root = mapping.canvas(frames.at(look.frame, 0.5, 0.0))
    for colour, width in ((LOOK.outline, LOOK.outline_width), (LOOK.frame, LOOK.line_width)):
        painter.setPen(pen_of(colour_of(colour), width))
        painter.drawLine(QtCore.QLineF(root, knob))
    painter.setPen(pen_of(colour_of(LOOK.outline), 1.0))
    painter.setBrush(colour_of(LOOK.selected if look.part is Part.KNOB else LOOK.frame))
    radius = _KNOB * (_GROWN if look.part is Part.KNOB else 1.0)
    painter.drawEllipse(knob, radius, radius)
    for index, part in enumerate((Part.TOP_LEFT, Part.TOP_RIGHT, Part.BOTTOM_RIGHT, Part.BOTTOM_LEFT)):
        is_held = look.part is part
        painter.setBrush(colour_of(LOOK.selected if is_held else LOOK.frame))
        half = _GRIP * (_GROWN if is_held else 1.0)
        corner = polygon.at(index)
        painter.drawRect(QtCore.QRectF(corner.x() - half, corner.y() - half, 2 * half, 2 * half))


def _paint_click(painter: Any, place: Any, number: int) -> None:
    for colour, width in ((LOOK.outline, LOOK.outline_width), (LOOK.selected, LOOK.line_width)):
        painter.setPen(pen_of(colour_of(colour), width))
        painter.drawLine(place - QtCore.QPointF(_CLICK, 0), place + QtCore.QPointF(_CLICK, 0))
        painter.drawLine(place - QtCore.QPointF(0, _CLICK), place + QtCore.QPointF(0, _CLICK))
    name = QtGui.QPainterPath()
    font = QtGui.QFont(QtGui.QGuiApplication.font())
    font.setPixelSize(round(LOOK.number_size))
    font.setBold(True)
    name.addText(place + QtCore.QPointF(_CLICK, -_CLICK / 2), font, str(number))
    painter.strokePath(name, pen_of(colour_of(LOOK.outline), 3.0))
    painter.fillPath(name, colour_of(LOOK.number))


def _along(corner: Any, other: Any) -> Any:
    length = math.hypot(other.x() - corner.x(), other.y() - corner.y())
    share = min(_CORNER_LENGTH / length, 0.25) if length else 0.0
    return corner + (other - corner) * share
