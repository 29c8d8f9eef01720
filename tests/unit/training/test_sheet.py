"""The sheets of pictures to be looked at."""

from __future__ import annotations

import numpy as np
import torch

from draggan_server.stylegan2 import Generator, GeneratorConfig
from draggan_server.training.domains import PORTRAITS
from draggan_server.training.portraits import FACTORS, factors_from_z, render
from draggan_server.training.sheet import contact_sheet, interpolation_sheet, truncation_sheet


def small_generator() -> Generator:
    torch.manual_seed(0)
    config = GeneratorConfig(z_dim=len(FACTORS), w_dim=16, img_resolution=16, channel_base=64, channel_max=8)
    return Generator(config).freeze()


def test_three_squares_side_by_side_the_last_one_true():
    sheet = np.asarray(contact_sheet(small_generator(), PORTRAITS, columns=2))
    assert sheet.shape == (32, 96, 3)
    soft, full, truth = np.split(sheet, 3, axis=1)
    assert not np.array_equal(soft, full)
    z = torch.randn(4, len(FACTORS), generator=torch.Generator().manual_seed(30_000))
    first = ((render(factors_from_z(z), 16)[0] + 1) * 127.5).round().permute(1, 2, 0).numpy()
    np.testing.assert_allclose(truth[:16, :16], first, atol=1)


def test_an_interpolation_goes_from_one_picture_to_the_other():
    generator = small_generator()
    sheet = np.asarray(interpolation_sheet(generator, PORTRAITS, ways=2, steps=3)).astype(int)
    assert sheet.shape == (16, 2 * 3 * 16, 3)
    first, middle, last = np.split(sheet, 6, axis=1)[:3]
    there, half = np.abs(last - first).mean(), np.abs(middle - first).mean()
    assert 0 < half < there


def test_truncation_begins_at_the_mean_and_leads_away_from_it():
    sheet = np.asarray(truncation_sheet(small_generator(), PORTRAITS, rows=2)).astype(int)
    assert sheet.shape == (2 * 16, 8 * 16, 3)
    one, other = np.split(sheet, 2, axis=0)
    np.testing.assert_array_equal(one[:, :16], other[:, :16])
    steps = [np.abs(part - one[:, :16]).mean() for part in np.split(one, 8, axis=1)]
    assert steps == sorted(steps) and steps[1] > 0
