"""Frames as text: what scripts give, and what "Repeat" keeps. Pure; coordinates are the image's pixels.

""                                       the largest frame in the middle of the layer
"layer", "selection"                     the smallest that holds all of the layer, what is selected
[20, 10, 300]                            its top left corner and its longer side
[20, 10, 300, 15]                        turned by 15 degrees about that corner, clockwise
{"eye_left": [120, 90], ...}             put so that these lie where the model expects its landmarks
"""

import json
import math
from dataclasses import dataclass
from typing import Any

from draggan_client import frames
from draggan_client.errors import DragganError
from draggan_client.frame_choice import Box, default_frame
from draggan_client.messages import AlignmentPoint, Frame
from draggan_client.points import Spot

MIDDLE, LAYER, SELECTION = "", "layer", "selection"
_EXAMPLE = (
    'Example: [20, 10, 300, 15] is 300 px wide and turned by 15 degrees; "layer" and "selection" are taken too, and '
    '{"eye_left": [120, 90], ...}.'
)


class FrameTextError(DragganError):
    """The text does not say which frame is meant."""

    def __init__(self, message: str) -> None:
        super().__init__(message, _EXAMPLE)


@dataclass(frozen=True)
class Ground:
    """What a frame can be put on."""

    layer: Box
    selection: Box | None
    """On the layer."""
    aspect: float
    """Of the model's picture."""
    landmarks: tuple[AlignmentPoint, ...]
    """What the model expects."""
    model: str


def frame_from(text: str, ground: Ground) -> Frame:
    """The frame that a text means. Raises DragganError."""
    word = text.strip()
    if word == MIDDLE:
        return default_frame(ground.layer, None, ground.aspect)
    if word.strip('"') == LAYER:
        return frames.around(*ground.layer, ground.aspect)
    if word.strip('"') == SELECTION:
        if ground.selection is None:
            raise FrameTextError("The frame is to be the selection, but nothing is selected on the layer.")
        return frames.around(*ground.selection, ground.aspect)
    try:
        found = json.loads(word)
    except ValueError as error:
        raise FrameTextError(f"The frame is not readable as JSON ({error}).") from None
    if isinstance(found, dict):
        return _aligned(found, ground)
    if not isinstance(found, list) or len(found) not in (3, 4) or not all(map(_is_number, found)):
        raise FrameTextError(f"A frame is [x, y, size] or [x, y, size, angle], but this is {_word(found)}.")
    x, y, size, angle = (*map(float, found), 0.0)[:4]
    if size * min(ground.aspect, 1 / ground.aspect) < frames.SMALLEST_PX:
        raise FrameTextError(f"The frame is only {size:g} px wide; it takes at least {frames.SMALLEST_PX:.0f} px.")
    return Frame(x, y, size, math.remainder(angle, 360.0), ground.aspect)


def text_of(frame: Frame) -> str:
    """The other way round."""
    numbers = [round(frame.x, 3), round(frame.y, 3), round(frame.size, 3)]
    return json.dumps([*numbers, round(frame.angle, 4)] if frame.angle else numbers)


def _aligned(clicks: dict[str, Any], ground: Ground) -> Frame:
    if not ground.landmarks:
        raise FrameTextError(f"The model “{ground.model}” expects no landmarks, so that none can be given.")
    known = [point.name for point in ground.landmarks]
    if set(clicks) != set(known):
        raise FrameTextError(f"The model “{ground.model}” expects {', '.join(known)}; given are {', '.join(clicks)}.")
    spots = []
    for point in ground.landmarks:
        place = clicks[point.name]
        if not isinstance(place, list) or len(place) != 2 or not all(map(_is_number, place)):
            raise FrameTextError(f"The place of {point.name} must be [x, y], but it is {_word(place)}.")
        spots.append(Spot(float(place[0]), float(place[1])))
    return frames.aligned(ground.landmarks, spots, ground.aspect)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _word(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
