"""How everything in the picture moved in a drag: a dense motion field between two latents, and how sure it is.

Optical flow, variational and coarse to fine: a linearised constancy of values, gathered over a small window and
smoothed quadratically (Horn and Schunck 1981; Bruhn, Weickert and Schnörr 2005, "Lucas/Kanade meets Horn/Schunck"),
with warping from level to level (Brox et al. 2004). The values are the generator's features, which say far more of what
a place is than a brightness would, and its colours; the last levels go by the colours of the picture alone, which are
finer. And where a camera would give two frames, the generator gives every picture between: where the two ends are too
far apart, the field is followed along the straight line from one latent to the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..stylegan2 import Generator, NoiseMode

FEATURES = 64
"""The block whose features are compared, whatever the model draws: what is above costs most of a picture's time."""
PICTURE = 256
"""The longer side of the pictures whose colours are compared in the end."""
MOST_STEPS = 8
"""On the way from one latent to the other. A power of 2."""
ENOUGH = 0.05
"""Twice the steps are worth it when they explain so much more of what is left unexplained, as a part of it."""
CHANNELS = 16
"""Principal components of the features: they hold nearly all, and a step costs a tenth."""
MISMATCH = 0.06
"""Left after the motion, as a part of the features' variance, this takes the confidence to 1 / e."""
RECOLOURED = 0.15
"""Between the pictures, whose colours go from -1 to 1, this takes it to 1 / e: a brow too fine for the features to
follow is not where the motion says, and its detail would stay behind as a second brow."""
ASTRAY = 1 / 100
"""There and back again, this far from where it began, in parts of the picture's size, takes it to 1 / e."""
_COARSEST = 16
_ITERATIONS = 20
_SMOOTHNESS = 0.5
"""Weight of the field's roughness against the values' change, which is in units of their standard deviation."""
_WINDOW = (0.054, 0.242, 0.4, 0.242, 0.054)
"""A Gaussian of one place's width."""


@dataclass(frozen=True, eq=False)
class DenseMotion:
    """Where each place of the picture after a drag was before it."""

    offsets: Tensor
    """[2, g, h], on the generator's device: x and y of old place - new place, in parts of the picture's longer side, at
    the middles of g x h equal parts of the picture."""
    confidence: Tensor
    """[g, h] in [0, 1]: that what is here now is what was there. Low where something new has come to be."""


def dense_motion(generator: Generator, before: Tensor, after: Tensor, noise: NoiseMode = "const") -> DenseMotion:
    """The motion from one latent to another.

    Args:
        before, after: latents [1, num_ws, w_dim].
        noise: random noise, which would be other noise in every picture, is left out.

    Returns:
        g and h are those of the model's picture, or, where it is larger, of one whose longer side is PICTURE.
    """
    if noise == "random":
        noise = "none"
    with torch.no_grad():
        look = _Look(generator, before, after, noise)
        found = _followed(look, 1)
        while found.steps < MOST_STEPS and found.unexplained > 0:
            closer = _followed(look, found.steps * 2)
            if closer.unexplained > (1 - ENOUGH) * found.unexplained:
                break
            found = closer
        offsets = _sharpened(found.there, look.pictures)
        rows, columns = offsets.shape[1:]
        confidence = F.interpolate(found.confidence()[None, None], (rows, columns), mode="bilinear")[0, 0]
        old, new = look.pictures
        recoloured = _gathered((_at(old, offsets) - new).abs().amax(dim=0)[None])[0]
        confidence = confidence * torch.exp(-(recoloured / RECOLOURED).square())
        return DenseMotion(offsets / max(rows, columns), confidence.clamp(0, 1))


class _Look:
    """What is compared: principal components of the features of two blocks, and the colours; each of the three has as
    much say as the others."""

    def __init__(self, generator: Generator, before: Tensor, after: Tensor, noise: NoiseMode) -> None:
        self._generator = generator
        self._noise = noise
        self._ends = before, after
        self._block = max(r for r in generator.config.block_resolutions if r <= FEATURES)
        finest = max(r for r in generator.config.block_resolutions if r <= PICTURE)
        parts = [list(generator.blocks(ws, finest, noise)) for ws in self._ends]
        pictures = [blocks[-1][2] for blocks in parts]
        if any(picture is None for picture in pictures):  # only the skip architecture draws one at every block
            pictures = [
                F.interpolate(generator.image(ws, noise), blocks[-1][1].shape[-2:], mode="area")
                for ws, blocks in zip(self._ends, parts, strict=True)
            ]
        self.pictures = [picture[0].float().clamp(-1, 1) for picture in pictures]  # type: ignore[index]
        first, last = (self._parts(blocks) for blocks in parts)
        self._scales = [part.std().clamp(min=1e-6) * part.shape[0] ** 0.5 for part in first]
        self._axes = _principal(torch.cat([self._joined(first).flatten(1), self._joined(last).flatten(1)], dim=1))
        self._known = {0.0: self._pyramid(first), 1.0: self._pyramid(last)}

    def at(self, part: float) -> list[Tensor]:
        """[CHANNELS, g, h] from the coarsest to the finest, that part of the way from one latent to the other."""
        if part not in self._known:
            ws = torch.lerp(*self._ends, part)
            self._known[part] = self._pyramid(self._parts(list(self._generator.blocks(ws, self._block, self._noise))))
        return self._known[part]

    def _parts(self, blocks: list[tuple[int, Tensor, Tensor | None]]) -> list[Tensor]:
        below, last = [block for block in blocks if block[0] <= self._block][-2:]
        parts = [below[1], last[1]]
        if last[2] is not None:
            parts.append(last[2].clamp(-1, 1))
        return [F.interpolate(part.float(), last[1].shape[-2:], mode="bilinear")[0] for part in parts]

    def _joined(self, parts: list[Tensor]) -> Tensor:
        return torch.cat([part / scale for part, scale in zip(parts, self._scales, strict=True)])

    def _pyramid(self, parts: list[Tensor]) -> list[Tensor]:
        levels = [torch.einsum("kc,chw->khw", self._axes, self._joined(parts))]
        while max(levels[0].shape[1:]) > _COARSEST:
            levels.insert(0, F.avg_pool2d(levels[0][None], 2)[0])
        return levels


