"""The tools that a trained model is judged with: small real runs of the bundled portraits, and pictures gone wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click
import pytest
import torch
from click.testing import CliRunner
from torch import Tensor

from draggan_server.training.domains import CARS, PORTRAITS, Domain
from draggan_server.training.factors import FactorGroup, factors_from_z
from draggan_server.training.recipe import RECIPES
from tests.quality import broken, distance, factor_drags, fidelity, finder_errors, landmark_drags
from tests.quality.broken import Checked, checked, sheet, suspicious, truncated_factors
from tests.quality.cases import factor_drags as cases_of
from tests.quality.distance import Row, distances
from tests.quality.landmark_drags import landmark_drags as landmark_cases
from tests.quality.subject import BUNDLED, RESULTS, Subject, file_sha256, results_file, unseen

RECORDS = sorted(path for recipe in RECIPES for path in RESULTS.glob(f"{recipe}-*.json"))
DOMAINS = pytest.mark.parametrize("domain", [PORTRAITS, CARS], ids=["portraits", "cars"])


class Faultless(Subject):
    """Draws what the renderer does: a model that has nothing left to learn."""

    def drawn(self, z: Tensor, psi: float = 1.0) -> Tensor:
        return self.true(truncated_factors(z, psi))


class Confused(Faultless):
    """Draws of every fourth latent vector another's picture, turned upside down."""

    def drawn(self, z: Tensor, psi: float = 1.0) -> Tensor:
        pictures = super().drawn(z, psi)
        pictures[::4] = pictures[::4].roll(1, 0).flip(2)
        return pictures


@pytest.fixture(scope="module")
def portraits() -> Subject:
    return Subject.of("portraits")


