"""Points as text: what scripts give, and what "Repeat" keeps. Pure; coordinates are the image's pixels.

[[100, 80, 120, 85], [60, 60]]                        a pair and a pin, dragged at once
[{"handle": [100, 80], "target": [120, 85]}]          the same pair in words
[[[100, 80, 120, 85]], [[120, 85, 140, 90]]]          two drags, one after the other
"""

import json
import math
from collections.abc import Iterable
from typing import Any

from draggan_client import frames
from draggan_client.errors import DragganError
from draggan_client.messages import MAX_POINTS, Frame
from draggan_client.points import Pair, Spot

Drag = tuple[Pair, ...]

_EXAMPLE = "Example: [[100, 80, 120, 85], [60, 60]] pulls (100, 80) to (120, 85) and holds (60, 60)."


class PointsError(DragganError):
    """The text does not hold points."""

    def __init__(self, message: str) -> None:
        super().__init__(message, _EXAMPLE)


def drags_from(text: str) -> tuple[Drag, ...]:
    """The drags in a text, each of at least one point; empty for an empty text. Raises PointsError."""
    if not text.strip():
        return ()
    try:
        found = json.loads(text)
    except ValueError as error:
        raise PointsError(f"The points are not readable as JSON ({error}).") from None
    if not isinstance(found, list):
        raise PointsError(f"The points must be a list, but this is {_word(found)}.")
    several = bool(found) and all(isinstance(part, list) and part and not _is_number(part[0]) for part in found)
    return tuple(_drag(part) for part in (found if several else [found]))


def text_of(drags: Iterable[Drag]) -> str:
    """The other way round."""
    lists = [[_numbers(pair) for pair in drag] for drag in drags]
    return json.dumps(lists[0] if len(lists) == 1 else lists)


def outside(drag: Drag, frame: Frame) -> Drag:
    """The pairs that the frame does not show whole: the model sees nothing there."""
    return tuple(
        pair for pair in drag if not (frames.contains(frame, pair.handle) and frames.contains(frame, pair.target))
    )


def outside_text(pairs: Drag) -> str:
    """What is wrong with such pairs, by their numbers."""
    names = [pair.id for pair in pairs]
    if len(names) == 1:
        return f"Point {names[0]} lies outside the frame, where the model sees nothing."
    return f"Points {', '.join(names[:-1])} and {names[-1]} lie outside the frame, where the model sees nothing."


def _drag(points: list[Any]) -> Drag:
    if not points:
        raise PointsError("There are no points.")
    if len(points) > MAX_POINTS:
        raise PointsError(f"{len(points)} points are too many; {MAX_POINTS} can be dragged at once.")
    return tuple(_pair(str(number), point) for number, point in enumerate(points, 1))


def _pair(name: str, point: Any) -> Pair:
    if isinstance(point, dict):
        unknown = set(point) - {"handle", "target"}
        if unknown or "handle" not in point:
            raise PointsError(f'Point {name} must have a "handle", perhaps a "target", and nothing else.')
        handle = _spot(name, point["handle"])
        return Pair(name, handle, _spot(name, point["target"]) if "target" in point else handle)
    if isinstance(point, list) and len(point) == 4:
        return Pair(name, _spot(name, point[:2]), _spot(name, point[2:]))
    handle = _spot(name, point)
    return Pair(name, handle, handle)


def _spot(name: str, numbers: Any) -> Spot:
    if not isinstance(numbers, list) or len(numbers) != 2 or not all(map(_is_number, numbers)):
        raise PointsError(
            f"Point {name} must be 4 numbers (handle and target), or 2 (a pin), but it is {_word(numbers)}."
        )
    return Spot(float(numbers[0]), float(numbers[1]))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _numbers(pair: Pair) -> list[float]:
    handle = [round(pair.handle.x, 3), round(pair.handle.y, 3)]
    return handle if pair.is_pin else [*handle, round(pair.target.x, 3), round(pair.target.y, 3)]


def _word(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
