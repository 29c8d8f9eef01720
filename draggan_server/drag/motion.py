"""How everything in the picture moved in a drag: a dense motion field between two latents.

Optical flow, variational and coarse to fine: a linearised constancy of values, gathered over a small window and
smoothed quadratically (Horn and Schunck 1981; Bruhn, Weickert and Schnörr 2005, "Lucas/Kanade meets Horn/Schunck"),
with warping from level to level (Brox et al. 2004). The values are the generator's features and its colours, which say
far more of what a place is than a brightness would. And where a camera would give two frames, the generator gives every
picture between: the field is followed along the straight line from one latent to the other, in steps so short that
little changes.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..stylegan2 import Generator, NoiseMode

FINEST = 128
"""The field has no more places along an edge, whatever the model draws."""
STEPS = 8
"""Pictures on the way from one latent to the other."""
_COARSEST = 32
_ITERATIONS = 20
_SMOOTHNESS = 0.5
"""Weight of the field's roughness against the values' change, which is in units of their standard deviation."""
_WINDOW = (0.054, 0.242, 0.4, 0.242, 0.054)
"""A Gaussian of one place's width."""


def dense_motion(generator: Generator, before: Tensor, after: Tensor, noise: NoiseMode = "const") -> Tensor:
    """Where each place of the picture after a drag was before it.

    Args:
        before, after: latents [1, num_ws, w_dim].
        noise: random noise, which would be other noise in every picture, is left out.

    Returns:
        [2, G, G], on the generator's device: x and y of old place - new place, in parts of the picture's size, at the
        centres of G x G squares of the picture. G is the model's resolution, at most FINEST.
    """
    if noise == "random":
        noise = "none"
    with torch.no_grad():
        first = _Values(generator, before, noise)
        earlier = first.pyramid(before)
        offsets = torch.zeros(2, first.size, first.size, device=before.device)
        for step in range(1, STEPS + 1):
            later = first.pyramid(torch.lerp(before, after, step / STEPS))
            moved = _between(earlier, later)
            offsets = moved + _at(offsets, moved)
            earlier = later
        return offsets / first.size


class _Values:
    """What is compared: features of two blocks and the colours, each with as much say as the others."""

    def __init__(self, generator: Generator, ws: Tensor, noise: NoiseMode) -> None:
        self._generator = generator
        self._noise = noise
        self.size = min(generator.resolution, FINEST)
        self._scales = [part.std().clamp(min=1e-6) * part.shape[0] ** 0.5 for part in self._parts(ws)]

    def pyramid(self, ws: Tensor) -> list[Tensor]:
        """[C, g, g] from the coarsest g to the finest."""
        parts = zip(self._parts(ws), self._scales, strict=True)
        levels = [torch.cat([part / scale for part, scale in parts])]
        while levels[0].shape[-1] > _COARSEST:
            levels.insert(0, F.avg_pool2d(levels[0], 2))
        return levels

    def _parts(self, ws: Tensor) -> list[Tensor]:
        *_, below, last = self._generator.blocks(ws, self.size, self._noise)
        parts = [below[1], last[1]]
        if last[2] is not None:  # only the skip architecture draws a picture at every block
            parts.append(last[2].clamp(-1, 1))
        sized = [F.interpolate(part.float(), (self.size, self.size), mode="bilinear") for part in parts]
        return [part[0] for part in sized]


def _between(earlier: list[Tensor], later: list[Tensor]) -> Tensor:
    """[2, G, G] in places of the finest level: where each place of `later` was in `earlier`."""
    size = earlier[0].shape[-1]
    moved = torch.zeros(2, size, size, device=earlier[0].device)
    for old, new in zip(earlier, later, strict=True):
        size = new.shape[-1]
        if moved.shape[-1] != size:
            moved = F.interpolate(moved[None], (size, size), mode="bilinear")[0] * 2
        moved = _refined(old, new, moved)
    return moved


def _refined(old: Tensor, new: Tensor, moved: Tensor) -> Tensor:
    """The field [2, g, g] that makes `old`, warped by it, `new` [C, g, g], to first order round the field given."""
    warped = _at(old, moved)
    across, down = ((one + other) / 2 for one, other in zip(_gradients(warped), _gradients(new), strict=True))
    # What would be left with no motion at all, seen from where we are.
    rest = warped - new - across * moved[0] - down * moved[1]
    products = (across * across, across * down, down * down, across * rest, down * rest)
    xx, xy, yy, xr, yr = _gathered(torch.stack([product.sum(dim=0) for product in products]))
    xx, yy = xx + _SMOOTHNESS, yy + _SMOOTHNESS
    determinant = xx * yy - xy * xy
    for _ in range(_ITERATIONS):  # Jacobi's
        x, y = _SMOOTHNESS * _neighbours(moved) - torch.stack([xr, yr])
        moved = torch.stack([(yy * x - xy * y) / determinant, (xx * y - xy * x) / determinant])
    return moved


def _at(values: Tensor, moved: Tensor) -> Tensor:
    """values [C, g, g] at each place plus `moved` [2, g, g], in places; beyond the edge it goes on as at the edge."""
    size = values.shape[-1]
    centres = torch.arange(size, device=values.device) + 0.5
    x, y = centres + moved[0], centres[:, None] + moved[1]
    grid = torch.stack([x, y], dim=-1)[None] * (2 / size) - 1
    return F.grid_sample(values[None], grid, mode="bilinear", padding_mode="border", align_corners=False)[0]


def _gradients(values: Tensor) -> tuple[Tensor, Tensor]:
    padded = F.pad(values[None], (1, 1, 1, 1), mode="replicate")[0]
    across = (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / 2
    down = (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / 2
    return across, down


def _gathered(planes: Tensor) -> Tensor:
    """Each plane of [C, g, g] averaged over the window."""
    reach = len(_WINDOW) // 2
    window = torch.tensor(_WINDOW, device=planes.device)
    window = window / window.sum()
    padded = F.pad(planes[:, None], (reach, reach, reach, reach), mode="replicate")
    return F.conv2d(F.conv2d(padded, window.view(1, 1, 1, -1)), window.view(1, 1, -1, 1))[:, 0]


def _neighbours(field: Tensor) -> Tensor:
    """The mean of the four neighbours of each place."""
    padded = F.pad(field[None], (1, 1, 1, 1), mode="replicate")[0]
    sides = padded[:, 1:-1, 2:] + padded[:, 1:-1, :-2] + padded[:, 2:, 1:-1] + padded[:, :-2, 1:-1]
    return sides / 4
