"""A tuned generator against a plainly changed copy; and that it and its base never disturb each other."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor

from draggan_server.stylegan2 import Box, Generator, GeneratorConfig, LowRank, WeightDelta, z_from_seed

CONFIG = GeneratorConfig(z_dim=16, w_dim=16, img_resolution=64, channel_base=2048, channel_max=32, mapping_layers=2)
NAMES = (
    "synthesis.b4.const",
    "synthesis.b4.conv1.weight",
    "synthesis.b8.conv0.weight",
    "synthesis.b32.conv1.weight",
    "synthesis.b32.conv1.affine.weight",
    "synthesis.b32.conv1.bias",
    "synthesis.b64.torgb.weight",
)
BOXES = [Box(3, 4, 9, 10), Box(20, 22, 26, 27)]


@pytest.fixture(scope="module")
def generator() -> Generator:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        generator = Generator(CONFIG)
        for name, parameter in generator.named_parameters():
            if name.endswith("noise_strength"):
                torch.nn.init.normal_(parameter, std=0.2)
        return generator.freeze().to(torch.float64)


@pytest.fixture(scope="module")
def ws(generator: Generator) -> Tensor:
    return generator.mapping(z_from_seed(1, 16).double())


def make_delta(generator: Generator, seed: int, rank: int = 2, names: tuple[str, ...] = NAMES) -> WeightDelta:
    random = torch.Generator().manual_seed(seed)
    parts = {}
    for name in names:
        weight = generator.get_parameter(name)
        rows, columns = weight.shape[0], weight[0].numel()
        r = min(rank, rows, columns)
        left, right = torch.randn(rows, r, generator=random), torch.randn(r, columns, generator=random)
        parts[name] = LowRank(left.double() * 0.3, right.double() * 0.3)
    return WeightDelta(parts)


def plainly_changed(generator: Generator, delta: WeightDelta) -> Generator:
    changed = copy.deepcopy(generator)
    for name, part in delta.parts.items():
        weight = changed.get_parameter(name)
        weight.copy_(weight + (part.left @ part.right).reshape(weight.shape))
    return changed


def outputs(generator: Generator, ws: Tensor) -> list[Tensor]:
    """By every path: whole maps, the picture, windows with and without a gradient, and what a drag remembers."""
    with torch.no_grad():
        drawn = [generator.image(ws), generator.features(ws, 32)]
        drawn += [window.values for window in generator.feature_windows(ws, 32, BOXES, whole_at=8).windows]
    moving = ws.clone().requires_grad_()
    windows = generator.feature_windows(moving, 32, BOXES, moving=4).windows
    total = sum(window.values.square().sum() for window in windows)
    assert isinstance(total, Tensor)
    return [*drawn, *(window.values.detach() for window in windows), *torch.autograd.grad(total, moving)]


def assert_same(a: list[Tensor], b: list[Tensor]) -> None:
    for one, other in zip(a, b, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


def differ(a: list[Tensor], b: list[Tensor]) -> bool:
    return all(not torch.allclose(one, other) for one, other in zip(a, b, strict=True))


def test_a_tuned_generator_is_a_plainly_changed_one(generator: Generator, ws: Tensor) -> None:
    base = outputs(generator, ws)
    delta = make_delta(generator, 0)
    expected = outputs(plainly_changed(generator, delta), ws)
    assert differ(base, expected)
    assert_same(outputs(generator.tuned(delta), ws), expected)


def test_it_and_its_base_and_others_can_be_used_in_turn(generator: Generator, ws: Tensor) -> None:
    """Layers remember what follows from their weights and from the last w: never for somebody else's."""
    deltas = [make_delta(generator, seed) for seed in (1, 2)]
    expected = [outputs(plainly_changed(generator, delta), ws) for delta in deltas]
    base = outputs(copy.deepcopy(generator), ws)
    tuned = [generator.tuned(delta) for delta in deltas]
    for _ in range(2):
        assert_same(outputs(tuned[0], ws), expected[0])
        assert_same(outputs(generator, ws), base)
        assert_same(outputs(tuned[1], ws), expected[1])
    # Also where the memory of one that has gone is used again.
    for _ in range(4):
        for delta, result in zip(deltas, expected, strict=True):
            assert_same(outputs(generator.tuned(delta), ws), result)


