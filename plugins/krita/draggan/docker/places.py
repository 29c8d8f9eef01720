"""Where a picture lies in the document. Frames and rectangles in document px."""

from typing import Any

from ..draggan_client import frames
from ..draggan_client.frame_choice import Box
from ..draggan_client.messages import Frame
from ..layers.region import Region

SMALLEST_FRAME = 16.0
"""A square with a shorter side holds nothing that could be dragged."""
SMALLEST_DOCUMENT = 512


def square_in(region: Region) -> Frame:
    """The largest square in the middle of `region`, on whole pixels."""
    side = min(region.width, region.height)
    return Frame(
        float(region.left + (region.width - side) // 2), float(region.top + (region.height - side) // 2), float(side)
    )


def frame_for_picture(document: Region, selection: Region | None) -> Frame:
    """Where a new picture goes: into the selection's bounds, else into the middle of the document."""
    inside = selection.cut(document) if selection else document
    return square_in(document if inside.is_empty or min(inside.width, inside.height) < SMALLEST_FRAME else inside)


def whole(document: Any) -> Region:
    """The document's own rectangle."""
    return Region(0, 0, document.width(), document.height())


def seen(document: Any, node: Any) -> Region:
    """What is seen of a layer's own rectangle."""
    return Region.of(node.bounds()).cut(whole(document))


def readable(document: Any, node: Any) -> Region:
    """Where a layer may have pixels: all that is seen, and what it holds beside that."""
    return whole(document).united(Region.of(node.bounds()))


def selected(document: Any) -> Region | None:
    """The bounds of the selection; None: nothing is selected."""
    selection = document.selection()
    if selection is None:
        return None
    return Region(selection.x(), selection.y(), selection.width(), selection.height())


def box_of(region: Region) -> Box:
    """The same, as the client's library has it."""
    return float(region.left), float(region.top), float(region.width), float(region.height)


def side_of_new_document(resolution: int) -> int:
    """The side of a document that is made for a new picture."""
    return max(SMALLEST_DOCUMENT, resolution)


def region_of(frame: Frame) -> Region:
    """The whole pixels that a frame touches."""
    return Region.around(*frames.bounds(frame))
