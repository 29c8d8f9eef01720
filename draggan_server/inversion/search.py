"""A picture -> the latent that draws it, by optimisation in W, then in W+, then of the weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Generator as Steps
from dataclasses import dataclass, replace
from enum import Enum

import torch
from torch import Tensor

from ..stylegan2 import Discriminator, Generator, LowRank, NoiseMode, WeightDelta
from ..stylegan2.delta import with_weights
from .descent import Losses, Valued, Variables, descent, valued
from .errors import InversionError, InversionInputError
from .losses import FeatureLoss, PixelLoss, spread
from .recognition import Recognition, score
from .settings import InversionSettings
from .start import best_so_far, known_ws
from .tuning import Locality, begin


class InversionStage(str, Enum):
    """What moves; the values are the words of the field."""

    W = "w"
    """One w for all layers."""
    W_PLUS = "w+"
    """A w for each layer."""
    TUNING = "tuning"
    """The generator's weights."""


@dataclass(frozen=True, eq=False)
class InversionStep:
    """The best so far after `step` of `total_steps` optimiser steps, fit to be used if the search stops here."""

    step: int
    total_steps: int
    stage: InversionStage
    ws: Tensor
    """[1, num_ws, w_dim], detached; the consumer's own."""
    delta: WeightDelta | None
    """The picture is `generator.tuned(delta).image(ws)`; None: the generator draws it as it is."""
    loss: float
    """Of exactly these ws and this delta; stages do not compare."""
    recognition: Recognition | None
    """From the last step in W on."""
    end: bool
    """The search is over."""


@dataclass(frozen=True, eq=False)
class InversionStart:
    """Where an earlier search for the same picture has come."""

    ws: Tensor
    """[1, num_ws, w_dim]"""
    delta: WeightDelta | None = None
    recognition: Recognition | None = None
    """None: that search has not finished its stage in W; then it is gone through again, from there."""


def invert(
    generator: Generator,
    discriminator: Discriminator | None,
    picture: Tensor,
    settings: InversionSettings | None = None,
    weight: Tensor | None = None,
    noise: NoiseMode = "const",
    start: InversionStart | None = None,
) -> Iterator[InversionStep]:
    """Look for what draws `picture`: the start as step 0, more than once where it takes long to find, then one
    InversionStep per optimiser step.

    The start is the best of w_avg and some random w. The loss is that of the pixels at several scales, and in W+,
    where there is a discriminator, that of its features too. Neither network is changed: no parameter's `.grad` is
    written, frozen or not. The same input gives the same steps. To stop, close the iterator; each step is
    usable as it is, and none is worse than the one before it in its stage.

    Args:
        picture: [1, 3, H, W] in [-1, 1], of the size of the generator's.
        weight: [1, 1, H, W], how much each pixel counts, at least 0 and not all 0; None: all alike.
        noise: the noise that the picture will be drawn with; "random" makes the steps differ each time.
        start: go on from an earlier search; what it has recognised is not searched again.

    Raises:
        InversionInputError: wrong shapes, NaN, negative weights or none over 0. At the call.
        InversionSettingsError: a setting is out of range. At the call.
        InversionError: the model draws no finite picture to start from. While iterating.
    """
    settings = (settings or InversionSettings()).validated()
    shape = (1, generator.config.img_channels, generator.height, generator.width)
    _check("The picture", picture, shape)
    if weight is None:
        weight = torch.ones(1, 1, *shape[2:])
    _check("The weight", weight, (1, 1, *shape[2:]))
    if (weight < 0).any() or not (weight > 0).any():
        raise InversionInputError("The weight must be at least 0 everywhere and over 0 somewhere.")
    if start is not None:
        _check("The start", start.ws, (1, generator.num_ws, generator.config.w_dim))
        if start.delta is not None:
            generator.tuned(start.delta)  # says what does not fit
    return _Search(generator, discriminator, picture, settings, weight, noise).steps(start)


