"""What the model cannot draw of the original, carried along to where it has moved.

The model's picture of an original is coarse, and not quite its own. What is missing, the original minus the model's
picture before the drag, lies at the document's resolution; after the drag it belongs wherever that part of the picture
has moved to. So with m the motion and c the confidence in it,

    colour(x) = after(x) + c * missing(x + m) + (1 - c) * smoothed missing(x + m).

Where something new has come to be (a mouth that opens) no detail is carried, but the difference in tone is, so that
what is new has the original's light. Where nothing changed this is the original again, and therefore no seam is seen
where the edit's soft alpha ends.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .change import blurred
from .depth import to_unit
from .frame import Frame
from .model_input import ModelPicture
from .moving import Motion
from .picture import Picture, Region
from .resample import upsample

TONE = 1 / 16
"""Part of the model's picture within which the difference in tone is averaged."""
_MOST_AT_ONCE = 1 << 22
"""Pixels that some pixels' old places may lie spread over; where it is more, they are looked up in smaller groups."""
_LEAST_ALPHA = 1e-3

Floats = NDArray[np.float32]


class CarriedDetail:
    """The colours of an edit at the document's resolution."""

    def __init__(
        self, original: Picture, seen: ModelPicture, frame: Frame, before: Floats, after: Floats, motion: Motion
    ) -> None:
        """original: the layer's pixels before the drag, and `seen` the frame's part of it as the model sees it.
        before and after: the model's pictures [3, h, w] in [-1, 1]."""
        self._original = original
        self._frame = frame
        self._motion = motion
        self._within = Region.shared(frame, original)
        colours = self._within.of(original.pixels, original.x, original.y)[..., :3]
        self._brightest = max(1.0, float(colours.max())) if colours.dtype == np.float32 else 1.0
        # Beyond [-1, 1] the model means no colour, and nothing of the original is missing there.
        before, after = np.clip(before, -1.0, 1.0), np.clip(after, -1.0, 1.0)
        self._before = before * 0.5 + 0.5
        self._tone = _moved(_tone(seen, before), motion)
        self._after = after * 0.5 + 0.5 + self._tone

    def at(self, region: Region, where: NDArray[np.bool_]) -> Floats:
        """[n, 3], 1 is full, of those pixels of `region` that `where` [height, width] marks. Beyond 1 only where the
        original has such values."""
        colours = _colours(self._after, self._frame, region)[where]
        tone = _colours(self._tone, self._frame, region, Image.Resampling.BILINEAR)[where]
        confidence = upsample(self._motion.confidence, self._frame, region, Image.Resampling.BILINEAR)[where]
        x, y = (places[where] for places in self._motion.old_places(self._frame, region))
        for some in self._groups(x, y):
            missing, known = self._missing(x[some], y[some])
            share = np.clip(confidence[some] * known, 0.0, 1.0)[:, None]
            colours[some] += (missing - tone[some]) * share
        return np.clip(colours, 0.0, self._brightest)

    def _groups(self, x: NDArray, y: NDArray) -> Iterator[NDArray[np.intp]]:
        """Indices of places, so that each group lies close together."""
        waiting = [np.arange(x.size)]
        while waiting:
            some = waiting.pop()
            if not some.size:
                continue
            across, down = np.ptp(x[some]), np.ptp(y[some])
            if across * down <= _MOST_AT_ONCE:
                yield some
                continue
            places = (x if across > down else y)[some]
            low = places < (places.min() + places.max()) / 2
            waiting += [some[low], some[~low]]

    def _missing(self, x: NDArray, y: NDArray) -> tuple[Floats, Floats]:
        """The original minus the model's picture at places of the document, [n, 3], between the pixels by Catmull and
        Rom's cubic; and how much of the original is there, [n]."""
        part = Region(
            int(np.floor(x.min())) - 2, int(np.floor(y.min())) - 2, int(np.ceil(x.max())) + 3, int(np.ceil(y.max())) + 3
        ).intersection(self._within)
        if part.empty:
            return np.zeros((x.size, 3), np.float32), np.zeros(x.size, np.float32)
        rgba = to_unit(part.of(self._original.pixels, self._original.x, self._original.y))
        rgba = np.nan_to_num(rgba, nan=0.0, posinf=1.0, neginf=0.0)
        alpha = np.clip(rgba[..., 3], 0.0, 1.0)
        missing = rgba[..., :3] - _colours(self._before, self._frame, part)
        across, down = self._frame.to_model(x, y, 1)
        width, height = self._frame.width / self._frame.size, self._frame.height / self._frame.size
        known = ((across >= 0) & (across <= width) & (down >= 0) & (down <= height)).astype(np.float32)
        if alpha.min() == 1.0:
            return _cubic(missing, x - part.left, y - part.top), known
        found = _cubic(np.dstack([missing * alpha[..., None], alpha]), x - part.left, y - part.top)
        alpha = np.clip(found[:, 3], 0.0, 1.0)
        known *= alpha > _LEAST_ALPHA
        return found[:, :3] / np.maximum(found[:, 3:], np.float32(0.05)), known


