"""A picture -> the latent that draws it: optimisation in W, then in W+."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

from ..stylegan2 import Discriminator, Generator, NoiseMode
from .errors import InversionError, InversionInputError
from .losses import FeatureLoss, PixelLoss, spread
from .settings import InversionSettings, step_factor
from .start import best_start

ADAM_BETAS = (0.9, 0.95)
"""The usual 0.999 remembers the first, large gradients for longer than the whole search lasts.

Measured over 8 pictures of a random 32 px generator, 100 + 100 steps: a median of 28.6 dB instead of 27.0 dB.
"""


class InversionStage(str, Enum):
    """Which latents move; the values are the words of the field."""

    W = "w"
    """One w for all layers."""
    W_PLUS = "w+"
    """A w for each layer."""


@dataclass(frozen=True, eq=False)
class InversionStep:
    """The latent after `step` of `total_steps` optimiser steps, fit to be used if the search stops here."""

    step: int
    total_steps: int
    stage: InversionStage
    ws: Tensor
    """[1, num_ws, w_dim], detached; the consumer's own."""
    loss: float
    """Of exactly these ws."""
    end: bool
    """The search is over; these ws are the best that it saw."""


def invert(
    generator: Generator,
    discriminator: Discriminator | None,
    picture: Tensor,
    settings: InversionSettings | None = None,
    weight: Tensor | None = None,
    noise: NoiseMode = "const",
) -> Iterator[InversionStep]:
    """Look for the ws that draw `picture`: the start as step 0, then one InversionStep per optimiser step.

    The start is the best of w_avg and some random w. The loss is that of the pixels at several scales, and
    where there is a discriminator that of its features. Neither network is changed: no parameter's `.grad` is
    written, frozen or not. The same input gives the same steps. To stop, close the iterator; the last ws are
    usable as they are.

    Args:
        picture: [1, 3, R, R] in [-1, 1], R the generator's resolution.
        weight: [1, 1, R, R], how much each pixel counts, at least 0 and not all 0; None: all alike.
        noise: the noise that the picture will be drawn with; "random" makes the steps differ each time.

    Raises:
        InversionInputError: wrong shapes, NaN, negative weights or none over 0. At the call.
        InversionSettingsError: a setting is out of range. At the call.
        InversionError: the model draws no finite picture to start from. While iterating.
    """
    settings = (settings or InversionSettings()).validated()
    shape = (1, generator.config.img_channels, generator.resolution, generator.resolution)
    _check("The picture", picture, shape)
    if weight is None:
        weight = torch.ones(1, 1, *shape[2:])
    _check("The weight", weight, (1, 1, *shape[2:]))
    if (weight < 0).any() or not (weight > 0).any():
        raise InversionInputError("The weight must be at least 0 everywhere and over 0 somewhere.")
    return _search(generator, discriminator, picture, settings, weight, noise)


def _check(name: str, tensor: Tensor, shape: tuple[int, ...]) -> None:
    if tuple(tensor.shape) != shape:
        raise InversionInputError(f"{name} must have the shape {list(shape)} for this model, not {list(tensor.shape)}.")
    if not tensor.isfinite().all():
        raise InversionInputError(f"{name} holds NaN or infinite values.")


@dataclass(frozen=True, eq=False)
class _Point:
    """A latent, what it is worth, and which way is down."""

    latent: Tensor
    """[1, 1, w_dim] in W, [1, num_ws, w_dim] in W+."""
    loss: float
    gradient: Tensor
    finite: bool


