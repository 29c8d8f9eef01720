"""What is painted over the picture: points, arrows, numbers. In logical px of the canvas widget.

Every stroke is laid on a wider dark one, so that it shows on any picture. What is the same for all pairs (ends, digits)
is drawn once and stamped after that: a hundred pairs are painted in a few milliseconds.
"""

import functools
import math
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..draggan_client.look import LOOK
from ..draggan_client.points import End, Spot, arrow_head
from ..qt import Qt, QtCore, QtGui
from .pens import colour_of, pen_of

_RIM = (LOOK.outline_width - LOOK.line_width) / 2
"""How far the dark line reaches out on each side of the light one."""
_HOVER_GROWTH = 1.3
_STAMP_ROOM = 2 * math.ceil(
    _HOVER_GROWTH * max(LOOK.handle_radius, LOOK.target_radius, LOOK.pin_radius * math.sqrt(2))
    + LOOK.selected_ring
    + LOOK.outline_width
)
"""The side of an end's stamp. Even, so that its middle lies between px at every pixel ratio."""
_NUMBER_EDGE = 3.0


class _Shape(Enum):
    HANDLE = "handle"
    TARGET = "target"
    PIN = "pin"


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
        room = _STAMP_ROOM / 2 + 1
        ends = QtCore.QRectF(
            min(self.handle.x, self.target.x),
            min(self.handle.y, self.target.y),
            abs(self.handle.x - self.target.x),
            abs(self.handle.y - self.target.y),
        ).adjusted(-room, -room, room, room)
        place, edge = _number_place(self), _NUMBER_EDGE + 2
        wide, tall = _width(self.number), LOOK.number_size
        number = QtCore.QRectF(place.x(), place.y() - tall, wide, tall * 1.3)
        return ends.united(number.adjusted(-edge, -edge, edge, edge))


def paint_mark(painter: Any, mark: Mark) -> None:
    """Draw one pair. The painter must be antialiasing."""
    if mark.is_pin:
        _stamp(painter, mark.handle, _Shape.PIN, mark.hovered is not None, mark.selected)
    else:
        _paint_arrow(painter, mark)
        _stamp(painter, mark.target, _Shape.TARGET, mark.hovered is End.TARGET, mark.selected)
        _stamp(painter, mark.handle, _Shape.HANDLE, mark.hovered is End.HANDLE, mark.selected)
    _paint_number(painter, mark)


# The arrow


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
    shaft = QtCore.QLineF(_point(start), _point(neck))
    triangle = QtGui.QPolygonF([_point(corner) for corner in head])
    dark, light = colour_of(LOOK.outline), colour_of(LOOK.selected if mark.selected else LOOK.line)
    painter.setPen(pen_of(dark, LOOK.outline_width))
    painter.drawLine(shaft)
    painter.setPen(pen_of(dark, 2 * _RIM))
    painter.setBrush(dark)
    painter.drawPolygon(triangle)
    painter.setPen(pen_of(light, LOOK.line_width))
    painter.drawLine(shaft)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(light)
    painter.drawPolygon(triangle)


def _between(here: Spot, there: Spot, share: float) -> Spot:
    return Spot(here.x + (there.x - here.x) * share, here.y + (there.y - here.y) * share)


# The ends


def _stamp(painter: Any, at: Spot, shape: _Shape, hovered: bool, selected: bool) -> None:
    ratio = painter.device().devicePixelRatioF()
    half = _STAMP_ROOM / 2
    _put(painter, at.x - half, at.y - half, _end_picture(shape, hovered, selected, ratio), ratio)


@functools.lru_cache(maxsize=64)
def _end_picture(shape: _Shape, hovered: bool, selected: bool, ratio: float) -> Any:
    picture, painter = _blank(_STAMP_ROOM, _STAMP_ROOM, ratio)
    painter.translate(_STAMP_ROOM / 2, _STAMP_ROOM / 2)
    growth = _HOVER_GROWTH if hovered else 1.0
    if shape is _Shape.TARGET:
        _draw_target(painter, LOOK.target_radius * growth)
    elif shape is _Shape.HANDLE:
        _draw_handle(painter, LOOK.handle_radius * growth, selected)
    else:
        _draw_pin(painter, LOOK.pin_radius * growth, selected)
    painter.end()
    return picture


def _draw_handle(painter: Any, radius: float, selected: bool) -> None:
    if selected:
        _draw_ring(painter, radius + LOOK.selected_ring)
    painter.setPen(Qt.PenStyle.NoPen)
    for colour, reach in ((LOOK.outline, radius + _RIM), (LOOK.line, radius), (LOOK.handle, radius - 1.5)):
        painter.setBrush(colour_of(colour))
        painter.drawEllipse(QtCore.QPointF(0, 0), reach, reach)


