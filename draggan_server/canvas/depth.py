"""Colour depths: u8, u16 and f32 arrays <-> floats in which 1 is full."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import PictureError

Floats = NDArray[np.floating]
Pixels = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]

FULL_SCALE: dict[np.dtype, float] = {
    np.dtype(np.uint8): 255.0,
    np.dtype(np.uint16): 65535.0,
    np.dtype(np.float32): 1.0,
}
"""The value that means "full" in each supported depth."""


def to_unit(values: Pixels) -> NDArray[np.float32]:
    """Values of any supported depth as float32 in which 1 is full. f32 is passed on, not clipped."""
    unit = values.astype(np.float32, copy=False)
    return unit if values.dtype == np.float32 else unit / np.float32(FULL_SCALE[values.dtype])


def from_unit(values: Floats, dtype: np.dtype) -> Pixels:
    """Floats, clipped to [0, 1], in a supported depth, rounded to the nearest step."""
    clipped = np.clip(values, 0.0, 1.0)
    if dtype == np.float32:
        return clipped.astype(np.float32)
    # float64, since 65535 steps and a rounding do not fit float32 with anything to spare
    return np.rint(clipped.astype(np.float64) * FULL_SCALE[dtype]).astype(dtype)


def to_rgb8(picture: ArrayLike) -> NDArray[np.uint8]:
    """The model's picture [3, H, W], nominally in [-1, 1] -> [H, W, 3] u8, clamped and rounded.

    Takes whatever numpy can read, a CPU tensor without gradient included.
    Raises PictureError for another shape or for NaN.
    """
    values = np.asarray(picture, dtype=np.float32)
    if values.ndim != 3 or values.shape[0] != 3:
        raise PictureError(
            f"A model picture has the shape [3, H, W], but this one has {list(values.shape)}.", "Give one picture only."
        )
    if np.isnan(values).any():
        raise PictureError(
            "The model's picture holds NaN, so it cannot be shown.",
            "Undo the last drag, and drag with a smaller step size.",
        )
    return from_unit(values.transpose(1, 2, 0) * 0.5 + 0.5, np.dtype(np.uint8))  # type: ignore[return-value]
