"""Where a picture lies in the document. Frames and rectangles in document px."""

from typing import Any

from ..draggan_client import frames
from ..draggan_client.messages import Frame
from ..draggan_client.rect import Rect
from ..layers.bounds import bounds_of

SMALLEST_FRAME = 16.0
"""A square with a shorter side holds nothing that could be dragged."""
SMALLEST_DOCUMENT = 512


def square_in(region: Rect) -> Frame:
    """The largest square in the middle of `region`, on whole pixels."""
    side = min(region.width, region.height)
    return Frame(
        float(region.left + (region.width - side) // 2), float(region.top + (region.height - side) // 2), float(side)
    )


def frame_for_picture(document: Rect, selection: Rect | None) -> Frame:
    """Where a new picture goes: into the selection's bounds, else into the middle of the document."""
    inside = selection.cut(document) if selection else document
    return square_in(document if inside.is_empty or min(inside.width, inside.height) < SMALLEST_FRAME else inside)


def whole(document: Any) -> Rect:
    """The document's own rectangle."""
    return Rect(0, 0, document.width(), document.height())


def seen(document: Any, node: Any) -> Rect:
    """What is seen of a layer's own rectangle."""
    return bounds_of(node).cut(whole(document))


def readable(document: Any, node: Any) -> Rect:
    """Where a layer may have pixels: all that is seen, and what it holds beside that."""
    return whole(document).united(bounds_of(node))


def selected(document: Any) -> Rect | None:
    """The bounds of the selection; None: nothing is selected."""
    selection = document.selection()
    if selection is None:
        return None
    return Rect(selection.x(), selection.y(), selection.width(), selection.height())


def side_of_new_document(resolution: int) -> int:
    """The side of a document that is made for a new picture."""
    return max(SMALLEST_DOCUMENT, resolution)


def region_of(frame: Frame) -> Rect:
    """The whole pixels that a frame touches."""
    return Rect.around(*frames.bounds(frame))
