"""The search as its consumer sees it: what it finds, what it yields, what it leaves alone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from draggan_server.inversion import (
    InversionError,
    InversionInputError,
    InversionSettings,
    InversionSettingsError,
    InversionStage,
    InversionStep,
    invert,
)
from draggan_server.stylegan2 import Discriminator, Generator, GeneratorConfig

SHORT = InversionSettings(candidates=4, w_steps=3, w_plus_steps=2, tuning_steps=2)
LATENT = InversionSettings(w_steps=60, w_plus_steps=60, tuning_steps=0)


def psnr(generator: Generator, ws: Tensor, picture: Tensor) -> float:
    """Of pictures in [-1, 1], in dB."""
    with torch.no_grad():
        return -10 * math.log10(float((generator.image(ws) - picture).square().mean()) / 4)


@pytest.mark.parametrize("with_discriminator", [False, True])
def test_the_generators_own_picture_is_found_again(
    generator: Generator, discriminator: Discriminator, picture: Tensor, with_discriminator: bool
) -> None:
    """By its latent alone; a random start is at 12 dB."""
    steps = list(invert(generator, discriminator if with_discriminator else None, picture, LATENT))
    assert psnr(generator, steps[0].ws, picture) < 15
    assert psnr(generator, steps[-1].ws, picture) > 24


def test_w_plus_finds_what_w_cannot(generator: Generator) -> None:
    """A picture with another w in each layer is not in W's reach."""
    torch.manual_seed(5)
    with torch.no_grad():
        ws = torch.stack([generator.mapping(torch.randn(1, 32), psi=0.5)[:, i] for i in range(generator.num_ws)], 1)
        picture = generator.image(ws)
    only_w = list(invert(generator, None, picture, replace(LATENT, w_steps=120, w_plus_steps=0)))[-1]
    both = list(invert(generator, None, picture, LATENT))[-1]
    assert (only_w.ws == only_w.ws[:, :1]).all()
    assert both.stage is InversionStage.W_PLUS and (both.ws != both.ws[:, :1]).any()
    assert psnr(generator, both.ws, picture) > psnr(generator, only_w.ws, picture) + 3


def test_what_is_yielded(generator: Generator, picture: Tensor) -> None:
    steps = list(invert(generator, None, picture, SHORT))
    assert [step.step for step in steps] == [0, 1, 2, 3, 4, 5, 6, 7]
    assert [step.stage.value for step in steps] == ["w", "w", "w", "w", "w+", "w+", "tuning", "tuning"]
    assert [step.end for step in steps] == [False] * 7 + [True]
    assert [step.recognition is not None for step in steps] == [False] * 3 + [True] * 5
    assert [step.delta is not None for step in steps] == [False] * 6 + [True] * 2
    assert len({id(step.recognition) for step in steps[3:]}) == 1
    for step in steps:
        assert step.total_steps == 7
        assert step.ws.shape == (1, generator.num_ws, 32) and not step.ws.requires_grad
    for stage in InversionStage:
        losses = [step.loss for step in steps if step.stage is stage]
        assert losses == sorted(losses, reverse=True)


def test_the_loss_is_that_of_the_yielded_ws(generator: Generator, picture: Tensor) -> None:
    """Neither one step behind nor ahead: without features and spread it can be computed from the outside."""
    settings = InversionSettings(candidates=2, w_steps=4, w_plus_steps=3, tuning_steps=3, spread_weight=0.0)
    for step in invert(generator, None, picture, settings):
        with torch.no_grad():
            drawing = generator.tuned(step.delta) if step.delta else generator
            off, level_losses = drawing.image(step.ws) - picture, []
        while True:
            level_losses.append(off.square().mean())
            if off.shape[-1] == 4:
                break
            off = off.unfold(2, 2, 2).unfold(3, 2, 2).mean((-1, -2))
        assert step.loss == pytest.approx(float(torch.stack(level_losses).mean()), rel=1e-4)


