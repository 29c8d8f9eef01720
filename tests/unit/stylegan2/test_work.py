"""The reckoned work against what torch counts while it is done."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from draggan_server.stylegan2 import Box, Generator, GeneratorConfig, features_work
from draggan_server.stylegan2.windows import plan

SHAPES = [{}, {"base_width": 2}, {"base_height": 3}]
BOXES = {
    "a window": (Box(30, 21, 38, 31),),
    "two windows": (Box(3, 1, 10, 9), Box(40, 24, 46, 27)),
    "nearly all": (Box(0, 0, 48, 32), Box(1, 1, 62, 62)),
}
"""The last one is cut to the map."""


def counted_multiply_adds(generator: Generator, resolution: int, boxes: tuple[Box, ...], moving: int) -> int:
    """Of the forward pass and of the gradient for the w that move."""
    start = generator.ws_from_seed(1)
    offset = torch.zeros(1, moving, start.shape[2], requires_grad=True)
    ws = torch.cat([start[:, :moving] + offset, start[:, moving:]], dim=1)
    generator.feature_windows(ws, resolution, boxes, moving=moving)  # what does not change is known from now on
    with FlopCounterMode(display=False) as counter:
        found = generator.feature_windows(ws, resolution, boxes, moving=moving)
        torch.autograd.grad(sum(window.values.square().sum() for window in found.windows), offset)
    assert counter.get_total_flops() % 2 == 0
    return counter.get_total_flops() // 2


@pytest.mark.parametrize("boxes", BOXES.values(), ids=BOXES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("architecture", ["skip", "resnet", "orig"])
def test_multiply_adds_are_those_that_torch_counts(architecture: str, shape: dict[str, int], boxes: tuple[Box, ...]):
    config = GeneratorConfig(
        z_dim=8, w_dim=12, img_resolution=128, channel_base=1280, channel_max=20, architecture=architecture, **shape
    )
    height, width = config.map_size(64)
    boxes = tuple(Box(box.top, box.left, min(box.bottom, height), min(box.right, width)) for box in boxes)
    generator = Generator(config).freeze()
    for moving in (1, 6, config.num_ws):
        work = features_work(config, 64, boxes, moving)
        assert work.multiply_adds == counted_multiply_adds(generator, 64, boxes, moving)
        assert work.layers == 9
    assert features_work(config, 64, boxes) == features_work(config, 64, boxes, config.num_ws)


def test_the_cases_go_through_every_way_of_computing():
    """Windows, whole maps as the rows of a matrix, and whole maps convolved."""
    config = GeneratorConfig(z_dim=8, w_dim=12, img_resolution=128, channel_base=1280, channel_max=20)
    levels = {name: plan(config, 64, boxes) for name, boxes in BOXES.items()}
    assert levels["nearly all"][-1].is_convolved
    assert not levels["a window"][-1].is_whole and levels["a window"][0].is_whole
    assert len(levels["two windows"][-1].boxes) == 2
