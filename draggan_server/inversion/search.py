"""A picture -> the latent that draws it, by optimisation in W, then in W+, then of the weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import torch
from torch import Tensor

from ..stylegan2 import Discriminator, Generator, LowRank, NoiseMode, WeightDelta
from ..stylegan2.delta import with_weights
from .descent import Losses, Variables, descent, valued
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
    return _search(generator, discriminator, picture, settings, weight, noise, start)


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


def _search(
    generator: Generator,
    discriminator: Discriminator | None,
    picture: Tensor,
    settings: InversionSettings,
    weight: Tensor,
    noise: NoiseMode,
    begun: InversionStart | None,
) -> Iterator[InversionStep]:
    with torch.inference_mode(False), torch.no_grad():
        # Copies: a tensor made in inference mode cannot take part in a gradient.
        picture = picture.detach().clone().to(generator.device, generator.dtype)
        weight = weight.detach().clone().to(generator.device, generator.dtype)
        pixel_loss = PixelLoss(picture, weight)
        picture_loss = _picture_loss(discriminator, picture, settings, weight)
        known = known_ws(generator, settings)
        if begun is not None and begun.recognition is not None:
            found = _Found(begun.ws.detach().clone().to(known.mean), begun.delta, begun.recognition)
            tried = known.mean[:0]
        else:
            found = _Found(known.mean)
            tried = known.candidates(settings)
            if begun is not None:
                tried = torch.cat([tried, begun.ws.mean(dim=1, keepdim=True).to(tried)])

    def in_w(variables: Variables) -> Losses:
        # By pixels alone: where W comes to, and so the score, does not hang on whether there is a discriminator.
        ws = variables[0].expand(-1, generator.num_ws, -1)
        return Losses(settings.pixel_weight * pixel_loss(generator.image(ws, noise)).sum())

    def in_w_plus(variables: Variables) -> Losses:
        (ws,) = variables
        loss = picture_loss(drawing.image(ws, noise)) + settings.spread_weight * spread(ws, known.std)
        return Losses(loss.sum())

    w_steps = settings.w_steps if found.recognition is None else 0
    total = w_steps + settings.w_plus_steps + settings.tuning_steps
    step = 0

    def report(stage: InversionStage, found: _Found, loss: float) -> InversionStep:
        ws = found.ws.expand(-1, generator.num_ws, -1).clone()
        return InversionStep(step, total, stage, ws, found.delta, loss, found.recognition, end=step == total)

    def recognised(found: _Found) -> _Found:
        with torch.inference_mode(False), torch.no_grad():
            drawn = generator.image(found.ws.expand(-1, generator.num_ws, -1), noise)
            return replace(found, recognition=settings.thresholds.recognition(score(drawn, picture, weight)))

    worth = torch.inf
    start_loss = lambda w: pixel_loss(generator.image(w.expand(-1, generator.num_ws, -1), noise))  # noqa: E731
    for best, least in best_so_far(tried, start_loss):
        if math.isfinite(worth):  # others have their turn
            yield report(InversionStage.W, found, settings.pixel_weight * worth)
        found, worth = _Found(best), least

    drawing = generator.tuned(found.delta) if found.delta else generator
    begin_at = valued(in_w, (found.ws,)) if w_steps else valued(in_w_plus, (found.ws.expand(-1, generator.num_ws, -1),))
    if not begin_at.finite:
        raise InversionError("The model draws no finite picture to start from. Its file may be damaged.")
    if not w_steps and found.recognition is None:
        found = recognised(found)
    yield report(InversionStage.W if w_steps or not total else InversionStage.W_PLUS, found, begin_at.loss)

    if w_steps:
        for place in descent(in_w, begin_at, w_steps, (settings.w_step_size * known.std,)):
            step += 1
            found = _Found(place.at[0])
            if step == w_steps:
                found = recognised(found)
            yield report(InversionStage.W, found, place.loss)
    if settings.w_plus_steps:
        begin_at = valued(in_w_plus, (found.ws.expand(-1, generator.num_ws, -1),))
        for place in descent(in_w_plus, begin_at, settings.w_plus_steps, (settings.w_plus_step_size * known.std,)):
            step += 1
            found = replace(found, ws=place.at[0])
            yield report(InversionStage.W_PLUS, found, place.loss)
    if settings.tuning_steps:
        with torch.inference_mode(False), torch.no_grad():
            # What is kept of a latent is its half precision: the weights are tuned to just that.
            pivot = found.ws.expand(-1, generator.num_ws, -1).half().to(generator.dtype)
            delta = begin(generator, settings, found.delta)
            locality = Locality(generator, pivot, settings, noise) if settings.locality_weight else None

        def in_weights(variables: Variables) -> Losses:
            tuned = with_weights(generator, _delta(delta, variables).merged(generator))
            loss = settings.pixel_weight * pixel_loss(tuned.image(pivot, noise)).sum()
            left = locality(tuned) if locality else None
            return Losses(loss, None if left is None else settings.locality_weight * left)

        begin_at = valued(in_weights, [matrix for part in delta.parts.values() for matrix in (part.left, part.right)])
        sizes = [settings.tuning_step_size] * len(begin_at.at)
        for place in descent(in_weights, begin_at, settings.tuning_steps, sizes):
            step += 1
            found = replace(found, ws=pivot, delta=_delta(delta, place.at))
            yield report(InversionStage.TUNING, found, place.loss)


def _delta(like: WeightDelta, matrices: Sequence[Tensor]) -> WeightDelta:
    """The matrices in the order of the parts' own."""
    pairs = zip(matrices[::2], matrices[1::2], strict=True)
    return WeightDelta({name: LowRank(left, right) for name, (left, right) in zip(like.parts, pairs, strict=True)})


def _picture_loss(
    discriminator: Discriminator | None, picture: Tensor, settings: InversionSettings, weight: Tensor
) -> Callable[[Tensor], Tensor]:
    pixels = PixelLoss(picture, weight)
    if discriminator is None or settings.feature_weight == 0:
        return lambda drawn: settings.pixel_weight * pixels(drawn)
    features = FeatureLoss(discriminator, picture, weight)
    return lambda drawn: settings.pixel_weight * pixels(drawn) + settings.feature_weight * features(drawn)
