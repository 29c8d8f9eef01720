"""Tensors, numpy arrays and the arrays on the wire; pictures as JPEG and PNG."""

from __future__ import annotations

import io

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from draggan_client.arrays import Array, DType
from draggan_client.messages import Preview, PreviewOptions
from draggan_server.canvas import Mask, Picture, to_rgb8
from draggan_server.stylegan2 import Generator, NoiseMode

JPEG_QUALITY = 85

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
    """The model's picture [3, R, R], nominally in [-1, 1], of ws [1, num_ws, w_dim]."""
    with torch.no_grad():
        return generator.image(ws, noise)[0].float().cpu().numpy()


def encode(picture: NDArray[np.float32], options: PreviewOptions, step: int) -> Preview:
    """The model's picture [3, R, R] as a file of the size it is shown at."""
    image = Image.fromarray(to_rgb8(picture))
    if image.width != options.size:
        image = image.resize((options.size, options.size), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    if options.format == "jpeg":
        image.save(file, "JPEG", quality=JPEG_QUALITY)
    else:
        image.save(file, "PNG", compress_level=1)
    return Preview(step, options.size, options.size, options.format, file.getvalue())