def test_the_start_is_the_best_candidate(generator: Generator, picture: Tensor) -> None:
    none = InversionSettings(candidates=0, w_steps=0, w_plus_steps=0, tuning_steps=0)
    alone = list(invert(generator, None, picture, none))
    assert len(alone) == 1 and alone[0].end
    assert torch.equal(alone[0].ws, generator.w_avg.expand(1, generator.num_ws, -1))
    losses = [
        next(invert(generator, None, picture, InversionSettings(candidates=count))).loss for count in (0, 4, 16, 64)
    ]
    assert losses == sorted(losses, reverse=True) and losses[-1] < losses[0]


def test_the_same_input_gives_the_same_steps(
    generator: Generator, discriminator: Discriminator, picture: Tensor
) -> None:
    """Whatever else draws random numbers, and without disturbing it."""
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = [step.ws for step in invert(generator, discriminator, picture, SHORT)]
    assert torch.equal(state, torch.get_rng_state())
    torch.manual_seed(2)
    second = [step.ws for step in invert(generator, discriminator, picture, SHORT)]
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_nothing_is_written_to_the_networks(discriminator: Discriminator, picture: Tensor) -> None:
    """Also where the parameters are not frozen."""
    generator = Generator(GeneratorConfig(z_dim=8, w_dim=8, img_resolution=32, channel_base=256, mapping_layers=1))
    discriminator.requires_grad_(True)
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    list(invert(generator, discriminator, picture, SHORT))
    assert all(parameter.grad is None for parameter in [*generator.parameters(), *discriminator.parameters()])
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())
    discriminator.requires_grad_(False)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_the_consumer_may_have_gradients_off(mode: type, generator: Generator, picture: Tensor) -> None:
    expected = [step.loss for step in invert(generator, None, picture, SHORT)]
    with mode():
        steps = list(invert(generator, None, picture.clone(), SHORT))
        assert not torch.is_grad_enabled()
    assert [step.loss for step in steps] == expected


def test_closing_stops(generator: Generator, picture: Tensor) -> None:
    steps = invert(generator, None, picture, SHORT)
    assert isinstance(steps, Iterator)
    assert next(steps).ws.isfinite().all()
    steps.close()  # type: ignore[attr-defined]
    assert next(steps, None) is None


def test_the_ws_are_the_consumers_own(generator: Generator, picture: Tensor) -> None:
    """Writing to them does not lead the search astray."""
    expected = [step.loss for step in invert(generator, None, picture, SHORT)]
    got = []
    for step in invert(generator, None, picture, SHORT):
        got.append(step.loss)
        step.ws.fill_(7.0)
    assert got == expected


def test_no_step_is_worse_than_the_one_before(generator: Generator, picture: Tensor) -> None:
    """Steps far too large lead away from the start; what is yielded stays there."""
    far = InversionSettings(
        candidates=16,
        w_steps=3,
        w_plus_steps=3,
        tuning_steps=3,
        w_step_size=50,
        w_plus_step_size=50,
        tuning_step_size=50,
    )
    steps = [step for step in invert(generator, None, picture, far) if step.step]
    assert len(steps) == 9 and len({step.loss for step in steps[:6]}) == 1
    assert all(torch.equal(step.ws, steps[0].ws) for step in steps[:6])
    assert steps[-1].loss == steps[-3].loss == pytest.approx(steps[0].loss, rel=0.01)  # the pivot is rounded


def test_unweighted_pixels_do_not_matter(generator: Generator, picture: Tensor) -> None:
    weight = torch.ones(1, 1, 32, 32)
    weight[..., :13] = 0.0
    spoiled = picture.clone()
    spoiled[..., :13] = 1.0 - 2.0 * torch.rand(1, 3, 32, 13)
    clean = [step.loss for step in invert(generator, None, picture, SHORT, weight)]
    assert [step.loss for step in invert(generator, None, spoiled, SHORT, weight)] == pytest.approx(clean, rel=1e-5)
    assert [step.loss for step in invert(generator, None, spoiled, SHORT)] != pytest.approx(clean, rel=0.1)


