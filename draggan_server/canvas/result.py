"""From the model back to the document: the edit as pixels for a layer above the picture."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .change import change_alpha, check_model_picture
from .depth import Pixels, from_unit, to_unit
from .errors import PictureError
from .frame import Frame
from .model_input import frame_region, readable_mask
from .picture import Mask, Picture, Region

BAND_PIXELS = 1 << 19
"""Document pixels that are worked on at a time, so that memory beyond the result itself is bounded."""

EDGE_FEATHER = 1 / 32
"""Part of the frame's size over which the edit fades out towards a frame edge inside the picture: the model
knows nothing of what lies beyond, and a straight seam is the first thing that an eye finds."""


def composite(
    picture: Picture,
    frame: Frame,
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    mask: Mask | None = None,
) -> Picture:
    """The edit alone: to be laid over `picture`, which it covers where the drag changed something.

    `before` and `after` are the model's pictures [3, R, R] in [-1, 1]. The result holds the picture's pixels
    that the frame touches, at document resolution, in the picture's depth, with straight alpha. The alpha
    is the product of: what changed between `before` and `after` (soft, see `change_alpha`), the mask at
    document resolution (once), the picture's own alpha (the edit keeps to what is painted), and a fade
    towards frame edges inside the picture. It is exactly 0 where nothing changed or the mask is 0; colours
    there are 0.

    Raises FrameError (frame beside the picture), PictureError (wrong shapes, NaN), MaskError (NaN).
    """
    check_model_picture("before", before)
    check_model_picture("after", after, like=before)
    region = frame_region(picture, frame)
    change = change_alpha(before, after)
    pixels = np.zeros((region.height, region.width, 4), dtype=picture.pixels.dtype)
    if change.any():
        rows = max(1, BAND_PIXELS // region.width)
        for top in range(region.top, region.bottom, rows):
            band = Region(region.left, top, region.right, min(top + rows, region.bottom))
            alpha = upsample(change, frame, band, Image.Resampling.BILINEAR)
            alpha *= _edge_fade(picture, frame, band) * _source_alpha(picture, band)
            if mask is not None:
                alpha *= _mask_values(mask, band)
            if alpha.any():
                colours = [upsample(plane, frame, band, Image.Resampling.BICUBIC) for plane in after]
                rgba = np.stack([*(plane * 0.5 + 0.5 for plane in colours), alpha], axis=-1)
                rgba[alpha == 0] = 0.0
                pixels[top - region.top : band.bottom - region.top] = from_unit(rgba, pixels.dtype)
    return Picture(pixels, region.left, region.top)


def over(picture: Picture, edit: Picture) -> Picture:
    """A copy of `picture` with `edit` laid over it ("source over", straight alpha), as an editor shows it.

    Pixels where the edit's alpha is 0 stay bit for bit the same. What lies beside `picture` is cut off.
    Raises PictureError when the depths differ.
    """
    if picture.pixels.dtype != edit.pixels.dtype:
        raise PictureError(
            f"The edit has {edit.pixels.dtype.name} values, but the picture {picture.pixels.dtype.name}.",
            "Convert one of them.",
        )
    result = picture.pixels.copy()
    left, right = max(picture.x, edit.x), min(picture.x + picture.width, edit.x + edit.width)
    top, bottom = max(picture.y, edit.y), min(picture.y + picture.height, edit.y + edit.height)
    if left < right and top < bottom:
        below = result[top - picture.y : bottom - picture.y, left - picture.x : right - picture.x]
        above = edit.pixels[top - edit.y : bottom - edit.y, left - edit.x : right - edit.x]
        rows = max(1, BAND_PIXELS // (right - left))
        for first in range(0, bottom - top, rows):
            _lay_over(below[first : first + rows], above[first : first + rows])
    return Picture(result, picture.x, picture.y)


def upsample(plane: NDArray[np.float32], frame: Frame, region: Region, method: Image.Resampling) -> NDArray[np.float32]:
    """One of the model's planes [R, R] at the document pixels of `region` -> [height, width].

    Interpolated where the document is finer than the model, averaged with the same kernel where it is
    coarser. The frame's edge is continued. Parts of a region get the same values as the whole region.
    """
    resolution = plane.shape[0]
    # A document pixel at the frame's edge may lie partly beyond it.
    border = math.ceil(resolution / frame.size) + 1
    left, top = frame.to_model(region.left, region.top, resolution)
    right, bottom = frame.to_model(region.right, region.bottom, resolution)
    # Only the rows that count: Pillow keeps the box in single precision, so the numbers should stay small.
    reach = border + 2 + math.ceil(resolution / frame.size) * 2
    first, last = max(0, math.floor(top) - reach), min(resolution, math.ceil(bottom) + reach)
    image = Image.fromarray(np.pad(plane[first:last].astype(np.float32), border, mode="edge"))
    box = (left + border, top + border - first, right + border, bottom + border - first)
    return np.array(image.resize((region.width, region.height), method, box=box))


def _edge_fade(picture: Picture, frame: Frame, region: Region) -> NDArray[np.float32]:
    """[height, width]: 0 on a frame edge that lies inside the picture, 1 from EDGE_FEATHER inwards."""

    def along(first: int, last: int, frame_start: float, start: int, stop: int) -> NDArray[np.float64]:
        centres = np.arange(first, last) + 0.5
        distance = np.full(centres.shape, np.inf)
        if frame_start > start:
            distance = np.minimum(distance, centres - frame_start)
        if frame_start + frame.size < stop:
            distance = np.minimum(distance, frame_start + frame.size - centres)
        part = np.clip(distance / (frame.size * EDGE_FEATHER), 0.0, 1.0)
        return part * part * (3.0 - 2.0 * part)

    across = along(region.left, region.right, frame.x, picture.x, picture.x + picture.width)
    down = along(region.top, region.bottom, frame.y, picture.y, picture.y + picture.height)
    return (down[:, None] * across).astype(np.float32)


def _source_alpha(picture: Picture, region: Region) -> NDArray[np.float32]:
    rows = slice(region.top - picture.y, region.bottom - picture.y)
    alpha = to_unit(picture.pixels[rows, region.left - picture.x : region.right - picture.x, 3])
    if not np.isfinite(alpha).all():
        raise PictureError(
            "The picture's alpha holds NaN or infinite values inside the frame.", "Make them numbers from 0 to 1."
        )
    return np.clip(alpha, 0.0, 1.0)


def _mask_values(mask: Mask, region: Region) -> NDArray[np.float32]:
    """The mask at the pixels of `region`; 0 beside its array."""
    values = np.zeros((region.height, region.width), dtype=np.float32)
    left, right = max(region.left, mask.x), min(region.right, mask.x + mask.width)
    top, bottom = max(region.top, mask.y), min(region.bottom, mask.y + mask.height)
    if left < right and top < bottom:
        values[top - region.top : bottom - region.top, left - region.left : right - region.left] = readable_mask(
            mask.values[top - mask.y : bottom - mask.y, left - mask.x : right - mask.x]
        )
    return values


def _lay_over(below: Pixels, above: Pixels) -> None:
    """Porter and Duff's "over", in place, only where `above` shows."""
    shown = above[..., 3] > 0
    upper = to_unit(above[shown]).astype(np.float64)
    lower = to_unit(below[shown]).astype(np.float64)
    through = lower[:, 3:] * (1.0 - upper[:, 3:])
    alpha = upper[:, 3:] + through
    colour = (upper[:, :3] * upper[:, 3:] + lower[:, :3] * through) / alpha
    mixed = np.concatenate([colour, alpha], axis=1)
    # f32 pictures may hold values beyond 1; what shows through keeps them
    below[shown] = mixed if below.dtype == np.float32 else from_unit(mixed, below.dtype)
