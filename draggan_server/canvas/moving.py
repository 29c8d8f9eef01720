"""The outline of a cut-out figure, moved as the figure moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .depth import FULL_SCALE, to_unit
from .errors import PictureError
from .frame import Frame
from .picture import Picture, Region
from .resample import upsample

STILL = 1 / 512
"""Part of the frame's size: what moved less stays, what moved twice as far moves. Everything trembles a little, and
each move costs a sharp edge some of its sharpness."""


@dataclass(frozen=True, eq=False)
class Motion:
    """How the picture inside a frame moved, from `drag.dense_motion`.

    Raises PictureError for another shape or for NaN.
    """

    offsets: NDArray[np.float32]
    """[2, G, G]: x and y of old place - new place, in parts of the frame's size, at the new places."""

    def __post_init__(self) -> None:
        shape = self.offsets.shape
        if len(shape) != 3 or shape[0] != 2 or shape[1] != shape[2] or not np.isfinite(self.offsets).all():
            raise PictureError(
                f"A motion has the shape [2, G, G] and finite numbers, but this one has {list(shape)}.",
                "Undo the last drag, and drag with a smaller step size.",
            )

    def moved_alpha(self, layer: Picture, frame: Frame, region: Region) -> NDArray[np.float32]:
        """[height, width] in [0, 1] at the pixels of `region`: the alpha of where each of them was, between the
        pixels linearly. Beside the layer its edge goes on, so that what its edge cuts off stays cut off there."""
        length = np.hypot(self.offsets[0], self.offsets[1])
        offsets = self.offsets * np.clip(length / STILL - 1.0, 0.0, 1.0)
        shift_x, shift_y = (upsample(each, frame, region, Image.Resampling.BILINEAR) * frame.size for each in offsets)
        x = np.clip(np.arange(region.left, region.right) + shift_x - layer.x, 0, layer.width - 1)
        y = np.clip(np.arange(region.top, region.bottom)[:, None] + shift_y - layer.y, 0, layer.height - 1)
        left, top = x.astype(np.intp), y.astype(np.intp)
        right, bottom = np.minimum(left + 1, layer.width - 1), np.minimum(top + 1, layer.height - 1)
        alpha = layer.pixels[..., 3]

        def at(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float32]:
            return np.clip(to_unit(alpha[rows, columns]), 0.0, 1.0)

        across, down = (x - left).astype(np.float32), (y - top).astype(np.float32)
        upper = at(top, left) + (at(top, right) - at(top, left)) * across
        lower = at(bottom, left) + (at(bottom, right) - at(bottom, left)) * across
        moved: NDArray[np.float32] = upper + (lower - upper) * down
        return moved


def is_cut_out(layer: Picture, frame: Frame) -> bool:
    """Whether the layer is transparent in some parts of the frame, and not in all."""
    region = Region.shared(frame, layer)
    if region.empty:
        return False
    alpha = region.of(layer.pixels, layer.x, layer.y)[..., 3]
    return bool(alpha.min() < FULL_SCALE[alpha.dtype]) and bool(alpha.max() > 0)
