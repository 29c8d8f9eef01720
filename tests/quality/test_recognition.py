"""The committed results of the recognition are those of the committed model, engine and thresholds."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from draggan_server.checkpoints import load_checkpoint
from draggan_server.inversion import RecognitionThresholds
from tests.quality.foreign import KINDS, foreign_picture
from tests.quality.recognition import IN_W, PORTRAIT, Scored, scored, set_thresholds, summary
from tests.quality.subject import BUNDLED, RESULTS, file_sha256

AGAIN = "run `python -m tests.quality.recognition` and commit what it writes"

SCORE_TOLERANCE = 0.02
"""Rounding differs between processors, and an optimiser carries it on."""


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    return json.loads((RESULTS / "recognition.json").read_text())


@pytest.fixture(scope="module")
def pictures(record: dict[str, Any]) -> list[Scored]:
    return [Scored(**row) for row in record["pictures"]]


def test_the_results_are_those_of_the_bundled_model_and_settings(record: dict[str, Any]):
    assert record["model"]["sha256"] == file_sha256(BUNDLED), f"another model was measured: {AGAIN}"
    assert record["settings"] == json.loads(json.dumps(asdict(IN_W))), f"the settings have changed: {AGAIN}"


def test_the_thresholds_are_those_that_half_of_the_pictures_set(record: dict[str, Any], pictures: list[Scored]):
    assert asdict(set_thresholds(pictures)) == record["calibrated"] == asdict(RecognitionThresholds())


def test_hardly_anything_is_taken_for_what_it_is_not(record: dict[str, Any], pictures: list[Scored]):
    assert record["summary"] == json.loads(json.dumps(summary(pictures)))
    for rates in (record["summary"]["reported"], record["summary"]["all"]):
        assert rates["false_accepts"] <= 0.02 * rates["foreign"]
        assert rates["false_alarms"] <= 0.05 * rates["portraits"]
    assert record["summary"]["all"]["foreign"] == record["summary"]["all"]["portraits"] == 100


def test_the_words_follow_from_the_scores(pictures: list[Scored]):
    thresholds = RecognitionThresholds()
    assert all(thresholds.recognition(one.score).word.value == one.word for one in pictures)


def test_some_scores_come_out_again(pictures: list[Scored], full: bool):
    """A portrait and a picture of another domain; with --full two of each kind."""
    generator = load_checkpoint(BUNDLED).generator
    expected = {(one.kind, one.number): one for one in pictures}
    kinds = (PORTRAIT, *KINDS) if full else (PORTRAIT, KINDS[-1])
    for kind in kinds:
        for number in range(2 if full else 1):
            found = scored(generator, kind, number)
            assert found.score == pytest.approx(expected[kind, number].score, abs=SCORE_TOLERANCE), (kind, number)
            assert found.word == expected[kind, number].word


def test_foreign_pictures_are_drawn_alike_each_time():
    for kind in KINDS:
        picture = foreign_picture(kind, 3, 32)
        assert picture.shape == (1, 3, 32, 32) and picture.abs().max() <= 1
        assert (picture == foreign_picture(kind, 3, 32)).all() and (picture != foreign_picture(kind, 4, 32)).any()
