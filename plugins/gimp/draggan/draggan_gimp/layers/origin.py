"""The pixels that an edit began with, found again in the image.

The edit state keeps them only as small as the model sees them. As long as the layer that they came from is still what
it was, the server gets them anew, so that the result stays as sharp as the layer.
"""

from dataclasses import dataclass
from typing import Any

from gi.repository import Gimp

from draggan_client.rect import Rect

from ..slices import Work
from .source import SourcePixels, read_source
from .subject import Subject, rect_of


@dataclass(frozen=True)
class Origin:
    """Which layer's pixels, where, and what they were."""

    tattoo: int
    """Of the layer: it stays the same in the .xcf and in a copied image."""
    inside: Rect
    """The part of the layer that was sent, in the layer's own pixels ..."""
    left: int
    top: int
    """... and where in the image that lay then."""
    as_visible: bool
    digest: bytes

    def to_map(self) -> dict[str, Any]:
        """For JSON."""
        rect = self.inside
        return {
            "tattoo": self.tattoo,
            "inside": [rect.left, rect.top, rect.width, rect.height],
            "place": [self.left, self.top],
            "visible": self.as_visible,
            "digest": self.digest.hex(),
        }

    @staticmethod
    def from_map(found: dict[str, Any]) -> "Origin":
        """Reads `to_map()`. Raises ValueError, KeyError and TypeError."""
        inside = Rect(*(int(number) for number in found["inside"]))
        left, top = (int(number) for number in found["place"])
        return Origin(int(found["tattoo"]), inside, left, top, bool(found["visible"]), bytes.fromhex(found["digest"]))


def origin_of(subject: Subject, pixels: SourcePixels) -> Origin:
    """What an edit of these pixels begins with."""
    inside = pixels.rect.moved(-subject.rect.left, -subject.rect.top)
    place = pixels.rect
    tattoo = subject.layer.get_tattoo()
    return Origin(tattoo, inside, place.left, place.top, subject.as_visible, pixels.digest)


def read_origin(image: Gimp.Image, origin: Origin, moved_x: int, moved_y: int) -> Work[SourcePixels | None]:
    """These pixels, where they belong now that the edit was moved by so much; None: they are there no more."""
    yield 0.0
    layer = image.get_layer_by_tattoo(origin.tattoo)
    if layer is None:
        return None
    rect = rect_of(layer)
    inside = origin.inside
    if inside.left < 0 or inside.top < 0 or inside.right > rect.width or inside.bottom > rect.height or inside.is_empty:
        return None
    subject = Subject(image, layer, rect, origin.as_visible)
    pixels = yield from read_source(subject, inside.moved(rect.left, rect.top))
    if pixels.digest != origin.digest:
        return None
    place = Rect(origin.left + moved_x, origin.top + moved_y, inside.width, inside.height)
    return SourcePixels(pixels.strips, place, pixels.kind, pixels.digest)
