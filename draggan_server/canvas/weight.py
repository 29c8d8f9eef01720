"""How much of an edit shows at each document pixel: the one rule that layers, copies and previews share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .change import change_alpha, check_model_picture
from .frame import Frame
from .model_input import readable_mask
from .picture import Mask, Picture, Region
from .resample import upsample

EDGE_FEATHER = 1 / 32
"""Part of the frame's size over which the edit fades out towards a frame edge inside the picture: the model
knows nothing of what lies beyond, and a straight seam is the first thing that an eye finds."""
_BEYOND_PX = 0.999
"""So far outside a frame's edge there must be some of the picture for that edge to lie inside it."""
_SPOTS = 257
"""Along an edge of a turned frame, where that is looked up."""

Floats = NDArray[np.floating]


class EditWeight:
    """What the drags changed, times the mask (once), times the fade towards frame edges inside the picture.

    It is exactly 0 where nothing changed or the mask is 0, and beyond a turned frame.
    """

    def __init__(
        self,
        within: Region,
        around: Sequence[Picture],
        frame: Frame,
        before: NDArray[np.float32],
        after: NDArray[np.float32],
        mask: Mask | None,
    ) -> None:
        """within: the pixels that may change. around: the picture, or the parts of it, which a frame edge may lie
        inside of.

        before and after: the model's pictures [3, h, w] in [-1, 1]. Raises PictureError (wrong shapes, NaN).
        """
        check_model_picture("before", before)
        check_model_picture("after", after, like=before)
        self._frame = frame
        self._mask = mask
        self._fade = EdgeFade(frame, around)
        self._change = change_alpha(before, after)
        self.allowed_region = within if mask is None else within.intersection(mask.region)
        """Beyond it nothing may change."""
        self.region = self.allowed_region.intersection(_reach(self._change, frame))
        """Beyond it the weight is 0."""

    def at(self, region: Region) -> NDArray[np.float32]:
        """[height, width] in [0, 1]. Raises MaskError for NaN."""
        return upsample(self._change, self._frame, region, Image.Resampling.BILINEAR) * self.allowed(region)

    def allowed(self, region: Region) -> NDArray[np.float32]:
        """[height, width] in [0, 1]: the weight of what has changed wholly. Raises MaskError for NaN."""
        weight = self._fade.at(region)
        if self._mask is not None:
            weight *= mask_values(self._mask, region)
        return weight


@dataclass(frozen=True)
class _Edge:
    """An edge of a turned frame, of which a stretch (document px along it) lies inside the picture; or none of it."""

    stretch: tuple[float, float] | None

    def weight(self, inwards: Floats, along: Floats, feather: float) -> Floats:
        """Of places at a distance from the edge: 0 at that stretch and beyond the edge, 1 from the feather inwards."""
        if self.stretch is None:  # nothing lies beyond: pixels that the edge cuts through are whole
            return (inwards > -_BEYOND_PX).astype(np.float32)
        first, last = self.stretch
        beside = np.maximum(np.maximum(first - along, along - last), 0.0)
        return _smooth(np.where(inwards > 0, np.hypot(inwards, beside), 0.0) / feather)


class EdgeFade:
    """0 on a frame edge that lies inside the picture, 1 from EDGE_FEATHER inwards; 0 beyond a turned frame.

    An upright frame's edge beyond which less than a whole pixel of the picture lies is the picture's own. Of a turned
    frame's edge that stretch counts beyond which something of the picture can be seen.
    """

    def __init__(self, frame: Frame, around: Sequence[Picture]) -> None:
        """around: the picture, or parts that make it up."""
        self._frame = frame
        self._region = around[0].region
        for picture in around[1:]:
            self._region = self._region.union(picture.region)
        self._edges = () if frame.is_upright else _edges(frame, around)

    def at(self, region: Region) -> NDArray[np.float32]:
        """[height, width] at the pixels of `region`."""
        x, y = np.arange(region.left, region.right) + 0.5, np.arange(region.top, region.bottom) + 0.5
        if self._frame.is_upright:
            return self._upright(x - self._frame.x, y - self._frame.y)
        across, down = self._frame.to_model(x, y[:, None], 1)
        return self._turned(across * self._frame.size, down * self._frame.size)

    def inside(self, resolution: int) -> NDArray[np.float32]:
        """[rows, columns] of a picture of the frame whose longer side is `resolution`."""
        rows, columns = self._frame.shape(resolution)
        across, down = ((np.arange(n) + 0.5) * self._frame.scale(resolution) for n in (columns, rows))
        if self._frame.is_upright:
            return self._upright(across, down)
        return self._turned(across, down[:, None])

    def _upright(self, across: Floats, down: Floats) -> NDArray[np.float32]:
        """At places in document px from the frame's corner."""

        def along(places: Floats, size: float, start: float, stop: float) -> Floats:
            distance = np.full(places.shape, np.inf)
            if start <= -1:
                distance = np.minimum(distance, places)
            if stop >= size + 1:
                distance = np.minimum(distance, size - places)
            return _smooth(distance / self._feather)

        frame, region = self._frame, self._region
        weight_across = along(across, frame.width, region.left - frame.x, region.right - frame.x)
        weight_down = along(down, frame.height, region.top - frame.y, region.bottom - frame.y)
        return (weight_down[:, None] * weight_across).astype(np.float32)

    def _turned(self, across: Floats, down: Floats) -> NDArray[np.float32]:
        """At places in document px from the frame's corner along its own axes."""
        top, right, bottom, left = self._edges
        weight = top.weight(down, across, self._feather) * right.weight(self._frame.width - across, down, self._feather)
        weight = weight * bottom.weight(self._frame.height - down, across, self._feather)
        return (weight * left.weight(across, down, self._feather)).astype(np.float32)

    @property
    def _feather(self) -> float:
        return self._frame.size * EDGE_FEATHER


