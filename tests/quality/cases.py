"""Which factor drags there are: a picture, one factor of it changed, and a landmark that this moves.

Drawn from a seed, the renderer's geometry and nothing else: the same for every model of a domain.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from draggan_server.drag import Point
from draggan_server.training.domains import PORTRAITS, Domain
from draggan_server.training.factors import factors_from_z
from draggan_server.training.landmark import Landmark

SHORTEST, LONGEST = 0.03, 0.15
"""How far the true landmark moves, in picture widths, unless a longest way is asked for."""
MARGIN = 0.02
"""Handle and target lie at least this far inside the picture, in picture widths."""

_TRIES = 64
"""Pictures drawn at a time; of those that are fair, the first is taken."""


@dataclass(frozen=True)
class FactorDrag:
    """One drag with a known answer."""

    seed: int
    number: int
    """Among those of its seed."""
    domain: Domain
    landmark: int
    """Index into the domain's marks."""
    factor: str
    z: Tensor
    """[1, z_dim], the picture."""
    before: Tensor
    """[1, F], its factors."""
    after: Tensor
    """[1, F], the same with `factor` changed."""

    @property
    def mark(self) -> Landmark:
        return self.domain.marks[self.landmark]

    def true_landmarks(self) -> tuple[Tensor, Tensor]:
        """[L, 2] before and after, in picture widths."""
        return self.domain.landmarks(self.before)[0], self.domain.landmarks(self.after)[0]

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
        seen = self.domain.visible(self.before)[0] & self.domain.visible(self.after)[0]
        seen[self.landmark] = False
        return seen


def owners(landmark: Landmark) -> tuple[str, ...]:
    """The factors that can move the landmark far enough, by the renderer's own table."""
    return tuple(factor for factor, reach in landmark.moved_by.items() if reach >= SHORTEST)


def factor_drags(seed: int, per_kind: int, domain: Domain = PORTRAITS, longest: float = LONGEST) -> list[FactorDrag]:
    """`per_kind` drags of each kind of landmark, the kinds in turn; none longer than `longest` picture widths."""
    random = torch.Generator().manual_seed(seed)
    drags: list[FactorDrag] = []
    for _ in range(per_kind):
        for kind in domain.kinds:
            drags.append(_draw(domain, kind, longest, seed, len(drags), random))
    return drags


def _draw(domain: Domain, kind: str, longest: float, seed: int, number: int, random: torch.Generator) -> FactorDrag:
    """Draws again until the landmark is seen, stays inside, and moves as far as it shall."""
    candidates = [(i, factor) for i, mark in enumerate(domain.marks) if mark.kind == kind for factor in owners(mark)]
    factor_index = domain.factor_index
    while True:
        landmark, factor = candidates[int(torch.randint(len(candidates), (1,), generator=random))]
        z = torch.randn(_TRIES, len(domain.factors), generator=random)
        before = factors_from_z(z)
        after = before.clone()
        after[:, factor_index[factor]] = torch.rand(_TRIES, generator=random)
        fair = _fair(domain, before, after, landmark, longest).nonzero()
        if len(fair):
            i = int(fair[0])
            return FactorDrag(seed, number, domain, landmark, factor, z[i : i + 1], before[i : i + 1], after[i : i + 1])


def _fair(domain: Domain, before: Tensor, after: Tensor, landmark: int, longest: float) -> Tensor:
    """[N] booleans for pairs of factors [N, F]."""
    old, new = domain.landmarks(before)[:, landmark], domain.landmarks(after)[:, landmark]
    ends = torch.cat([old, new], dim=1)
    inside = ((ends >= MARGIN) & (ends <= 1 - MARGIN)).all(dim=1)
    seen = (domain.visible(before) & domain.visible(after))[:, landmark]
    length = (new - old).norm(dim=1)
    return seen & inside & (length >= SHORTEST) & (length <= longest)
