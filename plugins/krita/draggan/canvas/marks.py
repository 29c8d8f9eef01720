"""What is painted over the picture: points, arrows, numbers, the frame. In logical px of the canvas widget.

Every stroke is laid on a wider dark one, so that it shows on any picture.
"""

import functools
import math
from dataclasses import dataclass
from typing import Any

from ..draggan_client.look import LOOK
from ..draggan_client.points import End, Spot, arrow_head
from ..qt import Qt, QtCore, QtGui

_RIM = (LOOK.outline_width - LOOK.line_width) / 2
"""How far the dark line reaches out on each side of the light one."""
_HOVER_GROWTH = 1.3
_CORNER = 14.0
"""Length of the frame's corner marks, for as long as the frame is at least four times as large."""
_NUMBER_ROOM = 3.0


@dataclass(frozen=True)
class Mark:
    """A pair as it is shown now: its ends in px of the canvas."""

    number: str
    handle: Spot
    target: Spot
    is_pin: bool
    selected: bool = False
    hovered: End | None = None

    def bounds(self) -> Any:
        """What `paint_mark` may touch, as a QRectF."""
        room = max(LOOK.handle_radius, LOOK.target_radius, LOOK.pin_radius * 1.5) * _HOVER_GROWTH
        room += LOOK.selected_ring + LOOK.outline_width + 2
        # Of a pin both ends are the handle's place for the eye, even while the handle glides.
        ends = QtCore.QRectF(
            min(self.handle.x, self.target.x),
            min(self.handle.y, self.target.y),
            abs(self.handle.x - self.target.x),
            abs(self.handle.y - self.target.y),
        ).adjusted(-room, -room, room, room)
        box = _number_path(self.number).boundingRect()
        at = _number_place(self)
        return ends.united(box.translated(at).adjusted(-_NUMBER_ROOM, -_NUMBER_ROOM, _NUMBER_ROOM, _NUMBER_ROOM))


def paint_mark(painter: Any, mark: Mark) -> None:
    """Draw one pair. The painter must be antialiasing."""
    if mark.is_pin:
        _paint_pin(painter, mark)
    else:
        _paint_arrow(painter, mark)
        _paint_target(painter, mark)
        _paint_handle(painter, mark)
    _paint_number(painter, mark)


def paint_frame(painter: Any, square: Any, strong: bool = False) -> None:
    """Draw the square that the model sees, from its polygon on the canvas: a thin dashed edge, and its corners."""
    corners = [square.at(index) for index in range(4)]
    light, dark = QtGui.QColor(LOOK.frame), QtGui.QColor(LOOK.outline)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    edge = QtGui.QPolygonF(corners)
    dark.setAlpha(150)
    painter.setPen(_pen(dark, 1.0))
    painter.drawPolygon(edge)
    light.setAlpha(255 if strong else 200)
    dashes = _pen(light, 1.0)
    dashes.setDashPattern([5.0, 5.0])
    painter.setPen(dashes)
    painter.drawPolygon(edge)
    marks = QtGui.QPainterPath()
    for index, corner in enumerate(corners):
        before, after = corners[index - 1], corners[(index + 1) % 4]
        marks.moveTo(_along(corner, before))
        marks.lineTo(corner)
        marks.lineTo(_along(corner, after))
    dark.setAlpha(255)
    light.setAlpha(255)
    width = LOOK.line_width * (1.5 if strong else 1.0)
    for pen in (_pen(dark, width + 2 * _RIM), _pen(light, width)):
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(pen)
        painter.drawPath(marks)


def frame_bounds(square: Any) -> Any:
    """What `paint_frame` may touch, as a QRectF."""
    room = LOOK.outline_width + 2
    return square.boundingRect().adjusted(-room, -room, room, room)


def _paint_arrow(painter: Any, mark: Mark) -> None:
    """From the edge of the handle to the edge of the target; nothing where they touch."""
    length = mark.handle.distance(mark.target)
    tail = LOOK.handle_radius + LOOK.line_width / 2
    tip = LOOK.target_radius + LOOK.line_width / 2
    if length <= tail + tip + 1:
        return
    start = _between(mark.handle, mark.target, tail / length)
    end = _between(mark.handle, mark.target, 1 - tip / length)
    head = arrow_head(start, end, LOOK.arrow_head)
    neck = Spot((head[1].x + head[2].x) / 2, (head[1].y + head[2].y) / 2)
    triangle = QtGui.QPolygonF([_point(corner) for corner in head])
    painter.setBrush(QtGui.QColor(LOOK.outline))
    painter.setPen(_pen(QtGui.QColor(LOOK.outline), LOOK.outline_width))
    painter.drawLine(_point(start), _point(neck))
    painter.setPen(_pen(QtGui.QColor(LOOK.outline), 2 * _RIM))
    painter.drawPolygon(triangle)
    painter.setPen(_pen(QtGui.QColor(LOOK.line), LOOK.line_width))
    painter.drawLine(_point(start), _point(neck))
    painter.setBrush(QtGui.QColor(LOOK.line))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawPolygon(triangle)


