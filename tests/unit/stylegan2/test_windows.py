"""Windows against the whole map: the same numbers and gradients; and the planner, which is arithmetic alone."""

from __future__ import annotations

import itertools
import random

import pytest
import torch

from draggan_server.stylegan2 import Box, Generator, GeneratorConfig, ops, z_from_seed
from draggan_server.stylegan2.windows import block_cost, plan, upsampling_input, whole_cost

CONFIG = GeneratorConfig(
    z_dim=16, w_dim=16, img_resolution=128, channel_base=4096, channel_max=48, mapping_layers=2, conv_clamp=256
)
BLOCKS = CONFIG.block_resolutions


def make_generator(dtype: torch.dtype) -> Generator:
    torch.manual_seed(8)
    generator = Generator(CONFIG)
    for name, parameter in generator.named_parameters():
        if name.endswith(("bias", "noise_strength")):
            torch.nn.init.normal_(parameter, std=0.2)
    return generator.freeze().to(dtype)


@pytest.fixture(scope="module")
def generator() -> Generator:
    return make_generator(torch.float64)


@pytest.fixture(scope="module")
def ws(generator) -> torch.Tensor:
    return generator.mapping(z_from_seed(1, 16).double())


def at_borders(size: int) -> list[Box]:
    """A small box in every corner and at the middle of every side."""
    places = (0, size // 2 - 1, size - 2)
    return [Box(top, left, top + 2, left + 2) for top, left in itertools.product(places, places)]


def random_boxes(size: int, count: int, seed: int) -> list[Box]:
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        height, width = rng.randint(1, min(9, size)), rng.randint(1, min(9, size))
        top, left = rng.randint(0, size - height), rng.randint(0, size - width)
        found.append(Box(top, left, top + height, left + width))
    return found


def part(whole: torch.Tensor, box: Box) -> torch.Tensor:
    return whole[:, box.top : box.bottom, box.left : box.right]


def cases(resolution: int) -> list[list[Box]]:
    single = [[box] for box in at_borders(resolution)] + [random_boxes(resolution, 1, seed) for seed in range(4)]
    return [*single, at_borders(resolution), *(random_boxes(resolution, n, n) for n in (2, 3, 5, 10, 20))]


@pytest.mark.parametrize("resolution", BLOCKS)
def test_windows_are_the_whole_maps_numbers(generator, ws, resolution):
    whole = generator.features(ws, resolution)[0]
    for boxes in cases(resolution):
        windows = generator.feature_windows(ws, resolution, boxes).windows
        for box in boxes:
            window = next(window for window in windows if window.box.contains(box))
            expected = part(whole, box)
            torch.testing.assert_close(window.crop(box), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("resolution", BLOCKS)
def test_gradients_are_the_whole_maps(generator, ws, resolution):
    weights = torch.randn(CONFIG.channels(resolution), resolution, resolution, dtype=torch.float64)
    for boxes in cases(resolution):
        moving = ws.clone().requires_grad_()
        windows = generator.feature_windows(moving, resolution, boxes).windows
        whole = generator.features(moving, resolution)[0]

        crops = [next(window for window in windows if window.box.contains(box)).crop(box) for box in boxes]
        ours = sum((part(weights, box) * crop).sum() for box, crop in zip(boxes, crops, strict=True))
        expected = sum((part(weights, box) * part(whole, box)).sum() for box in boxes)
        (g_ours,), (g_expected,) = torch.autograd.grad(ours, moving), torch.autograd.grad(expected, moving)
        torch.testing.assert_close(g_ours, g_expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("noise", ["const", "none"])
def test_float32(ws, noise):
    single = make_generator(torch.float32)
    whole = single.features(ws.float(), 128, noise)[0]
    for boxes in cases(128):
        for window in single.feature_windows(ws.float(), 128, boxes, noise).windows:
            torch.testing.assert_close(window.values, part(whole, window.box), rtol=0, atol=1e-5)


def test_windows_really_are_used(generator, ws):
    """Otherwise the tests above would compare the whole map with itself."""
    levels = plan(CONFIG, 128, [Box(60, 60, 68, 68)])
    assert [level.resolution for level in levels] == list(BLOCKS)
    assert [level.is_whole for level in levels] == [True, True, False, False, False, False]
    (window,) = generator.feature_windows(ws, 128, [Box(60, 60, 68, 68)]).windows
    assert window.box == Box(60, 60, 68, 68)


def half(whole: Box) -> Box:
    """The map below."""
    return Box.whole(whole.height // 2, whole.width // 2)


class TestPlanner:
    def test_every_level_holds_what_the_one_above_needs(self):
        for seed in range(20):
            boxes = random_boxes(128, 1 + seed % 7, seed)
            levels = plan(CONFIG, 128, boxes)
            needed = boxes
            for level in reversed(levels):
                assert all(any(have.contains(box) for have in level.boxes) for box in needed)
                assert all(level.whole.contains(box) for box in level.boxes)
                needed = [upsampling_input(b.grown(1, level.whole), half(level.whole)) for b in level.boxes]

    def test_levels_are_whole_up_to_one_and_windowed_above(self):
        for seed in range(20):
            whole = [level.is_whole for level in plan(CONFIG, 128, random_boxes(128, 3, seed))]
            assert whole == sorted(whole, reverse=True)

    def test_overlapping_boxes_are_merged_and_distant_ones_are_not(self):
        near = plan(CONFIG, 128, [Box(40, 40, 50, 50), Box(42, 43, 52, 53)])[-1]
        far = plan(CONFIG, 128, [Box(10, 10, 20, 20), Box(100, 100, 110, 110)])[-1]
        assert near.boxes == (Box(40, 40, 52, 53),)
        assert len(far.boxes) == 2

    def test_merging_never_costs_more(self):
        for seed in range(20):
            boxes = random_boxes(128, 6, seed)
            merged = plan(CONFIG, 128, boxes)[-1].boxes
            apart = sum(block_cost(CONFIG, 128, box) for box in boxes)
            assert sum(block_cost(CONFIG, 128, box) for box in merged) <= apart

    def test_the_whole_map_is_taken_when_windows_would_cost_more(self):
        """More and more points: the plan must cross over from windows to the whole map, and stay there."""
        crossing = [plan(CONFIG, 64, random_boxes(64, count, 1))[-1].is_whole for count in (1, 2, 4, 8, 16, 32, 64)]
        assert crossing[0] is False and crossing[-1] is True
        assert crossing == sorted(crossing)

    def test_the_cost_is_the_multiplications(self):
        config = GeneratorConfig(z_dim=8, w_dim=8, img_resolution=32, channel_base=2048, channel_max=64)
        assert whole_cost(config, 32) == 9 * 64 * 64 * (32 * 32 + 16 * 16)
        assert block_cost(config, 32, Box(10, 10, 14, 14)) == 2 * 9 * 64 * 64 * (4 * 4 + 6 * 6)

    def test_what_an_upsampling_row_depends_on(self):
        """Against a convolution that says itself which inputs matter."""
        kernel, weight = ops.low_pass_filter(), torch.ones(1, 1, 3, 3)
        for first, end in [(0, 1), (1, 2), (5, 9), (6, 9), (30, 32), (0, 32)]:
            x = torch.ones(1, 1, 16, 16, requires_grad=True)
            ops.upsampling_conv3x3(x, weight, kernel)[:, :, first:end].sum().backward()
            rows = x.grad[0, 0].abs().sum(dim=1).nonzero().flatten().tolist()
            box = upsampling_input(Box(first, 0, end, 32), Box.whole(16, 16))
            assert (box.top, box.bottom - 1) == (rows[0], rows[-1])


def test_a_lower_blocks_whole_map_comes_along(generator, ws):
    boxes = [Box(60, 60, 68, 68)]
    found = generator.feature_windows(ws, 128, boxes, whole_at=32)
    torch.testing.assert_close(found.whole, generator.features(ws, 32)[0], rtol=0, atol=1e-10)
    expected = part(generator.features(ws, 128)[0], boxes[0])
    torch.testing.assert_close(found.windows[0].crop(boxes[0]), expected, rtol=0, atol=1e-10)
    assert generator.feature_windows(ws, 128, boxes).whole is None


def test_more_than_one_latent_is_refused(generator, ws):
    with pytest.raises(ValueError, match="one latent code at a time, not 2"):
        generator.feature_windows(ws.expand(2, -1, -1), 32, [Box(0, 0, 2, 2)])


class TestWhatIsComputedOnce:
    """A w that stays and frozen weights are used as they are now, never as they were."""

    BOXES = (Box(60, 60, 68, 68),)

    def read(self, generator, ws, moving=None):
        return generator.feature_windows(ws, 128, self.BOXES, moving=moving).windows[0].crop(self.BOXES[0])

    def whole(self, generator, ws):
        return part(generator.features(ws, 128)[0], self.BOXES[0])

    def test_another_latent_code(self, generator, ws):
        self.read(generator, ws, moving=6)
        other = ws + 0.1
        fresh = make_generator(torch.float64)
        torch.testing.assert_close(self.read(generator, other, moving=6), self.whole(fresh, other), rtol=0, atol=1e-10)

    @pytest.mark.parametrize("name", ["weight", "affine.weight", "affine.bias", "bias", "noise_strength"])
    def test_other_weights(self, ws, name):
        used, fresh = make_generator(torch.float64), make_generator(torch.float64)
        before = self.read(used, ws, moving=6)
        for generator in (used, fresh):
            with torch.no_grad():
                generator.synthesis.b128.conv0.get_parameter(name).add_(0.3)
        after = self.read(used, ws, moving=6)
        assert not torch.equal(before, after)
        torch.testing.assert_close(after, self.whole(fresh, ws), rtol=0, atol=1e-10)

    def test_only_the_w_that_move_get_a_gradient(self, generator, ws):
        code = ws.clone().requires_grad_()
        (ours,) = torch.autograd.grad(self.read(generator, code, moving=6).sum(), code)
        (all_of_it,) = torch.autograd.grad(self.whole(generator, code).sum(), code)
        torch.testing.assert_close(ours[:, :6], all_of_it[:, :6], rtol=1e-10, atol=1e-10)
        assert (ours[:, 6:] == 0).all()
        assert (all_of_it[:, 6:11] != 0).any()

    def test_weights_in_training_get_their_gradient(self, ws):
        """Also after the same w and weights were used frozen."""
        generator = make_generator(torch.float64)
        self.read(generator, ws, moving=6)
        layer = generator.synthesis.b128.conv0
        layer.requires_grad_(True)
        for parameter in (layer.weight, layer.affine.weight, layer.affine.bias):
            (ours,) = torch.autograd.grad(self.read(generator, ws).sum(), parameter)
            (expected,) = torch.autograd.grad(self.whole(generator, ws).sum(), parameter)
            assert (ours != 0).any()
            torch.testing.assert_close(ours, expected, rtol=1e-9, atol=1e-9)
