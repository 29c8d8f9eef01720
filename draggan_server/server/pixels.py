"""Tensors, numpy arrays and the arrays on the wire; pictures as JPEG and PNG."""

from __future__ import annotations

import copy
import io
import math

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from draggan_client.arrays import Array, DType
from draggan_client.messages import Preview, PreviewOptions
from draggan_server.canvas import Mask, Picture, to_rgb8
from draggan_server.stylegan2 import Generator, NoiseMode

JPEG_QUALITY = 85
FAITHFUL_DB = 32.0
"""A small picture that is as like as that to the large one can stand for it while a drag runs."""

_NUMPY: dict[DType, np.dtype] = {
    "u8": np.dtype("<u1"),
    "u16": np.dtype("<u2"),
    "f16": np.dtype("<f2"),
    "f32": np.dtype("<f4"),
}
_WIRE: dict[np.dtype, DType] = {dtype: name for name, dtype in _NUMPY.items()}


def to_numpy(array: Array) -> NDArray:
    """The wire's array, without a copy, read-only."""
    return np.frombuffer(array.data, _NUMPY[array.dtype]).reshape(array.shape)


def to_array(values: NDArray) -> Array:
    """A numpy array of one of the wire's dtypes as the wire's array."""
    little = values.astype(values.dtype.newbyteorder("<"), copy=False)
    return Array(_WIRE[little.dtype], values.shape, little.tobytes())


def half(values: Tensor) -> Array:
    """A tensor in half precision, as edit states keep it."""
    return to_array(values.detach().to("cpu", torch.float16).numpy())


def to_tensor(array: Array, device: torch.device) -> Tensor:
    """float32, on the device."""
    return torch.from_numpy(to_numpy(array).astype(np.float32)).to(device)


def to_picture(array: Array, x: int, y: int) -> Picture:
    """The pixels as `canvas` knows them. Raises CanvasError."""
    return Picture(to_numpy(array), x, y)


def to_mask(array: Array, x: int, y: int) -> Mask:
    """The mask as `canvas` knows it. Raises CanvasError."""
    return Mask(to_numpy(array), x, y)


def draw(generator: Generator, ws: Tensor, noise: NoiseMode) -> NDArray[np.float32]:
    """The model's picture [3, H, W], nominally in [-1, 1], of ws [1, num_ws, w_dim]."""
    with torch.no_grad():
        return _pixels(generator.image(ws, noise))


class SmallPictures:
    """Draws pictures of a model that are shown small, without the blocks beyond that size where that is honest.

    The first one is drawn whole and compared with what the lower block made on the way: some models' lower blocks draw
    a faithful small picture, those of others are off in colour, or they draw none. What was found holds for the
    pictures that follow.
    """

    def __init__(self, generator: Generator, size: int) -> None:
        """size: the longer side in px that they are shown at."""
        self._generator = generator
        self._resolution = min(
            (r for r in generator.config.picture_resolutions if r >= size), default=generator.resolution
        )
        self._faithful: bool | None = None

    def by(self, generator: Generator) -> SmallPictures:
        """Of the same model, tuned differently."""
        other = copy.copy(self)
        other._generator = generator
        return other

    def draw(self, ws: Tensor, noise: NoiseMode) -> NDArray[np.float32]:
        """[3, h, w], nominally in [-1, 1], its longer side at least the size unless the model's whole picture is
        smaller."""
        with torch.no_grad():
            if self._faithful is not None:
                return _pixels(self._generator.image(ws, noise, self._resolution if self._faithful else None))
            pictures = self._generator.images(ws, noise)
            whole = pictures[self._generator.resolution]
            self._faithful = _likeness_db(pictures[self._resolution], whole) >= FAITHFUL_DB
            return _pixels(whole)


def _likeness_db(small: Tensor, whole: Tensor) -> float:
    """Peak signal-to-noise ratio of the pictures [1, 3, h, w] and [1, 3, H, W], the latter brought down by area."""
    reduced = F.adaptive_avg_pool2d(whole, (small.shape[-2], small.shape[-1]))
    error = (small.clamp(-1, 1) - reduced.clamp(-1, 1)).square().mean().item()
    return 10 * math.log10(4 / max(error, 1e-12))


def _pixels(pictures: Tensor) -> NDArray[np.float32]:
    return pictures[0].float().cpu().numpy()


def encode(picture: NDArray[np.float32], options: PreviewOptions, step: int) -> Preview:
    """The model's picture [3, H, W] as a file of the size it is shown at."""
    image = Image.fromarray(to_rgb8(picture))
    longer = max(image.size)
    if longer != options.size:
        width, height = (max(1, round(side * options.size / longer)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.BICUBIC)
    return _encoded(image, options, step)


def encode_rgba(layer: NDArray[np.uint8], options: PreviewOptions, step: int) -> Preview:
    """RGBA [height, width, 4] of the size that it is shown at as a file, which must be a PNG."""
    return _encoded(Image.fromarray(layer), options, step)


def _encoded(image: Image.Image, options: PreviewOptions, step: int) -> Preview:
    file = io.BytesIO()
    if options.format == "jpeg":
        image.save(file, "JPEG", quality=JPEG_QUALITY)
    else:
        image.save(file, "PNG", compress_level=1)
    return Preview(step, image.width, image.height, options.format, file.getvalue())
