"""Factors to draw pictures of, for the tests of the renderers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from draggan_server.training.factors import Factor


class FactorSamples:
    """Factors [N, F] of a domain in [0, 1], the same ones for the same seed."""

    def __init__(self, factors: Sequence[Factor]) -> None:
        self._index = {factor.name: index for index, factor in enumerate(factors)}

    def random(self, count: int, seed: int = 0) -> Tensor:
        """Uniform ones."""
        return torch.rand(count, len(self._index), generator=torch.Generator().manual_seed(seed))

    def extreme(self, count: int, seed: int = 1) -> Tensor:
        """Each of them 0 or 1."""
        return (self.random(count, seed) > 0.5).float()

    def changed(self, factors: Tensor, name: str, value: float) -> Tensor:
        """The same, but for one factor of all pictures."""
        changed = factors.clone()
        changed[:, self._index[name]] = value
        return changed
