"""The reckoned work of a step against what torch counts during one."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from draggan_server.drag import DragInputError, DragPoint, DragSettings, Point, drag, step_work
from draggan_server.stylegan2 import Generator, GeneratorConfig
from tests.unit.drag.conftest import CONFIG


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"feature_resolution": 64},
        {"moving_resolution": 8},
        {"latent_space": "w"},
        {"tracking_radius_fraction": 0.1},
    ],
    ids=str,
)
@pytest.mark.parametrize("shape", [{}, {"architecture": "resnet"}, {"base_width": 2}], ids=str)
def test_a_real_step(shape: dict[str, object], asked: dict[str, object]):
    """It starts in the middle of the picture; where the handle drifts to, windows need a row more or less."""
    config = GeneratorConfig(z_dim=24, w_dim=24, img_resolution=256, channel_base=4096, channel_max=64, **shape)
    settings = DragSettings.of(asked, {"max_steps": 9, "step_size": 1e-5})
    torch.manual_seed(2)
    generator = Generator(config).freeze()
    middle = Point(generator.width / 2, generator.height / 2)
    pull = DragPoint(middle, Point(middle.x + 20, middle.y))
    steps = drag(generator, generator.ws_from_seed(3), [pull], None, settings)
    for _ in itertools.islice(steps, 2):
        pass  # what does not change is known from now on
    with FlopCounterMode(display=False) as counter:
        next(steps)
    work = step_work(config, settings)
    assert work.multiply_adds == pytest.approx(counter.get_total_flops() / 2, rel=0.05)


def test_what_is_computed_counts_and_nothing_else():
    work = step_work(CONFIG, DragSettings())
    finer = GeneratorConfig(z_dim=24, w_dim=24, img_resolution=1024, channel_base=2048, channel_max=24)
    assert step_work(CONFIG, DragSettings(feature_resolution=16)).layers == 5 < work.layers == 9
    assert step_work(finer, DragSettings()).layers == 11, "nothing above the 128 px block"
    wider = GeneratorConfig(z_dim=24, w_dim=24, img_resolution=64, channel_base=4096, channel_max=96)
    assert step_work(wider, DragSettings()).multiply_adds > 8 * work.multiply_adds


def test_a_block_that_there_is_not():
    with pytest.raises(DragInputError, match="no block at 256 px"):
        step_work(CONFIG, DragSettings(feature_resolution=256))
