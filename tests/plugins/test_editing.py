"""Editing a layer: what is shown of it, whatever the server does, and that the editor never waits."""

import dataclasses
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from draggan_client import session as session_module
from draggan_client.arrays import Array
from draggan_client.connection import Connection
from draggan_client.discovery import Home
from draggan_client.edit_state import EditState, Inversion, StatePoint
from draggan_client.editing import Editing, EditView, Phase, Problem
from draggan_client.messages import (
    Ack,
    DragOptions,
    DragRequest,
    Error,
    FromPicture,
    FromSeed,
    FromState,
    HandleState,
    Pixels,
    PointPair,
    Preview,
    PreviewOptions,
    Progress,
    Result,
    ResultRequest,
)
from draggan_client.points import Pair, PointBoard, Spot
from tests.plugins import fake_server
from tests.plugins.editor_thread import AT_ONCE_S, EditorThread
from tests.plugins.fake_server import NEW, FakeServer

pytestmark = pytest.mark.usefixtures("no_network_on_the_editors_thread")

POINTS = (PointPair("1", 10, 10, 30, 10), PointPair("2", 5, 5, 5, 5))


class Edit:
    """An Editing, and what an editor heard of it."""

    def __init__(self, connection: Connection) -> None:
        self.thread = EditorThread()
        self.views: list[EditView] = []
        self.previews: list[int] = []
        self.editing = Editing(connection, self.thread.hand_over, self._changed, self._preview)

    @property
    def view(self) -> EditView:
        return self.editing.view

    @property
    def heard(self) -> EditView:
        """The newest that the editor was told of. What happens while the editor does not listen is told as one."""
        return self.views[-1] if self.views else EditView()

    def phases(self) -> list[Phase]:
        """Those heard of, each change once."""
        seen = [view.phase for view in self.views]
        return [phase for at, phase in enumerate(seen) if at == 0 or phase is not seen[at - 1]]

    def until(self, *phases: Phase) -> EditView:
        self.thread.until(lambda: self.heard.phase in phases)
        return self.view

    def until_step(self, step: int) -> EditView:
        """When the editor has heard of that step of what runs: the server has to be held there."""
        self.thread.until(lambda: self.heard.step == step)
        return self.view

    def at_rest(self) -> EditView:
        """When nothing is being done any more, and the editor was told so."""
        self.thread.until(lambda: not self.view.is_busy and self.heard == self.view)
        return self.view

    def _changed(self) -> None:
        heard_of = self.editing._heard_of  # `view` may be a newer one already, which will be told next
        assert heard_of is not None
        self.views.append(heard_of)

    def _preview(self, preview: Preview) -> None:
        self.previews.append(preview.step)


@pytest.fixture
def edit(connection: Connection) -> Iterator[Edit]:
    edit = Edit(connection)
    yield edit
    edit.editing.close()
    assert edit.editing.wait_closed(60)


def answering(server: FakeServer, monkeypatch: pytest.MonkeyPatch, verb: str, answer: Callable[..., Any]) -> None:
    """Let the server answer requests that end in `verb` otherwise."""
    usual = server.reply_to

    def reply(method: str, path: list[str], body: bytes, handler: Any) -> Any:
        return answer(body) if path[-1] == verb else usual(method, path, body, handler)

    monkeypatch.setattr(server, "reply_to", reply)


def asked(server: FakeServer, verb: str) -> int:
    return sum(line.endswith(verb) for line in server.asked)


def test_from_nothing_to_a_finished_drag(edit: Edit, server: FakeServer) -> None:
    assert edit.view == EditView()
    edit.editing.open(FromSeed(7))
    assert edit.view.phase is Phase.OPENING
    view = edit.until(Phase.READY)
    assert (view.reason, view.position, view.history_length) == ("opened", 0, 0)
    assert view.state == NEW and view.edit_state == NEW.to_bytes()
    server.held_at = 2
    edit.editing.drag(POINTS, preview=PreviewOptions())
    assert edit.view.phase is Phase.DRAGGING
    assert edit.until_step(2).total_steps == fake_server.DRAG_STEPS
    server.held_at = None
    view = edit.at_rest()
    assert (view.phase, view.reason, view.position, view.history_length) == (Phase.READY, "reached", 1, 1)
    assert edit.phases() == [Phase.OPENING, Phase.READY, Phase.DRAGGING, Phase.READY]
    steps = [view.step for view in edit.views if view.phase is Phase.DRAGGING and view.stage == "drag"]
    assert 2 in steps and steps == sorted(steps)
    assert edit.previews and edit.previews == sorted(set(edit.previews))
    assert view.can_undo and not view.can_redo and view.problem is None
    assert all(now != before for before, now in itertools.pairwise(edit.views)), "nothing is told twice"


