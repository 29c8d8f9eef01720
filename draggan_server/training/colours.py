"""Colours as smooth functions of factors: ``[N, 3]`` in [0, 1], sRGB."""

from __future__ import annotations

import torch
from torch import Tensor


def curve(stops: tuple[str, ...], value: Tensor) -> Tensor:
    """Colour at ``value`` ``[N]`` in [0, 1] along a curve of hexadecimal stops -> ``[N, 3]``."""
    table = torch.tensor(
        [[int(stop[i : i + 2], 16) / 255.0 for i in (0, 2, 4)] for stop in stops],
        device=value.device,
        dtype=value.dtype,
    )
    place = value.clamp(0.0, 1.0) * (len(stops) - 1)
    knots = torch.arange(len(stops), device=value.device, dtype=value.dtype)
    # Linear interpolation written as a sum of hat functions.
    return (1.0 - (place[:, None] - knots).abs()).clamp(min=0.0) @ table


def mix(a: Tensor, b: Tensor, amount: float | Tensor) -> Tensor:
    """From ``a`` (0) to ``b`` (1)."""
    return a + (b - a) * amount


def to_plane(rgb: Tensor) -> Tensor:
    """A colour to paint with: ``[N, 3]`` in [0, 1] -> ``[N, 3, 1, 1]`` in [-1, 1]."""
    return (rgb.clamp(0.0, 1.0) * 2.0 - 1.0)[:, :, None, None]