def _colours(
    drawn: Floats, frame: Frame, region: Region, method: Image.Resampling = Image.Resampling.BICUBIC
) -> Floats:
    """[height, width, 3]"""
    return np.dstack([upsample(plane, frame, region, method) for plane in drawn])


def _tone(seen: ModelPicture, before: Floats) -> Floats:
    """[3, h, w]: how much lighter the original is than the model's picture, averaged around each place of it."""
    margin = max(1, round(max(seen.alpha.shape) * TONE))
    weight = blurred(blurred(seen.alpha, margin), margin)
    lighter = (seen.rgb - before) * (0.5 * seen.alpha)
    planes = [blurred(blurred(plane, margin), margin) / np.maximum(weight, _LEAST_ALPHA) for plane in lighter]
    return np.stack(planes).astype(np.float32)


def _moved(tone: Floats, motion: Motion) -> Floats:
    """[3, h, w] at the places where it is after the motion."""
    _, rows, columns = tone.shape
    across, down = (
        np.asarray(Image.fromarray(each).resize((columns, rows), Image.Resampling.BILINEAR)) * max(rows, columns)
        for each in motion.offsets
    )
    x = np.arange(columns) + 0.5 + across
    y = np.arange(rows)[:, None] + 0.5 + down
    found = _cubic(np.ascontiguousarray(tone.transpose(1, 2, 0)), x.ravel(), y.ravel())
    return np.ascontiguousarray(found.reshape(rows, columns, 3).transpose(2, 0, 1))


def _cubic(values: Floats, x: NDArray, y: NDArray) -> Floats:
    """[h, w, C] at places [n] in its px, interpolated by Catmull and Rom's cubic -> [n, C]. The edge is continued."""
    height, width, channels = values.shape
    flat = values.reshape(-1, channels)
    left, top = np.floor(x - 0.5), np.floor(y - 0.5)
    weights_x, weights_y = _catmull_rom(x - 0.5 - left), _catmull_rom(y - 0.5 - top)
    columns = [np.clip(left + i, 0, width - 1).astype(np.intp) for i in (-1, 0, 1, 2)]
    found = np.zeros((x.size, channels), np.float32)
    for j, weight_y in enumerate(weights_y, -1):
        row = np.clip(top + j, 0, height - 1).astype(np.intp) * width
        for column, weight_x in zip(columns, weights_x, strict=True):
            found += flat[row + column] * (weight_x * weight_y)[:, None]
    return found


def _catmull_rom(part: NDArray) -> tuple[Floats, ...]:
    """Weights of the four pixels round a place that lies `part` of the way from the second to the third."""
    t = part.astype(np.float32)
    return (
        ((2.0 - t) * t - 1.0) * t * 0.5,
        ((3.0 * t - 5.0) * t * t + 2.0) * 0.5,
        ((4.0 - 3.0 * t) * t + 1.0) * t * 0.5,
        (t - 1.0) * t * t * 0.5,
    )
