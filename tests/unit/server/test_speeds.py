"""How fast models are: what is kept of it, and what measuring says."""

from __future__ import annotations

import json
import math
import threading
from pathlib import Path

import pytest
import torch

from draggan_server.checkpoints import load_checkpoint
from draggan_server.server.bench import measure
from draggan_server.server.machine import prepare_device
from draggan_server.server.speeds import Pace, Speeds
from tests.server.harness import save_model


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "new folder" / "speeds.json"


class TestSpeeds:
    def test_what_was_measured_is_known_to_the_next_one(self, file):
        speeds, running = Speeds(file, "cpu (2 threads)"), Speeds(file, "cpu (2 threads)")
        assert speeds.get("a") is None
        speeds.measured("a", 12.345)
        speeds.measured("b", 3)
        speeds.measured("a", 20)
        assert (running.get("a"), running.get("b"), running.get("c")) == (20, 3, None)
        assert [path.name for path in file.parent.iterdir()] == ["speeds.json"]

    def test_speeds_of_another_device_are_not_this_ones(self, file):
        Speeds(file, "cuda (large)").measured("a", 200)
        here = Speeds(file, "cpu (2 threads)")
        assert here.get("a") is None
        here.measured("b", 3)
        assert Speeds(file, "cuda (large)").get("a") is None

    @pytest.mark.parametrize(
        "content",
        [b"", b"\xff", b"[]", b'"x"', b"{}", b'{"device": "cpu", "steps_per_s": 3}',
         b'{"device": "cpu", "steps_per_s": {"a": "fast"}}', b'{"device": "cpu", "steps_per_s": {"a": NaN}}',
         b'{"device": "cpu", "steps_per_s": {"a": -1}}', b'{"device": "cpu", "steps_per_s": {"a": 1e9}}',
         b'{"device": "cpu", "steps_per_s": {}, "pace": 3}', b'{"device": "cpu", "steps_per_s": {}, "pace": {}}'],
    )  # fmt: skip
    def test_a_damaged_file_is_an_empty_one(self, file, content):
        file.parent.mkdir()
        file.write_bytes(content)
        speeds = Speeds(file, "cpu")
        assert speeds.get("a") is None and speeds.pace() is None
        speeds.measured("a", 5)
        assert speeds.get("a") == 5

    @pytest.mark.parametrize("numbers", [{"layer_s": 0}, {"layer_s": -1}, {"layer_s": "fast"}, {"multiply_add_s": -1},
                                         {"multiply_add_s": math.nan}, {"layer_s": math.inf}], ids=str)  # fmt: skip
    def test_a_pace_that_no_computer_has_is_none(self, file, numbers):
        speeds = Speeds(file, "cpu")
        speeds.calibrated(Pace(1e-3, 1e-10))
        content = json.loads(file.read_text("utf-8"))
        content["pace"].update(numbers)
        file.write_text(json.dumps(content), "utf-8")
        assert speeds.pace() is None

    def test_the_pace_is_known_to_the_next_one_and_both_kinds_are_kept(self, file):
        pace = Pace(1e-3, 1e-10)
        Speeds(file, "cpu").measured("a", 5)
        Speeds(file, "cpu").calibrated(pace)
        Speeds(file, "cpu").measured("b", 6)
        here = Speeds(file, "cpu")
        assert (here.pace(), here.get("a"), here.get("b")) == (pace, 5, 6)
        assert Speeds(file, "cuda (large)").pace() is None

    def test_the_pace_is_that_of_a_torch(self, file, monkeypatch):
        Speeds(file, "cpu").calibrated(Pace(1e-3, 1e-10))
        Speeds(file, "cpu").measured("a", 5)
        monkeypatch.setattr(torch, "__version__", "99.0")
        assert Speeds(file, "cpu").pace() is None
        assert Speeds(file, "cpu").get("a") == 5, "what was measured stays near enough"

    def test_threads_lose_nothing_of_one_another(self, file):
        speeds = Speeds(file, "cpu")
        threads = [
            threading.Thread(target=lambda n=n: [speeds.measured(f"{n}-{i}", n + 1) for i in range(20)])
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [speeds.get(f"{n}-{i}") for n in range(4) for i in range(20)] == [
            n + 1 for n in range(4) for _ in range(20)
        ]

    def test_where_nothing_can_be_written_nothing_breaks(self, tmp_path):
        (tmp_path / "taken").write_text("a file where the folder should be")
        speeds = Speeds(tmp_path / "taken" / "speeds.json", "cpu")
        speeds.measured("a", 5)
        assert speeds.get("a") is None


class TestMeasuring:
    @pytest.fixture
    def checkpoint(self, tmp_path):
        return load_checkpoint(save_model(tmp_path, "noise"))

    def test_the_parts_make_up_a_step(self, checkpoint):
        speed = measure(checkpoint, points=2, steps=8)
        assert set(speed.parts_s) == {"features", "tracking", "loss", "gradient"}
        assert all(seconds > 0 for seconds in speed.parts_s.values())
        assert 0.3 * speed.step_s < sum(speed.parts_s.values()) < 2 * speed.step_s
        assert speed.slowest_part in ("features", "gradient")
        assert speed.steps_per_s == pytest.approx(1 / speed.step_s)
        assert (speed.resolution, speed.feature_resolution, speed.points, speed.steps) == (32, 32, 2, 8)
        assert 50 << 20 < speed.memory_bytes < 16 << 30
        assert speed.preview_s > 0

    def test_a_slow_computer_takes_fewer_steps(self, checkpoint, monkeypatch):
        monkeypatch.setattr("draggan_server.server.bench.LONGEST_S", 0.0)
        assert measure(checkpoint, points=1, steps=50).steps == 3


def test_nvidias_gpus_compute_in_full_float32():
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32, cudnn.allow_tf32
    try:
        matmul.allow_tf32 = cudnn.allow_tf32 = True
        prepare_device(torch.device("cpu"))
        assert matmul.allow_tf32 and cudnn.allow_tf32
        prepare_device(torch.device("cuda"))
        assert not matmul.allow_tf32 and not cudnn.allow_tf32
    finally:
        matmul.allow_tf32, cudnn.allow_tf32 = before
