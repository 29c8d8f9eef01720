"""Reads the selection as coarsely as its edge needs to be shown."""

from gi.repository import Gegl, Gimp

from draggan_client.rect import Rect

from ..layers.pixels import gegl_rectangle, strips_of
from ..layers.selection import bounds
from ..slices import Work
from .edge import Segment, edge_of

_MOST_CELLS = 640
"""Across: finer would not be seen, and take long to draw."""


def read_edge(image: Gimp.Image, picture: Rect) -> Work[tuple[Segment, ...]]:
    """The lines round what is selected inside `picture`; none where nothing is."""
    selected = bounds(image)
    area = selected.cut(picture) if selected is not None else None
    if area is None or area.is_empty:
        return ()
    buffer = image.get_selection().get_buffer()
    shrink = 1
    while max(area.width, area.height) / shrink > _MOST_CELLS:
        shrink *= 2
    left, top = area.left // shrink, area.top // shrink
    cells = Rect(left, top, -(-area.right // shrink) - left, -(-area.bottom // shrink) - top)
    rows = []
    for strip in strips_of(cells, shrink * 4):
        rows.append(buffer.get(gegl_rectangle(strip), 1.0 / shrink, "Y u8", Gegl.AbyssPolicy.NONE))
        yield (strip.bottom - cells.top) / cells.height
    return edge_of(b"".join(rows), cells.width, left * shrink, top * shrink, shrink)
