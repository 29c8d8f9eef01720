"""Pixels from one colour space to another, by Krita's own colour management.

Krita converts whole layers only, and each time that is a step of their document's undo history, even for a layer that
was never added to it. So it is done in a tiny document of our own that nobody sees. To make one takes Krita 0.1 s or
more (it writes to its database of resources), but to clone one is quick, and a clone is in no list of documents.
"""

import time
from typing import Any

from krita import Krita

from .nodes import children
from .slices import Job
from .spaces import Space

_TILE_SIDE = 64
_TILE = _TILE_SIDE * _TILE_SIDE
"""Krita keeps pixels in tiles of so many, and converts whole tiles."""
_MOST = 6 * _TILE
"""Not more, even where it went fast: an even colour is converted once, and what follows may be a thousand colours."""
_AIM_S = 0.006


class Converter:
    """One serves all documents. `close()` it before Krita ends."""

    def __init__(self) -> None:
        self._document: Any = None
        self._empty: dict[Space, Any] = {}
        self._pace: dict[tuple[Space, Space], int] = {}

    def prepare(self) -> None:
        """Take the time now that the first conversion would take. Best when Krita starts, or something is opened."""
        self._ready()

    def close(self) -> None:
        """Give everything back to Krita."""
        self._empty.clear()
        self._document = None

    def learn(self, document: Any) -> None:
        """Take the colour space of an artist's document from one of its layers.

        To convert an empty layer to it would do, but takes up to 0.25 s for CMYK and L*a*b* of 16 bit.
        """
        space = Space.of(document)
        if space not in self._empty:
            root = self._ready().rootNode()
            root.addChildNode(document.createNode("blank", "paintlayer").clone(), None)
            node = children(root)[-1]
            if Space.of(node) == space:
                self._empty[space] = node

    def convert(self, pixels: bytes, source: Space, target: Space) -> Job[bytes]:
        """Pixels of `source`, as many as there are, in `target`. A job for `Slices`.

        The first time, Krita prepares the conversion, in one call: 10 to 40 ms (CMYK), and more for rare pairs.
        """
        if source.is_as_good_as(target) or not pixels:
            return pixels
        empty = self._blank(source)
        yield
        size = len(empty.pixelData(0, 0, 1, 1))
        count = len(pixels) // size
        converted = []
        done = 0
        pace = self._pace.get((source, target), _TILE)
        while done < count:
            part = min(pace, count - done)
            begun = time.perf_counter()
            converted.append(_converted(empty, pixels[done * size : (done + part) * size], part, size, target))
            took = time.perf_counter() - begun
            done += part
            if part == pace:
                faster = min(4 * pace, int(pace * _AIM_S / took))
                pace = max(_TILE, min(_MOST, faster)) // _TILE * _TILE
                self._pace[(source, target)] = pace
            yield
        return b"".join(converted)

    def loose_layer(self, space: Space) -> Any:
        """An empty paint layer of this space, in no artist's document.

        Whatever is set on it is no step of their undo history. Its `clone()` can be added to any document.
        """
        return self._blank(space).duplicate()

    def _blank(self, space: Space) -> Any:
        """An empty layer of that space; to be duplicated, never written to."""
        if space not in self._empty:
            node = self._ready().createNode("blank", "paintlayer")
            if Space.of(node) != space and not node.setColorSpace(space.model, space.depth, space.profile):
                raise ValueError(f"Krita does not know the colour space {space}")
            self._empty[space] = node
        return self._empty[space]

    def _ready(self) -> Any:
        if self._document is None:
            rgb = Space.srgb("u8")
            first = Krita.instance().createDocument(
                _TILE_SIDE, _TILE_SIDE, "draggan", rgb.model, rgb.depth, rgb.profile, 72.0
            )
            self._document = first.clone()
            first.setModified(False)
            first.close()
        return self._document


def _converted(empty: Any, pixels: bytes, count: int, size: int, target: Space) -> bytes:
    # Which pixel lies where is all the same to a conversion: they are laid out so that they fill whole tiles.
    width = _TILE_SIDE * -(-count // _TILE)
    height = -(-count // width)
    node = empty.duplicate()
    node.setPixelData(pixels.ljust(width * height * size, b"\0"), 0, 0, width, height)
    if not node.setColorSpace(target.model, target.depth, target.profile):
        raise ValueError(f"Krita does not know the colour space {target}")
    found = bytes(node.pixelData(0, 0, width, height))
    return found[: len(found) // (width * height) * count]


converter = Converter()
"""The one that the plugin uses."""
