"""Which factor drags there are: a portrait, one factor of it changed, and a landmark that this moves.

Drawn from a seed, the renderer's geometry and nothing else: the same for every model.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from draggan_server.drag import Point
from draggan_server.training.landmark import Landmark
from draggan_server.training.portraits import (
    FACTOR_INDEX,
    FACTORS,
    LANDMARKS,
    factors_from_z,
    landmark_visibility,
    landmarks,
)

SHORTEST, LONGEST = 0.03, 0.15
"""How far the true landmark moves, in picture widths."""
MARGIN = 0.02
"""Handle and target lie at least this far inside the picture, in picture widths."""

_TRIES = 64
"""Portraits drawn at a time; of those that are fair, the first is taken."""

KINDS = tuple(dict.fromkeys(landmark.kind for landmark in LANDMARKS))
"""Every kind of landmark there is; each is dragged equally often."""


@dataclass(frozen=True)
class FactorDrag:
    """One drag with a known answer."""

    seed: int
    number: int
    """Among those of its seed."""
    landmark: int
    """Index into LANDMARKS."""
    factor: str
    z: Tensor
    """[1, z_dim], the portrait."""
    before: Tensor
    """[1, F], its factors."""
    after: Tensor
    """[1, F], the same with `factor` changed."""

    @property
    def mark(self) -> Landmark:
        return LANDMARKS[self.landmark]

    def true_landmarks(self) -> tuple[Tensor, Tensor]:
        """[L, 2] before and after, in picture widths."""
        return landmarks(self.before)[0], landmarks(self.after)[0]

    def handle_and_target(self, resolution: int) -> tuple[Point, Point]:
        """The true landmark before and after, in px of a picture of this size."""
        old, new = (places[self.landmark] * resolution for places in self.true_landmarks())
        return Point(old[0].item(), old[1].item()), Point(new[0].item(), new[1].item())

    @property
    def length(self) -> float:
        """How far the landmark moves, in picture widths."""
        handle, target = self.handle_and_target(1)
        return handle.distance(target)

    def others(self) -> Tensor:
        """[L] booleans: the landmarks that can be seen before and after, but for the dragged one."""
        seen = landmark_visibility(self.before)[0] & landmark_visibility(self.after)[0]
        seen[self.landmark] = False
        return seen


def owners(landmark: Landmark) -> tuple[str, ...]:
    """The factors that can move the landmark far enough, by the renderer's own table."""
    return tuple(factor for factor, reach in landmark.moved_by.items() if reach >= SHORTEST)


def factor_drags(seed: int, per_kind: int) -> list[FactorDrag]:
    """`per_kind` drags of each kind, the kinds in turn."""
    random = torch.Generator().manual_seed(seed)
    drags: list[FactorDrag] = []
    for _ in range(per_kind):
        for kind in KINDS:
            drags.append(_draw(kind, seed, len(drags), random))
    return drags


def _draw(kind: str, seed: int, number: int, random: torch.Generator) -> FactorDrag:
    """Draws again until the landmark is seen, stays inside, and moves as far as it shall."""
    candidates = [(i, factor) for i, mark in enumerate(LANDMARKS) if mark.kind == kind for factor in owners(mark)]
    while True:
        landmark, factor = candidates[int(torch.randint(len(candidates), (1,), generator=random))]
        z = torch.randn(_TRIES, len(FACTORS), generator=random)
        before = factors_from_z(z)
        after = before.clone()
        after[:, FACTOR_INDEX[factor]] = torch.rand(_TRIES, generator=random)
        fair = _fair(before, after, landmark).nonzero()
        if len(fair):
            i = int(fair[0])
            return FactorDrag(seed, number, landmark, factor, z[i : i + 1], before[i : i + 1], after[i : i + 1])


def _fair(before: Tensor, after: Tensor, landmark: int) -> Tensor:
    """[N] booleans for pairs of factors [N, F]."""
    old, new = landmarks(before)[:, landmark], landmarks(after)[:, landmark]
    ends = torch.cat([old, new], dim=1)
    inside = ((ends >= MARGIN) & (ends <= 1 - MARGIN)).all(dim=1)
    seen = (landmark_visibility(before) & landmark_visibility(after))[:, landmark]
    length = (new - old).norm(dim=1)
    return seen & inside & (length >= SHORTEST) & (length <= LONGEST)
