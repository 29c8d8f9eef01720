"""A layer's pixels as the server takes them, the selection, and by what a layer is recognised later.

Nothing here changes the document. Jobs are generators for `Slices`.
"""

from dataclasses import dataclass
from typing import Any

from ..draggan_client.arrays import Array
from ..draggan_client.layer_record import Fingerprint
from ..draggan_client.messages import MaskData
from ..draggan_client.rect import Rect
from ..draggan_client.views import Problem
from . import nodes
from .bounds import bounds_of
from .converter import Converter
from .converter import converter as the_converter
from .slices import Job, until
from .spaces import Depth, Space, is_clear, is_opaque, to_rgba

STRIP_BYTES = 1 << 19
"""Read and written at a time: about a millisecond."""
_IDLE_WITHIN_S = 30.0


class LayerError(Exception):
    """Something about a layer or document makes the work impossible. `problem` says so in an artist's words."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True)
class Reading:
    """Pixels of a layer: RGBA, sRGB-encoded, straight alpha."""

    region: Rect
    depth: Depth
    data: bytes
    is_opaque: bool
    is_clear: bool
    """Nothing is seen in it."""
    digest: bytes
    """See `LayerReader.digest`."""

    def array(self) -> Array:
        """For the wire. Of f32 it is best made on another thread: each number is looked at.

        Raises MessageError for f32 with a NaN or an infinity in it.
        """
        return Array(self.depth, (self.region.height, self.region.width, 4), self.data)


@dataclass(frozen=True)
class LayerPrint:
    """A layer's fingerprint, and where the layer lies."""

    digest: bytes
    region: Rect
    """Its exact bounds; empty for an empty layer."""


class LayerReader:
    """Reads the layers of one document."""

    def __init__(self, document: Any, converter: Converter = the_converter) -> None:
        self._document = document
        self._converter = converter

    def read(self, node: Any, region: Rect, depth: Depth | None = None) -> Job[Reading]:
        """The layer's pixels in a region of the document, without those of any other layer.

        Without `depth`, that in which nothing is lost. Of a paint layer they are what the artist painted on it, before
        its masks, opacity and blend mode; of a group and all other kinds what it looks like, its masks included.
        """
        yield from settled(self._document)
        space = Space.of(node)
        depth = depth or space.wire_depth
        target = Space.srgb(depth)
        if not space.is_as_good_as(target):
            self._converter.learn(self._document)
            yield
        data = bytearray()
        opaque = clear = True
        hashed = _hash_of(region, node)
        for strip in region.strips(_pixels_at_a_time(node)):
            pixels = native(node, strip)
            hashed.update(pixels)
            yield
            rgba = to_rgba((yield from self._converter.convert(pixels, space, target)), depth)
            opaque = opaque and is_opaque(rgba, depth)
            clear = clear and is_clear(rgba, depth)
            data += rgba
            yield
        return Reading(region, depth, bytes(data), opaque, clear, hashed.digest())

    def digest(self, node: Any, region: Rect) -> Job[bytes]:
        """A hash of the layer's exact pixels in a region of the document: another one when any of them was changed."""
        yield from settled(self._document)
        hashed = _hash_of(region, node)
        for strip in region.strips(_pixels_at_a_time(node)):
            hashed.update(native(node, strip))
            yield
        return hashed.digest()

    def fingerprint(self, node: Any) -> Job[LayerPrint]:
        """Of the whole layer, as `read` would take it, by its exact pixels."""
        yield from settled(self._document)
        region = bounds_of(node)
        yield
        return LayerPrint((yield from self.digest(node, region)), region)


def _hash_of(region: Rect, node: Any) -> Fingerprint:
    return Fingerprint(region.width, region.height, str(Space.of(node)))


def native(node: Any, region: Rect) -> bytes:
    """A layer's pixels in its own colour space, in Krita's order of channels. See `nodes.has_own_pixels`."""
    take = node.pixelData if nodes.has_own_pixels(node) else node.projectionPixelData
    return bytes(take(region.left, region.top, region.width, region.height))


def _pixels_at_a_time(node: Any) -> int:
    size = len(native(node, Rect(0, 0, 1, 1)))
    if size == 0:
        raise LayerError(Problem(f"The layer “{node.name()}” has no picture of its own.", "Choose another layer."))
    return STRIP_BYTES // size


def settled(document: Any) -> Job[None]:
    """Waits until Krita has drawn everything that it was asked for.

    Raises LayerError when it does not get there, or the document is closed.
    """

    def is_idle() -> bool:
        if not document.tryBarrierLock():
            return False
        document.unlock()
        return True

    if document.width() > 0 and (yield from until(is_idle, _IDLE_WITHIN_S)):
        return
    if document.width() <= 0:
        raise LayerError(Problem("The document was closed."))
    raise LayerError(Problem("Krita is still at work on this picture.", "Try again when it has finished."))


def selection_mask(document: Any, region: Rect, node: Any = None) -> Job[MaskData | None]:
    """How much of each pixel is selected, soft edges included; None where there is no selection at all.

    A layer's own selection goes before the document's, as it does in Krita.
    """
    local = [mask.selection() for mask in nodes.masks(node) if mask.type() == "selectionmask"] if node else []
    selection = local[-1] if local else document.selection()
    if selection is None:
        return None
    mine = selection.duplicate()  # the other one is the document's own, and changes with it
    data = bytearray()
    for strip in region.strips(STRIP_BYTES):
        data += bytes(mine.pixelData(strip.left, strip.top, strip.width, strip.height))
        yield
    return MaskData(Array("u8", (region.height, region.width), bytes(data)), region.left, region.top)
