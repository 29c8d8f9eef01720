"""The layer's picture for the canvas, in several sizes, so that showing it takes no longer for a large one."""

from gi.repository import GdkPixbuf, Gegl, Gimp, GLib

from draggan_client.rect import Rect

from ..layers.pixels import U8, gegl_rectangle
from ..layers.source import in_layer, shown_layer
from ..layers.subject import Subject
from ..slices import Work
from .view import CRISP_SCALE, View

_CHECK = 8
_LIGHT, _DARK = 0x999999, 0x666666
_SMALLEST = 256
_BILINEAR = GdkPixbuf.InterpType.BILINEAR
_NEAREST = GdkPixbuf.InterpType.NEAREST
_STRIP_ROWS = 32
_MOST_PIXELS = 24_000_000
"""Of what is kept for showing: a larger layer is kept at a half, a quarter, ... of its size."""


class Pyramid:
    """A picture and its halves, quarters, ... as pixbufs with alpha; the first of them is `shrink` times smaller than
    the picture itself. Filled in from the top while it is read; what has not been put is undefined."""

    def __init__(self, rect: Rect) -> None:
        """rect: where the picture lies in the image."""
        self.rect = rect
        self.levels: list[GdkPixbuf.Pixbuf] = []
        self.shrink = 1
        while (rect.width // self.shrink) * (rect.height // self.shrink) > _MOST_PIXELS:
            self.shrink *= 2
        width, height = -(-rect.width // self.shrink), -(-rect.height // self.shrink)
        while not self.levels or min(width, height) >= _SMALLEST:
            self.levels.append(GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, True, 8, width, height))
            width, height = (width + 1) // 2, (height + 1) // 2

    def put(self, strip: GdkPixbuf.Pixbuf, top: int) -> None:
        """Rows of the first level, from row `top` on (a multiple of _STRIP_ROWS)."""
        strip.copy_area(0, 0, strip.get_width(), strip.get_height(), self.levels[0], 0, top)
        for number, level in enumerate(self.levels[1:], 1):
            first = max(0, (top >> number) - 1)  # the row before was made without the rows that came now
            last = min(level.get_height(), (top + strip.get_height() + (1 << number) - 1) >> number)
            if first < last:
                upper = self.levels[number - 1]
                across, down = level.get_width() / upper.get_width(), level.get_height() / upper.get_height()
                upper.scale(level, 0, first, level.get_width(), last - first, 0.0, 0.0, across, down, _BILINEAR)

    def level_for(self, scale: float) -> GdkPixbuf.Pixbuf:
        """The smallest that is fine enough for so many pixels of the screen for each of the image."""
        number = 0
        while number + 1 < len(self.levels) and scale * self.shrink * (2 << number) <= 1.0:
            number += 1
        return self.levels[number]

    def draw(self, onto: GdkPixbuf.Pixbuf, view: View, factor: int) -> None:
        """Lay the picture over a checkerboard, as the view shows it at `factor` device pixels per logical one."""
        scale = view.scale * factor
        level = self.level_for(scale)
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
    first, shrink = pyramid.levels[0], pyramid.shrink
    width, height = first.get_width(), first.get_height()
    for top in range(0, height, _STRIP_ROWS):
        rows = min(_STRIP_ROWS, height - top)
        strip = Rect(area.left // shrink, area.top // shrink + top, width, rows)
        pixels = buffer.get(gegl_rectangle(strip), 1.0 / shrink, U8.gegl, Gegl.AbyssPolicy.NONE)
        pyramid.put(_pixbuf(pixels, width, rows), top)
        yield (top + rows) / height
    return pyramid


def _pixbuf(pixels: bytes, width: int, height: int) -> GdkPixbuf.Pixbuf:
    return GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(pixels), GdkPixbuf.Colorspace.RGB, True, 8, width, height, width * 4
    )
