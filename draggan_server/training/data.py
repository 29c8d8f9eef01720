"""Pictures to learn from. The renderer is quick, so none is shown twice."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .factors import factors_from_z
from .recipe import Recipe


@dataclass(frozen=True)
class Batch:
    """Pictures and what they were drawn from."""

    z: Tensor
    """[N, G, z_dim]: one z per group of factors. All G are the same where styles are not mixed."""
    pictures: Tensor
    """[N, 3, R, R] in [-1, 1]."""


def sample_batch(count: int, resolution: int, recipe: Recipe, random: torch.Generator, device: torch.device) -> Batch:
    """`count` new pictures. The draw depends on the state of `random` alone, not on the device."""
    z = sample_z(count, recipe, random).to(device)
    return Batch(z=z, pictures=recipe.domain.render(mixed_factors(z, recipe, resolution), resolution))


def sample_z(count: int, recipe: Recipe, random: torch.Generator) -> Tensor:
    """[count, G, z_dim] from N(0, I); in a part of them, `recipe.mixing`, the groups change z."""
    groups = len(recipe.layer_groups)
    z = torch.randn(count, groups, recipe.generator.z_dim, generator=random)
    mixed = torch.rand(count, generator=random) < recipe.mixing
    change = torch.rand(count, groups, generator=random) < 0.5
    for g in range(1, groups):
        changes = (mixed & change[:, g])[:, None]
        z[:, g] = torch.where(changes, z[:, g], z[:, g - 1])
    return z


def mixed_factors(z: Tensor, recipe: Recipe, resolution: int) -> Tensor:
    """z [N, G, z_dim] -> factors [N, F], each read from the z of its group.

    A group whose layers lie above the block at `resolution` cannot be learned yet: its factors are 0.5.
    """
    group_of = {layers.group: index for index, layers in enumerate(recipe.layer_groups)}
    columns = torch.tensor([group_of[factor.group] for factor in recipe.domain.factors], device=z.device)
    per_group = [
        factors_from_z(z[:, g]) if layers.first < ws_count(resolution) else torch.full_like(z[:, g], 0.5)
        for g, layers in enumerate(recipe.layer_groups)
    ]
    return torch.stack(per_group, dim=1).gather(1, columns.expand(z.shape[0], 1, -1)).squeeze(1)


def ws_count(resolution: int) -> int:
    """How many w the blocks up to `resolution` take, the last RGB layer's included."""
    return 2 * int(math.log2(resolution)) - 2
