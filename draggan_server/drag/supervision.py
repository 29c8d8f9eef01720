"""Motion supervision (Eq. 1 and 2): the loss whose gradient moves the latent code.

Eq. 2 writes sums, but its constants belong to means: per point the mean over channels and disc positions, for the
mask term the mean over channels and the whole map. With sums the mask would weigh some 70 times more.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .feature_map import FeatureMap
from .points import DragPoint, Point


def disc_offsets(radius_px: float) -> Tensor:
    """[K, 2]: offsets in px, 1 px apart, within a disc of `radius_px`; at least the centre and its neighbours."""
    radius_px = max(radius_px, 1.0)
    steps = torch.arange(-math.floor(radius_px), math.floor(radius_px) + 1, dtype=torch.float64)
    grid = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), dim=-1).reshape(-1, 2)
    return grid[grid.square().sum(dim=1) <= radius_px**2]


def supervision_reach(radius_px: float) -> float:
    """How far from a handle the loss reads, in x and in y: the disc, moved one px ahead."""
    return float(disc_offsets(radius_px).max()) + 1


def direction(handle: Point, target: Point) -> tuple[float, float]:
    """d_i (Eq. 1): from handle to target, 1 px long. Nearer than 1 px it is the rest of the way: no overshooting."""
    length = max(handle.distance(target), 1.0)
    return (target.x - handle.x) / length, (target.y - handle.y) / length


def is_pin(point: DragPoint) -> bool:
    """Whether the point shall hold its place."""
    return point.handle == point.target


class MotionSupervision:
    """The first term of Eq. 2 for one drag.

    A handle that shall move is supervised as the paper says: what is one px ahead shall look like what is here. A
    pin has no direction, so Eq. 2 says nothing of it; its disc is held to the features before the drag.

    Args:
        before: F0, the features before the drag.
        points: as the drag was asked for; those with handle == target are pins.
        radius_px: r1.
    """

    def __init__(self, before: FeatureMap, points: tuple[DragPoint, ...], radius_px: float) -> None:
        self._disc = disc_offsets(radius_px)
        self._is_pin = [is_pin(point) for point in points]
        pins = [point.target for point in points if is_pin(point)]
        self._pinned = before.read(self._discs(pins)) if pins else None

    def __call__(self, features: FeatureMap, points: tuple[DragPoint, ...]) -> Tensor:
        """The loss, a scalar, for the features F on which the handles of `points` were tracked."""
        moving = [point for point, pin in zip(points, self._is_pin, strict=True) if not pin]
        pins = [point.target for point, pin in zip(points, self._is_pin, strict=True) if pin]
        terms = []
        if moving:
            here = features.detach().read(self._discs([point.handle for point in moving]))
            ahead = features.read(self._discs([_ahead(point) for point in moving]))
            terms.append((ahead - here).abs().mean(dim=[1, 2]).sum())
        if self._pinned is not None:
            terms.append((features.read(self._discs(pins)) - self._pinned).abs().mean(dim=[1, 2]).sum())
        return torch.stack(terms).sum()

    def _discs(self, centres: list[Point]) -> Tensor:
        """[n, K, 2]: the places of the discs round n centres."""
        return torch.tensor([[[centre.x, centre.y]] for centre in centres], dtype=torch.float64) + self._disc


def _ahead(point: DragPoint) -> Point:
    dx, dy = direction(point.handle, point.target)
    return Point(point.handle.x + dx, point.handle.y + dy)


class MaskTerm:
    """The second term of Eq. 2: features outside the editable mask stay what they were.

    Args:
        before: F0 [C, h, w], the whole map before the drag.
        mask: M [H, W] in [0, 1], of the picture's size, 1 = may change; it is brought to the map's size by area.
        weight: lambda.
    """

    def __init__(self, before: Tensor, mask: Tensor, weight: float) -> None:
        self._before = before
        self._weight = weight
        _, height, width = before.shape
        self._held = 1 - F.adaptive_avg_pool2d(mask.to(before.device, before.dtype)[None], (height, width))[0]

    def __call__(self, features: Tensor) -> Tensor:
        """lambda times the mean change outside the mask, a scalar, for features [C, h, w]."""
        return self._weight * ((features - self._before).abs() * self._held).mean()
