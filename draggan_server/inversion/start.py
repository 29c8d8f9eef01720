"""Where the search begins: the mean w, or a random one that happens to be nearer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..stylegan2 import Generator
from .settings import InversionSettings

SPREAD_SAMPLES = 256
"""Random w from which the model's standard deviation of w is taken."""
BATCH = 8
"""Candidates that are drawn at once; more would only take more memory, and longer until others have their turn."""


@dataclass(frozen=True, eq=False)
class KnownWs:
    """Where the model's w lie."""

    mean: Tensor
    """[1, 1, w_dim], w_avg"""
    samples: Tensor
    """[N, 1, w_dim], random ones"""
    std: float
    """The root mean square distance of the model's w from the mean, per dimension: the unit of the search's steps."""

    def candidates(self, settings: InversionSettings) -> Tensor:
        """[1 + settings.candidates, 1, w_dim]: the mean, and random ones nearer to it."""
        offsets = self.samples[: settings.candidates] - self.mean
        return torch.cat([self.mean, self.mean + settings.candidate_psi * offsets])


@torch.no_grad()
def known_ws(generator: Generator, settings: InversionSettings) -> KnownWs:
    """A class-conditional model is asked for its classes in turn: which one the picture shows is not known."""
    config = generator.config
    count = max(SPREAD_SAMPLES, settings.candidates)
    # A random state of our own: nobody else's random numbers change.
    z = np.random.RandomState(settings.seed).randn(count, config.z_dim)
    latents = torch.from_numpy(z).to(generator.device, generator.dtype)
    classes = None
    if config.c_dim:
        classes = functional.one_hot(torch.arange(count) % config.c_dim, config.c_dim).to(latents)
    # The mapping gives every layer the same w: the first says it all.
    samples = generator.mapping(latents, classes)[:, :1]
    mean = generator.w_avg.view(1, 1, -1)
    return KnownWs(mean, samples, max(float((samples - mean).square().mean().sqrt()), 1e-8))


def best_so_far(tried: Tensor, loss: Callable[[Tensor], Tensor]) -> Iterator[tuple[Tensor, float]]:
    """Of the w [N, 1, w_dim] the one that `loss` ([n, 1, w_dim] -> [n]) likes best, [1, 1, w_dim], and what it is
    worth, after each few of them.

    A model can draw NaN for one w and be fine for the next.
    """
    best, least = tried[:1], torch.inf
    for part in tried.split(BATCH):
        with torch.inference_mode(False), torch.no_grad():
            losses = torch.nan_to_num(loss(part), nan=torch.inf)
            at = int(losses.argmin())
            if float(losses[at]) < least:
                best, least = part[at : at + 1].clone(), float(losses[at])
        yield best, least
