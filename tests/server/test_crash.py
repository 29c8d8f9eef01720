"""The server is killed in the middle of a drag: what was finished is not lost, and the numbers are the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from draggan_client.edit_state import EditState
from draggan_client.errors import DragLostError
from draggan_client.messages import DragOptions, FromSeed, Progress
from draggan_client.session import Session
from tests.server.harness import ENDLESS, PATIENT, ServerProcess, pull

STEPS = DragOptions(max_steps=3)


def two_drags(session: Session) -> None:
    list(session.drag([pull(40, 40, 70, 60, id="a")], settings=STEPS))
    handle = session.result.points[0]
    list(session.drag([pull(handle.x, handle.y, 70, 60, id="a"), pull(90, 90, 60, 90, id="b")], settings=STEPS))


def third_drag(session: Session) -> EditState:
    handles = {point.id: point for point in session.result.points}
    points = [pull(handle.x, handle.y, 64, 64, id=id) for id, handle in handles.items()]
    list(session.drag(points, settings=STEPS))
    return session.state()


def test_killed_mid_drag_the_client_goes_on_from_its_edit_state(server: ServerProcess, home: Path):
    undisturbed = server.connection().session(FromSeed(3), "slow")
    two_drags(undisturbed)
    expected = third_drag(undisturbed)

    victim = ServerProcess(home, before=PATIENT).start()
    connection = victim.connection()
    session = connection.session(FromSeed(3), "slow")
    two_drags(session)
    kept = session.state()
    with pytest.raises(DragLostError, match="before it is still there"):
        for event in session.drag([pull(60, 60, 100, 100)], settings=ENDLESS):
            if isinstance(event, Progress) and event.step >= 2:
                victim.kill()
    assert victim.info.pid == victim.process.pid, "a killed server leaves its runtime file behind"
    assert session.state() == kept

    # The client starts another server, and opens the session there, by itself.
    try:
        assert session.undo().position == 1
        assert connection.hello().pid != victim.process.pid
        assert session.redo().position == 2
        assert session.state() == kept
        assert third_drag(session) == expected
    finally:
        connection.shutdown()
