"""The image's selection as the editable area, exact to the last bit of its soft edges."""

from gi.repository import Gimp

from draggan_client.arrays import Array
from draggan_client.messages import MaskData
from draggan_client.rect import Rect

from ..slices import Work
from .pixels import kind_of_selection, read
from .subject import RefusedError


def is_empty(image: Gimp.Image) -> bool:
    """Whether nothing is selected, so that everything may change."""
    return Gimp.Selection.is_empty(image)


def bounds(image: Gimp.Image) -> Rect | None:
    """The selection's bounding box in the image; None: nothing is selected."""
    found = Gimp.Selection.bounds(image)
    if not found.non_empty:
        return None
    return Rect(found.x1, found.y1, found.x2 - found.x1, found.y2 - found.y1)


def read_mask(image: Gimp.Image, rect: Rect) -> Work[MaskData | None]:
    """What may change inside `rect` (of the image). None: nothing is selected, everything may.

    Beyond the image's edge nothing is ever selected. Raises RefusedError where the selection lies beside `rect`.
    """
    selected = bounds(image)
    if selected is None:
        return None
    if selected.cut(rect).is_empty:
        raise RefusedError(
            "The selection lies beside the part of the layer that the model sees, so that nothing may change.",
            "Select something inside it, or nothing at all (Select > None).",
        )
    kind = kind_of_selection(image)
    # "Y", not "Y'": a selection's values are linear, and converting them would spoil its soft edges.
    strips = yield from read(image.get_selection().get_buffer(), rect, kind.gegl_grey, kind.channel_bytes)
    values = b"".join(strips)
    return MaskData(Array(kind.depth, (rect.height, rect.width), values), rect.left, rect.top)
