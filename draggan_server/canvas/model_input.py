"""From the document to the model: the picture and the editable mask as the model sees them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .depth import Pixels, to_unit
from .errors import EmptyPictureError, FrameError, MaskError, PictureError
from .fill import fill_transparent
from .frame import MIN_FRAME_DOCUMENT_PX, Frame
from .picture import Mask, Picture, Region
from .resample import area_average


@dataclass(frozen=True, eq=False)
class ModelPicture:
    """The frame's content at the model's resolution."""

    rgb: NDArray[np.float32]
    """[3, h, w] in [-1, 1], opaque: transparent parts are filled from the visible parts' edges."""
    alpha: NDArray[np.float32]
    """[h, w] in [0, 1]: how much of each pixel is the artist's, not filled."""


def picture_for_model(picture: Picture, frame: Frame, resolution: int) -> ModelPicture:
    """What the model sees of `picture` through `frame`.

    Colours are averaged over the area of each of the model's pixels, weighed by alpha, so that the hidden
    colour of transparent pixels never shows. Values of f32 pictures outside [0, 1] are clipped.

    Raises FrameError (frame beside the picture, or only a sliver of it inside), EmptyPictureError (nothing
    but transparency inside the frame), PictureError (NaN or infinity inside the frame).
    """
    region = frame_region(picture, frame)

    def premultiplied(rows: Pixels) -> NDArray[np.floating]:
        values = to_unit(rows)
        if values.dtype == rows.dtype:
            values = np.where(np.isfinite(values), np.clip(values, 0.0, 1.0), np.nan)
        return np.concatenate([values[..., :3] * values[..., 3:], values[..., 3:]], axis=2)

    average = area_average(picture.pixels, picture.x, picture.y, frame, resolution, premultiplied)
    if not np.isfinite(average).all():
        raise PictureError(
            "The picture holds NaN or infinite values inside the frame.", "Make them numbers from 0 to 1."
        )
    alpha = average[..., 3]
    if not (alpha > 0).any():
        raise EmptyPictureError(
            f"The picture is fully transparent inside the frame ({region.width} x {region.height} px).",
            "Choose a layer, or a frame, with something to see.",
        )
    rgb = fill_transparent(average[..., :3], alpha)
    return ModelPicture(
        np.ascontiguousarray(np.clip(rgb * 2.0 - 1.0, -1.0, 1.0).transpose(2, 0, 1), dtype=np.float32),
        np.clip(alpha, 0.0, 1.0).astype(np.float32),
    )


def mask_for_model(mask: Mask, frame: Frame, resolution: int) -> NDArray[np.float32]:
    """The editable mask [h, w] in [0, 1] at the model's resolution; soft edges stay soft.

    Each value is the mask's average over the area of a model pixel; beside the mask's array it is 0.
    Raises MaskError for NaN, and where the mask allows no change anywhere inside the frame.
    """

    def readable(rows: Pixels) -> NDArray[np.floating]:
        return readable_mask(rows)[..., None]

    average = area_average(mask.values, mask.x, mask.y, frame, resolution, readable)
    values = np.clip(average[..., 0], 0.0, 1.0).astype(np.float32)
    if not values.any():
        where = "does not reach into" if Region.shared(frame, mask).empty else "is zero everywhere inside"
        raise MaskError(
            f"The editable mask {where} the frame, so nothing may change.",
            "Select the part that may change, or use no mask.",
        )
    return values


def frame_region(picture: Picture, frame: Frame) -> Region:
    """The picture's pixels that the frame touches. Raises FrameError where they are too few to work with."""
    region = Region.shared(frame, picture)
    if region.empty:
        x, y = zip(*frame.corners, strict=True)
        raise FrameError(
            f"The frame (x {min(x):g} to {max(x):g}, y {min(y):g} to {max(y):g}) lies beside the picture "
            f"(x {picture.x} to {picture.x + picture.width}, "
            f"y {picture.y} to {picture.y + picture.height}).",
            "Move the frame onto the picture.",
        )
    if min(region.width, region.height) < MIN_FRAME_DOCUMENT_PX:
        raise FrameError(
            f"Only {region.width} x {region.height} px of the picture lie inside the frame; at least "
            f"{MIN_FRAME_DOCUMENT_PX} x {MIN_FRAME_DOCUMENT_PX} px are needed.",
            "Move or enlarge the frame.",
        )
    return region


def readable_mask(values: Pixels) -> NDArray[np.float32]:
    """Mask values as floats in [0, 1]. Raises MaskError for NaN."""
    unit = to_unit(values)
    if unit.dtype == values.dtype and np.isnan(unit).any():
        raise MaskError("The editable mask holds NaN.", "Make its values numbers from 0 to 1.")
    return np.clip(unit, 0.0, 1.0)
