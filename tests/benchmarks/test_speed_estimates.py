"""The benchmark runs and is recorded; how right the estimates are is for quiet computers to say."""

from __future__ import annotations

import json

import pytest

from draggan_server.models import BUNDLED_MODELS, ModelLibrary
from tests.benchmarks.speed_estimates import Estimate, record, run


def test_everything_runs_and_is_recorded(tmp_path, capsys):
    found = run(steps=3, rounds=2, widths=[(32, 512)])
    names = [entry.id for entry in ModelLibrary((BUNDLED_MODELS,)).entries()]
    assert [one.name for one in found] == [*names, "random, 32 px, 512"]
    assert all(one.estimated > 0 and one.measured > 0 for one in found)
    record(found, tmp_path / "results.json")
    content = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert content["estimates"][-1]["measured"] == found[-1].measured and content["device"]
    assert "within a factor of" in capsys.readouterr().out


def test_an_estimate_that_is_too_high_has_an_error_above_0():
    assert Estimate("a", 12.0, 10.0).error == pytest.approx(0.2)
