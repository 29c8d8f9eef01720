"""Where a layer holds pixels. No Krita."""

from typing import Any

from ..draggan_client.rect import Rect


def bounds_of(node: Any) -> Rect:
    """The rectangle of the document that holds all pixels of a node."""
    rect = node.bounds()
    return Rect(rect.x(), rect.y(), max(0, rect.width()), max(0, rect.height()))
