"""Twenty artists at once, one too many, and one who pulls the plug."""

from __future__ import annotations

import itertools
import re
import statistics
import threading
import time
from dataclasses import dataclass, field

import pytest

from draggan_client.errors import DragLostError, ServerError
from draggan_client.messages import DragOptions, DragRequest, FromSeed, OpenRequest, Progress, Result
from draggan_client.session import Session
from draggan_server.server.limits import Limits
from tests.server.harness import ENDLESS, TIMEOUT_S, ServerProcess, pull, until

CLIENTS = Limits().max_jobs
ANSWER_S = 1.0
"""So soon hello and cancel are answered. Of many the median counts: a busy computer may hold any one of them up."""
WINDOW_STEPS = 8


@dataclass
class Client:
    """A session whose drag runs in a thread."""

    session: Session
    step: int = -1
    last: object = None
    failure: BaseException | None = None
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._drag, daemon=True)

    def _drag(self) -> None:
        try:
            for event in self.session.drag([pull(10, 10, 55, 55)], settings=ENDLESS):
                self.last = event
                if isinstance(event, Progress) and event.stage == "drag":
                    self.step = event.step
        except BaseException as error:
            self.failure = error


@pytest.fixture
def clients(server: ServerProcess) -> list[Client]:
    clients = [Client(server.connection().session(FromSeed(seed), "brisk")) for seed in range(CLIENTS)]
    for client in clients:
        list(client.session.open())
    yield clients
    for client in clients:
        client.session.cancel()
    for client in clients:
        client.thread.join(TIMEOUT_S)


def test_twenty_clients_at_once(server: ServerProcess, clients: list[Client]):
    idle = server.connection().session(FromSeed(99), "brisk")
    list(idle.open())
    for client in clients:
        client.thread.start()
    until(lambda: all(client.step >= 1 for client in clients), "every client's first step")

    # Steps are shared out fairly: a window that is 8 steps long for one is about as long for all.
    before = [client.step for client in clients]
    hello_s = []
    while max(client.step - start for client, start in zip(clients, before, strict=True)) < WINDOW_STEPS:
        began = time.monotonic()
        server.connection().hello()
        hello_s.append(time.monotonic() - began)
        time.sleep(0.05)
        assert not any(client.failure for client in clients)
    taken = [client.step - start for client, start in zip(clients, before, strict=True)]
    assert min(taken) >= WINDOW_STEPS / 2, f"steps in the same time: {taken}"
    assert statistics.median(hello_s) < ANSWER_S, f"hello took {hello_s} s"

    # One too many is told so, clearly and at once, and changes nothing.
    with pytest.raises(ServerError, match=rf"{CLIENTS} jobs are running") as raised:
        list(idle.drag([pull(10, 10, 55, 55)]))
    assert raised.value.code == "busy"
    assert "try again" in raised.value.hint
    with pytest.raises(ServerError) as raised:
        list(server.connection().session(FromSeed(100), "brisk").open())
    assert raised.value.code == "busy"

    # Looking at one's history does not queue behind all of the others' drags.
    assert idle.seek(0).reason == "sought"

    cancel_s = []
    for client in clients:
        began = time.monotonic()
        client.session.cancel()
        cancel_s.append(time.monotonic() - began)
    assert statistics.median(cancel_s) < ANSWER_S, f"cancel took {cancel_s} s"
    for client in clients:
        client.thread.join(TIMEOUT_S)
        assert client.failure is None
        assert isinstance(client.last, Result)
        assert client.last.reason == "stopped"
        assert client.last.history_length == 1

    # And there is room again.
    *_, last = idle.drag([pull(10, 10, 55, 55)], settings=DragOptions(max_steps=1))
    assert isinstance(last, Result)


def dropped_after(server: ServerProcess, session_id: str) -> int | None:
    """Turns that the engine had given the drag when it let go of it, from the server's log."""
    found = re.search(rf"drag in {session_id}: the client has gone; dropped after turn (\d+)", server.log)
    return int(found[1]) if found else None


def test_a_client_that_vanishes_frees_the_engine_within_a_step(server: ServerProcess):
    connection = server.connection()
    connection.connect()
    session = connection.session(FromSeed(1), "slow")
    list(session.open())
    path = f"/sessions/{session.result.session}/drag"
    began = time.monotonic()
    stream = connection.transport.stream(path, DragRequest((pull(30, 30, 100, 100),), None, ENDLESS, None))
    seen = []
    for event in stream:
        if isinstance(event, Progress) and event.stage == "drag":
            seen.append((event.step, event.elapsed_s))
            if event.step >= 5:
                break
    stream.close()
    closed_s = time.monotonic() - began
    until(lambda: dropped_after(server, session.result.session), "the engine to notice")
    step_s = min((b[1] - a[1]) / (b[0] - a[0]) for a, b in itertools.pairwise(seen))
    # The first turn prepares and step 0 is the state before; then: the step being taken, and what fits into the
    # time until this test had closed the stream and the server noticed it (0.1 s, generously).
    last_step, last_s = seen[-1]
    extra = dropped_after(server, session.result.session) - (last_step + 2)
    assert extra <= 2 + (closed_s - last_s + 0.5) / step_s
    # The session is as the last result left it, and free.
    assert session.seek(0).history_length == 0


def test_closing_a_session_ends_what_runs_in_it(server: ServerProcess):
    session = server.connection().session(FromSeed(1), "slow")
    list(session.open())
    name = session.result.session
    with pytest.raises(DragLostError):
        for event in session.drag([pull(30, 30, 100, 100)], settings=ENDLESS):
            if isinstance(event, Progress) and event.stage == "drag" and event.step >= 2:
                # More than one step may still be on its way.
                assert server.ask("DELETE", f"/sessions/{name}").status in (200, 404)
    until(lambda: dropped_after(server, name), "the engine to notice")
    assert server.ask("POST", f"/sessions/{name}/undo").error.code == "unknown_session"
    # The client goes on from its edit state, in which that drag left nothing.
    assert session.seek(0).history_length == 0


def test_hanging_up_while_opening_leaves_nothing(server: ServerProcess):
    connection = server.connection()
    sessions = connection.hello().sessions
    for _ in range(3):
        stream = connection.transport.stream("/sessions", OpenRequest(FromSeed(1), "slow"))
        stream.close()
    result = server.last_event("/sessions", OpenRequest(FromSeed(1), "slow"))
    assert isinstance(result, Result)
    # Each was either dropped or had ended already, before its client was missed.
    assert connection.hello().sessions <= sessions + 4