def test_all_other_tensors_are_shared(generator: Generator) -> None:
    tuned = generator.tuned(make_delta(generator, 0))
    before = {**dict(generator.named_parameters()), **dict(generator.named_buffers())}
    after = {**dict(tuned.named_parameters()), **dict(tuned.named_buffers())}
    assert before.keys() == after.keys()
    assert {name for name in before if before[name].data_ptr() != after[name].data_ptr()} == set(NAMES)
    assert not any(parameter.requires_grad for parameter in tuned.parameters()) and not tuned.training
    assert tuned.state_dict().keys() == generator.state_dict().keys()
    assert tuned.synthesis.block(16) is generator.synthesis.block(16)


def test_the_base_keeps_its_weights(generator: Generator) -> None:
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    generator.tuned(make_delta(generator, 0))
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())


def test_a_delta_can_be_put_upon_a_tuned_one(generator: Generator, ws: Tensor) -> None:
    first, second = make_delta(generator, 4), make_delta(generator, 5, names=NAMES[:3])
    expected = plainly_changed(plainly_changed(generator, first), second)
    assert_same(outputs(generator.tuned(first).tuned(second), ws), outputs(expected, ws))


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_a_delta_read_without_gradients_serves(mode: type, generator: Generator, ws: Tensor) -> None:
    """The caller may live in inference mode, whose tensors cannot take part in a gradient."""
    expected = outputs(plainly_changed(generator, make_delta(generator, 6)), ws)
    with mode():
        tuned = generator.tuned(make_delta(generator, 6))
    assert_same(outputs(tuned, ws), expected)


def test_half_precision_is_taken(generator: Generator) -> None:
    delta = make_delta(generator, 7).to(dtype=torch.float16)
    assert all(part.left.dtype == torch.float16 for part in delta.parts.values())
    assert generator.tuned(delta).get_parameter(NAMES[1]).dtype == torch.float64


def test_an_empty_delta_changes_nothing(generator: Generator, ws: Tensor) -> None:
    assert WeightDelta({}).numbers == 0
    assert_same(outputs(generator.tuned(WeightDelta({})), ws), outputs(generator, ws))


def test_its_size_is_that_of_its_matrices(generator: Generator) -> None:
    delta = make_delta(generator, 0, names=("synthesis.b32.conv1.weight",))
    assert delta.numbers == 2 * 32 + 2 * 32 * 9


@pytest.mark.parametrize(
    ("name", "left", "right", "message"),
    [
        ("synthesis.b4.conv9.weight", (32, 2), (2, 288), "no weight 'synthesis.b4.conv9.weight'"),
        ("mapping.fc0.weight", (16, 2), (2, 16), "no weight 'mapping.fc0.weight'"),
        ("synthesis.b4.conv1.weight", (31, 2), (2, 288), r"must be \[32, r\] times \[r, 288\]"),
        ("synthesis.b4.conv1.weight", (32, 2), (2, 32), r"must be \[32, r\] times \[r, 288\]"),
        ("synthesis.b4.conv1.weight", (32, 2), (3, 288), "the same rank, from 1 to 32"),
        ("synthesis.b4.conv1.weight", (32, 33), (33, 288), "the same rank, from 1 to 32"),
        ("synthesis.b4.conv1.weight", (32, 0), (0, 288), "the same rank, from 1 to 32"),
        ("synthesis.b4.conv1.weight", (32,), (288,), r"must be \[32, r\]"),
    ],
)
def test_a_delta_that_does_not_fit_is_named(
    generator: Generator, name: str, left: tuple[int, ...], right: tuple[int, ...], message: str
) -> None:
    delta = WeightDelta({name: LowRank(torch.zeros(left), torch.zeros(right))})
    with pytest.raises(ValueError, match=message):
        generator.tuned(delta)