def _paint_handle(painter: Any, mark: Mark) -> None:
    radius = LOOK.handle_radius * (_HOVER_GROWTH if mark.hovered is End.HANDLE else 1.0)
    at = _point(mark.handle)
    _paint_selection(painter, mark, at, radius)
    painter.setPen(Qt.PenStyle.NoPen)
    for colour, reach in ((LOOK.outline, radius + _RIM), (LOOK.line, radius), (LOOK.handle, radius - 1.5)):
        painter.setBrush(QtGui.QColor(colour))
        painter.drawEllipse(at, reach, reach)


def _paint_target(painter: Any, mark: Mark) -> None:
    radius = LOOK.target_radius * (_HOVER_GROWTH if mark.hovered is End.TARGET else 1.0)
    at = _point(mark.target)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((LOOK.outline, LOOK.outline_width + 2), (LOOK.line, LOOK.line_width + 2)):
        painter.setPen(_pen(QtGui.QColor(colour), width))
        painter.drawEllipse(at, radius, radius)
    painter.setPen(_pen(QtGui.QColor(LOOK.target), LOOK.line_width))
    painter.drawEllipse(at, radius, radius)


def _paint_pin(painter: Any, mark: Mark) -> None:
    half = LOOK.pin_radius * (_HOVER_GROWTH if mark.hovered else 1.0)
    at = _point(mark.handle)
    if mark.selected:
        _ring(painter, at, half * math.sqrt(2) + LOOK.selected_ring)
    painter.setPen(Qt.PenStyle.NoPen)
    for colour, reach in ((LOOK.outline, half + _RIM), (LOOK.line, half), (LOOK.pin, half - 1.5)):
        painter.setBrush(QtGui.QColor(colour))
        painter.drawRect(QtCore.QRectF(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach))


def _paint_selection(painter: Any, mark: Mark, at: Any, radius: float) -> None:
    if mark.selected:
        _ring(painter, at, radius + LOOK.selected_ring)


def _ring(painter: Any, at: Any, radius: float) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((LOOK.outline, LOOK.outline_width), (LOOK.selected, LOOK.line_width)):
        painter.setPen(_pen(QtGui.QColor(colour), width))
        painter.drawEllipse(at, radius, radius)


def _paint_number(painter: Any, mark: Mark) -> None:
    path = _number_path(mark.number).translated(_number_place(mark))
    pen = _pen(QtGui.QColor(LOOK.outline), 3.0)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.strokePath(path, pen)
    painter.fillPath(path, QtGui.QColor(LOOK.number))


def _number_place(mark: Mark) -> Any:
    """The lower left corner of the number: beside the handle, on the side that the arrow does not leave by."""
    offset = LOOK.number_offset
    return QtCore.QPointF(mark.handle.x + offset, mark.handle.y - offset)


@functools.lru_cache(maxsize=256)
def _number_path(number: str) -> Any:
    font = QtGui.QFont(QtGui.QGuiApplication.font())
    font.setPixelSize(round(LOOK.number_size))
    font.setBold(True)
    path = QtGui.QPainterPath()
    path.addText(QtCore.QPointF(0, 0), font, number)
    return path


def _between(here: Spot, there: Spot, share: float) -> Spot:
    return Spot(here.x + (there.x - here.x) * share, here.y + (there.y - here.y) * share)


def _along(corner: Any, other: Any) -> Any:
    length = math.hypot(other.x() - corner.x(), other.y() - corner.y())
    share = min(_CORNER / length, 0.25) if length else 0.0
    return corner + (other - corner) * share


def _point(spot: Spot) -> Any:
    return QtCore.QPointF(spot.x, spot.y)


def _pen(colour: Any, width: float) -> Any:
    pen = QtGui.QPen(colour, width)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen
