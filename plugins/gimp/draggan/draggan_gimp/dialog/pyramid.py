"""The layer's picture for the canvas, in several sizes, so that showing it takes no longer for a large one."""

from gi.repository import GdkPixbuf, Gegl, Gimp, GLib

from ..layers.pixels import U8, Rect, read
from ..layers.source import in_layer, shown_layer
from ..layers.subject import Subject
from ..slices import Work
from .view import View

_CHECK = 8
_LIGHT, _DARK = 0x999999, 0x666666
_SMALLEST = 256
_BILINEAR = GdkPixbuf.InterpType.BILINEAR
_NEAREST = GdkPixbuf.InterpType.NEAREST
_STRIP_ROWS = 32
CRISP_SCALE = 3.0
"""From here on single pixels are shown as squares, as GIMP does."""


class Pyramid:
    """A picture and its halves, quarters, ... as pixbufs with alpha. Filled in from the top
    while it is read; what has not been put is undefined."""

    def __init__(self, rect: Rect) -> None:
        """rect: where the picture lies in the image."""
        self.rect = rect
        self.levels: list[GdkPixbuf.Pixbuf] = []
        width, height = rect.width, rect.height
        while not self.levels or min(width, height) >= _SMALLEST:
            self.levels.append(GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, True, 8, width, height))
            width, height = (width + 1) // 2, (height + 1) // 2

    def put(self, strip: GdkPixbuf.Pixbuf, top: int) -> None:
        """Rows of the picture, from row `top` on (a multiple of _STRIP_ROWS)."""
        strip.copy_area(0, 0, strip.get_width(), strip.get_height(), self.levels[0], 0, top)
        for number, level in enumerate(self.levels[1:], 1):
            first = max(0, (top >> number) - 1)  # the row before was made without the rows that came now
            last = min(level.get_height(), (top + strip.get_height() + (1 << number) - 1) >> number)
            if first < last:
                upper = self.levels[number - 1]
                across, down = level.get_width() / upper.get_width(), level.get_height() / upper.get_height()
                upper.scale(level, 0, first, level.get_width(), last - first, 0.0, 0.0, across, down, _BILINEAR)

    def draw(self, onto: GdkPixbuf.Pixbuf, view: View, factor: int) -> None:
        """Lay the picture over a checkerboard, as the view shows it at `factor` device pixels per logical one."""
        scale = view.scale * factor
        number = 0
        while number + 1 < len(self.levels) and scale * (2 << number) <= 1.0:
            number += 1
        level = self.levels[number]
        rect = self.rect
        place = Placed(rect.left, rect.top, rect.width, rect.height, view, factor, onto)
        if place.empty:
            return
        across, down = scale * self.rect.width / level.get_width(), scale * self.rect.height / level.get_height()
        how = _NEAREST if scale >= CRISP_SCALE else _BILINEAR
        check_x, check_y = place.area[:2]
        check = _CHECK * factor
        level.composite_color(
            onto,
            *place.area,
            place.x,
            place.y,
            across,
            down,
            how,
            255,
            check_x,
            check_y,
            check,
            _LIGHT,
            _DARK,
        )


class Placed:
    """Where a rectangle of the image comes to lie in a pixbuf: its corner, and the area that is inside."""

    def __init__(
        self, x: float, y: float, width: float, height: float, view: View, factor: int, onto: GdkPixbuf.Pixbuf
    ) -> None:
        scale = view.scale * factor
        self.x = x * scale + view.origin_x * factor
        self.y = y * scale + view.origin_y * factor
        left, top = max(0, round(self.x)), max(0, round(self.y))
        right = min(onto.get_width(), round(self.x + width * scale))
        bottom = min(onto.get_height(), round(self.y + height * scale))
        self.area = (left, top, right - left, bottom - top)
        self.empty = right <= left or bottom <= top


def read_pyramid(subject: Subject) -> Work[Pyramid]:
    """The subject's picture."""
    with shown_layer(subject) as layer:
        return (yield from _read(layer.get_buffer(), subject.rect, in_layer(subject, subject.rect)))


def read_visible(image: Gimp.Image, rect: Rect) -> Work[Pyramid]:
    """What the image shows inside `rect`."""
    scratch = Gimp.Image.new(1, 1, Gimp.ImageBaseType.RGB)
    try:
        visible = Gimp.Layer.new_from_visible(image, scratch, "visible")
        yield 0.0
        return (yield from _read(visible.get_buffer(), rect, rect))
    finally:
        scratch.delete()


def _read(buffer: Gegl.Buffer, rect: Rect, area: Rect) -> Work[Pyramid]:
    """`area`: the same rectangle as the buffer knows it."""
    pyramid = Pyramid(rect)
    yield 0.0
    for top in range(0, rect.height, _STRIP_ROWS):
        rows = min(_STRIP_ROWS, rect.height - top)
        strip = Rect(area.left, area.top + top, area.width, rows)
        parts = yield from read(buffer, strip, U8.gegl, U8.pixel_bytes)
        pyramid.put(_pixbuf(b"".join(parts), rect.width, rows), top)
        yield (top + rows) / rect.height
    return pyramid


def _pixbuf(pixels: bytes, width: int, height: int) -> GdkPixbuf.Pixbuf:
    return GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(pixels), GdkPixbuf.Colorspace.RGB, True, 8, width, height, width * 4
    )
