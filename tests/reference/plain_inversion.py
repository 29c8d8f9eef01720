"""The standard way to put a picture into a generator, written out from the papers: what the inversion is compared with.

First the projector of Karras et al. 2020 ("Analyzing and Improving the Image Quality of StyleGAN", appendix D): one w
and the noise maps, 1000 steps of Adam, with noise on w that fades and a regularisation of the noise maps. Then pivotal
tuning (Roich et al. 2021, "Pivotal Tuning for Latent-based Editing of Real Images"): all weights of the synthesis, 350
steps of Adam, with the locality term on one random w near the pivot per step. Where both papers take LPIPS, `loss` is
whatever the inversion is given too.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from draggan_server.stylegan2 import Generator

Loss = Callable[[Tensor], Tensor]
"""A drawn picture [1, 3, R, R] -> [1]."""


@dataclass(frozen=True)
class PlainRecipe:
    """The papers' numbers."""

    projector_steps: int = 1000
    w_samples: int = 10_000
    """Of which mean and spread of w are taken."""
    learning_rate: float = 0.1
    ramp_up: float = 0.05
    """Part of the steps: 50 of 1000."""
    ramp_down: float = 0.25
    w_noise: float = 0.05
    """In spreads of w; falls as the square of what is left of the first `w_noise_until` of the steps."""
    w_noise_until: float = 0.75
    noise_weight: float = 1e5
    tuning_steps: int = 350
    tuning_rate: float = 3e-4
    locality_weight: float = 0.1
    locality_reach: float = 30.0
    seed: int = 0


def project(generator: Generator, loss: Loss, recipe: PlainRecipe) -> tuple[Generator, Tensor]:
    """A copy of the generator with its noise maps fitted, and ws [1, num_ws, w_dim], the same w for each layer."""
    generator = copy.deepcopy(generator)
    random = torch.Generator().manual_seed(recipe.seed)
    with torch.no_grad():
        z = torch.randn(recipe.w_samples, generator.config.z_dim, generator=random)
        samples = generator.mapping(z)[:, 0]
        mean = samples.mean(dim=0)
        spread = ((samples - mean).square().sum() / recipe.w_samples).sqrt()
    w = mean.clone().requires_grad_()
    names = [name for name, _ in generator.named_buffers() if name.endswith("noise_const")]
    noises = [generator.get_buffer(name) for name in names]
    for noise in noises:
        noise.copy_(torch.randn(noise.shape, generator=random))
        noise.requires_grad_()
    adam = torch.optim.Adam([w, *noises], betas=(0.9, 0.999))
    for step in range(recipe.projector_steps):
        done = step / recipe.projector_steps
        down = min(1.0, (1.0 - done) / recipe.ramp_down)
        rate = recipe.learning_rate * (0.5 - 0.5 * math.cos(math.pi * down)) * min(1.0, done / recipe.ramp_up)
        adam.param_groups[0]["lr"] = rate
        shake = recipe.w_noise * spread * max(0.0, 1.0 - done / recipe.w_noise_until) ** 2
        shaken = w + torch.randn(w.shape, generator=random) * shake
        drawn = generator.image(shaken.expand(1, generator.num_ws, -1))
        total = loss(drawn).sum() + recipe.noise_weight * sum(_not_white(noise) for noise in noises)
        adam.zero_grad()
        total.backward()
        adam.step()
        with torch.no_grad():
            for noise in noises:
                noise -= noise.mean()
                noise *= noise.square().mean().rsqrt()
    for noise in noises:
        noise.requires_grad_(False)
    return generator, w.detach().expand(1, generator.num_ws, -1).clone()


def _not_white(noise: Tensor) -> Tensor:
    """How much a noise map [R, R] is like itself moved by a pixel, at every size down to 8 px."""
    total = noise.new_zeros([])
    level = noise[None, None]
    while True:
        for dimension in (2, 3):
            total = total + (level * level.roll(1, dimension)).mean().square()
        if level.shape[-1] <= 8:
            return total
        level = F.avg_pool2d(level, 2)


def tune(generator: Generator, ws: Tensor, loss: Loss, recipe: PlainRecipe) -> Generator:
    """A copy of the generator with all weights of its synthesis fitted so that it draws the picture from ws."""
    tuned = copy.deepcopy(generator)
    random = torch.Generator().manual_seed(recipe.seed)
    weights = list(tuned.synthesis.parameters())
    for weight in weights:
        weight.requires_grad_()
    adam = torch.optim.Adam(weights, lr=recipe.tuning_rate)
    for _ in range(recipe.tuning_steps):
        with torch.no_grad():
            z = torch.randn(1, generator.config.z_dim, generator=random)
            away = generator.mapping(z) - ws
            near = ws + recipe.locality_reach * away / away[0, 0].norm()
            kept = generator.image(near)
        total = loss(tuned.image(ws)).sum()
        total = total + recipe.locality_weight * (tuned.image(near) - kept).square().mean()
        adam.zero_grad()
        total.backward()
        adam.step()
    return tuned.freeze()
