"""The canvas's arithmetic once more, as plainly as it can be said: loops over pixels, in float64."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FULL = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}


def quantised(values: Array, dtype: type) -> NDArray:
    """Floats in [0, 1] -> an array of the depth."""
    name = np.dtype(dtype).name
    return values.astype(np.float32) if name == "float32" else np.rint(values * FULL[name]).astype(dtype)


def unit(values: NDArray) -> Array:
    """An array of any depth -> floats in which 1 is full."""
    return values.astype(np.float64) / FULL[values.dtype.name]


def overlap(a0: float, a1: float, b0: float, b1: float) -> float:
    return max(0.0, min(a1, b1) - max(a0, b0))


def area_average(source: Array, left: float, top: float, size: float, resolution: int) -> Array:
    """[H, W] -> [R, R]: every model pixel's mean over the area that it covers; beside the source is 0."""
    step = size / resolution
    result = np.zeros((resolution, resolution))
    for j in range(resolution):
        for i in range(resolution):
            x0, x1 = left + i * step, left + (i + 1) * step
            y0, y1 = top + j * step, top + (j + 1) * step
            total = 0.0
            for row in range(max(0, math.floor(y0)), min(source.shape[0], math.ceil(y1))):
                for column in range(max(0, math.floor(x0)), min(source.shape[1], math.ceil(x1))):
                    share = overlap(x0, x1, column, column + 1) * overlap(y0, y1, row, row + 1)
                    total += source[row, column] * share
            result[j, i] = total / step**2
    return result


def bilinear(source: Array, x: float, y: float) -> float:
    """The source [H, W] at the place (x, y), pixel centres at +0.5, its edge continued."""
    height, width = source.shape
    u = min(max(x - 0.5, 0.0), width - 1.0)
    v = min(max(y - 0.5, 0.0), height - 1.0)
    i, j = min(math.floor(u), width - 2), min(math.floor(v), height - 2)
    a, b = u - i, v - j
    above = source[j, i] * (1 - a) + source[j, i + 1] * a
    below = source[j + 1, i] * (1 - a) + source[j + 1, i + 1] * a
    return above * (1 - b) + below * b


def over(below: Array, above: Array) -> Array:
    """Straight-alpha RGBA [4] over straight-alpha RGBA [4]."""
    alpha = above[3] + below[3] * (1 - above[3])
    if alpha == 0:
        return np.zeros(4)
    colour = (above[:3] * above[3] + below[:3] * below[3] * (1 - above[3])) / alpha
    return np.append(colour, alpha)
