"""The benchmark runs, compares the same work and records it; its times are nobody's business here."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch

from tests.benchmarks.drag_step import FULL, in_own_process, record, run, sections
from tests.benchmarks.measuring import Case, centre_mask, measure, places

TINY = sections({16: 512, 32: 512, 64: 512}, (16, 32), drag_steps=2)


def test_everything_runs_and_is_recorded(tmp_path, capsys):
    found = run(TINY, measure)
    record(found, tmp_path / "results" / "tiny.json")
    content = json.loads((tmp_path / "results" / "tiny.json").read_text(encoding="utf-8"))
    assert len(content["revision"].rstrip("+")) == 40
    assert content["machine"]["cores"] and content["machine"]["torch"] == torch.__version__
    rows = [row for section in content["sections"].values() for row in section]
    for row in rows:
        assert row["seconds_per_step"] > 0 and row["threads"] == torch.get_num_threads()
        assert row["channel_base"] and row["feature_resolution"] and row["case"]["points"]
    assert {row["case"]["side"] for row in rows} == {"plain", "whole", "ours"}
    assert "(wanted: 50)" in capsys.readouterr().out


def test_one_in_its_own_process():
    row = in_own_process(Case("ours", 32, 512, 16, 1, steps=2))
    assert (row.resolution, row.channel_base, row.feature_resolution) == (32, 512, 16)
    assert 0 < row.memory_mib < 2000


def test_the_full_one_covers_what_was_promised():
    cases = {comparison.ours for section in FULL for comparison in section.comparisons}
    assert Case("ours", 1024, 32768, 256, 1) in cases
    for resolution, base in ((256, 16384), (512, 32768), (1024, 32768)):
        for points, masked in ((1, False), (5, False), (1, True)):
            assert Case("ours", resolution, base, 128, points, masked) in cases


@pytest.mark.parametrize("count", [1, 2, 5, 50])
def test_points_lie_inside(count):
    found = places(128, count, spread=0.9)
    assert len({point.handle for point in found}) == count
    assert all(0 < v < 128 for point in found for v in (*point.handle, *point.target))


def test_the_mask_leaves_a_frame_still():
    mask = centre_mask(64)
    assert mask.mean() == 0.25 and mask[32, 32] == 1 and mask[0, 0] == 0


def test_whole_maps_and_windows_do_the_same_work():
    """Otherwise they could not be compared: the side only says how."""
    case = Case("ours", 128, 2048, 64, 1, steps=2)
    ours, whole = measure(case), measure(replace(case, side="whole"))
    assert ours.feature_resolution == whole.feature_resolution == 64
    assert ours.computed < 0.5 and whole.computed == 1
    assert measure(replace(case, side="plain")).computed is None
    assert measure(replace(case, points=100, spread=0.9)).computed == 1, "the planner takes the whole map"
