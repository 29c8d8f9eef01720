"""A session through everything that happens to servers."""

import socket
import threading
import time
from typing import Any

import pytest

from draggan_client import framing, transport
from draggan_client.arrays import Array
from draggan_client.connection import Connection
from draggan_client.discovery import Home
from draggan_client.errors import (
    ConnectionLostError,
    DragLostError,
    InversionLostError,
    MessageError,
    ServerError,
    ServerNotRunningError,
    StoppedError,
    TooLargeError,
)
from draggan_client.messages import (
    Error,
    FromPicture,
    FromSeed,
    FromState,
    PointPair,
    Preview,
    PreviewOptions,
    Progress,
    Result,
)
from draggan_client.session import Session
from tests.plugins.fake_server import DRAG_STEPS, NEW, FakeServer

POINTS = (PointPair("jaw", 10, 10, 20, 10),)


@pytest.fixture
def session(connection: Connection) -> Session:
    return connection.session(FromSeed(7))


def dragged(session: Session) -> Result:
    """The result of a drag that succeeds."""
    *_, last = session.drag(POINTS)
    assert isinstance(last, Result)
    return last


def test_a_drag_from_a_seed(session: Session, server: FakeServer) -> None:
    events = list(session.drag(POINTS, preview=PreviewOptions(size=64)))
    assert [type(event) for event in events] == [Progress, *[Progress, Preview] * DRAG_STEPS, Result]
    assert session.result == events[-1]
    state = session.state()
    assert state is not None and (state.position, len(state.history)) == (1, 1)
    assert session.pixels().picture.data == bytes([1] * 4)


def test_opening_is_followed_and_done_once(session: Session, server: FakeServer) -> None:
    assert [type(event) for event in session.open()] == [Progress, Result]
    assert list(session.open()) == []
    assert server.asked.count("POST /sessions") == 1


def test_undo_redo_and_seek(session: Session) -> None:
    dragged(session)
    dragged(session)
    assert session.undo().position == 1
    assert session.redo().position == 2
    assert session.seek(0).position == 0
    with pytest.raises(ServerError, match="no such drag") as caught:
        session.undo()
    assert caught.value.code == "bad_request"
    state = session.state()
    assert state is not None and (state.position, len(state.history)) == (0, 2)


def test_bad_points_are_refused_before_anything_is_sent(session: Session, server: FakeServer) -> None:
    with pytest.raises(MessageError, match="points"):
        session.drag(())
    assert server.asked == []


def test_an_evicted_session_is_opened_again(session: Session, server: FakeServer) -> None:
    dragged(session)
    dragged(session)
    for ask in (lambda: session.undo(), lambda: session.seek(2), lambda: session.pixels(), lambda: dragged(session)):
        server.forget()
        ask()
    state = session.state()
    assert state is not None and (state.position, len(state.history)) == (3, 3)