def _check(name: str, tensor: Tensor, shape: tuple[int, ...]) -> None:
    if tuple(tensor.shape) != shape:
        raise InversionInputError(f"{name} must have the shape {list(shape)} for this model, not {list(tensor.shape)}.")
    if not tensor.isfinite().all():
        raise InversionInputError(f"{name} holds NaN or infinite values.")


@dataclass(frozen=True, eq=False)
class _Found:
    """What a search has found so far."""

    ws: Tensor
    """[1, 1, w_dim] in W, else [1, num_ws, w_dim]"""
    delta: WeightDelta | None = None
    recognition: Recognition | None = None


_Steps = Steps[InversionStep, None, _Found]
"""A stage: what it yields on its way, and what it has found in the end."""


class _Search:
    """The search for one picture, stage by stage."""

    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator | None,
        picture: Tensor,
        settings: InversionSettings,
        weight: Tensor,
        noise: NoiseMode,
    ) -> None:
        self._generator = generator
        self._settings = settings
        self._noise: NoiseMode = noise
        with torch.inference_mode(False), torch.no_grad():
            # Copies: a tensor made in inference mode cannot take part in a gradient.
            self._picture = picture.detach().clone().to(generator.device, generator.dtype)
            self._weight = weight.detach().clone().to(generator.device, generator.dtype)
            self._pixels = PixelLoss(self._picture, self._weight)
            self._features = None
            if discriminator is not None and settings.feature_weight:
                self._features = FeatureLoss(discriminator, self._picture, self._weight)
            self._known = known_ws(generator, settings)
        self._step = 0
        self._total = settings.w_steps + settings.w_plus_steps + settings.tuning_steps

    def steps(self, begun: InversionStart | None) -> Iterator[InversionStep]:
        if begun is None or begun.recognition is None:
            found = yield from self._in_w(begun)
        else:
            found = yield from self._going_on(begun)
        if self._settings.w_plus_steps:
            found = yield from self._in_w_plus(found)
        if self._settings.tuning_steps:
            yield from self._tuning(found)

    def _in_w(self, begun: InversionStart | None) -> _Steps:
        settings = self._settings
        # By pixels alone: where W comes to, and so the score, does not hang on whether there is a discriminator.
        tried = self._known.candidates(settings)
        if begun is not None:
            tried = torch.cat([tried, begun.ws.mean(dim=1, keepdim=True).to(tried)])
        found, worth = _Found(self._known.mean), math.inf
        for best, least in best_so_far(tried, lambda w: self._pixel_loss(self._generator, w)):
            if math.isfinite(worth):  # others have their turn
                yield self._report(InversionStage.W, found, worth)
            found, worth = _Found(best), least

        def loss(variables: Variables) -> Losses:
            return Losses(self._pixel_loss(self._generator, variables[0]).sum())

        place = self._begin(loss, found.ws)
        if not settings.w_steps:
            found = self._recognised(found)
        yield self._report(InversionStage.W, found, place.loss)
        for step, better in enumerate(
            descent(loss, place, settings.w_steps, (settings.w_step_size * self._known.std,)), start=1
        ):
            found = _Found(better.at[0])
            if step == settings.w_steps:
                found = self._recognised(found)
            self._step += 1
            yield self._report(InversionStage.W, found, better.loss)
        return found

    def _going_on(self, begun: InversionStart) -> _Steps:
        """From an earlier search that has gone through W."""
        self._total -= self._settings.w_steps
        with torch.inference_mode(False):
            found = _Found(begun.ws.detach().clone().to(self._known.mean), begun.delta, begun.recognition)
        place = self._begin(self._w_plus_loss(found), found.ws)
        yield self._report(InversionStage.W_PLUS, found, place.loss)
        return found

    def _in_w_plus(self, found: _Found) -> _Steps:
        settings = self._settings
        loss = self._w_plus_loss(found)
        place = valued(loss, (found.ws.expand(-1, self._generator.num_ws, -1),))
        for better in descent(loss, place, settings.w_plus_steps, (settings.w_plus_step_size * self._known.std,)):
            found = replace(found, ws=better.at[0])
            self._step += 1
            yield self._report(InversionStage.W_PLUS, found, better.loss)
        return found

    def _tuning(self, found: _Found) -> _Steps:
        generator, settings = self._generator, self._settings
        with torch.inference_mode(False), torch.no_grad():
            pivot = self._kept(found)
            delta = begin(generator, settings, found.delta)
            locality = Locality(generator, pivot, settings, self._noise) if settings.locality_weight else None

        def loss(variables: Variables) -> Losses:
            tuned = with_weights(generator, _delta(delta, variables).merged(generator))
            left = locality(tuned) if locality else None
            return Losses(
                self._pixel_loss(tuned, pivot).sum(), None if left is None else settings.locality_weight * left
            )

        place = valued(loss, [matrix for part in delta.parts.values() for matrix in (part.left, part.right)])
        step_sizes = [settings.tuning_step_size] * len(place.at)
        for better in descent(loss, place, settings.tuning_steps, step_sizes):
            found = replace(found, ws=pivot, delta=_delta(delta, better.at))
            self._step += 1
            yield self._report(InversionStage.TUNING, found, better.loss)
        return found

    def _kept(self, found: _Found) -> Tensor:
        """[1, num_ws, w_dim]: what is kept of a latent is its half precision; the weights are tuned to just that."""
        ws = found.ws.expand(-1, self._generator.num_ws, -1)
        rounded = ws.half().to(ws.dtype)
        return rounded if self._drawn(self._generator, rounded).isfinite().all() else ws

    def _begin(self, loss: Callable[[Variables], Losses], ws: Tensor) -> Valued:
        place = valued(loss, (ws,))
        if not place.finite:
            raise InversionError("The model draws no finite picture to start from. Its file may be damaged.")
        return place

    def _pixel_loss(self, generator: Generator, ws: Tensor) -> Tensor:
        """ws [N, 1 or num_ws, w_dim] -> [N]"""
        return self._settings.pixel_weight * self._pixels(self._drawn(generator, ws))

    def _w_plus_loss(self, found: _Found) -> Callable[[Variables], Losses]:
        generator = self._generator.tuned(found.delta) if found.delta else self._generator
        settings = self._settings

        def loss(variables: Variables) -> Losses:
            drawn = self._drawn(generator, variables[0])
            total = settings.pixel_weight * self._pixels(drawn)
            if self._features is not None:
                total = total + settings.feature_weight * self._features(drawn)
            return Losses((total + settings.spread_weight * spread(variables[0], self._known.std)).sum())

        return loss

    def _drawn(self, generator: Generator, ws: Tensor) -> Tensor:
        return generator.image(ws.expand(-1, generator.num_ws, -1), self._noise)

    def _recognised(self, found: _Found) -> _Found:
        with torch.inference_mode(False), torch.no_grad():
            drawn = self._drawn(self._generator, found.ws)
            known = score(drawn, self._picture, self._weight)
        return replace(found, recognition=self._settings.thresholds.recognition(known))

    def _report(self, stage: InversionStage, found: _Found, loss: float) -> InversionStep:
        ws = found.ws.expand(-1, self._generator.num_ws, -1).clone()
        end = self._step == self._total
        return InversionStep(self._step, self._total, stage, ws, found.delta, loss, found.recognition, end)


def _delta(like: WeightDelta, matrices: Sequence[Tensor]) -> WeightDelta:
    """The matrices in the order of the parts' own."""
    pairs = zip(matrices[::2], matrices[1::2], strict=True)
    return WeightDelta({name: LowRank(left, right) for name, (left, right) in zip(like.parts, pairs, strict=True)})
