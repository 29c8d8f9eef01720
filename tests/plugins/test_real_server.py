"""The client library and the real server, started as the installer records it."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from draggan_client.connection import Connection
from draggan_client.discovery import Home, LaunchCommand, read_runtime, write_launch
from draggan_client.edit_state import EditState
from draggan_client.errors import DragLostError
from draggan_client.messages import DragOptions, FromSeed, PointPair, Progress, Result, ResultRequest
from tests.server.harness import ENDLESS, PATIENT, save_model, until

ROOT = Path(__file__).parents[2]
SHORT = DragOptions(max_steps=3, tolerance_px=0.01)
POINTS = (PointPair("jaw", 10, 20, 20, 20), PointPair("pin", 5, 5, 5, 5))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "Zoë's files")
    save_model(home.models, "noise")
    paths = [str(ROOT), str(ROOT / "plugins/common")]
    serve = "from draggan_server.server.runner import serve; serve()"
    code = f"import sys; sys.path[:0] = {paths!r}\n{PATIENT}\n{serve}"
    write_launch(home, LaunchCommand((sys.executable, "-c", code)))
    yield home
    info = read_runtime(home)
    if info:
        with contextlib.suppress(ProcessLookupError):
            os.kill(info.pid, signal.SIGKILL)


def server_pid(home: Home) -> int:
    info = read_runtime(home)
    assert info
    return info.pid


def test_killed_in_the_middle_of_a_drag(home: Home) -> None:
    """Nothing is lost but the running drag: undo, redo and the references are as they were."""
    with Connection(home).session(FromSeed(7), "noise") as session:
        for _ in range(2):
            list(session.drag(POINTS, settings=SHORT))
        before, first = session.state(), server_pid(home)
        assert before and len(before.history) == 2 and all(point.reference_feature for point in before.points)
        with pytest.raises(DragLostError):
            for event in session.drag(POINTS, settings=ENDLESS):
                if isinstance(event, Progress) and event.step >= 2:
                    with contextlib.suppress(ProcessLookupError):  # more than one step may still be on its way
                        os.kill(first, signal.SIGKILL)
        assert session.state() == before
        undone = session.undo()
        assert (undone.position, undone.history_length) == (1, 2) and server_pid(home) != first
        redone = session.redo()
        assert EditState.from_bytes(redone.edit_state) == before
        *_, last = session.drag(POINTS, settings=SHORT)
        after = session.state()
        assert isinstance(last, Result) and after and len(after.history) == 3
        references = {point.id: point.reference_feature for point in before.points}
        assert {point.id: point.reference_feature for point in after.points} == references


def test_stop_from_another_thread(home: Home) -> None:
    with Connection(home).session(FromSeed(7), "noise") as session:
        last = None
        for event in session.drag(POINTS, settings=ENDLESS):
            if isinstance(event, Progress) and event.step >= 2:
                threading.Thread(target=session.cancel).start()
            last = event
        assert isinstance(last, Result) and last.reason == "stopped" and 2 <= last.steps < 10_000
        assert session.pixels(ResultRequest("model")).picture.shape == (32, 32, 4)
        assert session.undo().position == 0


def test_shut_down_and_started_again(home: Home) -> None:
    connection = Connection(home)
    assert "noise" in [model.id for model in connection.models().models]
    first = server_pid(home)
    connection.shutdown()
    until(lambda: read_runtime(home) is None, "the server to end")
    assert connection.hello().pid == server_pid(home)
    assert server_pid(home) > 0 and first > 0
