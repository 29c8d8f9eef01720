"""Document px -> model px: exact area averages, in bounded memory. And the way back, by interpolation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .depth import Pixels
from .frame import Frame
from .picture import Region

BAND_VALUES = 1 << 21
"""Values that are held as float64 at a time (16 MiB), however large the document is."""


@dataclass(frozen=True)
class _Axis:
    """What each of the model's pixels reads along one axis of the source array, in source px."""

    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    weight: NDArray[np.float64]
    """1 / the length that [start, stop) would have, had the source no edge."""

    @classmethod
    def along(cls, corner: float, size: float, resolution: int, length: int) -> _Axis:
        """`corner`: the frame's edge in source px. `length`: how many pixels the source has.

        Shrinking, a model pixel averages exactly the interval that it covers. Enlarging, it averages one
        source pixel's width round its centre, which is linear interpolation; the two meet at scale 1. An
        interval of linear interpolation is pushed inside the source (its edge is continued) and weighed by
        how much of the model's pixel lies on the source.
        """
        step = size / resolution
        edges = corner + np.arange(resolution + 1) * step
        inside = np.clip(edges, 0.0, length)
        if step >= 1.0:
            return cls(inside[:-1], inside[1:], np.full(resolution, 1.0 / step))
        centres = np.clip((edges[:-1] + edges[1:]) / 2, 0.5, length - 0.5)
        return cls(centres - 0.5, centres + 0.5, np.diff(inside) / step)

    def span(self) -> tuple[int, int]:
        """The source's pixels [first, last) that are read at all."""
        return int(np.floor(self.start.min())), int(np.ceil(self.stop.max()))


def area_average(
    source: Pixels,
    corner_x: float,
    corner_y: float,
    frame: Frame,
    resolution: int,
    read: Callable[[Pixels], NDArray[np.floating]],
) -> NDArray[np.float64]:
    """The frame's part of `source` [H, W, ...] at `resolution` -> [resolution, resolution, C].

    (corner_x, corner_y) is the frame's corner in px of `source`. `read` turns some of the source's rows into
    floats [rows, width, C] and is only asked for pixels that the frame touches, a band of rows at a time.
    What lies beside the source counts as 0.
    """
    height, width = source.shape[:2]
    across = _Axis.along(corner_x, frame.size, resolution, width)
    down = _Axis.along(corner_y, frame.size, resolution, height)
    left, right = across.span()
    top, bottom = down.span()
    if right <= left or bottom <= top:
        channels = read(source[:1, :1]).shape[2]
        return np.zeros((resolution, resolution, channels))

    result: NDArray[np.float64] | None = None
    rows = max(1, BAND_VALUES // (4 * (right - left)))
    for first in range(top, bottom, rows):
        last = min(first + rows, bottom)
        band = _average_rows(read(source[first:last, left:right]), across, left)
        if result is None:
            result = np.zeros((resolution, resolution, band.shape[2]))
        pixel = np.arange(first, last)
        overlap = np.minimum(down.stop[:, None], pixel + 1) - np.maximum(down.start[:, None], pixel)
        share = np.clip(overlap, 0.0, None) * down.weight[:, None]
        touched = np.flatnonzero(share.any(axis=1))
        result[touched] += np.tensordot(share[touched], band, axes=1)
    assert result is not None
    return result


def upsample(plane: NDArray[np.float32], frame: Frame, region: Region, method: Image.Resampling) -> NDArray[np.float32]:
    """One of the model's planes [R, R] at the document pixels of `region` -> [height, width].

    Interpolated where the document is finer than the model, averaged with the same kernel where it is
    coarser. The frame's edge is continued. Parts of a region get the same values as the whole region.
    """
    resolution = plane.shape[0]
    # A document pixel at the frame's edge may lie partly beyond it.
    border = math.ceil(resolution / frame.size) + 1
    left, top = frame.to_model(region.left, region.top, resolution)
    right, bottom = frame.to_model(region.right, region.bottom, resolution)
    # Only the rows that count: Pillow keeps the box in single precision, so the numbers should stay small.
    reach = border + 2 + math.ceil(resolution / frame.size) * 2
    first, last = max(0, math.floor(top) - reach), min(resolution, math.ceil(bottom) + reach)
    image = Image.fromarray(np.pad(plane[first:last].astype(np.float32), border, mode="edge"))
    box = (left + border, top + border - first, right + border, bottom + border - first)
    return np.array(image.resize((region.width, region.height), method, box=box))


def _average_rows(band: NDArray[np.floating], axis: _Axis, left: int) -> NDArray[np.float64]:
    """[rows, width, C] -> [rows, resolution, C]: differences of the running sum, linear inside a pixel."""
    rows, width, channels = band.shape
    total = np.zeros((rows, width + 1, channels))
    np.cumsum(band, axis=1, dtype=np.float64, out=total[:, 1:])

    def sum_to(position: NDArray[np.float64]) -> NDArray[np.float64]:
        position = position - left
        whole = np.clip(np.floor(position).astype(int), 0, width - 1)
        part = (position - whole)[None, :, None]
        return total[:, whole] * (1.0 - part) + total[:, whole + 1] * part

    return (sum_to(axis.stop) - sum_to(axis.start)) * axis.weight[None, :, None]
