"""The edit inside a copy of the layer: for layers over which no second one can show it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .depth import Pixels, from_unit, to_unit
from .errors import PictureError
from .frame import Frame
from .model_input import frame_region
from .moving import Motion, is_cut_out
from .picture import Mask, Picture, Region
from .resample import parts
from .result import BAND_PIXELS, Colours, cropped, edited_colours
from .weight import EditWeight

LEAST_ALPHA = 1e-3
"""A smaller change of an alpha is none."""


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
    motion: Motion | None = None,
) -> EditedCopy:
    """`onto` with the edit in it, cropped to what changed: to one unchanged pixel where nothing did.

    onto: the layer as it is. picture: what the edit began with, of which `onto` has all that lies inside the frame.
    The others as for `composite`; the detail is `onto`'s. Where `onto` shows, its colour goes to the edit's by
    `EditWeight`. Its alpha stays; that of a cut-out moves by the `motion`, where the mask allows it, and where it comes
    to be it has the edit's colour. Values of f32 pictures beyond 1 go on as they are where nothing changed.

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
    # A figure may move to where the layer had nothing when the edit began.
    moving = motion if is_cut_out(onto, frame) else None
    within = needed if moving is None else Region.shared(frame, onto)
    weight = EditWeight(within, (picture, onto), frame, before, after, mask)
    region = weight.region if moving is None else weight.allowed_region
    colours = edited_colours(onto, frame, before, after, motion)
    pixels = region.of(onto.pixels, onto.x, onto.y).copy()
    changed = np.zeros(pixels.shape[:2], bool)
    for band in parts(region, frame, BAND_PIXELS):
        share = weight.at(band)
        alpha = _unit_alpha(band.of(onto.pixels, onto.x, onto.y))
        new_alpha = alpha
        if moving is not None:
            new_alpha = alpha + (moving.moved_alpha(onto, frame, band) - alpha) * weight.allowed(band)
        there = band.of(pixels, region.left, region.top)
        band.of(changed, region.left, region.top)[:] = _mix(there, colours, band, share, new_alpha)
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


def _mix(
    pixels: Pixels,
    edited: Colours,
    region: Region,
    share: NDArray[np.float32],
    alpha: NDArray[np.float32],
) -> NDArray[np.bool_]:
    """In place: the colours of what is seen go by `share` to the edit's, and what alpha is new has the edit's.
    Returns where that was."""
    source_alpha = _unit_alpha(pixels)
    moved = np.abs(alpha - source_alpha) > LEAST_ALPHA
    changed = moved | ((share > 0) & (source_alpha > 0))
    if not changed.any():
        return changed
    grown = np.clip(alpha - source_alpha, 0.0, None)[moved]
    share[moved] = np.maximum(share[moved], grown / np.maximum(alpha[moved], LEAST_ALPHA))
    colours = edited(region, changed)
    source = to_unit(pixels[changed])[:, :3].astype(np.float64)
    pixels[changed, :3] = _in_depth(source + (colours - source) * share[changed][:, None], pixels.dtype)
    pixels[moved, 3] = _in_depth(alpha[moved].astype(np.float64), pixels.dtype)
    return changed


def _unit_alpha(pixels: Pixels) -> NDArray[np.float32]:
    return np.clip(to_unit(pixels[..., 3]), 0.0, 1.0)


def _in_depth(values: NDArray[np.float64], depth: np.dtype) -> Pixels:
    """f32 pictures may hold values beyond 1; what is left of them is kept."""
    return values.astype(np.float32) if depth == np.float32 else from_unit(values, depth)
