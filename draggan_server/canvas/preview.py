"""The edit as it will be laid over the picture, at the small size of a preview."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .change import change_alpha, check_model_picture
from .depth import Pixels, to_rgb8, to_unit
from .frame import Frame
from .model_input import readable_mask
from .picture import Mask, Picture, Region
from .weight import EdgeFade


class EditPreview:
    """Draws what `composite` will come to, for a picture that is shown over the frame, turned with it.

    The same rule at the preview's size, but for the picture's own detail, which takes longer to carry along. What stays
    while a drag runs is worked out once.
    """

    def __init__(self, picture: Picture, frame: Frame, mask: Mask | None, size: int) -> None:
        """As for `composite`. size: the preview's longer side. Raises MaskError (NaN)."""
        self._shape = frame.shape(size)
        still = EdgeFade(frame, (picture,)).inside(size)
        still *= np.clip(np.nan_to_num(_seen(to_unit, picture.pixels[..., 3], picture.region, frame, size)), 0.0, 1.0)
        if mask is not None:
            still *= _seen(readable_mask, mask.values, mask.region, frame, size)
        self._still = still

    def layer(self, before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.uint8]:
        """RGBA [rows, columns, 4], straight alpha, of the model's pictures [3, h, w] in [-1, 1], of any size.

        Raises PictureError (wrong shapes, NaN).
        """
        check_model_picture("before", before)
        check_model_picture("after", after, like=before)
        rows, columns = self._shape
        if before.shape[1] > rows:
            before, after = (_resized(each, self._shape, Image.Resampling.BOX) for each in (before, after))
        alpha = _resized(change_alpha(before, after)[None], self._shape, Image.Resampling.BILINEAR)[0] * self._still
        colours = Image.fromarray(to_rgb8(after)).resize((columns, rows), Image.Resampling.BICUBIC)
        layer = np.dstack([np.asarray(colours), np.rint(alpha * 255.0).astype(np.uint8)])
        layer[layer[..., 3] == 0] = 0
        return layer


def _seen(
    read: Callable[[Pixels], NDArray[np.float32]], plane: Pixels, place: Region, frame: Frame, size: int
) -> NDArray[np.float32]:
    """What lies in the frame of a plane [H, W] at its place, averaged -> [rows, columns]; 0 beside it.

    Of a large plane only as many rows and columns are looked at as the preview has: it is wanted at once.
    """
    part = Region.covering(frame).intersection(place)
    rows, columns = frame.shape(size)
    if part.empty:
        return np.zeros((rows, columns), np.float32)
    stride = max(1, int(frame.scale(size)))
    values = read(part.of(plane, place.left, place.top)[::stride, ::stride])
    if not frame.is_upright:
        return _seen_turned(values, part, stride, frame, size)
    down = _overlap(part.top - frame.y, part.bottom - frame.y, stride, frame.scale(size), rows)
    across = _overlap(part.left - frame.x, part.right - frame.x, stride, frame.scale(size), columns)
    if values.size and values.min() == values.max():
        return values[0, 0] * np.outer(down.sum(axis=1), across.sum(axis=1))
    seen: NDArray[np.float32] = down @ values @ across.T
    return seen


def _seen_turned(
    values: NDArray[np.float32], part: Region, stride: int, frame: Frame, size: int
) -> NDArray[np.float32]:
    """Of values `stride` apart that begin at the part's corner: the mean of 2 x 2 samples in each pixel."""
    rows, columns = frame.shape(size)
    cosine, sine = frame.direction
    pitch = frame.scale(size) / 2 / stride
    coefficients = (
        *(cosine * pitch, -sine * pitch, (frame.x - part.left) / stride),
        *(sine * pitch, cosine * pitch, (frame.y - part.top) / stride),
    )
    sampled = Image.fromarray(np.ascontiguousarray(values, np.float32)).transform(
        (columns * 2, rows * 2),
        Image.Transform.AFFINE,
        coefficients,
        Image.Resampling.BILINEAR,
    )
    return np.asarray(sampled).reshape(rows, 2, columns, 2).mean(axis=(1, 3))


def _overlap(start: float, stop: float, stride: int, step: float, size: int) -> NDArray[np.float32]:
    """[size, n]: which part of each of the preview's pixels, `step` wide, each of the values covers that follow one
    another from start to stop (px from the frame's edge), `stride` wide."""
    first = start + stride * np.arange(math.ceil((stop - start) / stride))
    last = np.minimum(first + stride, stop)
    pixel = step * np.arange(size)[:, None]
    overlap = np.minimum(last, pixel + step) - np.maximum(first, pixel)
    return (np.clip(overlap, 0.0, None) / step).astype(np.float32)


def _resized(planes: NDArray[np.float32], shape: tuple[int, int], method: Image.Resampling) -> NDArray[np.float32]:
    """[C, h, w] -> [C, *shape]."""
    if planes.shape[1:] == shape:
        return planes
    size = shape[::-1]
    return np.stack([np.asarray(Image.fromarray(plane).resize(size, method)) for plane in planes])
