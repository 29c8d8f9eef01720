"""The contact sheet: unseen pictures side by side, to be looked at."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..stylegan2 import Generator
from .domains import Domain
from .factors import factors_from_z

_SEED = 30_000
_AT_ONCE = 8


@torch.no_grad()
def contact_sheet(generator: Generator, domain: Domain, columns: int = 8) -> Image.Image:
    """Three squares of columns x columns pictures: psi 0.7, psi 1, and the renderer's true pictures for psi 1.

    A picture has the same place in each. Their z were not drawn in training.
    """
    z = torch.randn(columns * columns, generator.config.z_dim, generator=torch.Generator().manual_seed(_SEED))
    soft, full = (
        torch.cat([generator.image(generator.mapping(part, psi=psi)) for part in z.split(_AT_ONCE)])
        for psi in (0.7, 1.0)
    )
    truth = domain.render(factors_from_z(z), generator.resolution)
    return _picture(torch.cat([_tiled(pictures, columns) for pictures in (soft, full, truth)], dim=2))


def _tiled(pictures: Tensor, columns: int) -> Tensor:
    """[columns * rows, 3, R, R] -> [3, rows * R, columns * R]."""
    n, channels, height, width = pictures.shape
    grid = pictures.view(n // columns, columns, channels, height, width)
    return grid.permute(2, 0, 3, 1, 4).reshape(channels, n // columns * height, columns * width)


def _picture(rgb: Tensor) -> Image.Image:
    """[3, H, W] in [-1, 1] -> an 8-bit picture."""
    levels = ((rgb.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return Image.fromarray(np.ascontiguousarray(levels.permute(1, 2, 0).numpy()))
