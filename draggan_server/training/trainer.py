"""The training loop: resumable after a kill at any moment, seeded, and it says how far it is."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..stylegan2 import Discriminator, Generator
from .data import Batch, sample_batch
from .losses import psnr, regression_loss
from .recipe import Recipe, Stage

_ADAM_BETAS = (0.8, 0.99)
_ADVERSARIAL_BETAS = (0.0, 0.99)
_VALIDATION_PICTURES = 64
_VALIDATION_SEED = 20_000
_W_AVG_SAMPLES = 20_000


@dataclass(frozen=True)
class Progress:
    """A line of the training's log."""

    phase: str
    """The stage's resolution ("64 px") or "finish"."""
    pictures: int
    """Shown in this phase so far."""
    of: int
    loss: float
    validation_psnr: float
    """dB, averaged weights, unseen z, at the phase's resolution."""
    pictures_per_second: float
    seconds: float
    """Spent in all, over all runs."""


def mixed_ws(generator: Generator, z: Tensor, recipe: Recipe) -> Tensor:
    """z [N, G, z_dim] -> ws [N, num_ws, w_dim]: each range of layers takes the w of its group's z."""
    n, groups, width = z.shape
    w = generator.mapping(z.reshape(n * groups, width))[:, 0].reshape(n, groups, -1)
    counts = torch.tensor([layers.end - layers.first for layers in recipe.layer_groups], device=z.device)
    return w.repeat_interleave(counts, dim=1)


def _lay_by_pixels(network: nn.Module) -> None:
    """Channels last: as the matrix units of processors and graphics cards read what is in bfloat16."""
    for parameter in network.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)


