"""The landmark finder: a small network that says where features are in a picture, from its pixels alone.

The judge of the quality tests. It is trained on the renderer's pictures, whose landmarks are known, and has seen no
generated picture and nothing of the generator's features, so it does not share the point tracking's mistakes.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from .domains import Domain

INPUT = 128
"""Pictures are looked at in this size, in px, whatever theirs is."""
_COARSE = INPUT // 2
_WINDOW = (-1, 0, 1)
"""Where the second stage looks round a landmark: so many cells of a map of half the input's size, along each axis."""
_LARGEST_STEP = 0.05
"""The second stage moves a landmark about so far, in picture widths, when its last layer says 1."""
_HUBER_BETA = 0.003


@dataclass(frozen=True)
class FinderRecipe:
    """Every number that the finder's training depends on."""

    pictures: int = 128_000
    batch: int = 32
    learning_rate: float = 2e-3
    """At its highest, after a short rise; falls along a half cosine to 0."""
    max_blur_px: float = 2.6
    """Standard deviation, at 128 px. Generated pictures are soft."""
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


@dataclass(frozen=True)
class _Seen:
    """What the convolutions made of pictures; from here on places are computed, in full precision."""

    maps: Tensor
    """[N, L, 32, 32]: one for each landmark, high where it is."""
    details: Tensor
    """[N, C, 64, 64]"""


