"""How alike two pictures are, by the numbers of the field."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_WINDOW_PX, _SIGMA_PX = 11, 1.5
_C1, _C2 = 0.01**2, 0.03**2


def psnr(picture: Tensor, true_picture: Tensor) -> float:
    """In dB, of pictures [1, 3, R, R] in [-1, 1] as they are shown: clamped."""
    error = (_unit(picture) - _unit(true_picture)).square().mean()
    return -10 * torch.log10(error).item()


def ssim(picture: Tensor, true_picture: Tensor) -> float:
    """Structural similarity of pictures [1, 3, R, R] in [-1, 1], clamped: the mean over places and colours.

    Wang et al. 2004, "Image Quality Assessment: From Error Visibility to Structural Similarity", with its Gaussian
    window of 11 px; only where the window lies inside the picture.
    """
    a, b = _unit(picture), _unit(true_picture)
    mean_a, mean_b = _blurred(a), _blurred(b)
    var_a, var_b = _blurred(a * a) - mean_a**2, _blurred(b * b) - mean_b**2
    covariance = _blurred(a * b) - mean_a * mean_b
    likeness = (2 * mean_a * mean_b + _C1) * (2 * covariance + _C2)
    return (likeness / ((mean_a**2 + mean_b**2 + _C1) * (var_a + var_b + _C2))).mean().item()


def _unit(picture: Tensor) -> Tensor:
    return (picture.clamp(-1, 1).double() + 1) / 2


def _blurred(x: Tensor) -> Tensor:
    offsets = torch.arange(_WINDOW_PX, dtype=x.dtype) - _WINDOW_PX // 2
    taps = torch.exp(-0.5 * (offsets / _SIGMA_PX) ** 2)
    taps = (taps / taps.sum()).expand(x.shape[1], 1, -1)
    x = functional.conv2d(x, taps[:, :, None, :], groups=x.shape[1])
    return functional.conv2d(x, taps[:, :, :, None], groups=x.shape[1])
