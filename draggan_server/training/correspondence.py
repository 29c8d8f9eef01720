"""Features that know which point of the face they belong to.

DragGAN finds a handle again by the feature that was there (Eq. 3). That works as far as the feature follows the point
when the picture changes, which nothing in a generator's training asks for. Here the true places of landmarks are
known, so it can be asked for: of the places round a landmark in one picture, the true one shall have the feature
that the landmark has in another picture of the same person.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .recipe import Correspondence


def correspondence_loss(
    features: Tensor,
    others: Tensor,
    places: Tensor,
    other_places: Tensor,
    visible: Tensor,
    recipe: Correspondence,
    random: torch.Generator,
) -> Tensor:
    """Cross-entropy of picking the true place among near ones by the features' distance; a scalar.

    Args:
        features, others: [N, C, h, w], one block's output for N pictures, and for their partners.
        places, other_places: [N, L, 2], the landmarks' true places (x, y) as fractions of the picture.
        visible: [N, L], whether a landmark can be seen in both.
    """
    wanted = read(features, places[:, :, None]).detach()
    drawn = torch.rand(2, *places.shape[:2], recipe.alternatives, generator=random).to(places)
    angle = drawn[0] * (2 * torch.pi)
    reach = recipe.nearest + (recipe.farthest - recipe.nearest) * drawn[1]
    offsets = torch.stack([angle.cos(), angle.sin()], dim=-1) * reach[..., None]
    candidates = torch.cat([torch.zeros_like(offsets[:, :, :1]), offsets], dim=2) + other_places[:, :, None]
    distance = (read(others, candidates) - wanted).square().mean(dim=-1)
    # In units of what wrong places are off by, so that features cannot win by growing.
    scale = distance[..., 1:].mean().detach() * recipe.temperature + 1e-8
    true_place = torch.zeros(visible.numel(), dtype=torch.long, device=places.device)
    losses = F.cross_entropy((-distance / scale).flatten(0, 1), true_place, reduction="none")
    return (losses * visible.flatten()).sum() / visible.sum().clamp_min(1)


def read(features: Tensor, places: Tensor) -> Tensor:
    """features [N, C, h, w] at places [N, L, K, 2] (fractions of the picture), bilinearly: [N, L, K, C]."""
    found = F.grid_sample(features, places * 2 - 1, padding_mode="border", align_corners=False)
    return found.permute(0, 2, 3, 1)