class Fragile(Generator):
    """Draws NaN once the latent is `reach` away from w_avg."""

    reach = 0.0

    def image(self, ws: Tensor, *args: object, **kwargs: object) -> Tensor:  # type: ignore[override]
        drawn = super().image(ws, *args, **kwargs)  # type: ignore[arg-type]
        far = (ws - self.w_avg).abs().amax((1, 2)) > self.reach
        return torch.where(far[:, None, None, None], torch.nan, drawn)


@pytest.fixture
def fragile(generator: Generator) -> Fragile:
    network = Fragile(generator.config).freeze()
    network.load_state_dict(generator.state_dict())
    return network


def test_nan_on_the_way_does_not_end_the_search(fragile: Fragile, picture: Tensor) -> None:
    fragile.reach = 0.3
    settings = InversionSettings(candidates=8, w_steps=30, w_plus_steps=10, tuning_steps=3, w_step_size=0.5)
    steps = list(invert(fragile, None, picture, settings))
    assert steps[-1].end and steps[-1].step == 43
    assert all(math.isfinite(step.loss) and step.ws.isfinite().all() for step in steps)
    assert all(fragile.image(step.ws).isfinite().all() for step in steps)
    assert (steps[-1].ws - fragile.w_avg).abs().max() > 0.2  # it came near the cliff ...
    assert steps[-1].loss < 0.9 * steps[0].loss  # ... and found something there


def test_a_model_that_only_draws_nan_is_named(fragile: Fragile, picture: Tensor) -> None:
    fragile.reach = -1.0
    with pytest.raises(InversionError, match="no finite picture"):
        next(invert(fragile, None, picture, SHORT))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda p: p[0], r"shape \[1, 3, 32, 32\]"),
        (lambda p: p[:, :1], r"not \[1, 1, 32, 32\]"),
        (lambda p: p.repeat(2, 1, 1, 1), r"not \[2, 3, 32, 32\]"),
        (lambda p: p[..., :16, :16], r"not \[1, 3, 16, 16\]"),
        (lambda p: p * math.nan, "picture holds NaN"),
        (lambda p: p / 0, "picture holds NaN or infinite"),
    ],
)
def test_a_bad_picture_is_named_at_the_call(generator: Generator, picture: Tensor, spoil: object, message: str) -> None:
    with pytest.raises(InversionInputError, match=message):
        invert(generator, None, spoil(picture))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (torch.ones(1, 1, 16, 16), r"weight must have the shape \[1, 1, 32, 32\]"),
        (torch.zeros(1, 1, 32, 32), "over 0 somewhere"),
        (-torch.ones(1, 1, 32, 32), "at least 0"),
        (torch.full((1, 1, 32, 32), math.nan), "NaN"),
    ],
)
def test_a_bad_weight_is_named_at_the_call(generator: Generator, picture: Tensor, weight: Tensor, message: str) -> None:
    with pytest.raises(InversionInputError, match=message):
        invert(generator, None, picture, weight=weight)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("w_steps", -1),
        ("w_plus_steps", 2.5),
        ("candidates", True),
        ("seed", 2**32),
        ("w_step_size", math.nan),
        ("feature_weight", -0.1),
        ("pixel_weight", 0.0),
        ("tuning_rank", 0),
        ("tuning_step_size", math.inf),
        ("locality_weight", -1.0),
    ],
)
def test_a_bad_setting_is_named_at_the_call(generator: Generator, picture: Tensor, name: str, value: object) -> None:
    with pytest.raises(InversionSettingsError, match=name):
        invert(generator, None, picture, InversionSettings(**{name: value}))  # type: ignore[arg-type]


def test_a_step_is_a_frozen_value(generator: Generator, picture: Tensor) -> None:
    step: InversionStep = next(invert(generator, None, picture, SHORT))
    with pytest.raises(AttributeError):
        step.loss = 0.0  # type: ignore[misc]
