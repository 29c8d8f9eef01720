"""The comparison runs and records what it compares; its times are nobody's business here."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest
import torch

from draggan_server.inversion import InversionSettings
from draggan_server.inversion.losses import PixelLoss
from draggan_server.training.portraits import render
from tests.benchmarks.inversion import PER_KIND, RESULTS, SEED, WANTED, Row, Side, compare, record
from tests.quality.cases import factor_drags
from tests.quality.factor_drags import artist_runner
from tests.quality.running import Runner
from tests.quality.similarity import psnr
from tests.quality.subject import BUNDLED, file_sha256
from tests.reference.plain_inversion import PlainRecipe, project, tune

SHORT = PlainRecipe(projector_steps=8, tuning_steps=3, w_samples=100)


@pytest.fixture(scope="module")
def runner() -> Runner:
    return artist_runner(BUNDLED)


def test_both_sides_run_and_are_recorded(runner: Runner):
    settings = replace(InversionSettings(), candidates=2, w_steps=4, w_plus_steps=1, tuning_steps=4, feature_weight=0.0)
    row = compare(runner, factor_drags(SEED, PER_KIND)[0], SHORT, settings)
    content = json.loads(json.dumps(record([row], BUNDLED, SHORT, settings)))
    assert content["model"]["sha256"] == file_sha256(BUNDLED) and len(content["revision"].rstrip("+")) == 40
    assert content["rows"][0]["ratio"] == row.ratio == row.standard.cpu_seconds / row.ours.cpu_seconds
    assert row.as_near == (row.ours.psnr_db >= row.standard.psnr_db)
    assert all(value > 0 for side in (row.standard, row.ours, row.whole) for value in asdict(side).values())


def test_the_standard_recipe_comes_nearer_and_leaves_the_generator_alone(runner: Runner):
    generator = runner.generator
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    picture = render(factor_drags(SEED, PER_KIND)[1].before, generator.resolution)
    loss = PixelLoss(picture, torch.ones(1, 1, *picture.shape[2:]))
    fitted, ws = project(generator, loss, SHORT)
    tuned = tune(fitted, ws, loss, replace(SHORT, tuning_steps=6))
    with torch.no_grad():
        mean = generator.image(generator.w_avg.expand(1, generator.num_ws, -1))
        found = [psnr(drawn, picture) for drawn in (mean, fitted.image(ws), tuned.image(ws))]
    assert found[0] < found[1] < found[2]
    assert (ws == ws[:, :1]).all()
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())


def test_the_papers_numbers():
    recipe = PlainRecipe()
    assert (recipe.projector_steps, recipe.tuning_steps) == (1000, 350)


def test_the_committed_results_are_those_of_the_bundled_model():
    content = json.loads((RESULTS / "inversion.json").read_text())
    assert content["model"]["sha256"] == file_sha256(BUNDLED), "run `python -m tests.benchmarks.inversion` again"
    rows = [
        Row(**{**row, **{side: Side(**row[side]) for side in ("standard", "ours", "whole")}})
        for row in ({k: v for k, v in row.items() if k != "ratio"} for row in content["rows"])
    ]
    assert content["standard"] == asdict(PlainRecipe())
    assert content["summary"]["ratio"]["least"] == min(row.ratio for row in rows)
    assert all(row.as_near and row.ratio > WANTED for row in rows)
