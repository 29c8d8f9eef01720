"""From the model back to the document: the edit as a layer above the picture, and the model's picture itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .change import check_model_picture
from .depth import Pixels, from_unit, to_unit
from .detail import CarriedDetail
from .errors import EmptyPictureError, PictureError
from .frame import Frame
from .model_input import frame_region, picture_for_model
from .moving import Motion
from .picture import Mask, Picture, Region
from .resample import parts, upsample
from .weight import EditWeight, frame_coverage

BAND_PIXELS = 1 << 19
"""Document pixels that are worked on at a time, so that memory beyond the result itself is bounded."""


def composite(
    picture: Picture,
    frame: Frame,
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    mask: Mask | None = None,
    depth: np.dtype | None = None,
    motion: Motion | None = None,
) -> Picture:
    """The edit alone: to be laid over `picture`, which it covers where the drag changed something.

    `before` and `after` are the model's pictures [3, h, w] in [-1, 1]. The result lies inside the frame, at document
    resolution, in `depth` (None: the picture's), with straight alpha. The alpha is `EditWeight` times the picture's
    own (the edit keeps to what is painted), so it is exactly 0 where nothing changed or the mask is 0; colours there
    are 0. It is cropped to what shows: to one transparent pixel where nothing does. With `motion` the colours have the
    picture's own detail (`CarriedDetail`), without it they are the model's.

    Raises FrameError (frame beside the picture), PictureError (wrong shapes, NaN), MaskError (NaN).
    """
    weight = EditWeight(frame_region(picture, frame), (picture,), frame, before, after, mask)
    colours = edited_colours(picture, frame, before, after, motion)
    region = weight.region
    depth = picture.pixels.dtype if depth is None else depth
    pixels = np.zeros((region.height, region.width, 4), dtype=depth)
    for band in parts(region, frame, BAND_PIXELS):
        alpha = weight.at(band) * _source_alpha(picture, band)
        shown = alpha > 0
        if shown.any():
            rgba = np.zeros((band.height, band.width, 4), np.float32)
            rgba[shown, :3] = colours(band, shown)
            rgba[..., 3] = alpha
            band.of(pixels, region.left, region.top)[:] = from_unit(rgba, depth)
    kept = cropped(pixels[..., 3] > 0, region)
    if kept.empty:
        return Picture(np.zeros((1, 1, 4), dtype=depth), *_corner(picture, frame))
    return Picture(np.ascontiguousarray(kept.of(pixels, region.left, region.top)), kept.left, kept.top)


def whole_frame(drawn: NDArray[np.float32], frame: Frame, depth: np.dtype) -> Picture:
    """The model's picture [3, h, w] in [-1, 1], opaque, at document resolution: all pixels that the frame touches.
    Beyond a turned frame it is transparent, along its edges by what they cut off.

    Raises PictureError (wrong shape, NaN).
    """
    check_model_picture("drawn", drawn)
    region = Region.covering(frame)
    pixels = np.empty((region.height, region.width, 4), dtype=depth)
    for band in parts(region, frame, BAND_PIXELS):
        cover = frame_coverage(frame, band)
        rgba = np.dstack([colours_at(drawn, frame, band), cover])
        rgba[cover == 0] = 0.0
        band.of(pixels, region.left, region.top)[:] = from_unit(rgba, depth)
    return Picture(pixels, region.left, region.top)


def blank(frame: Frame) -> Picture:
    """White, opaque wherever the frame is, as `whole_frame` is: what a drawn picture is an edit of."""
    region = Region.covering(frame)
    if frame.is_upright:
        pixel = np.full((1, 1, 4), 255, np.uint8)
        return Picture(np.broadcast_to(pixel, (region.height, region.width, 4)), region.left, region.top)
    pixels = np.full((region.height, region.width, 4), 255, np.uint8)
    for part in parts(region, frame, BAND_PIXELS):
        part.of(pixels, region.left, region.top)[..., 3] = np.rint(frame_coverage(frame, part) * 255)
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
    for band in picture.region.intersection(edit.region).bands(BAND_PIXELS):
        _lay_over(band.of(result, picture.x, picture.y), band.of(edit.pixels, edit.x, edit.y))
    return Picture(result, picture.x, picture.y)


def colours_at(drawn: NDArray[np.float32], frame: Frame, region: Region) -> NDArray[np.float32]:
    """The model's picture [3, h, w] in [-1, 1] at the pixels of `region` -> [height, width, 3] in about [0, 1]."""
    return np.dstack([upsample(plane, frame, region, Image.Resampling.BICUBIC) for plane in drawn]) * 0.5 + 0.5


Colours = Callable[[Region, NDArray[np.bool_]], NDArray[np.float32]]
"""[n, 3], 1 is full, of those pixels of a region that [height, width] marks."""


def edited_colours(
    picture: Picture, frame: Frame, before: NDArray[np.float32], after: NDArray[np.float32], motion: Motion | None
) -> Colours:
    """The colours of the edit: the model's, or with `motion` those with the detail of `picture`."""
    if motion is not None:
        try:
            seen = picture_for_model(picture, frame, max(before.shape))
        except EmptyPictureError:  # no detail either
            pass
        else:
            return CarriedDetail(picture, seen, frame, before, after, motion).at
    return lambda region, where: np.clip(colours_at(after, frame, region)[where], 0.0, 1.0)


def cropped(shown: NDArray[np.bool_], region: Region) -> Region:
    """The smallest part of `region` that holds all that `shown` [height, width] marks; empty where it marks nothing."""
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    if not rows.size:
        return Region(region.left, region.top, region.left, region.top)
    left, top = region.left + int(columns[0]), region.top + int(rows[0])
    return Region(left, top, region.left + int(columns[-1]) + 1, region.top + int(rows[-1]) + 1)


def _corner(picture: Picture, frame: Frame) -> tuple[int, int]:
    region = Region.shared(frame, picture)
    return region.left, region.top


def _source_alpha(picture: Picture, region: Region) -> NDArray[np.float32]:
    alpha = to_unit(region.of(picture.pixels, picture.x, picture.y)[..., 3])
    if not np.isfinite(alpha).all():
        raise PictureError(
            "The picture's alpha holds NaN or infinite values inside the frame.", "Make them numbers from 0 to 1."
        )
    return np.clip(alpha, 0.0, 1.0)


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
