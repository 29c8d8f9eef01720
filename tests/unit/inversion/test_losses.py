"""The losses against plain arithmetic, and the step schedule."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from draggan_server.inversion.losses import FeatureLoss, PixelLoss, spread
from draggan_server.inversion.settings import step_factor
from draggan_server.stylegan2 import Discriminator


@pytest.fixture
def pictures() -> tuple[Tensor, Tensor, Tensor]:
    """A target [1, ...], two drawn pictures [2, ...] and a weight with holes."""
    random = torch.Generator().manual_seed(3)
    weight = torch.rand(1, 1, 32, 32, generator=random)
    weight[..., 20:, :9] = 0.0
    return (
        torch.rand(1, 3, 32, 32, generator=random) * 2 - 1,
        torch.rand(2, 3, 32, 32, generator=random) * 2 - 1,
        weight,
    )


def test_pixel_loss_by_hand(pictures: tuple[Tensor, Tensor, Tensor]) -> None:
    """Each level: weighted means of the 2^k squares, then the weighted mean of the squared difference."""
    target, drawn, weight = (tensor.double() for tensor in pictures)
    expected = torch.zeros(2, dtype=torch.float64)
    for side in (1, 2, 4, 8):
        for n in range(2):
            total = weight_sum = 0.0
            for j in range(0, 32, side):
                for i in range(0, 32, side):
                    w = weight[0, 0, j : j + side, i : i + side]
                    if w.sum() == 0:
                        continue
                    off = (drawn[n] - target[0])[:, j : j + side, i : i + side]
                    mean = (off * w).sum((1, 2)) / w.sum()
                    total += mean.square().mean() * w.sum()
                    weight_sum += w.sum()
            expected[n] += total / weight_sum / 4
    got = PixelLoss(target, weight)(drawn)
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=0)


def test_feature_loss_by_hand(discriminator: Discriminator, pictures: tuple[Tensor, Tensor, Tensor]) -> None:
    target, drawn, _ = pictures
    with torch.no_grad():
        expected = sum(
            (a - b).square().mean((1, 2, 3)) / b.square().mean()
            for a, b in zip(discriminator.features(drawn), discriminator.features(target), strict=True)
        ) / len(discriminator.features(target))
        got = FeatureLoss(discriminator, target, torch.ones(1, 1, 32, 32))(drawn)
        torch.testing.assert_close(got, expected)
        assert FeatureLoss(discriminator, target, torch.ones(1, 1, 32, 32))(target).item() == 0.0


def test_no_block_of_the_discriminator_drowns_the_others(
    discriminator: Discriminator, pictures: tuple[Tensor, Tensor, Tensor]
) -> None:
    """A block whose features are a thousand times larger counts as before."""
    target, drawn, weight = pictures

    class Loud:
        def features(self, picture: Tensor) -> list[Tensor]:
            return [f * 1000 if i == 1 else f for i, f in enumerate(discriminator.features(picture))]

    with torch.no_grad():
        quiet = FeatureLoss(discriminator, target, weight)(drawn)
        torch.testing.assert_close(FeatureLoss(Loud(), target, weight)(drawn), quiet, rtol=1e-4, atol=0)  # type: ignore[arg-type]


def test_spread_is_zero_in_w_and_the_variance_in_w_plus() -> None:
    ws = torch.randn(2, 8, 16, generator=torch.Generator().manual_seed(0))
    ws[0] = ws[0, :1]
    got = spread(ws, torch.tensor(2.0))
    assert got[0] < 1e-12
    torch.testing.assert_close(got[1], ws[1].var(dim=0, unbiased=False).mean() / 4)


def test_the_schedule_ramps_up_holds_and_ramps_down() -> None:
    factors = [step_factor(step, 200) for step in range(200)]
    assert all(0 < factor <= 1 for factor in factors)
    assert factors[:10] == sorted(factors[:10]) and factors[0] == pytest.approx(0.05)
    assert factors[10:150] == pytest.approx([1.0] * 140)
    assert factors[150:] == sorted(factors[150:], reverse=True) and factors[-1] < 0.001
    assert 0 < step_factor(0, 1) <= 1
