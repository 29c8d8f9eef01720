"""How much of an edit shows at each document pixel: the one rule that layers, copies and previews share."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .change import change_alpha, check_model_picture
from .frame import Frame
from .model_input import readable_mask
from .picture import Mask, Region
from .resample import upsample

EDGE_FEATHER = 1 / 32
"""Part of the frame's size over which the edit fades out towards a frame edge inside the picture: the model
knows nothing of what lies beyond, and a straight seam is the first thing that an eye finds."""


class EditWeight:
    """What the drags changed, times the mask (once), times the fade towards frame edges inside the picture.

    It is exactly 0 where nothing changed or the mask is 0.
    """

    def __init__(
        self,
        within: Region,
        around: Region,
        frame: Frame,
        before: NDArray[np.float32],
        after: NDArray[np.float32],
        mask: Mask | None,
    ) -> None:
        """within: the pixels that may change. around: the picture, which a frame edge may lie inside of.

        before and after: the model's pictures [3, R, R] in [-1, 1]. Raises PictureError (wrong shapes, NaN).
        """
        check_model_picture("before", before)
        check_model_picture("after", after, like=before)
        self._frame = frame
        self._mask = mask
        self._around = around
        self._change = change_alpha(before, after)
        self.allowed_region = within if mask is None else within.intersection(mask.region)
        """Beyond it nothing may change."""
        self.region = self.allowed_region.intersection(_reach(self._change, frame))
        """Beyond it the weight is 0."""

    def at(self, region: Region) -> NDArray[np.float32]:
        """[height, width] in [0, 1]. Raises MaskError for NaN."""
        return upsample(self._change, self._frame, region, Image.Resampling.BILINEAR) * self.allowed(region)

    def allowed(self, region: Region) -> NDArray[np.float32]:
        """[height, width] in [0, 1]: the weight of what has changed wholly. Raises MaskError for NaN."""
        x, y = np.arange(region.left, region.right) + 0.5, np.arange(region.top, region.bottom) + 0.5
        weight = edge_fade(self._around, self._frame, x, y)
        if self._mask is not None:
            weight *= mask_values(self._mask, region)
        return weight


def edge_fade(picture: Region, frame: Frame, x: NDArray[np.floating], y: NDArray[np.floating]) -> NDArray[np.float32]:
    """[len(y), len(x)]: 0 on a frame edge that lies inside the picture, 1 from EDGE_FEATHER inwards.

    x and y are places in document px. An edge beyond which less than a whole pixel of the picture lies is the
    picture's own.
    """

    def along(places: NDArray[np.floating], frame_start: float, start: int, stop: int) -> NDArray[np.float64]:
        distance = np.full(places.shape, np.inf)
        if frame_start >= start + 1:
            distance = np.minimum(distance, places - frame_start)
        if frame_start + frame.size <= stop - 1:
            distance = np.minimum(distance, frame_start + frame.size - places)
        part = np.clip(distance / (frame.size * EDGE_FEATHER), 0.0, 1.0)
        return part * part * (3.0 - 2.0 * part)

    across = along(x, frame.x, picture.left, picture.right)
    down = along(y, frame.y, picture.top, picture.bottom)
    return (down[:, None] * across).astype(np.float32)


def mask_values(mask: Mask, region: Region) -> NDArray[np.float32]:
    """The mask at the pixels of `region`; 0 beside its array. Raises MaskError for NaN."""
    values = np.zeros((region.height, region.width), dtype=np.float32)
    both = region.intersection(mask.region)
    both.of(values, region.left, region.top)[:] = readable_mask(both.of(mask.values, mask.x, mask.y))
    return values


def _reach(change: NDArray[np.float32], frame: Frame) -> Region:
    """The document pixels that the change [R, R] can reach when it is interpolated."""
    rows, columns = np.flatnonzero(change.any(axis=1)), np.flatnonzero(change.any(axis=0))
    if not rows.size:
        return Region(0, 0, 0, 0)
    resolution = change.shape[0]
    border = max(1.0, frame.scale(resolution)) + 1.0
    left, top = frame.to_document(float(columns[0]), float(rows[0]), resolution)
    right, bottom = frame.to_document(float(columns[-1] + 1), float(rows[-1] + 1), resolution)
    return Region(
        math.floor(left - border), math.floor(top - border), math.ceil(right + border), math.ceil(bottom + border)
    )