class LandmarkFinder(nn.Module):
    """Pictures [N, 3, R, R] in [-1, 1] of any size -> landmarks [N, L, 2], (x, y) in picture widths.

    Two stages. An hourglass at 32, 16 and 8 px gives one map per landmark; the landmark is the mean place under the
    map's softmax. Then finer features in a window round that place say, for each landmark by weights of its own, how
    far off it is. Landmarks that are hidden get a place as well: it means nothing.
    """

    places: Tensor
    window: Tensor

    def __init__(self, landmarks: int, width: int = 32, hidden: int = 32) -> None:
        super().__init__()
        self.landmarks = landmarks
        self.fine = nn.Sequential(_conv(3, width, kernel=5, stride=2), _conv(width, width))
        self.middle = nn.Sequential(_conv(width, 2 * width, stride=2), _conv(2 * width, 2 * width))
        self.coarse = nn.Sequential(
            _conv(2 * width, 2 * width, stride=2), _conv(2 * width, 2 * width), _conv(2 * width, 2 * width)
        )
        self.join_middle = _conv(4 * width, 2 * width)
        self.join_fine = _conv(3 * width, 2 * width, kernel=1)
        self.maps = nn.Conv2d(2 * width, landmarks, kernel_size=3, padding=1)
        self.close = nn.Sequential(_conv(3, width, kernel=5, stride=2), _conv(width, width))
        self.join_close = _conv(3 * width, width, kernel=1)
        inputs = width * len(_WINDOW) ** 2
        self.look = nn.Parameter(torch.randn(landmarks, inputs, hidden) / math.sqrt(inputs))
        self.look_bias = nn.Parameter(torch.zeros(landmarks, 1, hidden))
        # Before any training the second stage moves nothing.
        self.step = nn.Parameter(torch.zeros(landmarks, hidden, 2))
        self.step_bias = nn.Parameter(torch.zeros(landmarks, 1, 2))
        self.register_buffer("places", _grid((torch.arange(_COARSE // 2) + 0.5) / (_COARSE // 2)), persistent=False)
        self.register_buffer("window", _grid(torch.tensor(_WINDOW) / (INPUT // 2)), persistent=False)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.located(self.seen(pictures))[-1]

    def seen(self, pictures: Tensor) -> _Seen:
        """The convolutions: they may run in half precision."""
        if pictures.shape[-1] != INPUT:
            pictures = F.adaptive_avg_pool2d(pictures, INPUT)
        fine = self.fine(F.avg_pool2d(pictures, INPUT // _COARSE))
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        middle = self.join_middle(torch.cat([middle, _twice(coarse)], dim=1))
        fine = self.join_fine(torch.cat([fine, _twice(middle)], dim=1))
        details = self.join_close(torch.cat([self.close(pictures), F.interpolate(fine, scale_factor=2)], dim=1))
        return _Seen(self.maps(fine), details)

    def feature_maps(self, pictures: Tensor) -> list[Tensor]:
        """What it sees in pictures on the way, as a measure of likeness: maps [N, C, h, h] at 64, 32, 16 and 8 px."""
        pictures = F.adaptive_avg_pool2d(pictures, INPUT)
        fine = self.fine(F.avg_pool2d(pictures, INPUT // _COARSE))
        middle = self.middle(fine)
        return [self.close(pictures), fine, middle, self.coarse(middle)]

    def located(self, seen: _Seen) -> tuple[Tensor, Tensor]:
        """The landmarks by the first stage and by both, [N, L, 2] each."""
        first = seen.maps.float().flatten(2).softmax(dim=2) @ self.places
        # Where it looks is the first stage's business, which its own loss teaches it.
        looked_at = (first.detach()[:, :, None] + self.window) * 2 - 1
        around = F.grid_sample(seen.details.float(), looked_at, padding_mode="border", align_corners=False)
        around = around.permute(2, 0, 1, 3).flatten(2)
        hidden = F.relu(torch.baddbmm(self.look_bias, around, self.look))
        steps = torch.baddbmm(self.step_bias, hidden, self.step).transpose(0, 1)
        return first, first.detach() + _LARGEST_STEP * steps


def _grid(along: Tensor) -> Tensor:
    """[n * n, 2]: (x, y) of a square grid, row by row."""
    return torch.stack(torch.meshgrid(along, along, indexing="xy"), dim=-1).reshape(-1, 2)


def _conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def _twice(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


class FinderTraining:
    """The training of a domain's finder; it goes on from what `state_file` holds.

    Args:
        state_file: where it is saved every now and then, and goes on from after a kill. None: it is not saved.
        bf16: let the convolutions run in bfloat16: more than twice as fast on a processor with bfloat16 arithmetic.
    """

    def __init__(
        self, domain: Domain, recipe: FinderRecipe, state_file: Path | None = None, bf16: bool = False
    ) -> None:
        self.domain = domain
        self.recipe = recipe
        self.state_file = state_file
        self.bf16 = bf16
        torch.manual_seed(recipe.seed)
        self.finder = LandmarkFinder(len(domain.marks)).train()
        self._random = torch.Generator().manual_seed(recipe.seed)
        self._optimizer = torch.optim.Adam(self.finder.parameters(), lr=recipe.learning_rate)
        self._steps = math.ceil(recipe.pictures / recipe.batch)
        self._done = 0
        if state_file is not None and state_file.exists():
            self._load(state_file)

    def run(self, report: Callable[[FinderProgress], None], save_every_seconds: float = 15.0) -> LandmarkFinder:
        """Train to the recipe's end, saving and reporting about every `save_every_seconds`. The finder is for use."""
        losses: list[float] = []
        since = time.monotonic()
        while self._done < self._steps:
            losses.append(self._step())
            elapsed = time.monotonic() - since
            if elapsed > save_every_seconds or self._done == self._steps:
                self._save()
                batch = self.recipe.batch
                rate = len(losses) * batch / elapsed
                report(FinderProgress(self._done * batch, self._steps * batch, sum(losses) / len(losses), rate))
                losses.clear()
                since = time.monotonic()
        return copy.deepcopy(self.finder).eval().requires_grad_(False)

    def _step(self) -> float:
        recipe, domain = self.recipe, self.domain
        for group in self._optimizer.param_groups:
            group["lr"] = recipe.learning_rate * _rise_and_fall(self._done / self._steps)
        factors = torch.rand(recipe.batch, len(domain.factors), generator=self._random)
        pictures = disturbed(domain.render(factors, INPUT), recipe, self._random)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            seen = self.finder.seen(pictures.contiguous(memory_format=torch.channels_last))
        true, visible = domain.landmarks(factors), domain.visible(factors)
        loss = torch.stack(
            [F.smooth_l1_loss(found[visible], true[visible], beta=_HUBER_BETA) for found in self.finder.located(seen)]
        ).sum()
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.step()
        self._done += 1
        return loss.item()

    def _save(self) -> None:
        """Written beside and renamed: a kill at any moment leaves the old state or the new one."""
        if self.state_file is None:
            return
        state = {
            "recipe": repr(self.recipe),
            "finder": self.finder.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "random": self._random.get_state(),
            "done": self._done,
        }
        self.state_file.parent.mkdir(parents=True, exist_ok=True)
        part = self.state_file.with_suffix(".part")
        torch.save(state, part)
        part.replace(self.state_file)

    def _load(self, state_file: Path) -> None:
        state: dict[str, Any] = torch.load(state_file, weights_only=True)
        if state["recipe"] != repr(self.recipe):
            raise ValueError(f"{state_file} is of another recipe: {state['recipe']}; move it away to begin anew")
        self.finder.load_state_dict(state["finder"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._random.set_state(state["random"])
        self._done = state["done"]


def _rise_and_fall(done: float, rise: float = 0.03) -> float:
    """The learning rate's part at a part of the training."""
    return done / rise if done < rise else 0.5 * (1 + math.cos(math.pi * (done - rise) / (1 - rise)))


def disturbed(pictures: Tensor, recipe: FinderRecipe, random: torch.Generator) -> Tensor:
    """Pictures [N, 3, R, R] as a generator might have drawn them: softer, grainier, with colours a little off."""
    n = len(pictures)
    soft = blurred(pictures, recipe.max_blur_px * torch.rand(n, generator=random))
    gain = 1 + recipe.max_gain * (2 * torch.rand(n, 3, 1, 1, generator=random) - 1)
    shift = recipe.max_gain * (2 * torch.rand(n, 3, 1, 1, generator=random) - 1)
    grain = recipe.max_noise * torch.rand(n, 1, 1, 1, generator=random)
    noise = torch.randn(pictures.shape, generator=random)
    return (soft * gain + shift + grain * noise).clamp(-1, 1)


def blurred(pictures: Tensor, sigma_px: Tensor) -> Tensor:
    """Each of the pictures [N, 3, R, R] by its own Gaussian, sigma_px [N]."""
    n, channels, height, width = pictures.shape
    reach = math.ceil(2.5 * sigma_px.max().item())
    offsets = torch.arange(-reach, reach + 1)
    kernel = torch.exp(-0.5 * (offsets / sigma_px.clamp_min(0.1)[:, None]).square())
    kernel = (kernel / kernel.sum(dim=1, keepdim=True)).repeat_interleave(channels, dim=0)
    flat = F.pad(pictures.reshape(1, n * channels, height, width), (reach,) * 4, mode="replicate")
    flat = F.conv2d(flat, kernel[:, None, None, :], groups=n * channels)
    flat = F.conv2d(flat, kernel[:, None, :, None], groups=n * channels)
    return flat.view(n, channels, height, width)


def save_finder(path: Path, finder: LandmarkFinder) -> None:
    """In half precision: about a megabyte."""
    tensors = {name: tensor for name, tensor in finder.state_dict().items() if tensor.is_floating_point()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.half().contiguous() for name, tensor in tensors.items()}, path)


def load_finder(path: Path) -> LandmarkFinder:
    """A finder ready for use, in float32."""
    tensors = {name: tensor.float() for name, tensor in load_file(path).items()}
    finder = LandmarkFinder(len(tensors["maps.bias"]) if "maps.bias" in tensors else 1)
    missing, unexpected = finder.load_state_dict(tensors, strict=False)
    # Batch normalisation counts its batches; nothing reads the count afterwards.
    if unexpected or any(not name.endswith("num_batches_tracked") for name in missing):
        raise ValueError(f"{path.name} is no landmark finder of this version; train it again")
    return finder.eval().requires_grad_(False)