def test_a_drag_waits_for_the_opening(edit: Edit, server: FakeServer) -> None:
    edit.editing.open(FromSeed(7))
    edit.editing.drag([Pair("1", Spot(10, 10), Spot(30, 10))])
    assert edit.at_rest().reason == "reached"
    assert asked(server, "/sessions") == 1 and asked(server, "drag") == 1


def test_a_drag_of_nothing_says_what_is_missing(edit: Edit) -> None:
    edit.editing.drag(POINTS)
    view = edit.at_rest()
    assert view.phase is Phase.IDLE and view.problem
    assert "no picture" in view.problem.message and view.problem.hint


def test_bad_points_are_refused_in_words_and_the_edit_goes_on(edit: Edit) -> None:
    edit.editing.open(FromSeed(7))
    edit.editing.drag(())
    view = edit.at_rest()
    assert view.phase is Phase.READY and view.problem and "points" in view.problem.message
    edit.editing.drag(POINTS)
    view = edit.at_rest()
    assert view.reason == "reached" and view.problem is None


def test_progress_is_shown_as_it_comes(edit: Edit, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    handles = (HandleState("1", 12.0, 10.0, 18.0), HandleState("2", 5.0, 5.0, 0.0))
    go = threading.Event()

    def drag(body: bytes) -> Iterator[Any]:
        yield Progress("drag", 3, 300, handles, loss=0.5, elapsed_s=1.5, remaining_s=20.0)
        assert go.wait(60)
        yield from server._drag(next(iter(server.sessions)), DragRequest(POINTS))

    answering(server, monkeypatch, "drag", drag)
    edit.editing.open(FromSeed(7))
    edit.editing.drag(POINTS)
    edit.thread.until(lambda: edit.view.step == 3)
    view = edit.view
    assert (view.phase, view.stage, view.total_steps) == (Phase.DRAGGING, "drag", 300)
    assert (view.distance_document_px, view.elapsed_s, view.remaining_s) == (18.0, 1.5, 20.0)
    assert view.handles == handles
    go.set()
    assert edit.at_rest().remaining_s is None


def test_a_burst_does_not_bury_the_editor(edit: Edit, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def drag(body: bytes) -> Iterator[Any]:
        for step in range(1, 401):
            yield Progress("drag", step, 400)
            yield Preview(step, 1, 1, "png", b"png")
        yield from server._drag(next(iter(server.sessions)), DragRequest(POINTS))

    answering(server, monkeypatch, "drag", drag)
    edit.editing.open(FromSeed(7))
    edit.at_rest()
    before, handed_over = len(edit.views), edit.thread.handed_over
    edit.editing.drag(POINTS)
    deadline = time.monotonic() + 60
    while edit.view.phase is not Phase.READY and time.monotonic() < deadline:
        time.sleep(0.01)  # the editor is busy with something else
    assert edit.thread.handed_over == handed_over + 1, "one call is on its way, and waits"
    edit.at_rest()
    assert edit.thread.waiting_most <= 2 and len(edit.views) - before <= 3
    assert edit.previews == [4], "of the burst only the newest"


@pytest.mark.parametrize("reason", ["reached", "stopped"])
def test_what_arrived_is_told_to_the_points(
    edit: Edit, server: FakeServer, monkeypatch: pytest.MonkeyPatch, reason: Any
) -> None:
    """The fake model's picture is as large as the document's square, so 1 px there is 1 px here."""
    points = (StatePoint("1", 24, 10, 30, 10), StatePoint("2", 5.4, 5, 5, 5))

    def drag(body: bytes) -> Iterator[Any]:
        session, state = next(iter(server.sessions.items()))
        finished = dataclasses.replace(
            state.history[0] if state.history else fake_server.FinishedDrag(fake_server.LATENT, points, reason, 3),
            points=points,
        )
        state = dataclasses.replace(state, history=(finished,), position=1, points=points)
        server.sessions[session] = state
        handles = (HandleState("1", 24, 10, 6), HandleState("2", 5.4, 5, 0.4))
        yield Result(session, reason, 3, 0.1, handles, state.to_bytes(), 1, 1)

    answering(server, monkeypatch, "drag", drag)
    board = PointBoard([Pair("1", Spot(10, 10), Spot(30, 10)), Pair("2", Spot(5, 5), Spot(5, 5))])
    edit.editing.open(FromSeed(7))
    edit.editing.drag(board.pairs)
    view = edit.at_rest()
    board.follow(view.handles)
    board.settle(view.reached)
    first = Pair("1", Spot(24, 10), Spot(24, 10) if reason == "reached" else Spot(30, 10))
    assert board.pairs == view.pairs == (first, Pair("2", Spot(5.4, 5), Spot(5.4, 5)))
    edit.editing.seek(1)
    assert edit.at_rest().pairs == board.pairs


def test_a_stopped_drag_keeps_what_it_came_to(edit: Edit, server: FakeServer) -> None:
    server.held_at = 1
    edit.editing.open(FromSeed(7))
    edit.editing.drag(POINTS)
    edit.until_step(1)
    before = len(edit.views)
    edit.editing.stop()
    assert edit.view.phase is Phase.STOPPING
    view = edit.at_rest()
    assert (view.phase, view.reason, view.history_length) == (Phase.READY, "stopped", 1)
    assert {view.phase for view in edit.views[before:]} <= {Phase.STOPPING, Phase.READY}


def test_stop_never_waits_for_a_server_that_does_not_answer(
    edit: Edit, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "CANCEL_TIMEOUT_S", 3 * AT_ONCE_S)
    release = threading.Event()

    def silence(body: bytes) -> Ack:
        release.wait(60)
        return Ack()

    answering(server, monkeypatch, "cancel", silence)
    server.held_at = 1
    edit.editing.open(FromSeed(7))
    edit.editing.drag(POINTS)
    edit.until_step(1)
    began = time.monotonic()
    edit.editing.stop()
    edit.editing.stop()
    assert time.monotonic() - began < AT_ONCE_S
    view = edit.at_rest()  # hung up after some seconds: the drag is lost, nothing else
    assert view.phase is Phase.LOST and view.edit_state == NEW.to_bytes()
    release.set()


def test_a_drag_stopped_before_it_began_never_begins(edit: Edit, server: FakeServer) -> None:
    edit.editing.open(FromSeed(7))
    edit.at_rest()
    edit.editing.drag(POINTS)
    edit.editing.stop()
    edit.editing.drag(POINTS)  # asked for afterwards: this one is meant
    view = edit.at_rest()
    assert view.reason == "reached"
    assert view.history_length in (1, 2) and asked(server, "drag") == view.history_length


def test_a_stop_just_when_the_drag_begins_is_not_forgotten(
    edit: Edit, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session forgets an earlier cancel when it is asked for a drag."""
    drag = session_module.Session.drag

    def just_then(session: session_module.Session, *request: Any) -> Any:
        edit.editing.stop()
        edit.editing._wait_for_stopper()
        return drag(session, *request)

    edit.editing.open(FromSeed(7))
    edit.at_rest()
    monkeypatch.setattr(session_module.Session, "drag", just_then)
    edit.editing.drag(POINTS)
    view = edit.at_rest()
    assert (view.phase, view.reason, view.history_length) == (Phase.READY, "stopped", 0)
    assert asked(server, "drag") == 0


def test_a_late_stop_does_not_hit_the_next_drag(
    edit: Edit, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancel = session_module.Session.cancel

    def late(session: session_module.Session) -> None:
        while not any(state.history for state in server.sessions.values()):
            time.sleep(0.005)
        time.sleep(0.2)
        cancel(session)

    monkeypatch.setattr(session_module.Session, "cancel", late)
    server.step_s, server.held_at = 0.1, 3
    edit.editing.open(FromSeed(7))
    edit.editing.drag(POINTS)
    edit.until_step(3)
    edit.editing.stop()  # on its way when the drag has ended by itself ...
    server.held_at = None
    edit.editing.drag(POINTS)
    view = edit.at_rest()
    assert (view.reason, view.history_length) == ("reached", 2)
    assert asked(server, "cancel") <= 1  # ... and the next one waits for it


def test_stop_with_nothing_to_stop_is_nothing(edit: Edit) -> None:
    edit.editing.stop()
    assert edit.view == EditView()
    edit.editing.open(FromSeed(7))
    edit.at_rest()
    edit.editing.stop()
    assert edit.view.phase is Phase.READY


def test_an_opening_is_stopped_and_asked_for_again(
    edit: Edit, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, usual = threading.Event(), server._open

    def slow(request: Any) -> Iterator[Any]:
        yield Progress("open", 1, 300)
        stuck.wait(60)
        yield from usual(request)

    monkeypatch.setattr(server, "_open", slow)
    edit.editing.open(FromSeed(7))
    edit.thread.until(lambda: edit.view.stage == "open")
    edit.editing.stop()
    view = edit.at_rest()
    assert view.phase is Phase.IDLE and view.problem is None and view.reason == "stopped"
    before = len(edit.views)
    edit.editing.drag(POINTS)
    edit.thread.until(lambda: Phase.OPENING in [view.phase for view in edit.views[before:]])
    stuck.set()
    assert edit.at_rest().reason == "reached"


def test_an_evicted_session_is_opened_again_from_its_edit_state(edit: Edit, server: FakeServer) -> None:
    edit.editing.open(FromSeed(7))
    edit.editing.drag(POINTS)
    edit.at_rest()
    server.forget()
    edit.editing.drag(POINTS)
    assert edit.at_rest().history_length == 2


def test_a_lost_server_is_said_and_found_again(edit: Edit, server: FakeServer, home: Home) -> None:
    edit.editing.open(FromSeed(7))
    edit.editing.drag(POINTS)
    edit.at_rest()
    server.faults.append(lambda handler: handler.connection.shutdown(2))
    moved = (PointPair("1", 12, 10, 40, 10),)
    edit.editing.drag(moved)
    view = edit.at_rest()
    assert view.phase is Phase.LOST and view.problem
    assert "in the middle of the drag" in view.problem.message and "Press Start" in view.problem.hint
    assert view.handles == (HandleState("1", 12, 10, 28),)
    assert (view.history_length, view.state and len(view.state.history)) == (1, 1)
    server.stop()
    again = FakeServer(home)
    try:
        edit.editing.drag(moved)
        view = edit.at_rest()
        assert (view.phase, view.problem, view.history_length) == (Phase.READY, None, 2)
        assert asked(again, "/sessions") == 1
    finally:
        again.stop()


def test_a_server_lost_while_the_picture_is_opened(
    edit: Edit, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(request: Any) -> Iterator[Any]:
        yield Progress("open", 1, 300)

    monkeypatch.setattr(server, "_open", cut)
    edit.editing.open(FromSeed(7))
    view = edit.at_rest()
    assert view.phase is Phase.LOST and view.edit_state is None and view.problem
    assert "no longer answers" in view.problem.message and "Try again" in view.problem.hint and view.problem.detail
    monkeypatch.undo()
    edit.editing.drag(POINTS)
    assert edit.at_rest().reason == "reached"


def test_without_any_server_it_says_how_to_get_one(home: Home) -> None:
    edit = Edit(Connection(home))
    edit.editing.open(FromSeed(7))
    view = edit.at_rest()
    assert view.phase is Phase.LOST and view.problem
    assert "not installed" in view.problem.message and "install/install.py" in view.problem.hint
    edit.editing.close()


def test_history(edit: Edit, server: FakeServer) -> None:
    edit.editing.open(FromSeed(7))
    for _ in range(3):
        edit.editing.drag(POINTS)
    edit.at_rest()
    edit.editing.undo()
    view = edit.at_rest()
    assert (view.position, view.history_length, view.reason) == (2, 3, "sought")
    assert view.can_undo and view.can_redo
    edit.editing.redo()
    assert edit.at_rest().position == 3
    edit.editing.seek(0)
    view = edit.at_rest()
    assert view.position == 0 and view.can_redo and not view.can_undo
    edit.editing.undo()
    view = edit.at_rest()
    assert view.phase is Phase.READY and view.problem and view.position == 0
    assert EditState.from_bytes(view.edit_state or b"").position == 0


def test_a_handle_moved_by_hand_stays_until_the_drag_moves_it(
    edit: Edit, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell that follows the view from the press of Start on must not see where an older drag left the points."""
    state = dataclasses.replace(NEW, points=(StatePoint("1", 20, 20, 30, 30),))
    old = (HandleState("1", 20, 20, 14.1),)
    opened, result = threading.Event(), Result("s", "opened", 0, 0.1, old, state.to_bytes(), 0, 0)

    def slow(request: Any) -> Iterator[Any]:
        yield Progress("open", 0, 0)
        assert opened.wait(60)
        server.sessions["s"] = state
        yield result

    monkeypatch.setattr(server, "_open", slow)
    edit.editing.open(FromState(state.to_bytes()))
    edit.thread.until(lambda: edit.view.stage == "open")
    before = len(edit.views)
    server.held_at = 1
    edit.editing.drag([Pair("1", Spot(50, 50), Spot(60, 60))])
    opened.set()
    edit.until_step(1)
    server.held_at = None
    edit.at_rest()
    handles = [view.handles for view in edit.views[before:] if view.is_busy and view.reason != "reached"]
    assert handles and {(handle.x, handle.y) for shown in handles for handle in shown} == {(50, 50)}


def test_of_many_places_in_the_history_only_the_last_is_gone_to(edit: Edit, server: FakeServer) -> None:
    edit.editing.open(FromSeed(7))
    for _ in range(3):
        edit.editing.drag(POINTS)
    edit.at_rest()
    for position in (2, 1, 0, 1, 2, 1):
        edit.editing.seek(position)
    assert edit.at_rest().position == 1
    assert asked(server, "seek") <= 2


def test_pixels_come_when_the_edit_is_ready_for_more(edit: Edit) -> None:
    got: list[tuple[Pixels, Phase]] = []
    edit.editing.open(FromSeed(7))
    edit.editing.drag(POINTS)
    edit.editing.fetch(ResultRequest("picture"), lambda pixels: got.append((pixels, edit.view.phase)))
    edit.thread.until(lambda: got)
    pixels, phase = got[0]
    assert pixels.picture.data == b"\1\1\1\1" and phase is Phase.READY
    assert Phase.FETCHING in [view.phase for view in edit.views] or edit.view.phase is Phase.READY


@pytest.mark.parametrize("how", ["refused", "stopped"])
def test_pixels_that_do_not_come_are_told(
    edit: Edit, server: FakeServer, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    answering(server, monkeypatch, "result", lambda body: Error("out_of_memory", "No memory.", "Close something."))
    edit.editing.open(FromSeed(7))
    edit.at_rest()
    got: list[Pixels] = []
    failed: list[Problem] = []
    server.held_at = 0 if how == "stopped" else None
    edit.editing.drag(POINTS)
    edit.editing.fetch(ResultRequest(), got.append, failed.append)
    if how == "stopped":
        edit.editing.stop()
    edit.thread.until(lambda: failed)
    assert not got
    said = Problem("No memory.", "Close something.")
    assert (failed == [said]) == (how == "refused")
    assert edit.at_rest().problem == (said if how == "refused" else None)


def test_another_picture_in_its_place(edit: Edit, server: FakeServer) -> None:
    edit.editing.open(FromSeed(7))
    edit.editing.drag(POINTS, preview=PreviewOptions())
    kept = edit.at_rest().edit_state
    assert kept
    edit.editing.open(FromState(kept))
    view = edit.view
    assert (view.edit_state, view.position, view.preview) == (kept, 0, None)
    view = edit.at_rest()
    assert (view.position, view.history_length, view.reason) == (1, 1, "opened")
    assert asked(server, "/sessions") == 2 and any(line.startswith("DELETE") for line in server.asked)


def test_another_picture_does_not_wait_for_the_one_that_is_left(
    edit: Edit, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, stuck = server._open, threading.Event()

    def slow(request: Any) -> Iterator[Any]:
        if request.source == FromSeed(7):
            yield Progress("open", 1, 300)
            stuck.wait(60)
        yield from usual(request)

    monkeypatch.setattr(server, "_open", slow)
    failed: list[Problem] = []
    edit.editing.open(FromSeed(7))
    edit.editing.drag(POINTS)
    edit.editing.fetch(ResultRequest(), lambda _: None, failed.append)
    edit.thread.until(lambda: edit.view.stage == "open")
    before = len(edit.views)
    edit.editing.open(FromSeed(8))
    assert edit.view.phase is Phase.OPENING
    view = edit.at_rest()
    stuck.set()
    assert (view.phase, view.reason, view.history_length, view.problem) == (Phase.READY, "opened", 0, None)
    assert {view.phase for view in edit.views[before:]} == {Phase.OPENING, Phase.READY}
    assert len(failed) == 1 and asked(server, "drag") == 0


def test_nothing_is_shown_of_a_drag_that_is_left(edit: Edit, server: FakeServer) -> None:
    server.held_at = 1
    edit.editing.open(FromSeed(7))
    edit.editing.drag(POINTS, preview=PreviewOptions())
    edit.until_step(1)
    before = len(edit.views)
    edit.editing.open(FromSeed(8))
    edit.at_rest()
    after = edit.views[before:]
    assert {view.reason for view in after} == {None, "opened"} and {view.step for view in after} == {0}
    assert {view.preview for view in after} == {None}


def test_closing_ends_the_drag_and_tells_nobody(connection: Connection, server: FakeServer) -> None:
    edit = Edit(connection)
    server.held_at = 1
    edit.editing.open(FromSeed(7))
    edit.editing.drag(POINTS)
    edit.editing.seek(0)
    edit.editing.fetch(ResultRequest(), lambda _: edit.previews.append(-1), lambda _: edit.previews.append(-2))
    edit.until_step(1)
    heard = len(edit.views)
    began = time.monotonic()
    edit.editing.close()
    edit.editing.close()
    assert time.monotonic() - began < AT_ONCE_S
    assert edit.editing.wait_closed(60)
    edit.thread.rest(0.1)
    assert server.cancelled.is_set() and server.sessions == {}
    assert len(edit.views) == heard and edit.previews == []
    edit.editing.open(FromSeed(7))
    edit.editing.drag(POINTS)
    edit.editing.stop()
    edit.thread.rest(0.1)
    assert asked(server, "/sessions") == 1


def test_a_fault_of_the_program_is_told_as_such(
    edit: Edit, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module.Session, "drag", lambda *_: {}["jaw"])
    edit.editing.open(FromSeed(7))
    edit.editing.drag(POINTS)
    view = edit.at_rest()
    assert view.phase is Phase.READY and view.problem
    assert "KeyError: 'jaw'" in view.problem.message and "diagnostics" in view.problem.hint


def test_settings_and_mask_travel(edit: Edit, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[DragRequest] = []
    usual = server._drag
    monkeypatch.setattr(server, "_drag", lambda session, request: (seen.append(request), usual(session, request))[1])
    edit.editing.open(FromSeed(7), "portraits")
    edit.editing.drag(POINTS, None, DragOptions(max_steps=5), PreviewOptions(size=64))
    edit.at_rest()
    assert seen == [DragRequest(POINTS, None, DragOptions(max_steps=5), PreviewOptions(size=64))]


def test_what_is_large_is_made_on_the_workers_thread(edit: Edit, server: FakeServer) -> None:
    threads: list[str] = []

    def made(value: Any) -> Callable[[], Any]:
        return lambda: (threads.append(threading.current_thread().name), value)[1]

    got: list[Pixels] = []
    edit.editing.open(made(FromSeed(7)))
    edit.editing.drag(POINTS, made(None))
    edit.editing.fetch(made(ResultRequest()), got.append)
    edit.thread.until(lambda: got)
    assert threads == ["draggan-edit"] * 3

    def damaged() -> FromSeed:
        return FromSeed(-1)

    edit.editing.open(damaged)
    view = edit.at_rest()
    assert view.problem and "seed: found -1" in view.problem.message


PIXELS = Array("u8", (8, 8, 4), bytes(range(256)))


def test_a_picture_is_inverted_before_it_is_dragged(edit: Edit, server: FakeServer) -> None:
    edit.editing.open(FromPicture(PIXELS))
    view = edit.at_rest()
    assert view.needs_inversion and view.inversion is None and view.recognition is None
    assert (view.preview, view.opened_preview, view.reconstruction, view.lacks_pixels) == (None, None, None, False)
    before = len(edit.views)
    server.held_at = 2
    edit.editing.invert("faithful", PreviewOptions())
    for step in (2, 6, 10):  # one of each stage
        server.held_at = step
        edit.thread.until(lambda step=step: (heard := edit.heard).step == step and heard.reconstruction)
    server.held_at = None
    view = edit.at_rest()
    shown = edit.views[before:]
    assert {view.phase for view in shown} == {Phase.INVERTING, Phase.READY}
    assert all(view.is_busy for view in shown[:-1])
    seen = [view.stage for view in shown if view.stage in ("w", "w+", "tuning")]
    assert list(dict.fromkeys(seen)) == ["w", "w+", "tuning"]
    assert any(view.remaining_s == 2.0 for view in shown)
    on_the_way = {view.reconstruction.data for view in shown if view.reconstruction}
    assert len(on_the_way) > 2
    assert (view.reason, view.inversion and view.inversion.mode) == ("inverted", "faithful")
    assert view.recognition and view.recognition.word == "unknown"
    assert view.reconstruction and view.reconstruction.data == b"at last"
    assert view.opened_preview is view.reconstruction
    assert view.preview is None and not edit.previews, "nothing lies over the layer because of it"
    assert not view.needs_inversion
    edit.editing.drag(POINTS)
    view = edit.at_rest()
    assert view.history_length == 1 and view.reconstruction and view.recognition is None


def test_opening_and_inverting_are_asked_for_together(edit: Edit, server: FakeServer) -> None:
    server.held_at = 1
    edit.editing.open(lambda: FromPicture(PIXELS))
    edit.editing.invert()
    edit.until_step(1)
    server.held_at = None
    view = edit.at_rest()
    assert view.reason == "inverted"
    assert edit.phases()[-3:] == [Phase.OPENING, Phase.INVERTING, Phase.READY], "no rest between the two is shown"


def test_a_stopped_inversion_is_kept(edit: Edit, server: FakeServer) -> None:
    server.held_at = 2
    edit.editing.open(FromPicture(PIXELS))
    edit.editing.invert()
    edit.until_step(2)
    edit.editing.stop()
    assert edit.view.phase is Phase.STOPPING
    view = edit.at_rest()
    assert (view.reason, view.problem) == ("stopped", None)
    assert view.inversion and (view.inversion.step, view.inversion.total_steps) == (2, 3 * fake_server.DRAG_STEPS)
    assert not view.needs_inversion


def test_an_inversion_lost_with_its_server_is_begun_again(edit: Edit, server: FakeServer, home: Home) -> None:
    edit.editing.open(FromPicture(PIXELS))
    edit.at_rest()
    server.faults.append(lambda handler: handler.connection.shutdown(2))
    edit.editing.invert()
    view = edit.at_rest()
    assert view.phase is Phase.LOST and view.problem
    assert "while it looked for the picture" in view.problem.message and "Try again" in view.problem.hint
    server.stop()
    again = FakeServer(home)
    again.picture = PIXELS
    try:
        edit.editing.invert()
        assert edit.at_rest().reason == "inverted"
        assert not edit.view.lacks_pixels
    finally:
        again.stop()


def test_an_edit_whose_picture_is_another_now_is_gone_on_with(edit: Edit, server: FakeServer) -> None:
    state = dataclasses.replace(fake_server.PICTURE, inversion=Inversion("quick", 1, 1)).to_bytes()
    server.picture = PIXELS
    edit.editing.open(FromState(state, PIXELS))
    assert not edit.at_rest().lacks_pixels
    for picture in (Array("u8", (8, 8, 4), bytes(256)), None):
        edit.editing.open(FromState(state, picture))
        view = edit.at_rest()
        assert view.lacks_pixels and view.problem is None and view.phase is Phase.READY
