"""Document px -> model px: area averages, in bounded memory. And the way back, by interpolation."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .depth import Pixels
from .frame import Frame
from .picture import Region

BAND_VALUES = 1 << 21
"""Values that are held as float64 at a time (16 MiB), however large the document is."""
MOST_SAMPLES = 8
"""Along each axis of one of a turned model's pixels; finer documents are brought down by whole pixels first."""

FINER = 4
"""So many times a turned model's picture is enlarged before it is turned."""
_BORDER = 4
"""Of the model's pixels, by which its edge is continued: a document pixel there may lie partly beyond it."""

Read = Callable[[Pixels], NDArray[np.floating]]


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


def area_average(source: Pixels, x: int, y: int, frame: Frame, resolution: int, read: Read) -> NDArray[np.float64]:
    """The frame's part of `source` [H, W, ...], which lies at (x, y), at `resolution` -> [rows, columns, C].

    `read` turns some of the source's rows into floats [rows, width, C] and is only asked for pixels near the frame, a
    part at a time. What lies beside the source counts as 0. Upright frames get exact averages. Turned ones get the mean
    of samples about a document pixel apart, each between the pixels linearly: on patterns as fine as pixels, from two
    document pixels for one of the model's on, within 1.2 levels of 255 of the exact average, where one bicubic sample
    of the reduced source is 12 off and more, at a third of the time that nearest samples need for the same
    (tests/quality/resampling.py).
    """
    if not frame.is_upright:
        return _turned_average(source, x, y, frame, resolution, read)
    height, width = source.shape[:2]
    rows_out, columns_out = frame.shape(resolution)
    across = _Axis.along(frame.x - x, frame.width, columns_out, width)
    down = _Axis.along(frame.y - y, frame.height, rows_out, height)
    left, right = across.span()
    top, bottom = down.span()
    if right <= left or bottom <= top:
        channels = read(source[:1, :1]).shape[2]
        return np.zeros((rows_out, columns_out, channels))

    result: NDArray[np.float64] | None = None
    rows = max(1, BAND_VALUES // (4 * (right - left)))
    for first in range(top, bottom, rows):
        last = min(first + rows, bottom)
        band = _average_rows(read(source[first:last, left:right]), across, left)
        if result is None:
            result = np.zeros((rows_out, columns_out, band.shape[2]))
        pixel = np.arange(first, last)
        overlap = np.minimum(down.stop[:, None], pixel + 1) - np.maximum(down.start[:, None], pixel)
        share = np.clip(overlap, 0.0, None) * down.weight[:, None]
        touched = np.flatnonzero(share.any(axis=1))
        result[touched] += np.tensordot(share[touched], band, axes=1)
    assert result is not None
    return result


def upsample(plane: NDArray[np.float32], frame: Frame, region: Region, method: Image.Resampling) -> NDArray[np.float32]:
    """One of the model's planes [h, w] at the document pixels of `region` -> [height, width].

    Interpolated where the document is finer than the model, averaged with the same kernel where it is
    coarser. The frame's edge is continued over the pixels that it touches. Parts of a region get the same values as the
    whole region.
    """
    if not frame.is_upright:
        return _turned_upsample(plane, frame, region, method)
    rows, columns = plane.shape
    resolution = max(rows, columns)
    # A document pixel at the frame's edge may lie partly beyond it.
    border = math.ceil(resolution / frame.size) + 1
    left, top = frame.to_model(region.left, region.top, resolution)
    right, bottom = frame.to_model(region.right, region.bottom, resolution)
    # Only the rows that count: Pillow keeps the box in single precision, so the numbers should stay small.
    reach = border + 2 + math.ceil(resolution / frame.size) * 2
    first, last = max(0, math.floor(top) - reach), min(rows, math.ceil(bottom) + reach)
    image = Image.fromarray(np.pad(plane[first:last].astype(np.float32), border, mode="edge"))
    box = (left + border, top + border - first, right + border, bottom + border - first)
    return np.array(image.resize((region.width, region.height), method, box=box))


def _turned_upsample(
    plane: NDArray[np.float32], frame: Frame, region: Region, method: Image.Resampling
) -> NDArray[np.float32]:
    """Enlarged as in an upright frame, FINER times, then turned between those pixels linearly.

    Of the renderer's portraits at seven times the model's size that leaves 9.03 levels, as good as the cubic itself
    (8.98); bilinear leaves 9.71. Pillow's own bicubic affine leaves 8.76, but its kernel (a = -1) moves places by up to
    a tenth of the model's pixels, which is most of a document pixel there (tests/quality/resampling.py).
    """
    resolution = max(plane.shape)
    if frame.size < resolution:  # the document is coarser
        size = tuple(max(2, round(side * frame.size / resolution)) for side in reversed(plane.shape))
        plane = np.asarray(Image.fromarray(plane.astype(np.float32)).resize(size, method))
        resolution = max(plane.shape)
    corners = [(x, y) for x in (region.left, region.right) for y in (region.top, region.bottom)]
    x, y = zip(*(frame.to_model(*corner, resolution) for corner in corners), strict=True)
    needed = Region(math.floor(min(x)) - 3, math.floor(min(y)) - 3, math.ceil(max(x)) + 3, math.ceil(max(y)) + 3)
    needed = needed.intersection(Region(-_BORDER, -_BORDER, plane.shape[1] + _BORDER, plane.shape[0] + _BORDER))
    if needed.empty:
        return np.zeros((region.height, region.width), np.float32)
    padded = np.pad(plane.astype(np.float32), _BORDER, mode="edge")
    image = Image.fromarray(np.ascontiguousarray(needed.of(padded, -_BORDER, -_BORDER)))
    finer = 1 if method == Image.Resampling.BILINEAR else FINER
    if finer > 1:
        image = image.resize((needed.width * finer, needed.height * finer), method)
    cosine, sine = frame.direction
    part = resolution / frame.size * finer
    left, top = frame.to_model(float(region.left), float(region.top), resolution)
    coefficients = (
        *(cosine * part, sine * part, (left - needed.left) * finer),
        *(-sine * part, cosine * part, (top - needed.top) * finer),
    )
    size = region.width, region.height
    return np.array(image.transform(size, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR))


def _turned_average(source: Pixels, x: int, y: int, frame: Frame, resolution: int, read: Read) -> NDArray[np.float64]:
    """A tile of the model's pixels at a time, so that what is read of the source at once is bounded."""
    rows, columns = frame.shape(resolution)
    step = frame.scale(resolution)
    shrink = max(1, int(step / MOST_SAMPLES))
    samples = max(2, math.ceil(step / shrink))
    side = max(1, int(math.sqrt(BAND_VALUES / 4) / (step * math.sqrt(2))))
    result: NDArray[np.float64] | None = None
    for tile in _tiles(rows, columns, side):
        part = _source_part(tile, frame, resolution, source, x, y, 2 * shrink)
        if part.empty:
            continue
        values = read(part.of(source, x, y))
        if result is None:
            result = np.zeros((rows, columns, values.shape[2]))
        # From the samples' places to those of the (reduced) part.
        cosine, sine = frame.direction
        pitch = step / samples / shrink
        left, top = frame.to_document(tile.left, tile.top, resolution)
        coefficients = (
            *(cosine * pitch, -sine * pitch, (left - part.left) / shrink),
            *(sine * pitch, cosine * pitch, (top - part.top) / shrink),
        )
        for channel in range(values.shape[2]):
            image = Image.fromarray(values[..., channel].astype(np.float32))
            sampled = np.asarray(
                (image.reduce(shrink) if shrink > 1 else image).transform(
                    (tile.width * samples, tile.height * samples),
                    Image.Transform.AFFINE,
                    coefficients,
                    Image.Resampling.BILINEAR,
                ),
                np.float64,
            )
            of_pixels = sampled.reshape(tile.height, samples, tile.width, samples)
            tile.of(result, 0, 0)[..., channel] = of_pixels.mean(axis=(1, 3))
    return np.zeros((rows, columns, read(source[:1, :1]).shape[2])) if result is None else result


def _tiles(rows: int, columns: int, side: int) -> Iterator[Region]:
    for top in range(0, rows, side):
        for left in range(0, columns, side):
            yield Region(left, top, min(left + side, columns), min(top + side, rows))


def _source_part(tile: Region, frame: Frame, resolution: int, source: Pixels, x: int, y: int, margin: int) -> Region:
    """The source's pixels, in document px, that some of the model's pixels look at."""
    places = [
        frame.to_document(across, down, resolution)
        for across in (tile.left, tile.right)
        for down in (tile.top, tile.bottom)
    ]
    height, width = source.shape[:2]
    return Region(
        math.floor(min(place[0] for place in places)) - margin,
        math.floor(min(place[1] for place in places)) - margin,
        math.ceil(max(place[0] for place in places)) + margin,
        math.ceil(max(place[1] for place in places)) + margin,
    ).intersection(Region(x, y, x + width, y + height))


def _average_rows(band: NDArray[np.floating], axis: _Axis, left: int) -> NDArray[np.float64]:
    """[rows, width, C] -> [rows, columns, C]: differences of the running sum, linear inside a pixel."""
    rows, width, channels = band.shape
    total = np.zeros((rows, width + 1, channels))
    np.cumsum(band, axis=1, dtype=np.float64, out=total[:, 1:])

    def sum_to(position: NDArray[np.float64]) -> NDArray[np.float64]:
        position = position - left
        whole = np.clip(np.floor(position).astype(int), 0, width - 1)
        part = (position - whole)[None, :, None]
        return total[:, whole] * (1.0 - part) + total[:, whole + 1] * part

    return (sum_to(axis.stop) - sum_to(axis.start)) * axis.weight[None, :, None]


def parts(region: Region, frame: Frame, pixels: int) -> Iterator[Region]:
    """The region in parts of about `pixels` pixels, of which each needs little of the model's picture."""
    return region.bands(pixels) if frame.is_upright else region.tiles(pixels)
