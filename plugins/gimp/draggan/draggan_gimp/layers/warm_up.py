"""GEGL works out how to convert between two formats when it first meets them, which takes up to half a second.

That is done here with a few pixels of their own, in another thread, before the layer is read on the main one.
"""

from collections.abc import Callable

from gi.repository import Gegl

from draggan_client.rect import Rect

from .pixels import U8, gegl_rectangle, kind_of_selection
from .subject import Subject

_SPECK = Rect(0, 0, 2, 2)


def warm_up(subject: Subject) -> Callable[[], None]:
    """For the main thread; what it returns is for any other."""
    kind, mask = subject.kind, kind_of_selection(subject.image)
    pairs = [
        (_name(subject.layer.get_format()), {kind.gegl, U8.gegl}),
        (_name(subject.image.get_selection().get_format()), {mask.gegl_grey, U8.gegl_grey}),
    ]

    def convert() -> None:
        for own, others in pairs:
            if own is None:
                continue
            buffer = Gegl.Buffer.new(own, 0, 0, _SPECK.width, _SPECK.height)
            for other in others:
                pixels = buffer.get(gegl_rectangle(_SPECK), 1.0, other, Gegl.AbyssPolicy.NONE)
                buffer.set(gegl_rectangle(_SPECK), other, pixels)

    return convert


def _name(babl_format: object) -> str | None:
    try:
        from gi.repository import Babl

        return Babl.get_name(babl_format)
    except (ImportError, TypeError):
        return None  # then it takes its time on the main thread
