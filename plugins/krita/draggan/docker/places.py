"""Where a picture lies in the document. Squares and rectangles in document px; pure."""

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


def frame_for_layer(document: Region, content: Region) -> Frame | None:
    """The part of a layer that is dragged: the largest square in the middle of what is seen of it.

    None: too little is seen of it.
    """
    seen = content.cut(document)
    return None if min(seen.width, seen.height) < SMALLEST_FRAME else square_in(seen)


def side_of_new_document(resolution: int) -> int:
    """The side of a document that is made for a new picture."""
    return max(SMALLEST_DOCUMENT, resolution)


def region_of(frame: Frame) -> Region:
    """The whole pixels that a frame touches."""
    return Region.around(frame.x, frame.y, frame.size, frame.size)
