"""The portrait renderer: its factors, its pictures and its landmarks."""

from __future__ import annotations

import pytest
import torch

from draggan_server.training.portraits import (
    FACTOR_INDEX,
    FACTORS,
    LANDMARK_INDEX,
    LANDMARKS,
    FactorGroup,
    factors_from_z,
    landmark_visibility,
    landmarks,
    render,
)
from draggan_server.training.shapes import Window
from tests.unit.factors import FactorSamples

SAMPLES = FactorSamples(FACTORS)
random_factors, extreme_factors, with_factor = SAMPLES.random, SAMPLES.extreme, SAMPLES.changed


def test_factor_names_are_unique_and_every_group_is_used():
    assert len(FACTOR_INDEX) == len(FACTORS)
    assert {factor.group for factor in FACTORS} == set(FactorGroup)


def test_factors_from_z_ignore_the_length_of_z():
    z = torch.randn(50, len(FACTORS), generator=torch.Generator().manual_seed(0))
    factors = factors_from_z(z)
    assert factors.shape == z.shape
    assert bool(((factors > 0) & (factors < 1)).all())
    torch.testing.assert_close(factors_from_z(z * 3.0), factors)


def test_factors_from_z_are_nearly_uniform():
    z = torch.randn(4000, len(FACTORS), generator=torch.Generator().manual_seed(0))
    share = torch.histc(factors_from_z(z), bins=10, min=0, max=1) / z.numel()
    assert bool(((share - 0.1).abs() < 0.01).all())


def test_another_number_of_factors_is_refused():
    with pytest.raises(ValueError, match="factors"):
        render(torch.zeros(2, len(FACTORS) + 1), 16)


@pytest.mark.parametrize("resolution", [16, 33, 64])
def test_pictures_have_the_asked_size_and_range(resolution: int):
    pictures = render(torch.cat([random_factors(4), extreme_factors(12)]), resolution)
    assert pictures.shape == (16, 3, resolution, resolution)
    assert pictures.dtype == torch.float32
    assert bool(pictures.isfinite().all())
    assert pictures.min() >= -1.0 and pictures.max() <= 1.0


def test_a_picture_does_not_depend_on_its_batch():
    factors = random_factors(40)
    whole = render(factors, 64)
    torch.testing.assert_close(whole[17:18], render(factors[17:18], 64), atol=1e-5, rtol=0)
    assert torch.equal(whole, render(factors, 64))


def test_resolutions_show_the_same_picture():
    factors = random_factors(24)
    small = torch.nn.functional.avg_pool2d(render(factors, 256), 4)
    assert (small - render(factors, 64)).abs().mean() < 0.012


@pytest.mark.parametrize("factor", [factor.name for factor in FACTORS])
def test_every_factor_changes_the_picture_without_jumps(factor: str):
    factors = random_factors(6, seed=2)
    low, high = with_factor(factors, factor, 0.0), with_factor(factors, factor, 1.0)
    steps = torch.stack([torch.lerp(low, high, step / 64) for step in range(65)])
    pictures = render(steps.flatten(0, 1), 48).view(65, 6, 3, 48, 48)
    total = (pictures - pictures[0]).abs().mean(dim=(2, 3, 4)).amax(dim=0)
    changed = (pictures - pictures[0]).abs().amax(dim=(0, 2, 3, 4))
    # Eyes under a fringe may hide a factor in one portrait, not in most of them.
    assert changed.median() > 0.15
    jumps = (pictures[1:] - pictures[:-1]).abs().mean(dim=(2, 3, 4)).amax(dim=0)
    assert bool((jumps < 0.12 * total + 0.002).all())


def test_layers_fit_into_their_windows(monkeypatch: pytest.MonkeyPatch):
    factors = torch.cat([random_factors(100), extreme_factors(100)])
    expected = render(factors, 64)

    def generous(window: Window, x0: float, y0: float, x1: float, y1: float) -> Window:
        # Rounding outwards by some pixels must not reveal anything that was cut off.
        margin = 0.03
        return narrow(window, x0 - margin, y0 - margin, x1 + margin, y1 + margin)

    narrow = Window.part
    monkeypatch.setattr(Window, "part", generous)
    assert (render(factors, 64) - expected).abs().max() < 0.12


def test_the_face_is_aligned():
    places = landmarks(random_factors(500)).mean(dim=0)
    for name, x, y in (("pupil_left", 0.38, 0.47), ("pupil_right", 0.62, 0.47), ("chin", 0.5, 0.85)):
        assert (places[LANDMARK_INDEX[name]] - torch.tensor([x, y])).abs().max() < 0.015, name
    mouth = 0.5 * (places[LANDMARK_INDEX["mouth_corner_left"]] + places[LANDMARK_INDEX["mouth_corner_right"]])
    assert (mouth - torch.tensor([0.5, 0.70])).abs().max() < 0.015


def test_landmarks_lie_in_the_picture_and_most_are_seen():
    factors = torch.cat([random_factors(300), extreme_factors(300)])
    places = landmarks(factors)
    assert places.shape == (600, len(LANDMARKS), 2)
    assert bool(((places > 0.0) & (places < 1.0)).all())
    seen = landmark_visibility(factors[:300]).float().mean(dim=0)
    assert seen.min() > 0.7 and seen.mean() > 0.9


@pytest.mark.parametrize("landmark", LANDMARKS, ids=lambda landmark: landmark.name)
def test_landmarks_move_as_their_table_says(landmark):
    factors = random_factors(100, seed=3)
    index = LANDMARK_INDEX[landmark.name]
    for name, distance in landmark.moved_by.items():
        low = landmarks(with_factor(factors, name, 0.0))[:, index]
        high = landmarks(with_factor(factors, name, 1.0))[:, index]
        assert (high - low).norm(dim=1).mean().item() == pytest.approx(distance, rel=0.15, abs=0.003), name


@pytest.mark.parametrize(
    "kind", ["jaw", "chin", "mouth corner", "lip", "brow", "eyelid", "hair end", "nose tip", "shoulder"]
)
def test_each_kind_has_a_long_movement_by_one_factor(kind: str):
    turns = {"yaw", "pitch"}
    distances = [
        distance
        for landmark in LANDMARKS
        if landmark.kind == kind
        for name, distance in landmark.moved_by.items()
        if name not in turns
    ]
    assert max(distances) >= 0.03


@pytest.mark.parametrize("name", ["chin", "jaw_left", "jaw_right", "mouth_bottom", "hair_top", "eyelid_upper_left"])
def test_landmarks_lie_on_edges(name: str):
    """Moving out of the feature across its landmark changes the colour."""
    resolution = 256
    factors = random_factors(30, seed=4)
    for other, value in (
        ("skin", 0.8),
        ("hair_lightness", 0.1),
        ("background_lightness", 0.9),
        ("clothing", 0.0),
    ):
        factors = with_factor(factors, other, value)
    pictures, places = render(factors, resolution), landmarks(factors)[:, LANDMARK_INDEX[name]]
    for picture, (x, y) in zip(pictures, places.tolist(), strict=True):
        column, row = int(x * resolution), int(y * resolution)
        patch = picture[:, max(0, row - 5) : row + 6, max(0, column - 5) : column + 6]
        assert (patch.amax(dim=(1, 2)) - patch.amin(dim=(1, 2))).max() > 0.15
