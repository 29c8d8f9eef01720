"""What a frame shows of the layer, as a small upright picture."""

import math

from gi.repository import GdkPixbuf

from draggan_client.messages import Frame

from .plain_cairo import NoCairoError, PlainContext
from .pyramid import Pyramid

_BESIDE = 0x4A4A4AFF


def crop(pyramid: Pyramid, frame: Frame, side: int) -> GdkPixbuf.Pixbuf | None:
    """The layer in the frame, its longer side `side` pixels; None where cairo cannot be found."""
    scale = side / frame.size
    width, height = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    empty = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, False, 8, width, height)
    empty.fill(_BESIDE)
    level, rect = pyramid.level_for(scale), pyramid.rect
    try:
        context = PlainContext(empty)
        context.scale(scale, scale)
        context.rotate(-math.radians(frame.angle))
        context.translate(rect.left - frame.x, rect.top - frame.y)
        context.scale(rect.width / level.get_width(), rect.height / level.get_height())
        context.set_source_pixbuf(level, False)
        context.paint()
        return context.finished()
    except NoCairoError:
        return None
