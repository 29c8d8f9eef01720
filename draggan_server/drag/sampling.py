"""Reading a feature map between its pixels."""

from __future__ import annotations

import torch
from torch import Tensor


def sample(features: Tensor, positions: Tensor, picture_size: int) -> Tensor:
    """Features at positions of the picture, bilinearly; outside the map the border's values go on.

    A position x reads feature index x * h / H - 0.5, so that pixel centres (at +0.5) fall on pixel centres.
    F is sampled directly: upsampling it first gives the same numbers at the picture's pixel centres and slightly
    different ones between them.

    Args:
        features: [C, h, w].
        positions: [..., 2], (x, y) in px of the picture.
        picture_size: H, the picture's width and height in px.

    Returns:
        [..., C].
    """
    _, height, width = features.shape
    x = (positions[..., 0] * (width / picture_size) - 0.5).clamp(0, width - 1)
    y = (positions[..., 1] * (height / picture_size) - 0.5).clamp(0, height - 1)
    x0, y0 = x.detach().floor().long(), y.detach().floor().long()
    x1, y1 = (x0 + 1).clamp(max=width - 1), (y0 + 1).clamp(max=height - 1)
    wx, wy = (x - x0)[..., None], (y - y0)[..., None]
    flat = features.flatten(1).t()  # [h * w, C]: one row is one place, so that a read is one gather
    top = torch.lerp(flat[y0 * width + x0], flat[y0 * width + x1], wx)
    bottom = torch.lerp(flat[y1 * width + x0], flat[y1 * width + x1], wx)
    return torch.lerp(top, bottom, wy)
