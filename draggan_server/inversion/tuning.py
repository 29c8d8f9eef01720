"""Pivotal tuning: the weights change a little, for this picture, with the latent held.

After Roich et al. 2021, "Pivotal Tuning for Latent-based Editing of Real Images", Sec. 3: what the latent cannot say, a
small change of the generator says, and a locality term holds what is drawn from other latents near the pivot. Here the
change of each weight is a product of two thin matrices (`stylegan2.delta`).
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..stylegan2 import Generator, LowRank, NoiseMode, WeightDelta
from .settings import InversionSettings

LOCALITY_REACH = 0.5
"""How far from the pivot the locality term looks, of the way to a random w: about where drags lead.

The paper's 30 units lie, in its W of 512 dimensions, beyond most random w."""
ANCHORS = 8
"""So many other latents are looked at, in turn."""
LOCALITY_EVERY = 2
"""Steps from one look to the next: it costs as much as the step itself."""


def tuned_names(generator: Generator, from_px: int) -> tuple[str, ...]:
    """The weights that are changed: convolutions and RGB layers, as far as there are any, of the blocks from `from_px`
    on."""
    names = []
    for resolution in generator.config.block_resolutions:
        if resolution >= from_px:
            block = f"synthesis.b{resolution}"
            convolutions = ("conv1",) if resolution == generator.config.block_resolutions[0] else ("conv0", "conv1")
            colours = ("torgb",) if resolution in generator.config.picture_resolutions else ()
            names += [f"{block}.{layer}.weight" for layer in (*convolutions, *colours)]
    return tuple(names)


def begin(generator: Generator, settings: InversionSettings, known: WeightDelta | None) -> WeightDelta:
    """A change of nothing, or `known`, with room to learn: of each product one factor is 0 and the other random."""
    random = np.random.RandomState(settings.seed)
    parts = dict(known.parts) if known else {}
    for name in tuned_names(generator, settings.tuning_from_px):
        weight = generator.get_parameter(name)
        rows, columns = weight.shape[0], math.prod(weight.shape[1:])
        rank = min(settings.tuning_rank, rows, columns)
        right = torch.from_numpy(random.randn(rank, columns) / math.sqrt(columns)).to(weight)
        left = weight.new_zeros(rows, rank)
        if name in parts:
            room = max(rank - parts[name].rank, 0)
            left = torch.cat([parts[name].left.to(weight), left[:, :room]], dim=1)
            right = torch.cat([parts[name].right.to(weight), right[:room]])
        parts[name] = LowRank(left, right)
    return WeightDelta(parts)


class Locality:
    """How far a tuned generator has left what the model drew from other w near the pivot."""

    def __init__(self, generator: Generator, ws: Tensor, settings: InversionSettings, noise: NoiseMode) -> None:
        config = generator.config
        random = np.random.RandomState(settings.seed)
        z = torch.from_numpy(random.randn(ANCHORS, config.z_dim)).to(generator.device, generator.dtype)
        classes = None
        if config.c_dim:
            classes = functional.one_hot(torch.arange(ANCHORS) % config.c_dim, config.c_dim).to(z)
        # Roich et al., Eq. 4.
        anchors = ws + LOCALITY_REACH * (generator.mapping(z, classes) - ws)
        self._noise: NoiseMode = "none" if noise == "random" else noise
        drawn = torch.cat([generator.image(one, self._noise) for one in anchors.split(1)])
        # A model can draw NaN for one w and be fine for the next.
        sound = drawn.isfinite().flatten(1).all(dim=1)
        self._ws, self._drawn = anchors[sound], drawn[sound]
        self._turn = 0

    def __call__(self, tuned: Generator) -> Tensor | None:
        """[], the mean squared difference for the next of the w; None while none is looked at."""
        self._turn += 1
        look, wait = divmod(self._turn, LOCALITY_EVERY)
        if wait or not len(self._ws):
            return None
        one = [look % len(self._ws)]
        # It weighs as much as if it were looked at in every step.
        return LOCALITY_EVERY * (tuned.image(self._ws[one], self._noise) - self._drawn[one]).square().mean()
