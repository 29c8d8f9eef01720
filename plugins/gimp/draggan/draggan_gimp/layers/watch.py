"""Whether the image, the layer and the selection are still what they were. GIMP tells a plug-in nothing: ask again."""

from dataclasses import dataclass

from gi.repository import Gimp

from draggan_client.rect import Rect

from .selection import bounds, is_empty
from .subject import Subject, rect_of

_SIDE = 48
"""Of the small picture by which a change of the pixels is noticed; GIMP keeps it at hand."""


@dataclass(frozen=True)
class Look:
    """How layer and selection look now."""

    rect: Rect
    name: str
    pixels: bytes
    selected: Rect | None
    selection: bytes


@dataclass(frozen=True)
class Gone:
    """The layer or its image is not there any more."""

    text: str


def look(subject: Subject) -> Look | Gone:
    """How things are now."""
    image, layer = subject.image, subject.layer
    if not image.is_valid():
        return Gone("The image was closed.")
    if not layer.is_valid() or not _is_in(image, layer):
        return Gone("The layer was deleted.")
    selection = b"" if is_empty(image) else _small(image.get_selection())
    return Look(rect_of(layer), layer.get_name(), _small(layer), bounds(image), selection)


def _is_in(image: Gimp.Image, layer: Gimp.Layer) -> bool:
    parent = layer.get_parent()
    siblings = parent.get_children() if parent is not None else image.get_layers()
    ids = [sibling.get_id() for sibling in siblings]
    return layer.get_id() in ids and (parent is None or _is_in(image, parent))


def _small(drawable: Gimp.Drawable) -> bytes:
    found = drawable.get_thumbnail_data(_SIDE, _SIDE)
    data = found[0]
    return data.get_data() if data is not None else b""
