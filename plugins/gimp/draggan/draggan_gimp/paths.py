"""Pairs as a GIMP path: each stroke of two anchors goes from a handle to its target, one of a single anchor is a pin.

A path is saved in the .xcf, and can be drawn with GIMP's own Paths tool.
"""

from collections.abc import Iterable

from gi.repository import Gimp

from draggan_client.messages import MAX_POINTS
from draggan_client.points import Pair, Spot

from .layers.subject import RefusedError

PATH_NAME = "Drag points"
_FLOATS_PER_ANCHOR = 6
_ANCHOR = slice(2, 4)
"""Of the six numbers of an anchor the middle two are its own place; the others are its Bezier handles'."""


def pairs_from(path: Gimp.Path) -> tuple[Pair, ...]:
    """The pairs that a path holds, numbered in the order of its strokes. Raises RefusedError.

    Of a stroke with more than two anchors the first and the last count.
    """
    pairs = tuple(Pair(str(number), places[0], places[-1]) for number, places in enumerate(_strokes(path), 1) if places)
    if not pairs:
        raise RefusedError(
            f"The path “{path.get_name()}” is empty.",
            "Draw a stroke of two anchors with the Paths tool for each pair: from the handle to the target.",
        )
    if len(pairs) > MAX_POINTS:
        raise RefusedError(
            f"The path “{path.get_name()}” has {len(pairs)} strokes; {MAX_POINTS} points can be dragged at once.",
            "Remove some of them.",
        )
    return pairs


def strokes_key(path: Gimp.Path) -> tuple[tuple[float, ...], ...]:
    """What changes whenever the path's strokes do."""
    return tuple(tuple(path.stroke_get_points(stroke).controlpoints) for stroke in path.get_strokes())


def store(image: Gimp.Image, pairs: Iterable[Pair], existing: Gimp.Path | None = None) -> Gimp.Path:
    """Put the pairs into a new path of the image, as one undo step, instead of `existing`."""
    image.undo_group_start()
    try:
        path = Gimp.Path.new(image, existing.get_name() if existing else PATH_NAME)
        for pair in pairs:
            path.stroke_new_from_points(Gimp.PathStrokeType.BEZIER, _anchors(pair), False)
        image.insert_path(path, None, image.get_item_position(existing) if existing else 0)
        if existing is not None:
            image.remove_path(existing)
        path.set_visible(True)
    finally:
        image.undo_group_end()
    return path


def _strokes(path: Gimp.Path) -> Iterable[list[Spot]]:
    for stroke in path.get_strokes():
        numbers = path.stroke_get_points(stroke).controlpoints
        anchors = [numbers[start:][_ANCHOR] for start in range(0, len(numbers) - 5, _FLOATS_PER_ANCHOR)]
        yield [Spot(float(x), float(y)) for x, y in anchors]


def _anchors(pair: Pair) -> list[float]:
    ends = [pair.handle] if pair.is_pin else [pair.handle, pair.target]
    return [number for end in ends for number in (end.x, end.y) * 3]