@dataclass(frozen=True, eq=False)
class _Objective:
    """What is minimised, over latents of W and of W+."""

    draw: Callable[[Tensor], Tensor]
    num_ws: int
    picture_loss: Callable[[Tensor], Tensor]
    spread_weight: float
    w_std: Tensor

    def at(self, latent: Tensor) -> _Point:
        # The consumer may iterate under no_grad or inference_mode; neither may reach into here.
        with torch.inference_mode(False), torch.enable_grad():
            latent = latent.detach().clone().requires_grad_()
            ws = latent.expand(-1, self.num_ws, -1)
            loss = self.picture_loss(self.draw(ws)) + self.spread_weight * spread(ws, self.w_std)
            # Asked for by name, so that nothing is written to the generator's parameters.
            (gradient,) = torch.autograd.grad(loss.sum(), latent)
        finite = bool(loss.isfinite().all() and gradient.isfinite().all())
        return _Point(latent.detach(), float(loss.detach()), gradient, finite)


def _search(
    generator: Generator,
    discriminator: Discriminator | None,
    picture: Tensor,
    settings: InversionSettings,
    weight: Tensor,
    noise: NoiseMode,
) -> Iterator[InversionStep]:
    def draw(ws: Tensor) -> Tensor:
        return generator.image(ws, noise)

    with torch.inference_mode(False), torch.no_grad():
        # Copies: a tensor made in inference mode cannot take part in a gradient.
        picture = picture.detach().clone().to(generator.device, generator.dtype)
        weight = weight.detach().clone().to(generator.device, generator.dtype)
        picture_loss = _picture_loss(discriminator, picture, settings, weight)
        start = best_start(generator, draw, picture_loss, settings)
    objective = _Objective(draw, generator.num_ws, picture_loss, settings.spread_weight, start.w_std)
    best = objective.at(start.w)
    if not best.finite:
        raise InversionError("The model draws no finite picture to start from. Its file may be damaged.")

    total = settings.w_steps + settings.w_plus_steps
    step = 0

    def report(point: _Point, stage: InversionStage) -> InversionStep:
        ws = point.latent.expand(-1, generator.num_ws, -1).clone()
        return InversionStep(step, total, stage, ws, point.loss, end=step == total)

    yield report(best, InversionStage.W)
    for stage, steps, step_size, layers in (
        (InversionStage.W, settings.w_steps, settings.w_step_size, 1),
        (InversionStage.W_PLUS, settings.w_plus_steps, settings.w_plus_step_size, generator.num_ws),
    ):
        if steps == 0:
            continue
        # Each stage begins where the best latent so far lies.
        best = objective.at(best.latent.expand(-1, layers, -1))
        for point in _descent(objective, best, steps, step_size * start.w_std):
            step += 1
            best = point if point.loss < best.loss else best
            yield report(best if step == total else point, stage)


def _picture_loss(
    discriminator: Discriminator | None, picture: Tensor, settings: InversionSettings, weight: Tensor
) -> Callable[[Tensor], Tensor]:
    pixels = PixelLoss(picture, weight)
    if discriminator is None or settings.feature_weight == 0:
        return lambda drawn: settings.pixel_weight * pixels(drawn)
    features = FeatureLoss(discriminator, picture, weight)
    return lambda drawn: settings.pixel_weight * pixels(drawn) + settings.feature_weight * features(drawn)


def _descent(objective: _Objective, start: _Point, steps: int, step_size: Tensor) -> Iterator[_Point]:
    """Adam from `start`; a point per step, every one finite.

    Where a step leads to NaN or infinity, the search goes on from the best point, with half the step.
    """
    best = point = start
    height = float(step_size)
    latent, adam = _adam(start.latent)
    for step in range(steps):
        latent.grad = point.gradient
        adam.param_groups[0]["lr"] = height * step_factor(step, steps)
        with torch.inference_mode(False):
            adam.step()
        point = objective.at(latent)
        if not point.finite:
            point = best
            height *= 0.5
            latent, adam = _adam(best.latent)
        elif point.loss < best.loss:
            best = point
        yield point


def _adam(latent: Tensor) -> tuple[Tensor, torch.optim.Adam]:
    with torch.inference_mode(False):
        latent = latent.clone()
        return latent, torch.optim.Adam([latent], betas=ADAM_BETAS)
