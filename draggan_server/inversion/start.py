"""Where the search begins: the mean w, or a random one that happens to be nearer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..stylegan2 import Generator
from .settings import InversionSettings

SPREAD_SAMPLES = 256
"""Random w from which the model's standard deviation of w is taken."""
BATCH = 8
"""Candidates that are drawn at once; more would only take more memory."""


@dataclass(frozen=True, eq=False)
class Start:
    """Where the search begins, and the unit of its steps."""

    w: Tensor
    """[1, 1, w_dim]"""
    w_std: Tensor
    """[], the root mean square distance of the model's w from w_avg, per dimension."""


@torch.no_grad()
def best_start(
    generator: Generator,
    draw: Callable[[Tensor], Tensor],
    loss: Callable[[Tensor], Tensor],
    settings: InversionSettings,
) -> Start:
    """The best of w_avg and the settings' random w.

    `draw` is ws [N, num_ws, w_dim] -> pictures, `loss` pictures -> [N]. A class-conditional model is asked
    for its classes in turn: which one the picture shows is not known.
    """
    config = generator.config
    samples = max(SPREAD_SAMPLES, settings.candidates)
    # A random state of our own: nobody else's random numbers change.
    z = np.random.RandomState(settings.seed).randn(samples, config.z_dim)
    latents = torch.from_numpy(z).to(generator.device, generator.dtype)
    classes = None
    if config.c_dim:
        classes = torch.eye(config.c_dim, device=generator.device, dtype=generator.dtype)
        classes = classes[torch.arange(samples) % config.c_dim]
    # The mapping gives every layer the same w: the first says it all.
    w = generator.mapping(latents, classes)[:, :1]
    mean = generator.w_avg.view(1, 1, -1)
    w_std = (w - mean).square().mean().sqrt().clamp_min(1e-8)

    tried = torch.cat([mean, mean + settings.candidate_psi * (w[: settings.candidates] - mean)])
    losses = torch.cat([loss(draw(part.expand(-1, generator.num_ws, -1))) for part in tried.split(BATCH)])
    # A model can draw NaN for one w and be fine for the next.
    best = int(torch.nan_to_num(losses, nan=torch.inf).argmin())
    return Start(tried[best : best + 1].clone(), w_std)
