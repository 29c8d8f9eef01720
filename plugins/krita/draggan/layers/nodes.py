"""Finding layers, and what they are. A layer is known by its id: Krita makes a new wrapper each time it is asked."""

from collections.abc import Iterator
from typing import Any

from ..qt import own

_SMALL_PX = 1 << 20
SEEN_THROUGH = ("transparencymask", "filtermask", "selectionmask")
"""Masks under which a layer's own pixels lie where they are seen."""


def children(node: Any) -> list[Any]:
    """The nodes directly in a node, from the bottom."""
    return own(node.childNodes())


def tree(document: Any) -> Iterator[Any]:
    """All nodes of a document, masks too, a group before what is in it."""
    waiting = children(document.rootNode())[::-1]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += children(node)[::-1]


def is_small(document: Any) -> bool:
    """Whether Krita draws the whole picture in so little time (about 15 ms) that it may be waited for.

    Of more than 8 bits, or of other colours than the screen's, each pixel takes about ten times as long.
    """
    weight = 1 if (document.colorModel(), document.colorDepth()) == ("RGBA", "U8") else 10
    return bool(document.width() * document.height() * weight <= _SMALL_PX)


def id_of(node: Any) -> str:
    """What stays the same about a node, as text; saved in the .kra, too."""
    return str(node.uniqueId().toString())


def same(one: Any, other: Any) -> bool:
    """Whether two wrappers are of one node."""
    return bool(one.uniqueId() == other.uniqueId())


def ancestors(node: Any) -> Iterator[Any]:
    """The groups it is in, from the inside; without the root."""
    parent = node.parentNode()
    while parent is not None and parent.parentNode() is not None:
        yield parent
        parent = parent.parentNode()


def is_group(node: Any) -> bool:
    """Whether it is a group."""
    return bool(node.type() == "grouplayer")


def masks(node: Any) -> list[Any]:
    """The masks that work on this layer now."""
    return [child for child in children(node) if child.type().endswith("mask") and child.visible()]


def has_own_pixels(node: Any) -> bool:
    """Whether the artist paints on this layer itself, and sees its pixels where they are.

    Of all others (groups, vector and fill layers, a layer under a transform mask ...) the projection is taken: what
    they look like, without their own blend mode and opacity.
    """
    return node.type() == "paintlayer" and all(mask.type() in SEEN_THROUGH for mask in masks(node))
