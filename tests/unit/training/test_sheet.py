"""The contact sheet."""

from __future__ import annotations

import numpy as np
import torch

from draggan_server.stylegan2 import Generator, GeneratorConfig
from draggan_server.training.domains import PORTRAITS
from draggan_server.training.portraits import FACTORS, factors_from_z, render
from draggan_server.training.sheet import contact_sheet


def test_three_squares_side_by_side_the_last_one_true():
    torch.manual_seed(0)
    config = GeneratorConfig(z_dim=len(FACTORS), w_dim=16, img_resolution=16, channel_base=64, channel_max=8)
    sheet = np.asarray(contact_sheet(Generator(config).freeze(), PORTRAITS, columns=2))
    assert sheet.shape == (32, 96, 3)
    soft, full, truth = np.split(sheet, 3, axis=1)
    assert not np.array_equal(soft, full)
    z = torch.randn(4, len(FACTORS), generator=torch.Generator().manual_seed(30_000))
    first = ((render(factors_from_z(z), 16)[0] + 1) * 127.5).round().permute(1, 2, 0).numpy()
    np.testing.assert_allclose(truth[:16, :16], first, atol=1)
