"""What is drawn over the picture: points, arrows, the frame, the selection's edge. Knows cairo's calls, no widget."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from draggan_client import frames
from draggan_client.look import LOOK
from draggan_client.messages import Frame
from draggan_client.points import Pair, Spot, arrow_head
from draggan_client.rect import Rect

from .view import CRISP_SCALE, KNOB_DISTANCE, View

Context = Any
"""A cairo context: pycairo's, or a `plain_cairo.PlainContext`."""
Segment = tuple[float, float, float, float]
"""A line of the image: from (x, y) to (x, y)."""

_DASH = 4.0
_DIM = (0.0, 0.0, 0.0, 0.45)
_CORNER = 5.0
"""Half a corner's side."""
_KNOB_RADIUS = 6.0
_CROSS = 7.0
"""Half of a mark where the model expects a landmark."""


@dataclass(frozen=True)
class Marks:
    """All of it, in the image's pixels."""

    pairs: tuple[Pair, ...] = ()
    selected: frozenset[str] = frozenset()
    frame: Frame | None = None
    picture: Rect | None = None
    """What of the picture lies outside of the frame is dimmed."""
    edge: tuple[Segment, ...] = ()
    can_pull_frame: bool = False
    """It is being chosen: with corners and knob."""
    expected: tuple[Spot, ...] = ()
    """Where the model expects its landmarks ..."""
    clicks: tuple[Spot, ...] = ()
    """... and where the artist has shown them."""


def draw(context: Context, marks: Marks, view: View, width: int, height: int) -> None:
    """Draw, in logical pixels of a widget of that size."""
    if marks.frame is not None and marks.picture is not None:
        _draw_frame(context, marks.frame, marks.picture, view)
    _draw_edge(context, marks.edge, view, width, height)
    if marks.frame is not None and marks.can_pull_frame:
        for spot in marks.expected:
            _draw_cross(context, spot, "", LOOK.frame, view)
        _draw_handles(context, marks.frame, view)
    for number, spot in enumerate(marks.clicks, 1):
        _draw_cross(context, spot, str(number), LOOK.selected, view)
    for pair in marks.pairs:
        _draw_pair(context, pair, pair.id in marks.selected, view)
    for pair in marks.pairs:
        _draw_text(context, pair.id, pair.handle, view)


def lay_over(context: Context, picture: Any, frame: Frame, view: View, set_source: Any) -> None:
    """Draw a pixbuf into the frame, however it lies. `set_source(context, pixbuf, nearest)` is cairo's."""
    width, height = picture.get_width(), picture.get_height()
    across, down = frame.width * view.scale / width, frame.height * view.scale / height
    as_fine = max(width, height) >= frame.size - 1  # as the layer below it
    context.save()
    context.translate(*view.to_widget(Spot(frame.x, frame.y)))
    context.rotate(math.radians(frame.angle))
    context.scale(across, down)
    context.rectangle(0, 0, width, height)
    set_source(context, picture, as_fine and view.scale >= CRISP_SCALE)
    context.fill()
    context.restore()


def _draw_frame(context: Context, frame: Frame, picture: Rect, view: View) -> None:
    corners = [view.to_widget(corner) for corner in frames.corners(frame)]
    left, top = view.to_widget(Spot(picture.left, picture.top))
    right, bottom = view.to_widget(Spot(picture.right, picture.bottom))
    if _holds(corners, left, top, right, bottom):
        return  # it is all that is seen
    context.save()
    context.rectangle(left, top, right - left, bottom - top)
    context.clip()
    context.rectangle(left, top, right - left, bottom - top)
    _polygon(context, corners[::-1])  # the other way round: a hole
    context.set_source_rgba(*_DIM)
    context.fill()
    context.restore()
    _polygon(context, corners)
    _stroke_dashed(context, LOOK.frame)


def _holds(corners: list[tuple[float, float]], left: float, top: float, right: float, bottom: float) -> bool:
    """Whether these are the rectangle's own corners, or lie outside of it all round."""
    (x1, y1), (x2, y2), (x3, y3), _ = corners
    upright = abs(y1 - y2) < 0.5 and abs(x2 - x3) < 0.5 and x2 > x1 and y3 > y2
    return upright and x1 <= left + 0.5 and y1 <= top + 0.5 and x3 >= right - 0.5 and y3 >= bottom - 0.5


def _draw_handles(context: Context, frame: Frame, view: View) -> None:
    corners = [Spot(*view.to_widget(corner)) for corner in frames.corners(frame)]
    knob = Spot(*view.to_widget(frames.knob(frame, KNOB_DISTANCE / view.scale)))
    middle = Spot((corners[0].x + corners[1].x) / 2, (corners[0].y + corners[1].y) / 2)
    _polygon(context, [(corner.x, corner.y) for corner in corners])
    context.move_to(middle.x, middle.y)
    context.line_to(knob.x, knob.y)
    for colour, width in ((LOOK.outline, 3.0), (LOOK.frame, 1.0)):
        context.set_source_rgba(*_rgba(colour))
        context.set_line_width(width)
        context.stroke_preserve()
    for corner in corners:
        x, y = corner.x - _CORNER, corner.y - _CORNER
        _shape(context, lambda x=x, y=y: context.rectangle(x, y, 2 * _CORNER, 2 * _CORNER), LOOK.frame)
    _shape(context, lambda: _disc(context, knob.x, knob.y, _KNOB_RADIUS), LOOK.target)


def _draw_cross(context: Context, spot: Spot, text: str, colour: str, view: View) -> None:
    x, y = view.to_widget(spot)
    context.new_path()
    context.move_to(x - _CROSS, y)
    context.line_to(x + _CROSS, y)
    context.move_to(x, y - _CROSS)
    context.line_to(x, y + _CROSS)
    for hue, width in ((LOOK.outline, 3.0), (colour, 1.0)):
        context.set_source_rgba(*_rgba(hue))
        context.set_line_width(width)
        context.stroke_preserve()
    context.new_path()
    _draw_text(context, text, spot, view)


def _polygon(context: Context, corners: list[tuple[float, float]]) -> None:
    context.new_sub_path()
    for corner in corners:
        context.line_to(*corner)
    context.close_path()


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


def _draw_text(context: Context, text: str, spot: Spot, view: View) -> None:
    """Beside a place, above to the right."""
    x, y = view.to_widget(spot)
    context.select_font_face("sans-serif", 0, 1)
    context.set_font_size(LOOK.number_size)
    context.new_path()
    context.move_to(x + LOOK.number_offset, y - LOOK.number_offset)
    context.text_path(text)
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
