"""Several models and little room: switching is told, and ends nobody's session."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from draggan_client.messages import DragOptions, FromSeed, Progress, Result
from tests.server.conftest import new_home
from tests.server.harness import ENDLESS, PATIENT, TIMEOUT_S, ServerProcess, pull, until

SHORT = DragOptions(max_steps=3)


@pytest.fixture
def small(tmp_path: Path, models: Path) -> Iterator[ServerProcess]:
    """A server with room for one model."""
    server = ServerProcess(new_home(tmp_path / "home", models), limits="resident_models=1", before=PATIENT).start()
    yield server
    server.stop()


def test_models_take_turns_and_no_session_ends(small: ServerProcess):
    sessions = {name: small.connection().session(FromSeed(1), name) for name in ("noise", "brisk", "portraits")}
    for session in sessions.values():
        list(session.open())
    ids = {name: session.result.session for name, session in sessions.items() if session.result}
    for turn in range(2):
        for name, session in sessions.items():
            events = list(session.drag([pull(10, 10, 20, 20)], settings=SHORT))
            assert "open" in [event.stage for event in events if isinstance(event, Progress)], "the switch is told"
            assert isinstance(events[-1], Result) and events[-1].history_length == turn + 1
            assert events[-1].session == ids[name], "it is the same session"
    again = list(sessions["portraits"].drag([pull(10, 10, 20, 20)], settings=SHORT))
    assert "open" not in [event.stage for event in again if isinstance(event, Progress)]


def test_a_running_drag_goes_on_while_others_take_its_models_place(small: ServerProcess):
    running = small.connection().session(FromSeed(1), "noise")
    list(running.open())
    steps: list[int] = []
    last: list[Result] = []

    def drag() -> None:
        for event in running.drag([pull(8, 8, 24, 24)], settings=ENDLESS):
            if isinstance(event, Progress) and event.stage == "drag":
                steps.append(event.step)
            elif isinstance(event, Result):
                last.append(event)

    thread = threading.Thread(target=drag)
    thread.start()
    until(lambda: steps, "the drag to begin")
    for name in ("brisk", "portraits"):
        session = small.connection().session(FromSeed(2), name)
        list(session.open())
        assert list(session.drag([pull(10, 10, 20, 20)], settings=SHORT))[-1].steps > 0
    before = steps[-1]
    until(lambda: steps[-1] > before + 3, "the drag to go on")
    running.cancel()
    thread.join(TIMEOUT_S)
    assert last and last[0].reason == "stopped" and last[0].steps >= before
