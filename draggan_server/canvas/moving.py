"""How the picture inside a frame moved: which places of the document its pixels come from."""

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
"""Part of the frame's size: an outline that moved less stays, one that moved twice as far moves. Everything trembles a
little, and each move costs a sharp edge some of its sharpness."""


@dataclass(frozen=True, eq=False)
class Motion:
    """How the picture inside a frame moved, from `drag.dense_motion`.

    Raises PictureError for other shapes or for NaN.
    """

    offsets: NDArray[np.float32]
    """[2, g, h]: x and y of old place - new place, along the frame's own axes, in parts of its size, at the new places;
    g x h in the proportions of the model's picture."""
    confidence: NDArray[np.float32]
    """[g, h] in [0, 1]: that what is seen here now is what was seen there."""

    def __post_init__(self) -> None:
        shape = self.offsets.shape
        if len(shape) != 3 or shape[0] != 2 or 0 in shape or not np.isfinite(self.offsets).all():
            raise PictureError(
                f"A motion has the shape [2, g, h] and finite numbers, but this one has {list(shape)}.",
                "Undo the last drag, and drag with a smaller step size.",
            )
        if self.confidence.shape != shape[1:] or not np.isfinite(self.confidence).all():
            raise PictureError(
                f"The confidence in a motion of {list(shape)} has the shape {list(shape[1:])} and finite numbers, but "
                f"this one has {list(self.confidence.shape)}.",
                "Undo the last drag, and drag with a smaller step size.",
            )

    def old_places(self, frame: Frame, region: Region, still: float = 0.0) -> tuple[NDArray, NDArray]:
        """Where in the document each pixel of `region` was: x and y of the middles, [height, width] each.

        still: part of the frame's size; what moved less has stayed, what moved twice as far has moved.
        """
        offsets = self.offsets
        if still:
            length = np.hypot(offsets[0], offsets[1])
            offsets = offsets * np.clip(length / still - 1.0, 0.0, 1.0)
        across, down = (upsample(each, frame, region, Image.Resampling.BILINEAR) * frame.size for each in offsets)
        cosine, sine = frame.direction
        x = np.arange(region.left, region.right) + 0.5 + across * cosine - down * sine
        y = np.arange(region.top, region.bottom)[:, None] + 0.5 + across * sine + down * cosine
        return x, y

    def moved_alpha(self, layer: Picture, frame: Frame, region: Region) -> NDArray[np.float32]:
        """[height, width] in [0, 1] at the pixels of `region`: the alpha of where each of them was, between the
        pixels linearly. Beside the layer its edge goes on, so that what its edge cuts off stays cut off there."""
        x, y = self.old_places(frame, region, STILL)
        x = np.clip(x - 0.5 - layer.x, 0, layer.width - 1)
        y = np.clip(y - 0.5 - layer.y, 0, layer.height - 1)
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
