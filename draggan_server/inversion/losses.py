"""How unlike two pictures are: in pixels at several scales, and to a discriminator."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from ..stylegan2 import Discriminator

COARSEST_PX = 4
"""The longer side where the pyramid ends: 4 x 4 px still say where light and dark are."""
EPSILON = 1e-8


class PixelLoss:
    """The weighted mean squared difference to a picture, averaged over a pyramid of halved resolutions.

    The coarse levels have a gradient where a feature lies beside its place; the fine ones bring the detail.
    """

    def __init__(self, picture: Tensor, weight: Tensor) -> None:
        """picture [1, C, H, W]; weight [1, 1, H, W], not negative, not all zero."""
        self._levels = _pyramid(picture, weight)
        self._weight = weight

    def __call__(self, drawn: Tensor) -> Tensor:
        """drawn [N, C, H, W] -> [N]."""
        levels = _pyramid(drawn, self._weight)
        total = drawn.new_zeros(drawn.shape[0])
        for (level, weight), (target, _) in zip(levels, self._levels, strict=True):
            total = total + _weighted_mean((level - target).square(), weight)
        return total / len(levels)


class FeatureLoss:
    """The difference of a discriminator's features, its blocks' outputs, each normalised by its own size.

    A perceptual loss that needs no download: what the critic learned to look at in pictures of this kind. LPIPS is not
    used: neither it nor the network that it reads is on an artist's computer, and nothing is fetched for it.
    """

    def __init__(self, discriminator: Discriminator, picture: Tensor, weight: Tensor) -> None:
        """picture [1, C, H, W]; weight [1, 1, H, W], not negative, not all zero."""
        self._discriminator = discriminator
        with torch.no_grad():
            self._targets = [feature.detach() for feature in discriminator.features(picture)]
        sizes = [(target.shape[-2], target.shape[-1]) for target in self._targets]
        self._weights = [functional.adaptive_avg_pool2d(weight, size) for size in sizes]
        self._sizes = [
            _weighted_mean(target.square(), level_weight) + EPSILON
            for target, level_weight in zip(self._targets, self._weights, strict=True)
        ]

    def __call__(self, drawn: Tensor) -> Tensor:
        """drawn [N, C, H, W] -> [N]."""
        features: Sequence[Tensor] = self._discriminator.features(drawn)
        total = drawn.new_zeros(drawn.shape[0])
        for feature, target, weight, size in zip(features, self._targets, self._weights, self._sizes, strict=True):
            total = total + _weighted_mean((feature - target).square(), weight) / size
        return total / len(features)


def spread(ws: Tensor, w_std: float | Tensor) -> Tensor:
    """How far the layers' w [N, num_ws, w_dim] lie from their mean, in (the model's w_std)² -> [N]."""
    return ((ws - ws.mean(dim=1, keepdim=True)) / w_std).square().mean(dim=(1, 2))


def _pyramid(picture: Tensor, weight: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Both as they are, halved, halved again, ...; a coarse pixel is the weighted mean of its four.

    So what does not count does not bleed into the coarser levels.
    """
    levels = [(picture, weight)]
    while max(picture.shape[-2:]) > COARSEST_PX:
        coarse = functional.avg_pool2d(weight, 2)
        picture = functional.avg_pool2d(picture * weight, 2) / (coarse + EPSILON)
        weight = coarse
        levels.append((picture, weight))
    return levels


def _weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    """[N, C, h, w] and [1, 1, h, w] -> [N]."""
    return (values * weight).mean(dim=1).sum(dim=(1, 2)) / weight.sum()
