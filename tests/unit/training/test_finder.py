"""The landmark finder: its shape, its training, its file; and how exact the trained one is on true pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import save_file

from draggan_server.training.__main__ import main
from draggan_server.training.domains import CARS, PORTRAITS, Domain
from draggan_server.training.finder import (
    FinderProgress,
    FinderRecipe,
    FinderTraining,
    LandmarkFinder,
    disturbed,
    load_finder,
    save_finder,
)

FINDERS = Path(__file__).resolve().parents[2] / "data" / "finders"
MARKS = len(PORTRAITS.marks)


class KilledError(Exception):
    pass


def random_factors(count: int, seed: int, domain: Domain = PORTRAITS) -> torch.Tensor:
    return torch.rand(count, len(domain.factors), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("size", [64, 128, 256])
def test_it_finds_every_landmark_in_pictures_of_any_size(size: int):
    places = LandmarkFinder(MARKS).eval()(torch.zeros(2, 3, size, size))
    assert places.shape == (2, MARKS, 2)
    assert bool(((places > 0) & (places < 1)).all())


@pytest.mark.parametrize("domain", [PORTRAITS, CARS], ids=lambda domain: domain.name)
def test_training_brings_it_nearer(domain: Domain):
    reports: list[FinderProgress] = []
    finder = FinderTraining(domain, FinderRecipe(pictures=240, batch=8)).run(reports.append)
    assert reports[-1].pictures == reports[-1].of == 240
    factors = random_factors(32, 1, domain)
    untrained = LandmarkFinder(len(domain.marks)).eval()
    errors = [(f(domain.render(factors, 128)) - domain.landmarks(factors)).abs().mean() for f in (untrained, finder)]
    assert errors[1] < 0.7 * errors[0]


def test_a_kill_costs_nothing_that_was_saved(tmp_path: Path):
    recipe = FinderRecipe(pictures=24, batch=4)

    def killed_at_the_third(progress: FinderProgress) -> None:
        if progress.pictures == 12:
            raise KilledError

    state = tmp_path / "finder.pt"
    with pytest.raises(KilledError):
        FinderTraining(PORTRAITS, recipe, state).run(killed_at_the_third, save_every_seconds=0.0)
    seen: list[FinderProgress] = []
    resumed = FinderTraining(PORTRAITS, recipe, state).run(seen.append, save_every_seconds=0.0)
    assert [progress.pictures for progress in seen] == [16, 20, 24]
    unbroken = FinderTraining(PORTRAITS, recipe).run(lambda _: None)
    picture = PORTRAITS.render(random_factors(1, 0), 128)
    torch.testing.assert_close(resumed(picture), unbroken(picture), atol=1e-4, rtol=0)


def test_the_state_of_another_recipe_is_refused(tmp_path: Path):
    state = tmp_path / "finder.pt"
    FinderTraining(PORTRAITS, FinderRecipe(pictures=4, batch=4), state).run(lambda _: None)
    with pytest.raises(ValueError, match=r"finder\.pt is of another recipe"):
        FinderTraining(PORTRAITS, FinderRecipe(pictures=8, batch=4), state)


def test_the_same_finder_comes_back_from_its_file(tmp_path: Path):
    finder = LandmarkFinder(MARKS).eval()
    save_finder(tmp_path / "finder.safetensors", finder)
    picture = PORTRAITS.render(random_factors(1, 0), 128)
    torch.testing.assert_close(
        load_finder(tmp_path / "finder.safetensors")(picture), finder(picture), atol=2e-3, rtol=0
    )


def test_a_file_with_other_tensors_is_refused(tmp_path: Path):
    save_file({"weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match=r"other\.safetensors is no landmark finder"):
        load_finder(tmp_path / "other.safetensors")


def test_disturbed_pictures_are_softer_and_stay_in_range():
    recipe = FinderRecipe(max_blur_px=2.6, max_noise=0.0, max_gain=0.0)
    pictures = PORTRAITS.render(random_factors(8, 2), 128)
    soft = disturbed(pictures, recipe, torch.Generator().manual_seed(0))
    assert soft.min() >= -1 and soft.max() <= 1
    assert soft.diff(dim=3).abs().mean() < 0.95 * pictures.diff(dim=3).abs().mean()
    assert (soft - pictures).mean().abs() < 1e-3


@pytest.mark.parametrize(("file", "domain", "limit"), [("portraits", PORTRAITS, 0.02), ("cars", CARS, 0.006)])
def test_the_trained_finders_are_exact_enough_to_judge_by(file: str, domain: Domain, limit: float):
    """95 of 100 visible landmarks of true pictures within the limit, in picture widths."""
    factors = random_factors(200, 3, domain)
    finder = load_finder(FINDERS / f"{file}.safetensors")
    errors = (finder(domain.render(factors, 128)) - domain.landmarks(factors)).norm(dim=2)[domain.visible(factors)]
    assert torch.quantile(errors, 0.95) < limit


def test_the_command_trains_a_finder_and_leaves_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["finder", "cars", "--pictures", "4", "--threads", str(torch.get_num_threads())]
    done = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert "left" in done.output
    files = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
    assert files == [Path("tests/data/finders/cars.safetensors")]
    assert load_finder(files[0]).landmarks == len(CARS.marks)
