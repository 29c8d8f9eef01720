"""Continuous factors of a drawn picture, and the fixed transform that reads them from a latent vector."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor


class FactorGroup(Enum):
    """Which range of generator layers is meant to own a factor."""

    STRUCTURE = "structure"
    EXPRESSION = "expression"
    """What changes within a structure: a mouth, a gaze, a wheel that turns."""
    APPEARANCE = "appearance"


@dataclass(frozen=True)
class Factor:
    """One coordinate of the latent vector: ``description`` says what 0 and 1 look like."""

    name: str
    group: FactorGroup
    description: str


def group_of_factors(group: FactorGroup, **descriptions: str) -> tuple[Factor, ...]:
    """One factor of the group for each name."""
    return tuple(Factor(name, group, text) for name, text in descriptions.items())


def factors_from_z(z: Tensor) -> Tensor:
    """Read factors from latent vectors: ``[N, F]`` -> ``[N, F]`` in (0, 1), a coordinate for each factor.

    First the normalisation that StyleGAN2's mapping network starts with (divide by the root mean square),
    then the standard normal distribution function, which makes each factor nearly uniform for normal ``z``.
    """
    normalised = z * (z.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()
    return 0.5 * (1.0 + torch.erf(normalised / math.sqrt(2.0)))


def factor_values(factors: Tensor, names: tuple[Factor, ...]) -> dict[str, Tensor]:
    """Split factors ``[N, F]`` into ``[N, 1, 1]`` tensors by name."""
    if factors.ndim != 2 or factors.shape[1] != len(names):
        raise ValueError(f"expected [N, {len(names)}] factors, got {tuple(factors.shape)}")
    return {factor.name: factors[:, index].view(-1, 1, 1) for index, factor in enumerate(names)}


def span(value: Tensor, low: float, high: float) -> Tensor:
    """Map [0, 1] to [low, high]."""
    return low + (high - low) * value