def test_an_undo_whose_answer_is_lost_is_done_once(
    session: Session, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        dragged(session)
    seek, lost = server._seek, []

    def lose_the_first(name: str, position: int) -> Any:
        answer = seek(name, position)
        if not lost:
            lost.append(answer)
            raise ConnectionAbortedError
        return answer

    monkeypatch.setattr(server, "_seek", lose_the_first)
    monkeypatch.setattr(server._http, "handle_error", lambda *_: None)  # it would print the traceback
    assert session.undo().position == 2
    assert len(lost) == 1
    assert [asked.rpartition("/")[2] for asked in server.asked].count("undo") == 2


def test_a_session_goes_on_at_a_restarted_server(session: Session, server: FakeServer, home: Home) -> None:
    dragged(session)
    dragged(session)
    session.undo()
    server.stop()
    second = FakeServer(home)
    try:
        assert session.redo().position == 2
        assert dragged(session).history_length == 3
        assert "POST /sessions" in second.asked
    finally:
        second.stop()


def test_a_new_server_at_the_old_address_is_met_anew(session: Session, server: FakeServer, home: Home) -> None:
    dragged(session)
    second = FakeServer(home)
    server.info = second.info  # the first one's port now answers to another token: "unauthorized"
    try:
        assert dragged(session).history_length == 2
    finally:
        second.stop()


def test_somebody_elses_session_of_the_same_name_is_left_alone(
    session: Session, server: FakeServer, home: Home
) -> None:
    name = dragged(session).session
    server.stop()
    second = FakeServer(home)
    second.sessions[name] = NEW
    try:
        assert dragged(session).history_length == 2
        assert second.sessions[name] == NEW
    finally:
        second.stop()


def break_off(handler: Any) -> None:
    """As a server that is killed in the middle of a drag."""
    handler.begin_stream()
    handler.chunk(framing.pack(Progress("drag", 1, 9)))
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def break_off_inside_a_chunk(handler: Any) -> None:
    handler.begin_stream()
    handler.chunk(framing.pack(Progress("drag", 1, 9)))
    handler.wfile.write(b"ff\r\nhalf")
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def hang_up_without_a_reply(handler: Any) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def end_without_a_result(handler: Any) -> None:
    handler.stream(iter((Progress("drag", 1, 9),)))


def send_garbage(handler: Any) -> None:
    handler.begin_stream()
    handler.chunk(framing.pack(Progress("drag", 1, 9)))
    handler.chunk(b"\xc1\xc1\xc1")
    handler.chunk(b"")


FAULTS = [break_off, break_off_inside_a_chunk, hang_up_without_a_reply, end_without_a_result, send_garbage]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_lost_drag_is_said_and_nothing_else_is_lost(session: Session, server: FakeServer, fault: Any) -> None:
    before = dragged(session)
    server.faults = [fault]
    with pytest.raises(DragLostError, match=r"The running drag was lost: .* Drag again\."):
        list(session.drag(POINTS))
    assert sum("drag" in asked for asked in server.asked) == 2, "a lost drag is not sent again unasked"
    assert session.result == before
    assert dragged(session).history_length == 2


def test_an_error_in_the_stream_is_raised_and_the_session_stays(session: Session, server: FakeServer) -> None:
    dragged(session)
    error = Error("out_of_memory", "The device is full.", "Close another picture.")
    server.faults = [lambda handler: handler.stream(iter((Progress("drag", 1, 9), error)))]
    with pytest.raises(ServerError, match=r"The device is full\. Close another picture\.") as caught:
        list(session.drag(POINTS))
    assert caught.value.code == "out_of_memory"
    assert server.asked.count("POST /sessions") == 1
    assert dragged(session).history_length == 2


def test_a_silent_server_is_given_up(session: Session, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    list(session.open())
    monkeypatch.setattr(transport, "SILENCE_TIMEOUT_S", 0.3)
    server.held_at = 0
    with pytest.raises(DragLostError, match="not answered for too long"):
        list(session.drag(POINTS))


def test_cancel_from_another_thread_ends_the_drag_with_a_result(session: Session, server: FakeServer) -> None:
    server.held_at = 1
    list(session.open())
    events, cancels = [], []
    for event in session.drag(POINTS):
        events.append(event)
        cancels.append(threading.Thread(target=session.cancel))
        cancels[-1].start()
    for cancel in cancels:
        cancel.join()
    assert isinstance(events[-1], Result) and events[-1].reason == "stopped"
    assert session.result == events[-1]
    server.held_at = None
    assert dragged(session).reason == "reached", "a cancel does not reach into the next drag"


def test_cancel_before_the_first_step_counts(session: Session, server: FakeServer) -> None:
    list(session.open())
    drag = session.drag(POINTS)
    session.cancel()
    with pytest.raises(StoppedError, match="before it began"):
        list(drag)
    assert not any("drag" in asked for asked in server.asked)


def test_cancel_just_as_the_job_ends(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    list(session.open())
    drag = session.drag(POINTS)
    next(drag)
    running = iter([session._job])  # there when it is first looked at, and gone at once

    def gone_after_a_look(_session: Session) -> Any:
        return next(running, None)

    with monkeypatch.context() as patched:
        patched.setattr(Session, "_job", property(gone_after_a_look), raising=False)
        session.cancel()
    *_, last = drag
    assert isinstance(last, Result)


def test_cancel_wakes_an_opening_that_waits(session: Session, server: FakeServer) -> None:
    stuck = threading.Event()

    def wait_long(_request: Any) -> Any:
        yield Progress("open", 1, 100)
        stuck.wait(60)

    server._open = wait_long  # type: ignore[method-assign]
    begun = time.monotonic()
    with pytest.raises(StoppedError):
        for _event in session.open():
            threading.Timer(0.2, session.cancel).start()
    assert time.monotonic() - begun < 30
    stuck.set()


def test_cancel_ends_a_drag_whose_server_does_not_answer(session: Session, server: FakeServer) -> None:
    list(session.open())
    dragging, stuck = threading.Event(), threading.Event()
    server.faults = [lambda handler: (handler.begin_stream(), dragging.set(), stuck.wait(60))]
    begun = time.monotonic()
    server_stops = threading.Thread(target=lambda: (dragging.wait(60), server.stop(), session.cancel()))
    server_stops.start()
    with pytest.raises(DragLostError):
        list(session.drag(POINTS))
    assert time.monotonic() - begun < 30
    stuck.set()
    server_stops.join()


def test_leaving_the_loop_hangs_up(session: Session, server: FakeServer) -> None:
    server.step_s = 0.1
    list(session.open())
    for _event in session.drag(POINTS):
        break
    server.step_s = 0.0
    assert dragged(session).reason == "reached"


def test_a_closed_session_can_be_used_again(connection: Connection, server: FakeServer) -> None:
    with connection.session(FromSeed(7)) as session:
        dragged(session)
    assert server.sessions == {}
    assert session.undo().position == 0


def test_closing_is_quiet_when_the_server_has_gone(session: Session, server: FakeServer) -> None:
    dragged(session)
    server.stop()
    session.close()


def test_without_server_and_start_command_it_says_so(home: Home) -> None:
    with pytest.raises(ServerNotRunningError, match=r"not installed on this computer.*install\.py.*launch\.json"):
        Connection(home).hello()


def test_a_body_over_the_limit_is_not_sent(
    session: Session, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(session.open())
    monkeypatch.setattr(framing, "MAX_BODY_BYTES", 10)
    with pytest.raises(TooLargeError, match="the limit is 10"):
        list(session.drag(POINTS))
    assert not any("drag" in asked for asked in server.asked)


def test_a_reply_of_the_wrong_kind_is_refused(connection: Connection, server: FakeServer) -> None:
    server.reply_to = lambda *_: Progress("x", 0, 0)  # type: ignore[method-assign]
    connection.transport = transport.Transport(server.info)
    with pytest.raises(ConnectionLostError, match="reply to GET /models cannot be read"):
        connection.models()


PIXELS = Array("u8", (8, 8, 4), bytes(range(256)))


def test_the_pixels_go_along_with_every_edit_state(connection: Connection, server: FakeServer) -> None:
    session = connection.session(FromPicture(PIXELS, 5, -6))
    server.picture = PIXELS
    list(session.invert())
    server.forget()
    dragged(session)
    first, again = (request.source for request in server.opened)
    assert isinstance(first, FromPicture) and isinstance(again, FromState)
    assert (again.picture, again.offset_x, again.offset_y) == (PIXELS, 5, -6)
    assert session.gave_pixels
    opening = session._opening().source
    assert isinstance(opening, FromState) and opening.picture is PIXELS, "kept by reference, without a copy"


def test_pixels_that_leave_no_room_for_an_edit_state_stay_here(
    connection: Connection, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = connection.session(FromPicture(PIXELS))
    list(session.open())
    monkeypatch.setattr("draggan_client.session.MAX_BODY_BYTES", len(PIXELS.data) + 4200)
    server.forget()
    list(session.invert())
    again = server.opened[-1].source
    assert isinstance(again, FromState) and again.picture is None and not session.gave_pixels


def test_another_picture_is_left_out_once_and_for_all(connection: Connection, server: FakeServer) -> None:
    first = connection.session(FromPicture(PIXELS))
    list(first.open())
    assert first.edit_state is not None
    server.picture = PIXELS
    session = connection.session(FromState(first.edit_state, Array("u8", (8, 8, 4), bytes(256))))
    *_, last = session.open()
    assert isinstance(last, Result) and not session.gave_pixels
    asked = len(server.opened)
    server.forget()
    list(session.invert())
    assert len(server.opened) == asked + 1


def test_an_inversion_lost_with_its_server(connection: Connection, server: FakeServer) -> None:
    session = connection.session(FromPicture(PIXELS))
    list(session.open())
    server.faults = [lambda handler: handler.connection.shutdown(socket.SHUT_RDWR)]
    with pytest.raises(InversionLostError, match="inversion was lost") as raised:
        list(session.invert())
    assert "Begin it again" in raised.value.hint
    *_, last = session.invert()
    assert isinstance(last, Result) and last.reason == "inverted"