class Trainer:
    """Trains a recipe in a folder, which holds `state.pt` and `log.jsonl`.

    Args:
        folder: where the state is kept; an existing state is gone on from.
        bf16: compute convolutions in bfloat16 (the adversarial finish is always float32).
        compiled: let torch compile the regression's loss, once a stage: three times as fast on a processor, after
            half a minute in which nothing is seen.
    """

    def __init__(
        self, recipe: Recipe, folder: Path, device: torch.device, bf16: bool = False, compiled: bool = False
    ) -> None:
        self.recipe = recipe
        self.folder = folder
        self.device = device
        self.bf16 = bf16
        self._drawn_loss = torch.compile(self._loss_of, dynamic=False) if compiled else self._loss_of
        torch.manual_seed(recipe.seed)
        self.generator = Generator(recipe.generator).to(device)
        _lay_by_pixels(self.generator)
        self._start_upper_blocks_dark()
        self.average = copy.deepcopy(self.generator).freeze()
        self.discriminator = Discriminator(recipe.discriminator).to(device)
        self._random = torch.Generator().manual_seed(recipe.seed)
        self._phase = 0
        self._pictures = 0
        self._seconds = 0.0
        self._optimizers: dict[str, torch.optim.Optimizer] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self._state_file = folder / "state.pt"
        if self._state_file.exists():
            self._load()

    def _start_upper_blocks_dark(self) -> None:
        """A block that joins in later must not disturb the picture that the blocks below have learned."""
        for resolution in self.recipe.generator.block_resolutions[1:]:
            torch.nn.init.zeros_(self.generator.synthesis.block(resolution).torgb.weight)

    # The state

    def save(self) -> None:
        """Written beside and renamed: a kill at any moment leaves the old state or the new one."""
        state = {
            "generator": self.generator.state_dict(),
            "average": self.average.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "optimizers": {name: o.state_dict() for name, o in self._optimizers.items()},
            "random": self._random.get_state(),
            "phase": self._phase,
            "pictures": self._pictures,
            "seconds": self._seconds,
        }
        part = self._state_file.with_suffix(".part")
        torch.save(state, part)
        part.replace(self._state_file)

    def _load(self) -> None:
        state = torch.load(self._state_file, map_location=self.device, weights_only=True)
        self.generator.load_state_dict(state["generator"])
        self.average.load_state_dict(state["average"])
        self.discriminator.load_state_dict(state["discriminator"])
        self._random.set_state(state["random"].cpu())
        self._phase, self._pictures = state["phase"], state["pictures"]
        self._seconds = state["seconds"]
        if state["optimizers"]:  # none are left once the recipe is done
            self._make_optimizers()
        for name, optimizer in self._optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])

    def _make_optimizers(self) -> None:
        """Every phase starts with fresh moments: the loss changes its scale."""
        if self._phase < len(self.recipe.stages):
            parameters = self.generator.parameters()
            self._optimizers = {"generator": torch.optim.Adam(parameters, lr=1e-3, betas=_ADAM_BETAS)}
        else:
            finish = self.recipe.finish
            self._optimizers = {
                "generator": torch.optim.Adam(
                    self.generator.parameters(), lr=finish.generator_learning_rate, betas=_ADVERSARIAL_BETAS
                ),
                "discriminator": torch.optim.Adam(
                    self.discriminator.parameters(),
                    lr=finish.discriminator_learning_rate,
                    betas=_ADVERSARIAL_BETAS,
                ),
            }

    # The loop

    def run(self, report: Callable[[Progress], None], save_every_seconds: float = 60.0) -> None:
        """Train to the end of the recipe, saving and reporting about every `save_every_seconds`."""
        while self._phase <= len(self.recipe.stages):
            if not self._optimizers:
                self._make_optimizers()
            steps = self._finish() if self._phase == len(self.recipe.stages) else self._regress()
            self._run_phase(steps, report, save_every_seconds)
            self._phase += 1
            self._pictures = 0
            self._optimizers = {}
        self.measure_w_avg()
        self.save()

    def _run_phase(
        self, steps: Iterator[Tensor], report: Callable[[Progress], None], save_every_seconds: float
    ) -> None:
        resolution, total, _ = self._phase_plan()
        losses: list[Tensor] = []
        since, shown = time.monotonic(), self._pictures
        for loss in steps:
            losses.append(loss)
            elapsed = time.monotonic() - since
            if elapsed < save_every_seconds and self._pictures < total:
                continue
            self._seconds += elapsed
            progress = Progress(
                phase="finish" if self._phase == len(self.recipe.stages) else f"{resolution} px",
                pictures=self._pictures,
                of=total,
                loss=torch.stack(losses).mean().item(),
                validation_psnr=self.validation_psnr(resolution),
                pictures_per_second=(self._pictures - shown) / elapsed,
                seconds=self._seconds,
            )
            self.save()
            with (self.folder / "log.jsonl").open("a") as log:
                log.write(json.dumps(asdict(progress)) + "\n")
            report(progress)
            losses.clear()
            since, shown = time.monotonic(), self._pictures

    def _phase_plan(self) -> tuple[int, int, int]:
        """Resolution, pictures and batch of the current phase."""
        if self._phase < len(self.recipe.stages):
            stage = self.recipe.stages[self._phase]
            return stage.resolution, stage.pictures, stage.batch
        return self.recipe.generator.img_resolution, self.recipe.finish.pictures, self.recipe.finish.batch

    def _regress(self) -> Iterator[Tensor]:
        """One regression step after another until the stage's pictures are shown."""
        stage = self.recipe.stages[self._phase]
        optimizer = self._optimizers["generator"]
        while self._pictures < stage.pictures:
            for group in optimizer.param_groups:
                group["lr"] = self._learning_rate(stage)
            batch = self._sample(stage.batch, stage.resolution)
            loss = self._drawn_loss(batch, stage.resolution)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            self._advance(stage.batch)
            yield loss.detach()

    def _learning_rate(self, stage: Stage) -> float:
        done = min(self._pictures / stage.pictures, 1.0)
        fraction = stage.final_fraction + (1 - stage.final_fraction) * 0.5 * (1 + math.cos(math.pi * done))
        return stage.learning_rate * fraction

    def _finish(self) -> Iterator[Tensor]:
        """Adversarial steps: non-saturating logistic loss, R1 every few steps (StyleGAN2, appendix B)."""
        finish = self.recipe.finish
        resolution = self.recipe.generator.img_resolution
        generator_optimizer = self._optimizers["generator"]
        critic_optimizer = self._optimizers["discriminator"]
        step = self._pictures // finish.batch
        while self._pictures < finish.pictures:
            batch = self._sample(finish.batch, resolution)
            drawn = self._draw(batch, resolution)

            real = batch.pictures.clone().requires_grad_(step % finish.r1_interval == 0)
            real_logits = self.discriminator(real)
            drawn_logits = self.discriminator(drawn.detach())
            critic_loss = F.softplus(drawn_logits).mean() + F.softplus(-real_logits).mean()
            if real.requires_grad:
                (slope,) = torch.autograd.grad(real_logits.sum(), real, create_graph=True)
                penalty = slope.square().sum(dim=[1, 2, 3]).mean()
                critic_loss = critic_loss + penalty * (finish.r1_gamma / 2 * finish.r1_interval)
            critic_optimizer.zero_grad(set_to_none=True)
            critic_loss.backward()
            critic_optimizer.step()

            loss = critic_loss.detach()
            if self._pictures >= finish.warm_up_pictures:
                self.discriminator.requires_grad_(False)
                fooled = F.softplus(-self.discriminator(drawn)).mean()
                self.discriminator.requires_grad_(True)
                kept = self._regression_loss(drawn, batch)
                generator_optimizer.zero_grad(set_to_none=True)
                (kept + finish.weight * fooled).backward()
                generator_optimizer.step()
                loss = fooled.detach()
            self._advance(finish.batch)
            step += 1
            yield loss

    def _sample(self, count: int, resolution: int) -> Batch:
        return sample_batch(count, resolution, self.recipe, self._random, self.device)

    def _loss_of(self, batch: Batch, resolution: int) -> Tensor:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            drawn = self._draw(batch, resolution)
        return self._regression_loss(drawn.float(), batch)

    def _regression_loss(self, drawn: Tensor, batch: Batch) -> Tensor:
        recipe = self.recipe
        return regression_loss(drawn, batch.pictures, recipe.contrast_weight, recipe.domain.focus, recipe.focus_weight)

    def _draw(self, batch: Batch, resolution: int) -> Tensor:
        ws = mixed_ws(self.generator, batch.z, self.recipe)
        # Without noise: the pictures have no randomness, so its strength stays at 0.
        return self.generator.image(ws, noise="none", resolution=resolution)

    @torch.no_grad()
    def _advance(self, pictures: int) -> None:
        self._pictures += pictures
        keep = 0.5 ** (pictures / self.recipe.ema_pictures)
        for averaged, current in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            averaged.lerp_(current, 1 - keep)

    # Measuring

    @torch.no_grad()
    def validation_psnr(self, resolution: int) -> float:
        """Mean dB of the averaged generator on z that training never draws, mixed as in training."""
        random = torch.Generator().manual_seed(_VALIDATION_SEED)
        batch = sample_batch(_VALIDATION_PICTURES, resolution, self.recipe, random, self.device)
        drawn = self.average.image(mixed_ws(self.average, batch.z, self.recipe), resolution=resolution)
        return psnr(drawn, batch.pictures).mean().item()

    @torch.no_grad()
    def measure_w_avg(self) -> None:
        """Set the averaged generator's `w_avg` to the mean w of many z, always the same ones."""
        random = torch.Generator().manual_seed(self.recipe.seed)
        z = torch.randn(_W_AVG_SAMPLES, self.recipe.generator.z_dim, generator=random).to(self.device)
        self.average.w_avg.copy_(self.average.mapping(z)[:, 0].mean(dim=0))
