"""Real drags and `draggan-server bench` say how fast a model is; the list of models tells it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from draggan_client.messages import DragOptions, FromSeed, PointPair
from tests.server.conftest import new_home
from tests.server.harness import ServerProcess, until
from tests.server.test_cli import Command

POINT = PointPair("a", 16, 16, 20, 16)


@pytest.fixture
def server(tmp_path: Path, models: Path):
    """Of its own: nobody else's drags."""
    server = ServerProcess(new_home(tmp_path / "home", models))
    server.start()
    yield server
    server.stop()


def speeds(server: ServerProcess) -> dict[str, float | None]:
    return {model.id: model.steps_per_s for model in server.connection().models().models}


def test_a_model_that_was_never_dragged_is_estimated(server):
    """From the first look at the models on, a moment later; restarts know it at once."""

    def estimates() -> dict[str, float | None]:
        return {model.id: model.estimated_steps_per_s for model in server.connection().models().models}

    found = until(lambda: None not in (known := estimates()).values() and known, "the computer's speed")
    assert found["noise"] > found["brisk"] > found["slow"] > 0.1
    assert set(speeds(server).values()) == {None}, "nothing was measured"
    server.stop()
    server.start()
    assert estimates() == found


def test_a_drag_tells_how_fast_its_model_is(server):
    assert set(speeds(server).values()) == {None}
    with server.connection().session(FromSeed(7), "noise") as session:
        for _ in session.drag((POINT,), settings=DragOptions(max_steps=3)):
            pass
        assert set(speeds(server).values()) == {None}, "a few steps say nothing"
        for _ in session.drag((POINT,), settings=DragOptions(max_steps=12, tolerance_px=0.01)):
            pass
    found = speeds(server)
    assert 0.1 < found.pop("noise") < 10_000
    assert set(found.values()) == {None}


def test_bench_measures_and_the_running_server_tells_it(server, tmp_path):
    draggan = Command(server.home.folder, tmp_path)
    done = draggan("bench", "--model", "noise", "--steps", "4", "--points", "1", "--points", "3", "--json")
    content = json.loads(done.stdout)
    rows = content["measured"]
    assert "cpu" in content["device"] or "cuda" in content["device"] or "mps" in content["device"]
    assert [(row["model"], row["points"], row["steps"]) for row in rows] == [("noise", 1, 4), ("noise", 3, 4)]
    assert set(rows[0]["parts_ms"]) == {"features", "tracking", "loss", "gradient"}
    assert speeds(server)["noise"] == rows[0]["steps_per_s"]


def test_bench_prints_a_table_of_all_models(server, tmp_path):
    done = Command(server.home.folder, tmp_path)("bench", "--steps", "3", "--points", "2")
    lines = done.stdout.splitlines()
    heading = next(line for line in lines if line.startswith("MODEL"))
    for word in ("STEPS/S", "FEATURES", "TRACKING", "LOSS", "GRADIENT", "PREVIEW", "MEMORY"):
        assert word in heading
    for model in ("noise", "brisk", "slow"):
        assert any(line.startswith(f"{model} ") for line in lines)
        assert any(line.startswith(f"{model}: most of a step's time goes to the ") for line in lines)
    assert all(speed is None for speed in speeds(server).values()), "only one point's speed is what is told"


def test_bench_of_a_model_that_there_is_not(server, tmp_path):
    said = Command(server.home.folder, tmp_path).fails("bench", "--model", "nobody")
    assert "no model 'nobody'. The models are: " in said
