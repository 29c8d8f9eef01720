"""How fast a computer is, and what follows from it for models that were never dragged."""

from __future__ import annotations

import dataclasses
import threading
import time
from pathlib import Path

import pytest
import torch

from draggan_server.checkpoints import DragDefaults
from draggan_server.drag import DragSettings, step_work
from draggan_server.server import pace as pace_module
from draggan_server.server.pace import NARROW, WIDE, Calibration, estimated_steps_per_s, measure_pace
from draggan_server.server.speeds import Pace, Speeds
from draggan_server.stylegan2 import GeneratorConfig
from tests.server.harness import until

CPU = torch.device("cpu")
SMALL = GeneratorConfig(z_dim=16, w_dim=16, img_resolution=32, channel_base=512, channel_max=16)
PACE = Pace(1e-3, 1e-9)


def computer(monkeypatch: pytest.MonkeyPatch, step_s: dict[GeneratorConfig, list[float]]) -> None:
    """One whose steps take these times."""
    monkeypatch.setattr(pace_module, "_step_times", lambda config, device: iter(step_s[config]))


class TestEstimates:
    def test_layers_and_multiply_adds_each_take_their_time(self):
        work = step_work(SMALL, DragSettings())
        expected_s = work.layers * 1e-3 + work.multiply_adds * 1e-9
        assert estimated_steps_per_s(SMALL, DragDefaults(), PACE) == pytest.approx(1 / expected_s)

    def test_the_models_own_settings_count(self):
        coarse = estimated_steps_per_s(SMALL, DragDefaults(feature_resolution=8), PACE)
        assert coarse > estimated_steps_per_s(SMALL, DragDefaults(), PACE)

    @pytest.mark.parametrize("drag", [{"feature_resolution": 64}, {"latent_space": "x"}, {"step_size": -1.0}], ids=str)
    def test_none_for_settings_that_no_drag_can_have(self, drag):
        assert estimated_steps_per_s(SMALL, DragDefaults(**drag), PACE) is None

    def test_none_is_beyond_what_a_message_can_carry(self):
        shallow = DragDefaults(feature_resolution=4)
        assert estimated_steps_per_s(SMALL, shallow, Pace(1e-6, 0)) <= 1e6


class TestMeasuring:
    def test_both_networks_have_as_many_layers(self):
        narrow, wide = step_work(NARROW, DragSettings()), step_work(WIDE, DragSettings())
        assert narrow.layers == wide.layers and narrow.multiply_adds < 0.01 * wide.multiply_adds

    def test_the_quickest_undisturbed_steps_count_and_none_of_the_first(self, monkeypatch):
        quiet = iter([True] * 4 + [False] + [True] * 100)
        computer(monkeypatch, {NARROW: [1e-9, 1e-9, 0.05, 0.04, 1e-9, 0.007, *[0.01] * 9], WIDE: [0.02] * 12})
        asked = []
        pace = measure_pace(CPU, lambda: asked.append(None), lambda: next(quiet))
        for config, seconds in ((NARROW, 0.007), (WIDE, 0.02)):
            assert pace.step_s(step_work(config, DragSettings())) == pytest.approx(seconds)
        assert len(asked) == 11 + 10, "one was disturbed"

    def test_arithmetic_that_takes_no_time(self, monkeypatch):
        """A GPU's: there the wide network's steps may even be the quicker ones."""
        computer(monkeypatch, {NARROW: [0.021] * 10, WIDE: [0.020] * 10})
        assert measure_pace(CPU, lambda: None, lambda: True) == Pace(0.003, 0.0)

    def test_this_computer(self):
        """Its own steps: whatever they take, the more work the longer, and in less than for ever."""
        began = time.monotonic()
        pace = measure_pace(CPU, lambda: None, lambda: True)
        took = time.monotonic() - began
        assert 0 < pace.step_s(step_work(NARROW, DragSettings())) < took
        assert 0 < pace.step_s(step_work(WIDE, DragSettings())) < took


class TestCalibration:
    @pytest.fixture
    def speeds(self, tmp_path: Path) -> Speeds:
        return Speeds(tmp_path / "speeds.json", "cpu")

    def test_it_is_done_once_and_kept(self, speeds, monkeypatch):
        done = []
        monkeypatch.setattr(pace_module, "measure_pace", lambda *_: done.append(None) or PACE)
        prepared = []
        calibration = Calibration(speeds, CPU, lambda: True, lambda: prepared.append(threading.current_thread()))
        for _ in range(3):
            calibration.begin()
        until(lambda: speeds.pace() == PACE, "the pace")
        assert calibration.stop(60)
        Calibration(speeds, CPU, lambda: True).begin()
        assert len(done) == 1 and prepared != [threading.current_thread()]

    def test_it_waits_until_nothing_else_computes(self, speeds, monkeypatch):
        monkeypatch.setattr(pace_module, "_LOOK_AGAIN_S", 0.01)
        looked, idle = [], threading.Event()
        calibration = Calibration(speeds, CPU, lambda: looked.append(None) or idle.is_set())
        calibration.begin()
        until(lambda: len(looked) > 5, "it to look several times")
        assert speeds.pace() is None
        idle.set()
        assert until(speeds.pace, "the pace").layer_s > 0
        assert calibration.stop(60)

    def test_a_server_that_ends_does_not_wait_for_a_quiet_moment(self, speeds):
        calibration = Calibration(speeds, CPU, lambda: False)
        calibration.begin()
        assert calibration.stop(60)
        calibration.begin()
        assert speeds.pace() is None and calibration.stop(0)

    def test_failing_costs_nothing_but_the_estimates(self, speeds, monkeypatch, caplog):
        def fails(*_: object) -> Pace:
            raise RuntimeError("out of memory")

        monkeypatch.setattr(pace_module, "measure_pace", fails)
        calibration = Calibration(speeds, CPU, lambda: True)
        calibration.begin()
        assert calibration.stop(60)
        assert speeds.pace() is None and "out of memory" in caplog.text


def test_paces_are_those_of_computers():
    for changed in ({"layer_s": 0.0}, {"layer_s": -1.0}, {"multiply_add_s": -1e-12}, {"multiply_add_s": float("nan")}):
        with pytest.raises(ValueError, match="no computer takes"):
            dataclasses.replace(PACE, **changed)