def _draw_target(painter: Any, radius: float) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    light = LOOK.line_width + 1.5
    for colour, width in ((LOOK.outline, light + 2 * _RIM), (LOOK.line, light), (LOOK.target, LOOK.line_width)):
        painter.setPen(pen_of(colour_of(colour), width))
        painter.drawEllipse(QtCore.QPointF(0, 0), radius, radius)


def _draw_pin(painter: Any, half: float, selected: bool) -> None:
    if selected:
        _draw_ring(painter, half * math.sqrt(2) + LOOK.selected_ring)
    painter.setPen(Qt.PenStyle.NoPen)
    for colour, reach in ((LOOK.outline, half + _RIM), (LOOK.line, half), (LOOK.pin, half - 1.5)):
        painter.setBrush(colour_of(colour))
        painter.drawRect(QtCore.QRectF(-reach, -reach, 2 * reach, 2 * reach))


def _draw_ring(painter: Any, radius: float) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((LOOK.outline, LOOK.outline_width), (LOOK.selected, LOOK.line_width)):
        painter.setPen(pen_of(colour_of(colour), width))
        painter.drawEllipse(QtCore.QPointF(0, 0), radius, radius)


# The number


def _paint_number(painter: Any, mark: Mark) -> None:
    """Character by character; all of the dark edge first, so that it lies below every one of them."""
    ratio = painter.device().devicePixelRatioF()
    place = _number_place(mark)
    for is_edge in (True, False):
        x = place.x()
        for character in mark.number:
            box = _glyph(character).boundingRect()
            picture = _glyph_picture(character, is_edge, ratio)
            _put(painter, x + box.left() - _NUMBER_EDGE, place.y() + box.top() - _NUMBER_EDGE, picture, ratio)
            x += _advance(character)


def _number_place(mark: Mark) -> Any:
    """The lower left corner of the number: right of the handle and up, or left where the arrow is in the way."""
    offset = LOOK.number_offset + (LOOK.selected_ring / 2 if mark.selected else 0.0)
    along, up = mark.target.x - mark.handle.x, mark.handle.y - mark.target.y
    is_in_the_way = up > 0 and -LOOK.target_radius < along < 6 * up
    left = mark.handle.x - offset - _width(mark.number) if is_in_the_way else mark.handle.x + offset
    return QtCore.QPointF(left, mark.handle.y - offset)


def _width(number: str) -> float:
    return sum(map(_advance, number))


@functools.lru_cache(maxsize=512)
def _glyph_picture(character: str, is_edge: bool, ratio: float) -> Any:
    path = _glyph(character)
    box = path.boundingRect()
    picture, painter = _blank(box.width() + 2 * _NUMBER_EDGE, box.height() + 2 * _NUMBER_EDGE, ratio)
    painter.translate(_NUMBER_EDGE - box.left(), _NUMBER_EDGE - box.top())
    if is_edge:
        pen = pen_of(colour_of(LOOK.outline), 3.0)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.strokePath(path, pen)
    else:
        painter.fillPath(path, colour_of(LOOK.number))
    painter.end()
    return picture


@functools.lru_cache(maxsize=256)
def _glyph(character: str) -> Any:
    path = QtGui.QPainterPath()
    path.addText(QtCore.QPointF(0, 0), _number_font(), character)
    return path


@functools.lru_cache(maxsize=256)
def _advance(character: str) -> float:
    # Whole px, so that every character is as sharp as the first.
    return float(round(QtGui.QFontMetricsF(_number_font()).horizontalAdvance(character)))


@functools.lru_cache(maxsize=1)
def _number_font() -> Any:
    font = QtGui.QFont(QtGui.QGuiApplication.font())
    font.setPixelSize(round(LOOK.number_size))
    font.setBold(True)
    return font


# Stamps, pens, colours


def _blank(width: float, height: float, ratio: float) -> tuple[Any, Any]:
    """A clear picture of that logical size, and a painter on it."""
    size = QtCore.QSize(math.ceil(width * ratio), math.ceil(height * ratio))
    picture = QtGui.QImage(size, QtGui.QImage.Format.Format_ARGB32_Premultiplied)
    picture.setDevicePixelRatio(ratio)
    picture.fill(0)
    painter = QtGui.QPainter(picture)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    return picture, painter


def _put(painter: Any, left: float, top: float, picture: Any, ratio: float) -> None:
    """On whole px of the device: between them it would be blurred."""
    painter.drawImage(QtCore.QPointF(round(left * ratio) / ratio, round(top * ratio) / ratio), picture)


def _point(spot: Spot) -> Any:
    return QtCore.QPointF(spot.x, spot.y)
