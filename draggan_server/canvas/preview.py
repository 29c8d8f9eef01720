"""The edit as it will be laid over the picture, at the small size of a preview."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .change import change_alpha, check_model_picture
from .depth import from_unit, to_unit
from .frame import Frame
from .model_input import mask_in_frame
from .picture import Mask, Picture
from .resample import area_average
from .weight import edge_fade


class EditPreview:
    """Draws what `composite` will come to, for a square of `size` px that is shown over the frame.

    The same rule at the preview's size. What stays while a drag runs is worked out once.
    """

    def __init__(self, picture: Picture, frame: Frame, mask: Mask | None, size: int) -> None:
        """As for `composite`. Raises MaskError (NaN)."""
        self._size = size
        places = (np.arange(size) + 0.5) * frame.scale(size)
        still = edge_fade(picture.region, frame, frame.x + places, frame.y + places)
        corner = frame.x - picture.x, frame.y - picture.y
        alpha = area_average(picture.pixels[..., 3:], *corner, frame, size, to_unit)[..., 0]
        still *= np.clip(np.nan_to_num(alpha), 0.0, 1.0)
        if mask is not None:
            still *= mask_in_frame(mask, frame, size)
        self._still = still.astype(np.float32)

    def layer(self, before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.uint8]:
        """RGBA [size, size, 4], straight alpha, of the model's pictures [3, r, r] in [-1, 1], of any resolution r.

        Raises PictureError (wrong shapes, NaN).
        """
        check_model_picture("before", before)
        check_model_picture("after", after, like=before)
        if before.shape[1] > self._size:
            before, after = (_resized(each, self._size, Image.Resampling.BOX) for each in (before, after))
        change = _resized(change_alpha(before, after)[None], self._size, Image.Resampling.BILINEAR)[0]
        colours = _resized(after, self._size, Image.Resampling.BICUBIC).transpose(1, 2, 0) * 0.5 + 0.5
        rgba = from_unit(np.dstack([colours, change * self._still]), np.dtype(np.uint8))
        rgba[rgba[..., 3] == 0] = 0
        return rgba  # type: ignore[return-value]  # uint8 was asked for


def _resized(planes: NDArray[np.float32], size: int, method: Image.Resampling) -> NDArray[np.float32]:
    """[C, r, r] -> [C, size, size]."""
    if planes.shape[1] == size:
        return planes
    return np.stack([np.asarray(Image.fromarray(plane).resize((size, size), method)) for plane in planes])
