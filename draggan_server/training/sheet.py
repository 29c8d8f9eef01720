"""Sheets of unseen pictures side by side, to be looked at."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..stylegan2 import Generator
from .domains import Domain
from .factors import factors_from_z

_SEED = 30_000
_AT_ONCE = 8
_INTERPOLATIONS, _STEPS = 16, 8
_PSIS = (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 1.0, 1.2)


@torch.no_grad()
def contact_sheet(generator: Generator, domain: Domain, columns: int = 8) -> Image.Image:
    """Three squares of columns x columns pictures: psi 0.7, psi 1, and the renderer's true pictures for psi 1.

    A picture has the same place in each. Their z were not drawn in training.
    """
    z = _unseen(columns * columns, generator)
    soft, full = (_drawn(generator, generator.mapping(z, psi=psi)) for psi in (0.7, 1.0))
    truth = domain.render(factors_from_z(z), generator.resolution)
    return picture_of(torch.cat([tiled(pictures, columns) for pictures in (soft, full, truth)], dim=2))


@torch.no_grad()
def interpolation_sheet(
    generator: Generator, domain: Domain, ways: int = _INTERPOLATIONS, steps: int = _STEPS
) -> Image.Image:
    """Rows of `steps` pictures each: from one unseen picture to another, in equal steps through W, psi 0.7.

    Two ways lie side by side, as columns of the sheet.
    """
    ws = generator.mapping(_unseen(2 * ways, generator), psi=0.7)
    along = torch.linspace(0, 1, steps).view(1, steps, 1, 1)
    between = torch.lerp(ws[:ways, None], ws[ways:, None], along)
    return picture_of(tiled(_drawn(generator, between.flatten(0, 1)), 2 * steps))


@torch.no_grad()
def truncation_sheet(generator: Generator, domain: Domain, rows: int = 8) -> Image.Image:
    """Rows of unseen pictures, each at psi 0, 0.2, 0.4, 0.6, 0.7, 0.8, 1 and 1.2."""
    z = _unseen(rows, generator)
    ws = torch.stack([generator.mapping(z, psi=psi) for psi in _PSIS], dim=1)
    return picture_of(tiled(_drawn(generator, ws.flatten(0, 1)), len(_PSIS)))


SHEETS: dict[str, Callable[[Generator, Domain], Image.Image]] = {
    "contact": contact_sheet,
    "interpolations": interpolation_sheet,
    "truncation": truncation_sheet,
}


def _unseen(count: int, generator: Generator) -> Tensor:
    return torch.randn(count, generator.config.z_dim, generator=torch.Generator().manual_seed(_SEED))


def _drawn(generator: Generator, ws: Tensor) -> Tensor:
    return torch.cat([generator.image(part) for part in ws.split(_AT_ONCE)])


def tiled(pictures: Tensor, columns: int) -> Tensor:
    """[columns * rows, 3, R, R] -> [3, rows * R, columns * R], row by row."""
    n, channels, height, width = pictures.shape
    grid = pictures.view(n // columns, columns, channels, height, width)
    return grid.permute(2, 0, 3, 1, 4).reshape(channels, n // columns * height, columns * width)


def picture_of(rgb: Tensor) -> Image.Image:
    """[3, H, W] in [-1, 1] -> an 8-bit picture."""
    levels = ((rgb.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return Image.fromarray(np.ascontiguousarray(levels.permute(1, 2, 0).numpy()))
