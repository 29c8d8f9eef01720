"""The landmark finder: its shape, its training, its file; and how exact the trained one is on true pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from draggan_server.training.finder import (
    FinderProgress,
    FinderRecipe,
    LandmarkFinder,
    disturbed,
    load_finder,
    save_finder,
    train_finder,
)
from draggan_server.training.portraits import FACTORS, LANDMARKS, landmark_visibility, landmarks, render

TRAINED = Path(__file__).resolve().parents[2] / "data" / "finder.safetensors"


def random_factors(count: int, seed: int) -> torch.Tensor:
    return torch.rand(count, len(FACTORS), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("size", [64, 128])
def test_it_finds_every_landmark_in_pictures_of_any_size(size: int):
    places = LandmarkFinder().eval()(torch.zeros(2, 3, size, size))
    assert places.shape == (2, len(LANDMARKS), 2)
    assert bool(((places > 0) & (places < 1)).all())


def test_training_brings_it_nearer():
    reports: list[FinderProgress] = []
    finder = train_finder(FinderRecipe(pictures=160, batch=8), reports.append)
    assert reports[-1].pictures == reports[-1].of == 160
    factors = random_factors(32, 1)
    errors = [(f(render(factors, 64)) - landmarks(factors)).abs().mean() for f in (LandmarkFinder().eval(), finder)]
    assert errors[1] < 0.7 * errors[0]


def test_training_is_seeded():
    one, other = (train_finder(FinderRecipe(pictures=8, batch=4), lambda _: None) for _ in range(2))
    picture = render(random_factors(1, 0), 64)
    torch.testing.assert_close(one(picture), other(picture), atol=1e-4, rtol=0)


def test_the_same_finder_comes_back_from_its_file(tmp_path: Path):
    finder = LandmarkFinder().eval()
    save_finder(tmp_path / "finder.safetensors", finder)
    picture = render(random_factors(1, 0), 64)
    torch.testing.assert_close(
        load_finder(tmp_path / "finder.safetensors")(picture), finder(picture), atol=2e-3, rtol=0
    )


def test_a_file_with_other_tensors_is_refused(tmp_path: Path):
    save_file({"weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match=r"other\.safetensors is no landmark finder"):
        load_finder(tmp_path / "other.safetensors")


def test_disturbed_pictures_are_softer_and_stay_in_range():
    recipe = FinderRecipe(max_blur_px=1.3, max_noise=0.0, max_gain=0.0)
    pictures = render(random_factors(8, 2), 64)
    soft = disturbed(pictures, recipe, torch.Generator().manual_seed(0))
    assert soft.min() >= -1 and soft.max() <= 1
    assert soft.diff(dim=3).abs().mean() < 0.95 * pictures.diff(dim=3).abs().mean()
    assert (soft - pictures).mean().abs() < 1e-3


def test_the_trained_finder_is_exact_enough_to_judge_by():
    """95 of 100 visible landmarks of true pictures within 2 % of the width: the yardstick of the factor drags."""
    factors = random_factors(200, 3)
    finder = load_finder(TRAINED)
    errors = (finder(render(factors, 128)) - landmarks(factors)).norm(dim=2)[landmark_visibility(factors)]
    assert torch.quantile(errors, 0.95) < 0.02