def _principal(values: Tensor) -> Tensor:
    """[CHANNELS, C]: the axes along which values [C, n] vary most."""
    centred = values - values.mean(dim=1, keepdim=True)
    return torch.linalg.eigh(centred @ centred.T).eigenvectors.T[-CHANNELS:]


@dataclass(frozen=True, eq=False)
class _Found:
    """Fields in places of the features' map."""

    steps: int
    there: Tensor
    """[2, g, h] at the new places, to the old ones."""
    back: Tensor
    """[2, g, h] at the old places, to the new ones."""
    mismatch: Tensor
    """[g, h] at the new places: what the motion leaves, as a part of the values' variance."""

    @property
    def unexplained(self) -> float:
        return self.mismatch.mean().item()

    def confidence(self) -> Tensor:
        """[g, h] at the new places."""
        astray = (self.there + _at(self.back, self.there)).norm(dim=0) / max(self.there.shape[1:])
        sure = torch.exp(-_gathered(self.mismatch[None])[0] / MISMATCH - (astray / ASTRAY).square())
        rows, columns = self.there.shape[1:]
        x, y = _places(self.there)
        within = (x > 0) & (x < columns) & (y > 0) & (y < rows)
        return sure * within


def _followed(look: _Look, steps: int) -> _Found:
    """The fields along the way in so many steps."""
    first, last = look.at(0.0), look.at(1.0)
    there = torch.zeros(2, *first[-1].shape[1:], device=first[-1].device)
    back = there.clone()
    earlier = first
    for step in range(1, steps + 1):
        later = look.at(step / steps)
        moved = _between(earlier, later)
        there = moved + _at(there, moved)
        back = back + _at(_between(later, earlier), back)
        earlier = later
    variance = last[-1].var(dim=(1, 2)).sum().clamp(min=1e-12)
    left = (_at(first[-1], there) - last[-1]).square().sum(dim=0) / variance
    return _Found(steps, there, back, left)


def _sharpened(offsets: Tensor, pictures: list[Tensor]) -> Tensor:
    """The field [2, g, h] in places of the pictures [3, H, W], brought there level by level by their colours."""
    old, new = pictures
    scale = old.std().clamp(min=1e-6) * len(old) ** 0.5
    levels = [(old / scale, new / scale)]
    while max(levels[0][0].shape[1:]) > max(offsets.shape[1:]):
        levels.insert(0, tuple(F.avg_pool2d(each[None], 2)[0] for each in levels[0]))  # type: ignore[arg-type]
    for earlier, later in levels[1:]:
        offsets = F.interpolate(offsets[None], later.shape[-2:], mode="bilinear")[0] * 2
        offsets = _refined(earlier, later, offsets)
    return offsets


def _between(earlier: list[Tensor], later: list[Tensor]) -> Tensor:
    """[2, g, h] in places of the finest level: where each place of `later` was in `earlier`."""
    moved = torch.zeros(2, *earlier[0].shape[1:], device=earlier[0].device)
    for old, new in zip(earlier, later, strict=True):
        if moved.shape[1:] != new.shape[1:]:
            moved = F.interpolate(moved[None], new.shape[1:], mode="bilinear")[0] * 2
        moved = _refined(old, new, moved)
    return moved


def _refined(old: Tensor, new: Tensor, moved: Tensor) -> Tensor:
    """The field [2, g, h] that makes `old`, warped by it, `new` [C, g, h], to first order round the field given."""
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


def _places(moved: Tensor) -> tuple[Tensor, Tensor]:
    """x and y [g, h] of each place plus `moved` [2, g, h]; the first place's middle is at 0.5."""
    rows, columns = moved.shape[1:]
    x = torch.arange(columns, device=moved.device) + 0.5 + moved[0]
    y = (torch.arange(rows, device=moved.device) + 0.5)[:, None] + moved[1]
    return x, y


def _at(values: Tensor, moved: Tensor) -> Tensor:
    """values [C, g, h] at each place plus `moved` [2, g, h], in places; beyond the edge it goes on as at the edge."""
    rows, columns = values.shape[1:]
    x, y = _places(moved)
    grid = torch.stack([x * (2 / columns), y * (2 / rows)], dim=-1)[None] - 1
    return F.grid_sample(values[None], grid, mode="bilinear", padding_mode="border", align_corners=False)[0]


def _gradients(values: Tensor) -> tuple[Tensor, Tensor]:
    padded = F.pad(values[None], (1, 1, 1, 1), mode="replicate")[0]
    across = (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / 2
    down = (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / 2
    return across, down


def _gathered(planes: Tensor) -> Tensor:
    """Each plane of [C, g, h] averaged over the window."""
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
