"""The edit inside a copy of the layer: for layers over which no second one can show it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .depth import Pixels, from_unit, to_unit
from .errors import PictureError
from .frame import Frame
from .model_input import frame_region
from .picture import Mask, Picture, Region
from .result import BAND_PIXELS, colours_at, cropped
from .weight import EditWeight


@dataclass(frozen=True, eq=False)
class EditedCopy:
    """A part of a layer with the edit in it: all of the layer that changed."""

    picture: Picture
    """In the layer's depth."""
    changed: NDArray[np.uint8]
    """[height, width]: 255 where a pixel may differ from the layer's; all others are the layer's, bit for bit."""


def edited_copy(
    onto: Picture,
    picture: Picture,
    frame: Frame,
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    mask: Mask | None = None,
) -> EditedCopy:
    """`onto` with the edit in it, cropped to what changed: to one unchanged pixel where nothing did.

    onto: the layer as it is. picture: what the edit began with, of which `onto` has all that lies inside the frame.
    The others as for `composite`. Where `onto` shows, its colour goes to the model's by `EditWeight`; its alpha stays.
    Values of f32 pictures beyond 1 go on as they are where nothing changed.

    Raises FrameError (frame beside the picture), PictureError (wrong shapes, `onto` too small), MaskError (NaN).
    """
    needed = frame_region(picture, frame)
    if not onto.region.contains(needed):
        raise PictureError(
            f"The pixels for the copy are {onto.width} x {onto.height} px at ({onto.x}, {onto.y}), but the picture "
            f"that the edit began with has {needed.width} x {needed.height} px at ({needed.left}, {needed.top}) "
            "inside the frame.",
            "Give the picture that the edit began with, or what has become of it, whole.",
        )
    weight = EditWeight(picture, frame, before, after, mask, beyond=onto)
    region = weight.region
    pixels = region.of(onto.pixels, onto.x, onto.y).copy()
    changed = np.zeros(pixels.shape[:2], bool)
    for band in region.bands(BAND_PIXELS):
        there = band.of(pixels, region.left, region.top)
        shown = weight.at(band)
        shown[~(there[..., 3] > 0)] = 0.0
        if shown.any():
            _mix(there, colours_at(after, frame, band), shown)
        band.of(changed, region.left, region.top)[:] = shown > 0
    kept = cropped(changed, region)
    if kept.empty:
        kept = Region(needed.left, needed.top, needed.left + 1, needed.top + 1)
        return EditedCopy(
            Picture(kept.of(onto.pixels, onto.x, onto.y).copy(), kept.left, kept.top), np.zeros((1, 1), np.uint8)
        )
    return EditedCopy(
        Picture(np.ascontiguousarray(kept.of(pixels, region.left, region.top)), kept.left, kept.top),
        kept.of(changed, region.left, region.top).astype(np.uint8) * np.uint8(255),
    )


def _mix(pixels: Pixels, colours: NDArray[np.float32], weight: NDArray[np.float32]) -> None:
    """In place, only where there is a weight: the colours go that part of the way to the new ones."""
    shown = weight > 0
    source = to_unit(pixels[shown]).astype(np.float64)
    mixed = source[:, :3] + (np.clip(colours[shown], 0.0, 1.0) - source[:, :3]) * weight[shown][:, None]
    pixels[shown, :3] = mixed if pixels.dtype == np.float32 else from_unit(mixed, pixels.dtype)
