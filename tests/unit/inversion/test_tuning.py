"""Tuning: what it reaches, what it leaves alone, and how a search goes on from another."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from draggan_server.inversion import (
    Familiarity,
    InversionInputError,
    InversionSettings,
    InversionSettingsError,
    InversionStart,
    InversionStep,
    Recognition,
    RecognitionThresholds,
    invert,
)
from draggan_server.inversion.recognition import score
from draggan_server.inversion.tuning import tuned_names
from draggan_server.stylegan2 import Generator, LowRank, WeightDelta, z_from_seed
from draggan_server.stylegan2.delta import with_weights

TUNING = InversionSettings(candidates=4, w_steps=5, w_plus_steps=3, tuning_steps=30, locality_weight=0.0)


@pytest.fixture(scope="module")
def strange() -> Tensor:
    """A picture that the generator cannot draw."""
    rows = torch.linspace(-1, 1, 32)
    return torch.stack([rows.expand(32, 32), rows[:, None].expand(32, 32), (rows * 9).sin().expand(32, 32)])[None] * 0.8


def drawn(generator: Generator, step: InversionStep) -> Tensor:
    with torch.no_grad():
        return (generator.tuned(step.delta) if step.delta else generator).image(step.ws)


def last(steps: object) -> InversionStep:
    *_, end = steps  # type: ignore[misc]
    return end


def test_tuning_reaches_what_no_latent_does(generator: Generator, strange: Tensor) -> None:
    latent = last(invert(generator, None, strange, replace(TUNING, tuning_steps=0, w_plus_steps=33)))
    tuned = last(invert(generator, None, strange, TUNING))
    assert tuned.delta is not None
    errors = [(drawn(generator, step) - strange).square().mean() for step in (latent, tuned)]
    assert errors[1] < 0.5 * errors[0]


def test_the_delta_names_convolutions_and_rgb_of_the_chosen_blocks(generator: Generator, strange: Tensor) -> None:
    step = last(invert(generator, None, strange, replace(TUNING, tuning_steps=1, tuning_from_px=16, tuning_rank=2)))
    assert step.delta is not None
    layers = [f"synthesis.b{r}.{layer}.weight" for r in (16, 32) for layer in ("conv0", "conv1", "torgb")]
    assert list(step.delta.parts) == layers
    assert all(part.rank == 2 for part in step.delta.parts.values())
    assert tuned_names(generator, 4)[0] == "synthesis.b4.conv1.weight"


def test_the_first_tuning_step_begins_with_the_pivots_picture(generator: Generator, strange: Tensor) -> None:
    """Nothing jumps: a step of no height changes nothing."""
    steps = list(invert(generator, None, strange, replace(TUNING, tuning_steps=2, tuning_step_size=0.0)))
    torch.testing.assert_close(drawn(generator, steps[-1]), drawn(generator, steps[-3]), rtol=0, atol=5e-3)


def test_the_pivot_and_the_delta_survive_half_precision(generator: Generator, strange: Tensor) -> None:
    step = last(invert(generator, None, strange, TUNING))
    assert step.delta is not None and torch.equal(step.ws.half().float(), step.ws)
    rounded = replace(step, delta=step.delta.to(dtype=torch.float16))
    assert (drawn(generator, rounded) - drawn(generator, step)).abs().max() < 0.02


def test_locality_keeps_what_is_drawn_elsewhere(generator: Generator, strange: Tensor) -> None:
    def moved(weight: float) -> tuple[float, float]:
        step = last(invert(generator, None, strange, replace(TUNING, locality_weight=weight)))
        assert step.delta is not None
        with torch.no_grad():
            near = step.ws + 0.5 * (torch.cat([generator.mapping(z_from_seed(i, 32)) for i in range(6)]) - step.ws)
            change = (generator.tuned(step.delta).image(near) - generator.image(near)).square().mean()
        return float(change), step.loss

    free, held = moved(0.0), moved(0.1)
    assert held[0] < 0.8 * free[0]
    assert held[1] < 4 * free[1]


def test_a_search_goes_on_from_another(generator: Generator, strange: Tensor) -> None:
    first = last(invert(generator, None, strange, TUNING))
    start = InversionStart(first.ws, first.delta, first.recognition)
    more = replace(TUNING, w_plus_steps=2, tuning_steps=8, tuning_rank=12, tuning_step_size=0.004, spread_weight=0.0)
    steps = list(invert(generator, None, strange, more, start=start))
    assert [step.step for step in steps] == list(range(11)) and steps[-1].total_steps == 10
    assert all(step.recognition is first.recognition for step in steps)
    assert torch.equal(steps[0].ws, first.ws)
    torch.testing.assert_close(drawn(generator, steps[0]), drawn(generator, first))
    errors = [(drawn(generator, step) - strange).square().mean() for step in (first, steps[-1])]
    assert errors[1] < errors[0]
    assert steps[-1].delta is not None and steps[-1].delta.parts["synthesis.b32.conv1.weight"].rank == 12


def test_from_where_w_ended_it_is_the_same_search(generator: Generator, strange: Tensor) -> None:
    whole = list(invert(generator, None, strange, TUNING))
    in_w = next(step for step in whole if step.recognition)
    rest = list(invert(generator, None, strange, TUNING, start=InversionStart(in_w.ws, None, in_w.recognition)))
    assert [step.loss for step in rest[1:]] == [step.loss for step in whole if step.step > in_w.step]


def test_what_was_not_recognised_is_searched_in_w_again_from_there(generator: Generator, picture: Tensor) -> None:
    """`picture` is in reach of W: the longer the better."""
    short = replace(TUNING, w_steps=20, w_plus_steps=0, tuning_steps=0)
    first = last(invert(generator, None, picture, short))
    steps = list(invert(generator, None, picture, short, start=InversionStart(first.ws)))
    assert steps[-1].recognition is not None and steps[-1].step == 20
    assert steps[0].loss == pytest.approx(first.loss, rel=1e-4)
    assert steps[-1].loss < first.loss


def test_a_start_that_does_not_fit_is_named_at_the_call(generator: Generator, strange: Tensor) -> None:
    with pytest.raises(InversionInputError, match="start must have the shape"):
        invert(generator, None, strange, start=InversionStart(torch.zeros(1, 3, 32)))
    delta = WeightDelta({"synthesis.b4.conv9.weight": LowRank(torch.zeros(1, 1), torch.zeros(1, 1))})
    with pytest.raises(ValueError, match="conv9"):
        invert(generator, None, strange, start=InversionStart(torch.zeros(1, generator.num_ws, 32), delta))


def test_gradients_reach_the_parts_through_merged_weights(generator: Generator) -> None:
    name = "synthesis.b8.conv1.weight"
    weight = generator.get_parameter(name)
    left = torch.zeros(weight.shape[0], 1, requires_grad=True)
    right = torch.randn(1, weight[0].numel(), generator=torch.Generator().manual_seed(0))
    tuned = with_weights(generator, WeightDelta({name: LowRank(left, right)}).merged(generator))
    loss = tuned.image(generator.mapping(z_from_seed(0, 32))).square().sum()
    (gradient,) = torch.autograd.grad(loss, left)
    assert gradient.abs().max() > 0
    assert weight.grad is None and not weight.requires_grad


def test_the_score_is_the_part_of_the_variance_that_is_drawn(strange: Tensor) -> None:
    weight = torch.ones(1, 1, 32, 32)
    mean = strange.mean(dim=(2, 3), keepdim=True)
    assert score(strange, strange, weight) == 1.0
    assert score(mean.expand_as(strange), strange, weight) == pytest.approx(0.0, abs=1e-6)
    assert score((strange + mean) / 2, strange, weight) == pytest.approx(0.75)
    assert score(-strange, strange, weight) == 0.0
    flat = torch.full_like(strange, 0.3)
    assert score(flat + 0.01, flat, weight) == 0.0
    # What does not count is not asked about.
    weight[..., 16:] = 0
    spoiled = strange.clone()
    spoiled[..., 16:] = 1
    assert score(strange, spoiled, weight) == 1.0


def test_words_follow_from_thresholds() -> None:
    thresholds = RecognitionThresholds(good=0.8, fair=0.5)
    words = [thresholds.recognition(value).word for value in (0.0, 0.49, 0.5, 0.79, 0.8, 1.0)]
    assert [word.value for word in words] == ["unknown", "unknown", "fair", "fair", "good", "good"]
    assert thresholds.recognition(0.6) == Recognition(0.6, Familiarity.FAIR)


def test_a_card_can_hold_thresholds() -> None:
    settings = InversionSettings.quick()
    assert settings.calibrated({"good": None, "fair": 0.4}).thresholds == replace(settings.thresholds, fair=0.4)
    assert settings.calibrated(None) == settings
    with pytest.raises(InversionSettingsError, match="fair <= good"):
        settings.calibrated({"good": 0.3, "fair": 0.4}).validated()
