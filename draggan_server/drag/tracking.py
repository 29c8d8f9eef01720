"""Point tracking (Eq. 3): where has the handle's feature gone?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from .feature_map import FeatureMap
from .points import DragPoint, Point, Reference
from .settings import Norm

_FINE_PITCH_PX = 0.25
_TIE = 1e-6


def square_offsets(radius_px: float, pitch_px: float) -> Tensor:
    """[K, 2]: offsets in px of a square of half-side `radius_px`, `pitch_px` apart, nearest first.

    The nearest comes first so that of equal features the one that moved least is found.
    """
    reach = max(1, math.floor(radius_px / pitch_px + 1e-6))
    steps = torch.arange(-reach, reach + 1, dtype=torch.float64) * pitch_px
    grid = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), dim=-1).reshape(-1, 2)
    order = torch.argsort(grid.square().sum(dim=1), stable=True)
    return grid[order]


def tracking_reach(radius_px: float) -> float:
    """How far from the old handle the new one may lie, in x and in y."""
    return float(square_offsets(radius_px, 1.0).max() + _fine_offsets().max())


def _fine_offsets() -> Tensor:
    return square_offsets(1.0 - _FINE_PITCH_PX, _FINE_PITCH_PX)


class Tracker:
    """Finds handles again after a step: first px by px in the square of Eq. 3, then between the pixels.

    Args:
        radius_px: r2, half the square's side; at least 1.
        norm: the distance between features.
        width, height: of the model's picture, in px.
    """

    def __init__(self, radius_px: float, norm: Norm, width: int, height: int) -> None:
        self._norm = norm
        self._first = torch.zeros(2, dtype=torch.float64)
        self._last = torch.tensor([width, height], dtype=torch.float64)
        self._square = square_offsets(radius_px, 1.0)
        self._fine = _fine_offsets()

    def __call__(self, features: FeatureMap, points: Sequence[DragPoint]) -> list[Point]:
        """For each point the place near its handle where the features are most like its reference."""
        centres = torch.tensor([[point.handle.x, point.handle.y] for point in points], dtype=torch.float64)
        references = torch.stack([_reference(point).feature for point in points])
        for offsets in (self._square, self._fine):
            centres = self._nearest(features, centres[:, None] + offsets, references)
        return [Point(x, y) for x, y in centres.tolist()]

    def _nearest(self, features: FeatureMap, candidates: Tensor, references: Tensor) -> Tensor:
        """candidates [n, K, 2], kept inside the picture -> for each of n the one with the nearest feature, [n, 2]."""
        candidates = candidates.clamp(self._first, self._last)
        found = features.read(candidates)
        references = references.to(found.device, found.dtype)[:, None]
        difference = found - references
        distance = (difference.abs() if self._norm is Norm.L1 else difference.square()).sum(dim=2)
        # Near the border many places read the same; which of them is nearest must not depend on rounding.
        least = distance.amin(dim=1, keepdim=True)
        equal = distance <= least * (1 + _TIE) + _TIE * _TIE * references.square().sum(dim=2)
        order = torch.arange(equal.shape[1], 0, -1, device=equal.device)
        first = (equal * order).argmax(dim=1).cpu()
        return candidates[torch.arange(len(candidates)), first]


def _reference(point: DragPoint) -> Reference:
    assert point.reference is not None
    return point.reference
