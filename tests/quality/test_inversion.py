"""The committed results of the inversion are those of the committed model and of this engine."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from tests.quality.committed import Committed
from tests.quality.inversion import (
    MODES,
    SEED,
    Inverted,
    OwnInverted,
    Task,
    settings_as_json,
    summary,
)
from tests.quality.similarity import psnr, ssim
from tests.quality.subject import BUNDLED, FINDER, RESULTS, file_sha256

AGAIN = "run `python -m tests.quality.inversion` and commit what it writes"

# Rounding differs between processors, and an optimiser carries it on.
PSNR_TOLERANCE_DB = 0.5
SSIM_TOLERANCE = 0.01
SCORE_TOLERANCE = 0.02


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    return json.loads((RESULTS / "inversion.json").read_text())


def test_the_results_are_those_of_the_bundled_model_and_settings(record: dict[str, Any]):
    assert record["model"]["sha256"] == file_sha256(BUNDLED), f"another model was measured: {AGAIN}"
    assert record["finder"]["sha256"] == file_sha256(FINDER), f"another finder has judged: {AGAIN}"
    assert record["settings"] == json.loads(json.dumps(settings_as_json())), f"the settings have changed: {AGAIN}"
    assert record["seed"] == SEED


def test_the_summary_is_that_of_the_pictures(record: dict[str, Any]):
    portraits = [Inverted(**row) for row in record["portraits"]]
    own = [OwnInverted(**row) for row in record["own_pictures"]]
    found = summary(portraits, own, Committed.read(RESULTS / "portraits.json"))
    assert json.loads(json.dumps(found)) == record["summary"]
    for mode in MODES:
        numbers = [row["number"] for row in record["portraits"] if row["mode"] == mode]
        assert len(numbers) == len(set(numbers))


def test_a_portrait_comes_out_again(record: dict[str, Any], full: bool):
    """With --full four of them."""
    chosen = sorted({row["number"] for row in record["portraits"]})[: 4 if full else 1]
    expected = {(row["number"], row["mode"]): row for row in record["portraits"]}
    for number in chosen:
        for found in Task(BUNDLED, number, False, record["per_kind"], record["longest"]).run():
            then = expected[number, found.mode]
            assert isinstance(found, Inverted)
            assert found.psnr_db == pytest.approx(then["psnr_db"], abs=PSNR_TOLERANCE_DB)
            assert found.ssim == pytest.approx(then["ssim"], abs=SSIM_TOLERANCE)
            assert found.score == pytest.approx(then["score"], abs=SCORE_TOLERANCE)
            assert (found.steps, found.delta_numbers) == (then["steps"], then["delta_numbers"])


def test_ssim_by_hand():
    """Of pictures that differ by brightness alone: the structure is the same, the first factor says how far."""
    picture = torch.rand(1, 3, 24, 24, generator=torch.Generator().manual_seed(0)) * 0.5
    assert ssim(picture, picture) == pytest.approx(1.0)
    flat, other = torch.full((1, 3, 24, 24), -0.5), torch.full((1, 3, 24, 24), 0.5)
    assert ssim(flat, other) == pytest.approx((2 * 0.25 * 0.75 + 1e-4) / (0.25**2 + 0.75**2 + 1e-4))
    assert psnr(flat, other) == pytest.approx(6.0206, abs=1e-3)
    noise = 0.3 * torch.randn(picture.shape, generator=torch.Generator().manual_seed(1))
    assert 0.1 < ssim(picture, picture + noise) < 0.9
