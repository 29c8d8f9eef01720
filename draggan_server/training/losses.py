"""What the generator is asked to make small."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .domains import Focus

_WINDOW = 5
_HUBER_BETA = 0.2
_MAX_WEIGHT = 6.0


def contrast_weights(pictures: Tensor, strength: float) -> Tensor:
    """Pictures [N, 3, R, R] -> weights [N, 1, R, R], mean about 1, high near edges.

    Without them an eye is too small to count beside a wall.
    """
    mean = F.avg_pool2d(pictures, _WINDOW, stride=1, padding=_WINDOW // 2, count_include_pad=False)
    square = F.avg_pool2d(pictures.square(), _WINDOW, stride=1, padding=_WINDOW // 2, count_include_pad=False)
    deviation = (square - mean.square()).clamp_min(0).sqrt().mean(dim=1, keepdim=True)
    relative = deviation / deviation.mean(dim=[1, 2, 3], keepdim=True).clamp_min(1e-4)
    weights = 1 + strength * relative.clamp(max=_MAX_WEIGHT)
    return weights / (1 + strength)


def focus_weights(resolution: int, focus: Focus, strength: float) -> Tensor:
    """[1, 1, R, R], mean 1: up to 1 + `strength` times higher in the focus than at the edges.

    Pictures are aligned, so what is small, and of little contrast like a nose, lies in one place.
    """
    centre = (torch.arange(resolution) + 0.5) / resolution
    x = torch.exp(-0.5 * ((centre - focus.x) / focus.width).square())
    y = torch.exp(-0.5 * ((centre - focus.y) / focus.height).square())
    weights = 1 + strength * torch.outer(y, x)
    return (weights / weights.mean())[None, None]


def regression_loss(drawn: Tensor, wanted: Tensor, contrast_weight: float, focus: Focus, focus_weight: float) -> Tensor:
    """Huber distance of two batches [N, 3, R, R], weighted by local contrast and by place; a scalar."""
    weights = contrast_weights(wanted, contrast_weight) * focus_weights(wanted.shape[-1], focus, focus_weight).to(
        wanted
    )
    return (F.smooth_l1_loss(drawn, wanted, beta=_HUBER_BETA, reduction="none") * weights).mean()


def psnr(drawn: Tensor, wanted: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB of each pair of pictures in [-1, 1]: [N, 3, R, R] twice -> [N]."""
    mse = (drawn.clamp(-1, 1) - wanted).square().mean(dim=[1, 2, 3]).clamp_min(1e-12)
    return 10 * torch.log10(4 / mse)
