"""The renderer of cars: its factors, its pictures and its landmarks."""

from __future__ import annotations

import itertools

import pytest
import torch

from draggan_server.training.cars import FACTOR_INDEX, FACTORS, LANDMARK_INDEX, LANDMARKS, landmarks, render
from draggan_server.training.factors import FactorGroup
from draggan_server.training.landmark import Landmark
from draggan_server.training.shapes import Window
from tests.unit.factors import FactorSamples

SAMPLES = FactorSamples(FACTORS)
random_factors, extreme_factors, with_factor = SAMPLES.random, SAMPLES.extreme, SAMPLES.changed


def test_every_group_has_factors_of_different_names():
    assert len(FACTOR_INDEX) == len(FACTORS)
    assert {factor.group for factor in FACTORS} == set(FactorGroup)


def test_pictures_are_finite_and_within_range():
    pictures = render(torch.cat([random_factors(6), extreme_factors(20)]), 64)
    assert bool(pictures.isfinite().all())
    assert float(pictures.abs().max()) <= 1.0


@pytest.mark.parametrize("name", FACTOR_INDEX)
def test_every_factor_changes_the_picture_and_none_makes_it_jump(name: str):
    factors = random_factors(3, seed=4)
    steps = [render(with_factor(factors, name, value), 64) for value in torch.linspace(0, 1, 33).tolist()]
    changes = torch.stack([(b - a).abs().mean(dim=(1, 2, 3)) for a, b in itertools.pairwise(steps)])
    assert bool((changes.sum(dim=0) > 3e-4).all())
    assert float(changes.max()) < 0.05


def test_boxes_hold_the_features_they_are_for(monkeypatch: pytest.MonkeyPatch):
    factors = torch.cat([random_factors(8), extreme_factors(40)])
    boxed = render(factors, 96)
    monkeypatch.setattr(Window, "part", lambda self, *box: self)
    torch.testing.assert_close(boxed, render(factors, 96), atol=0.02, rtol=0)


def test_landmarks_lie_in_the_picture_and_move_with_their_factors():
    places = landmarks(torch.cat([random_factors(20), extreme_factors(60)]))
    assert places.shape == (80, len(LANDMARKS), 2)
    assert bool(((places > 0) & (places < 1)).all())
    factors = random_factors(5)
    for mark, factor in (("front_wheel", "wheelbase"), ("roof_front", "roof_height"), ("pillar", "pillar")):
        near, far = (landmarks(with_factor(factors, factor, value)) for value in (0.0, 1.0))
        index = LANDMARK_INDEX[mark]
        assert bool(((far - near)[:, index].norm(dim=1) > 0.03).all())


@pytest.mark.parametrize("landmark", LANDMARKS, ids=lambda landmark: landmark.name)
def test_landmarks_move_as_their_table_says(landmark: Landmark):
    factors = random_factors(100, seed=3)
    index = LANDMARK_INDEX[landmark.name]
    for name, distance in landmark.moved_by.items():
        low, high = (landmarks(with_factor(factors, name, value))[:, index] for value in (0.0, 1.0))
        assert (high - low).norm(dim=1).mean().item() == pytest.approx(distance, rel=0.15, abs=0.003), name


def test_wheels_are_dark_rings_round_their_landmarks():
    factors = random_factors(10, seed=3)
    pictures, places = render(factors, 128), landmarks(factors)
    for wheel in ("front_wheel", "rear_wheel"):
        for picture, (x, y) in zip(pictures, places[:, LANDMARK_INDEX[wheel]].tolist(), strict=True):
            column = picture[:, :, int(x * 128)].mean(dim=0)
            assert float(column[int(0.715 * 128) : int(0.735 * 128)].min()) < -0.5  # where it stands on the road
            assert float(column[int((y - 0.02) * 128) : int((y + 0.03) * 128)].max()) > 0.3  # the rim