def _edges(frame: Frame, around: Sequence[Picture]) -> tuple[_Edge, ...]:
    """Top, right, bottom and left edge in the frame's own axes."""
    edges = []
    for length, across, down in (
        (frame.width, None, -_BEYOND_PX),
        (frame.height, frame.width + _BEYOND_PX, None),
        (frame.width, None, frame.height + _BEYOND_PX),
        (frame.height, -_BEYOND_PX, None),
    ):
        spots = np.linspace(0.0, length, _SPOTS)
        u, v = (spots if place is None else np.full(_SPOTS, place) for place in (across, down))
        x, y = frame.to_document(u, v, frame.size)
        seen = np.zeros(_SPOTS, bool)
        for picture in around:
            column, row = np.floor(x).astype(int) - picture.x, np.floor(y).astype(int) - picture.y
            there = (column >= 0) & (column < picture.width) & (row >= 0) & (row < picture.height)
            seen[there] |= picture.pixels[row[there], column[there], 3] > 0
        found = spots[seen]
        gap = length / (_SPOTS - 1)
        stretch = (max(0.0, found[0] - gap), min(length, found[-1] + gap)) if found.size else None
        edges.append(_Edge(stretch))
    return tuple(edges)


def _smooth(distance: Floats) -> Floats:
    """A smooth step from 0 at 0 to 1 at 1."""
    part = np.clip(distance, 0.0, 1.0)
    return part * part * (3.0 - 2.0 * part)


def frame_coverage(frame: Frame, region: Region) -> NDArray[np.float32]:
    """[height, width] in [0, 1]: how much of each pixel of `region` a turned frame covers; an upright frame has every
    pixel that it touches wholly."""
    if frame.is_upright:
        return np.ones((region.height, region.width), np.float32)
    x, y = np.arange(region.left, region.right) + 0.5, np.arange(region.top, region.bottom) + 0.5
    across, down = frame.to_model(x, y[:, None], 1)
    cover = np.ones((region.height, region.width), np.float32)
    for places, length in ((across * frame.size, frame.width), (down * frame.size, frame.height)):
        cover *= np.clip(np.minimum(places, length - places) + 0.5, 0.0, 1.0)
    return cover


def mask_values(mask: Mask, region: Region) -> NDArray[np.float32]:
    """The mask at the pixels of `region`; 0 beside its array. Raises MaskError for NaN."""
    values = np.zeros((region.height, region.width), dtype=np.float32)
    both = region.intersection(mask.region)
    both.of(values, region.left, region.top)[:] = readable_mask(both.of(mask.values, mask.x, mask.y))
    return values


def _reach(change: NDArray[np.float32], frame: Frame) -> Region:
    """The document pixels that the change [h, w] can reach when it is interpolated."""
    rows, columns = np.flatnonzero(change.any(axis=1)), np.flatnonzero(change.any(axis=0))
    if not rows.size:
        return Region(0, 0, 0, 0)
    resolution = max(change.shape)
    border = max(1.0, frame.scale(resolution)) + 1.0
    x, y = zip(
        *(
            frame.to_document(float(across), float(down), resolution)
            for across in (columns[0], columns[-1] + 1)
            for down in (rows[0], rows[-1] + 1)
        ),
        strict=True,
    )
    return Region(
        math.floor(min(x) - border),
        math.floor(min(y) - border),
        math.ceil(max(x) + border),
        math.ceil(max(y) + border),
    )
