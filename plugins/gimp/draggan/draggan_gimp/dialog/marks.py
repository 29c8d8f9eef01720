"""What is drawn over the picture: points, arrows, the frame, the selection's edge. Knows cairo's calls, no widget."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from draggan_client.look import LOOK
from draggan_client.messages import Frame
from draggan_client.points import Pair, Spot, arrow_head

from ..layers.pixels import Rect
from .view import View

Context = Any
"""A cairo context: pycairo's, or a `plain_cairo.PlainContext`."""
Segment = tuple[float, float, float, float]
"""A line of the image: from (x, y) to (x, y)."""

_DASH = 4.0
_DIM = (0.0, 0.0, 0.0, 0.45)


@dataclass(frozen=True)
class Marks:
    """All of it, in the image's pixels."""

    pairs: tuple[Pair, ...] = ()
    selected: frozenset[str] = frozenset()
    frame: Frame | None = None
    picture: Rect | None = None
    """What of the picture lies outside of the frame is dimmed."""
    edge: tuple[Segment, ...] = ()


def draw(context: Context, marks: Marks, view: View, width: int, height: int) -> None:
    """Draw, in logical pixels of a widget of that size."""
    if marks.frame is not None and marks.picture is not None:
        _draw_frame(context, marks.frame, marks.picture, view)
    _draw_edge(context, marks.edge, view, width, height)
    for pair in marks.pairs:
        _draw_pair(context, pair, pair.id in marks.selected, view)
    for pair in marks.pairs:
        _draw_number(context, pair, view)


def _draw_frame(context: Context, frame: Frame, picture: Rect, view: View) -> None:
    left, top = view.to_widget(Spot(frame.x, frame.y))
    right, bottom = view.to_widget(Spot(frame.x + frame.size, frame.y + frame.size))
    x1, y1 = view.to_widget(Spot(picture.left, picture.top))
    x2, y2 = view.to_widget(Spot(picture.right, picture.bottom))
    beside = [
        (x1, y1, x2 - x1, top - y1),
        (x1, bottom, x2 - x1, y2 - bottom),
        (x1, max(y1, top), left - x1, min(y2, bottom) - max(y1, top)),
        (right, max(y1, top), x2 - right, min(y2, bottom) - max(y1, top)),
    ]
    shown = [rectangle for rectangle in beside if rectangle[2] >= 0.5 and rectangle[3] >= 0.5]
    if not shown:
        return
    context.set_source_rgba(*_DIM)
    for rectangle in shown:
        context.rectangle(*rectangle)
    context.fill()
    context.rectangle(left, top, right - left, bottom - top)
    _stroke_dashed(context, LOOK.frame)


def _draw_edge(context: Context, edge: Iterable[Segment], view: View, width: int, height: int) -> None:
    any_drawn = False
    for x1, y1, x2, y2 in edge:
        left, top = x1 * view.scale + view.origin_x, y1 * view.scale + view.origin_y
        right, bottom = x2 * view.scale + view.origin_x, y2 * view.scale + view.origin_y
        if right < 0 or bottom < 0 or left > width or top > height:
            continue
        context.move_to(round(left) + 0.5, round(top) + 0.5)
        context.line_to(round(right) + 0.5, round(bottom) + 0.5)
        any_drawn = True
    if any_drawn:
        _stroke_dashed(context, "#ffffff")


def _draw_pair(context: Context, pair: Pair, selected: bool, view: View) -> None:
    x, y = view.to_widget(pair.handle)
    if pair.is_pin:
        side = LOOK.pin_radius
        _shape(context, lambda: context.rectangle(x - side, y - side, 2 * side, 2 * side), LOOK.pin)
        if selected:
            _ring(context, x, y, side * 1.3 + LOOK.selected_ring, LOOK.selected)
        return
    end_x, end_y = view.to_widget(pair.target)
    _draw_arrow(context, Spot(x, y), Spot(end_x, end_y))
    _ring(context, end_x, end_y, LOOK.target_radius, LOOK.target)
    _shape(context, lambda: _disc(context, x, y, LOOK.handle_radius), LOOK.handle)
    if selected:
        _ring(context, x, y, LOOK.handle_radius + LOOK.selected_ring, LOOK.selected)
        _ring(context, end_x, end_y, LOOK.target_radius + LOOK.selected_ring, LOOK.selected)


def _draw_arrow(context: Context, handle: Spot, target: Spot) -> None:
    length = handle.distance(target)
    if length <= LOOK.target_radius:
        return
    short = (length - LOOK.target_radius) / length
    tip = Spot(handle.x + (target.x - handle.x) * short, handle.y + (target.y - handle.y) * short)
    corners = arrow_head(handle, tip, LOOK.arrow_head)
    for colour, width in ((LOOK.outline, LOOK.outline_width), (LOOK.line, LOOK.line_width)):
        context.new_path()
        context.move_to(handle.x, handle.y)
        context.line_to(tip.x, tip.y)
        context.set_source_rgba(*_rgba(colour))
        context.set_line_width(width)
        context.stroke()
        context.move_to(corners[0].x, corners[0].y)
        for corner in corners[1:]:
            context.line_to(corner.x, corner.y)
        context.close_path()
        if colour == LOOK.outline:
            context.set_line_width(LOOK.outline_width - LOOK.line_width)
            context.stroke()
        else:
            context.fill()


def _draw_number(context: Context, pair: Pair, view: View) -> None:
    x, y = view.to_widget(pair.handle)
    context.select_font_face("sans-serif", 0, 1)
    context.set_font_size(LOOK.number_size)
    context.new_path()
    context.move_to(x + LOOK.number_offset, y - LOOK.number_offset)
    context.text_path(pair.id)
    context.set_source_rgba(*_rgba(LOOK.outline))
    context.set_line_width(3.0)
    context.stroke_preserve()
    context.set_source_rgba(*_rgba(LOOK.number))
    context.fill()


def _disc(context: Context, x: float, y: float, radius: float) -> None:
    context.arc(x, y, radius, 0.0, 2 * math.pi)


def _shape(context: Context, outline: Any, colour: str) -> None:
    context.new_path()
    outline()
    context.set_source_rgba(*_rgba(LOOK.outline))
    context.set_line_width(LOOK.outline_width - LOOK.line_width + 1)
    context.stroke_preserve()
    context.set_source_rgba(*_rgba(colour))
    context.fill()


def _ring(context: Context, x: float, y: float, radius: float, colour: str) -> None:
    for hue, width in ((LOOK.outline, LOOK.outline_width), (colour, LOOK.line_width)):
        context.new_path()
        _disc(context, x, y, radius)
        context.set_source_rgba(*_rgba(hue))
        context.set_line_width(width)
        context.stroke()


def _stroke_dashed(context: Context, colour: str) -> None:
    """What the path is now, in dashes of a light and a dark colour: it shows on any picture."""
    context.set_line_width(1.0)
    context.set_source_rgba(*_rgba(LOOK.outline))
    context.stroke_preserve()
    context.set_dash([_DASH, _DASH], 0.0)
    context.set_source_rgba(*_rgba(colour))
    context.stroke()
    context.set_dash([], 0.0)


def _rgba(colour: str) -> tuple[float, float, float, float]:
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue, 1.0