def command(tool: click.Command, out: Path, *arguments: str) -> dict:
    """Runs it as a person would, and reads what it wrote."""
    done = CliRunner().invoke(tool, [*arguments, "--out", str(out)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    record = json.loads(out.read_text())
    assert record["model"]["sha256"] == file_sha256(BUNDLED)
    assert len(record["revision"].rstrip("+")) == 40
    assert sorted(path.suffix for path in out.parent.iterdir()) in ([".json"], [".jpg", ".json"])
    return record


def test_a_model_that_is_not_there_or_of_no_known_domain_is_refused(tmp_path: Path):
    with pytest.raises(click.UsageError, match="neither a file nor one of portraits, cars"):
        Subject.of("nobody")
    other = tmp_path / "other.safetensors"
    other.write_bytes(b"")
    with pytest.raises(click.UsageError, match="--domain"):
        Subject.of(str(other))
    assert Subject.of(str(other), "cars").domain is CARS


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_what_is_committed_was_measured_of_the_bundled_model(path: Path):
    record = json.loads(path.read_text())
    subject = Subject.of(record["domain"])
    again = f"run `python -m tests.quality.{path.stem.partition('-')[2]}` and commit what it writes"
    assert path == results_file(subject, path.stem.partition("-")[2])
    assert record["model"]["sha256"] == file_sha256(subject.file), f"another model was measured: {again}"
    assert record["finder"]["sha256"] == file_sha256(subject.finder_file), f"another finder has judged: {again}"


@DOMAINS
def test_factor_drags_of_any_domain_keep_to_their_limits(domain: Domain):
    drags = cases_of(5, 2, domain, longest=0.2)
    assert [drag.mark.kind for drag in drags] == 2 * list(domain.kinds)
    assert all(0.03 <= drag.length <= 0.2 for drag in drags)
    for drag in drags:
        changed = (drag.before != drag.after)[0].nonzero().flatten().tolist()
        assert changed == [domain.factor_index[drag.factor]]


def test_a_run_of_factor_drags_says_how_many_came_close(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(factor_drags, "FINDER_PICTURES", 10)
    every = factor_drags.Protocol.cases
    monkeypatch.setattr(factor_drags.Protocol, "cases", lambda protocol, subject: every(protocol, subject)[:3])
    record = command(factor_drags.main, tmp_path / "drags.json", "--drags", "1", "--longest", "0.05")
    assert record["longest"] == 0.05 and record["per_kind"] == 1
    plain = [drag for drag in record["drags"] if not drag["masked"]]
    assert len(plain) == 3 and all(drag["length"] <= 0.05 for drag in plain)
    dragged = record["summary"][0]
    assert dragged["close"] == sum(drag["edited"]["landmark_error"] <= 0.012 for drag in plain)
    assert dragged["close"] <= dragged["near"] <= len(plain)


def test_the_finder_errs_less_on_true_pictures(tmp_path: Path):
    record = command(finder_errors.main, tmp_path / "finder.json", "--pictures", "40")
    true, generated = record["true"][-1], record["generated"][-1]
    assert true["kind"] == generated["kind"] == "all"
    assert 0 < true["p95"] < generated["p95"] < 0.06


def test_fidelity_names_the_worst_pictures(tmp_path: Path, portraits: Subject):
    record = command(fidelity.main, tmp_path / "fidelity.json", "--pictures", "40")
    values = record["psnr_db"]
    assert len(values) == 40 and 20 < record["summary"]["p50"] < 35
    worst = record["worst"][0]
    assert worst["psnr_db"] == values[worst["number"]] == min(values)
    z = unseen(40, fidelity.SEED, PORTRAITS).z[worst["number"]][None]
    error = (portraits.drawn(z).clamp(-1, 1) - portraits.true(factors_from_z(z))).square().mean()
    assert 10 * torch.log10(4 / error).item() == pytest.approx(min(values), abs=0.01)


def test_nothing_of_the_bundled_model_is_called_broken_for_no_reason(tmp_path: Path):
    record = command(broken.main, tmp_path / "broken.json", "--pictures", "32")
    assert [row["psi"] for row in record["summary"]] == [0.7, 1.0]
    assert all(row["suspicious"] <= 1 for row in record["summary"])


@pytest.mark.parametrize("recipe", ["portraits", "cars"])
def test_broken_pictures_are_found_and_shown_and_good_ones_are_not(recipe: str):
    z = unseen(32, 1, Subject(recipe, BUNDLED).domain).z
    for psi in (0.7, 1.0):
        assert suspicious(checked(Faultless(recipe, BUNDLED), z, 0, psi)) == []
    confused = Confused(recipe, BUNDLED)
    found = suspicious(checked(confused, z, 0, 1.0))
    assert sorted(row.number for row in found) == list(range(0, 32, 4))
    shown = sheet(confused, found, z)
    size = confused.generator.resolution
    assert shown is not None and shown.size == (8 * size, 2 * size)
    assert sheet(confused, [], z) is None


def test_a_picture_is_suspicious_by_its_landmarks_or_by_its_likeness():
    good = Checked(0, 1.0, misplaced=0, median_error=0.01, psnr_db=25.0)
    assert good.faults(26.0) == ()
    assert replace(good, misplaced=3).faults(26.0) == ("landmarks",)
    assert replace(good, median_error=0.03).faults(26.0) == ("landmarks",)
    assert good.faults(32.0) == ("picture",)


def test_the_mean_picture_is_what_truncation_ends_at():
    z = unseen(3, 1, PORTRAITS).z
    torch.testing.assert_close(truncated_factors(z, 0.0), torch.full_like(z, 0.5))
    torch.testing.assert_close(truncated_factors(z, 1.0), factors_from_z(z))


@DOMAINS
def test_landmark_drags_go_from_one_shape_to_another(domain: Domain):
    few, every = (landmark_cases(3, 4, points, domain) for points in (5, None))
    for some, case in zip(few, every, strict=True):
        assert len(some.dragged) == 5 and set(some.dragged.tolist()) <= set(case.dragged.tolist())
        assert torch.equal(some.z, case.z) and case.distance(case.wanted) == 0
        assert case.distance(case.places) > 0.005
        factors = factors_from_z(case.z)
        assert torch.equal(case.places, domain.landmarks(factors)[0])
        assert bool(domain.visible(factors)[0][case.dragged].all())
        handle = case.points(128)[0].handle
        assert (handle.x / 128, handle.y / 128) == pytest.approx(case.places[case.dragged[0]].tolist())
    assert any(factor.group is FactorGroup.APPEARANCE for factor in domain.factors)


def test_landmark_drags_bring_landmarks_nearer(tmp_path: Path):
    record = command(landmark_drags.main, tmp_path / "drags.json", "--pairs", "1", "--block", "32")
    few, every = record["summary"]
    assert (few["block"], few["drags"]) == (every["block"], every["drags"]) == (32, 1)
    assert few["distance"] < few["no_edit"] and every["distance"] < every["no_edit"]
    assert {drag["points"] == 5 for drag in record["drags"]} == {True, False}


def test_the_renderer_is_nearer_to_itself_than_the_model_or_a_blur(tmp_path: Path):
    record = command(distance.main, tmp_path / "distance.json", "--pictures", "64")
    rows = {(row["features"], row["pictures"]): Row(**row) for row in record["rows"]}
    for network in ("finder", "discriminator"):
        itself, blur, model = (rows[network, name] for name in ("renderer", "blurred renderer", "model"))
        assert itself.kid < min(blur.kid, model.kid) and itself.fid < min(blur.fid, model.fid)


def test_no_distance_between_a_crowd_and_itself_and_more_the_further_they_are():
    real = torch.randn(80, 6, generator=torch.Generator().manual_seed(0))
    near, far = (distances(real, real + shift) for shift in (0.2, 2.0))
    assert distances(real, real)[2] == pytest.approx(0, abs=1e-6)
    assert near[0] < far[0] and near[2] < far[2]
