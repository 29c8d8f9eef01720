"""The landmark finder: a small network that says where features are in a portrait, from its pixels alone.

The judge of the quality tests. It is trained on the renderer's pictures, whose landmarks are known, and has seen no
generated picture and nothing of the generator's features, so it does not share the point tracking's mistakes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from .portraits import FACTORS, LANDMARKS, landmark_visibility, landmarks, render

_INPUT = 64
_HUBER_BETA = 0.01
_REPORT_EVERY_SECONDS = 15.0


@dataclass(frozen=True)
class FinderRecipe:
    """Every number that the finder's training depends on."""

    pictures: int = 48_000
    batch: int = 16
    learning_rate: float = 2e-3
    """At the start; falls along a half cosine to 0."""
    max_blur_px: float = 1.3
    """Standard deviation, at 64 px. Generated pictures are soft."""
    max_noise: float = 0.06
    max_gain: float = 0.12
    """Each channel is multiplied by 1 +- this, and moved by as much."""
    seed: int = 7


@dataclass(frozen=True)
class FinderProgress:
    """A line of the training's report."""

    pictures: int
    of: int
    loss: float
    pictures_per_second: float


class LandmarkFinder(nn.Module):
    """Pictures [N, 3, R, R] in [-1, 1] of any size -> landmarks [N, L, 2], (x, y) in picture widths.

    An hourglass at 32, 16 and 8 px gives one map per landmark; the landmark is the mean place under the map's softmax.
    Landmarks that are hidden get a place as well: it means nothing.
    """

    places: Tensor

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.width = width
        self.fine = nn.Sequential(_conv(3, width, kernel=5, stride=2), _conv(width, width))
        self.middle = nn.Sequential(_conv(width, 2 * width, stride=2), _conv(2 * width, 2 * width))
        self.coarse = nn.Sequential(
            _conv(2 * width, 2 * width, stride=2), _conv(2 * width, 2 * width), _conv(2 * width, 2 * width)
        )
        self.join_middle = _conv(4 * width, 2 * width)
        self.join_fine = _conv(3 * width, 2 * width, kernel=1)
        self.maps = nn.Conv2d(2 * width, len(LANDMARKS), kernel_size=3, padding=1)
        side = _INPUT // 2
        centres = (torch.arange(side) + 0.5) / side
        grid = torch.stack(torch.meshgrid(centres, centres, indexing="xy"), dim=-1)
        self.register_buffer("places", grid.reshape(-1, 2), persistent=False)

    def forward(self, pictures: Tensor) -> Tensor:
        fine = self.fine(F.adaptive_avg_pool2d(pictures, _INPUT))
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        middle = self.join_middle(torch.cat([middle, _twice(coarse)], dim=1))
        fine = self.join_fine(torch.cat([fine, _twice(middle)], dim=1))
        return self.maps(fine).flatten(2).softmax(dim=2) @ self.places


def _conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def _twice(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def train_finder(recipe: FinderRecipe, report: Callable[[FinderProgress], None]) -> LandmarkFinder:
    """Train a finder from nothing; the same recipe gives the same finder, up to rounding."""
    torch.manual_seed(recipe.seed)
    random = torch.Generator().manual_seed(recipe.seed)
    finder = LandmarkFinder().train()
    steps = math.ceil(recipe.pictures / recipe.batch)
    optimizer = torch.optim.Adam(finder.parameters(), lr=recipe.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    losses: list[float] = []
    since = time.monotonic()
    for step in range(1, steps + 1):
        factors = torch.rand(recipe.batch, len(FACTORS), generator=random)
        pictures = disturbed(render(factors, _INPUT), recipe, random)
        error = F.smooth_l1_loss(finder(pictures), landmarks(factors), beta=_HUBER_BETA, reduction="none")
        loss = error[landmark_visibility(factors)].mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        elapsed = time.monotonic() - since
        if elapsed > _REPORT_EVERY_SECONDS or step == steps:
            rate = len(losses) * recipe.batch / elapsed
            report(FinderProgress(step * recipe.batch, steps * recipe.batch, sum(losses) / len(losses), rate))
            losses.clear()
            since = time.monotonic()
    return finder.eval().requires_grad_(False)


def disturbed(pictures: Tensor, recipe: FinderRecipe, random: torch.Generator) -> Tensor:
    """Pictures [N, 3, R, R] as a generator might have drawn them: softer, grainier, with colours a little off."""
    n = len(pictures)
    blurred = _blur(pictures, recipe.max_blur_px * torch.rand(n, generator=random))
    gain = 1 + recipe.max_gain * (2 * torch.rand(n, 3, 1, 1, generator=random) - 1)
    shift = recipe.max_gain * (2 * torch.rand(n, 3, 1, 1, generator=random) - 1)
    grain = recipe.max_noise * torch.rand(n, 1, 1, 1, generator=random)
    noise = torch.randn(pictures.shape, generator=random)
    return (blurred * gain + shift + grain * noise).clamp(-1, 1)


def _blur(pictures: Tensor, sigma_px: Tensor) -> Tensor:
    """Each of the pictures [N, 3, R, R] by its own Gaussian, sigma_px [N]."""
    n, channels, height, width = pictures.shape
    offsets = torch.arange(-3, 4)
    kernel = torch.exp(-0.5 * (offsets / sigma_px.clamp_min(0.1)[:, None]).square())
    kernel = (kernel / kernel.sum(dim=1, keepdim=True)).repeat_interleave(channels, dim=0)
    flat = F.pad(pictures.reshape(1, n * channels, height, width), (3, 3, 3, 3), mode="replicate")
    flat = F.conv2d(flat, kernel[:, None, None, :], groups=n * channels)
    flat = F.conv2d(flat, kernel[:, None, :, None], groups=n * channels)
    return flat.view(n, channels, height, width)


def save_finder(path: Path, finder: LandmarkFinder) -> None:
    """In half precision: a few hundred kilobytes."""
    tensors = {name: tensor for name, tensor in finder.state_dict().items() if tensor.is_floating_point()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.half().contiguous() for name, tensor in tensors.items()}, path)


def load_finder(path: Path) -> LandmarkFinder:
    """A finder ready for use, in float32."""
    tensors = {name: tensor.float() for name, tensor in load_file(path).items()}
    finder = LandmarkFinder()
    missing, unexpected = finder.load_state_dict(tensors, strict=False)
    # Batch normalisation counts its batches; nothing reads the count afterwards.
    if unexpected or any(not name.endswith("num_batches_tracked") for name in missing):
        raise ValueError(f"{path.name} is no landmark finder of this version; train it again")
    return finder.eval().requires_grad_(False)
