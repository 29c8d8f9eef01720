"""The committed results of the factor drags are those of the committed model and of this engine."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from draggan_server.training.recipe import RECIPES
from tests.quality.cases import factor_drags
from tests.quality.committed import Committed
from tests.quality.factor_drags import runner_of
from tests.quality.running import DragResult, Runner
from tests.quality.subject import RESULTS, Subject, file_sha256, results_file
from tests.quality.summary import edited_row, unedited_row

AGAIN = "run `python -m tests.quality.factor_drags` and commit what it writes"

# Rounding differs between processors and thread counts, and a drag carries it on. Between AVX-512 and plain code 31 of
# 32 drags differed by at most 0.01 % of the width, 0 steps and 0.003 dB, one of 171 steps by 0.04 % and 0.01 dB.
POSITION_TOLERANCE = 0.002
"""Of landmarks, in picture widths: a tenth of what counts as near."""
STEPS_TOLERANCE = 3
PSNR_TOLERANCE_DB = 0.1


@pytest.fixture(scope="module", params=[recipe for recipe in RECIPES if (RESULTS / f"{recipe}.json").exists()])
def subject(request: pytest.FixtureRequest) -> Subject:
    return Subject.of(request.param)


@pytest.fixture(scope="module")
def committed(subject: Subject) -> Committed:
    return Committed.read(results_file(subject, ""))


@pytest.fixture(scope="module")
def runner(subject: Subject) -> Runner:
    return runner_of(subject)


def test_the_results_are_those_of_the_bundled_model_and_finder(committed: Committed, subject: Subject):
    assert committed.model_sha256 == file_sha256(subject.file), f"another model was measured: {AGAIN}"
    assert committed.finder_sha256 == file_sha256(subject.finder_file), f"another finder has judged: {AGAIN}"


def test_every_kind_was_dragged_equally_often(committed: Committed, subject: Subject):
    for seed in committed.seeds:
        for masked in (False, True):
            kinds = [drag.kind for drag in committed.of_seed(seed, masked=masked)]
            assert {kind: kinds.count(kind) for kind in subject.domain.kinds} == dict.fromkeys(
                subject.domain.kinds, committed.per_kind
            )


def test_the_summary_is_that_of_the_drags(committed: Committed):
    plain = [drag for drag in committed.drags if not drag.masked]
    rows = {row["name"]: row for row in committed.summary}
    assert rows["dragged"] == asdict(edited_row("dragged", plain))
    assert rows["no edit"] == asdict(unedited_row("no edit", plain))


def test_ten_of_the_drags_come_out_again(committed: Committed, subject: Subject, runner: Runner, full: bool):
    seed = committed.seeds[0]
    cases = factor_drags(seed, committed.per_kind, subject.domain, committed.longest)
    count = 40 if full else 10
    chosen = cases[:: len(cases) // count][:count]
    for turn, case in enumerate(chosen):
        masked = turn % 3 == 2
        expected = committed.of_seed(seed, masked=masked)[case.number]
        assert_same(runner.run(case, masked=masked), expected)


def assert_same(found: DragResult, expected: DragResult) -> None:
    name = f"drag {expected.number}, {expected.landmark} by {expected.factor}{', masked' * expected.masked}"
    asked = ("seed", "number", "kind", "landmark", "factor", "masked")
    assert [getattr(found, field) for field in asked] == [getattr(expected, field) for field in asked], name
    assert found.handle == pytest.approx(expected.handle, abs=1e-3), name
    assert found.target == pytest.approx(expected.target, abs=1e-3), name
    assert found.end == expected.end, name
    assert found.steps == pytest.approx(expected.steps, abs=STEPS_TOLERANCE), name
    for now, then in ((found.edited, expected.edited), (found.unedited, expected.unedited)):
        assert now.landmark_error == pytest.approx(then.landmark_error, abs=POSITION_TOLERANCE), name
        assert now.others_error == pytest.approx(then.others_error, abs=POSITION_TOLERANCE), name
        assert now.psnr_db == pytest.approx(then.psnr_db, abs=PSNR_TOLERANCE_DB), name
