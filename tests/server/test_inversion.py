"""Pictures of one's own on the real server: opened, inverted, stopped, lost on the way, found again, and refused."""

from __future__ import annotations

import dataclasses
import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from draggan_client.arrays import Array
from draggan_client.edit_state import EditState
from draggan_client.errors import DragLostError, InversionLostError, ServerError
from draggan_client.messages import (
    DragOptions,
    Frame,
    FromPicture,
    FromSeed,
    FromState,
    InvertRequest,
    OpenRequest,
    Preview,
    PreviewOptions,
    Progress,
    Result,
    ResultRequest,
)
from draggan_client.session import Session
from tests.server.conftest import new_home
from tests.server.harness import ENDLESS, PATIENT, TIMEOUT_S, ServerProcess, pull, until

FEW_STEPS = DragOptions(max_steps=3)
SHORT = """
import dataclasses
from draggan_server.inversion import InversionSettings
InversionSettings.quick = lambda: InversionSettings(candidates=4, w_steps=6, w_plus_steps=6, tuning_steps=0)
InversionSettings.faithful = lambda: InversionSettings(candidates=4, w_steps=6, w_plus_steps=6, tuning_steps=6)
"""
"""In the server's process: the same stages, a few steps each."""
ENDLESS_ONCE = """
import pathlib
begun = pathlib.Path({0!r})
if not begun.exists():
    begun.touch()
    short = InversionSettings.faithful()
    InversionSettings.faithful = lambda: dataclasses.replace(short, w_steps=100_000)
"""
"""After SHORT: in the first server of a home the faithful ones last until somebody ends them."""


def rgba(side: int = 64, seed: int = 0, dtype: str = "u8") -> np.ndarray:
    """Soft stripes, opaque."""
    rows, columns = np.mgrid[:side, :side] / side
    waves = [np.sin(2 * np.pi * ((1 + seed + i) * rows + (2 - i) * columns)) for i in range(3)]
    values = np.stack([*(0.5 + 0.3 * wave for wave in waves), np.ones((side, side))], axis=-1)
    full = {"u8": 255, "u16": 65535, "f32": 1}[dtype]
    return (values * full).astype({"u8": "<u1", "u16": "<u2", "f32": "<f4"}[dtype])


def array(values: np.ndarray) -> Array:
    return Array({1: "u8", 2: "u16", 4: "f32"}[values.itemsize], values.shape, values.tobytes())


_SEEDS = itertools.count(100)


def source(seed: int | None = None, **frame) -> FromPicture:
    """Without a seed one that no server has seen before."""
    return FromPicture(
        array(rgba(seed=next(_SEEDS) if seed is None else seed)), frame=Frame(**frame) if frame else None
    )


@pytest.fixture(scope="module")
def quick_server(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[ServerProcess]:
    """A server whose inversions are short. A test that used it leaves it serving."""
    server = ServerProcess(new_home(tmp_path_factory.mktemp("quick"), models), before=SHORT).start()
    yield server
    assert server.stop() == 0


def begun(
    server: ServerProcess, picture: FromPicture | FromState, model: str | None = "noise"
) -> tuple[Session, Result]:
    session = server.connection().session(picture, model)
    *_, last = session.open()
    return session, last


def is_step(event: object) -> bool:
    return isinstance(event, Progress) and event.stage in ("w", "w+", "tuning") and event.step > 0


def test_it_opens_at_once_and_says_each_step(quick_server: ServerProcess):
    session, opened = begun(quick_server, source())
    assert (opened.reason, opened.preview, opened.recognition) == ("opened", None, None)
    assert session.state().inversion is None and not session.state().is_known
    events = list(session.invert("faithful", PreviewOptions(size=64, interval_s=0.0)))
    steps = [event for event in events if is_step(event)]
    assert [event.stage for event in steps] == sorted((event.stage for event in steps), key=("w", "w+", "tuning").index)
    assert steps[-1].step == steps[-1].total_steps == 18
    assert any(isinstance(event, Preview) for event in events)
    *_, last = events
    assert (last.reason, last.steps) == ("inverted", 18)
    assert last.preview.width == 64
    inversion = session.state().inversion
    assert last.recognition == inversion.recognition is not None
    assert inversion.delta
    # What was tuned to the picture is in every picture of the session, and in those of one opened from its state.
    *_, dragged = session.drag([pull(20, 20, 30, 30)], settings=FEW_STEPS)
    assert dragged.position == 1
    other, _ = begun(quick_server, FromState(session.edit_state, session._request.source.picture), None)
    assert other.state() == session.state()
    for form in ("picture", "edit"):
        assert other.pixels(ResultRequest(form)) == session.pixels(ResultRequest(form))


def test_a_drag_before_it_is_refused(quick_server: ServerProcess):
    session, _ = begun(quick_server, source())
    with pytest.raises(ServerError, match="was not looked for in the model yet") as raised:
        list(session.drag([pull()]))
    assert (raised.value.code, raised.value.hint) == ("bad_request", "Invert it first.")
    list(session.invert())
    *_, last = session.drag([pull()], settings=FEW_STEPS)
    assert last.position == 1


def test_it_is_refused_where_it_makes_no_sense(quick_server: ServerProcess):
    session, _ = begun(quick_server, source())
    list(session.invert())
    list(session.drag([pull()], settings=FEW_STEPS))
    session.undo()
    with pytest.raises(ServerError, match="has 1 finished drags, which stand on"):
        list(session.invert("faithful"))
    drawn = quick_server.connection().session(FromSeed(7), "noise")
    with pytest.raises(ServerError, match="began with a picture out of the model"):
        list(drawn.invert())


def test_the_second_edit_of_a_layer_begins_at_once_after_a_restart_too(home: Path):
    server = ServerProcess(home, before=SHORT).start()
    session, _ = begun(server, source(0, x=5.0, y=5.0, size=50.0, angle=10.0))
    list(session.invert("faithful"))
    found = session.state()
    assert server.stop() == 0

    again = ServerProcess(home, before=SHORT).start()
    moved = FromPicture(array(rgba()), 1000, -300, Frame(1005.0, -295.0, 50.0, 10.0))
    second, opened = begun(again, moved)
    assert (opened.reason, opened.recognition) == ("inverted", found.inversion.recognition)
    assert opened.preview is not None
    assert (second.state().inversion, second.state().start_latent) == (found.inversion, found.start_latent)
    *_, last = second.invert("faithful")
    assert (last.reason, last.steps) == ("inverted", 0)
    _, opened = begun(again, source(1, x=5.0, y=5.0, size=50.0, angle=10.0))
    assert opened.reason == "opened"
    assert again.stop() == 0


STAGE_ENDS = {"before the start": 0, "w": 3, "w+": 9, "tuning": 15}


@pytest.mark.parametrize("stage", STAGE_ENDS)
def test_it_is_stopped_in_every_stage_and_goes_on(quick_server: ServerProcess, stage: str):
    session, _ = begun(quick_server, source())
    last = None
    for last in session.invert("faithful"):
        if isinstance(last, Progress) and last.step >= STAGE_ENDS[stage]:
            session.cancel()
    assert last.reason in ("stopped", "inverted")
    inversion = session.state().inversion
    if last.reason == "stopped" and last.steps == 0:
        assert inversion is None
    else:
        assert inversion.step == last.steps >= STAGE_ENDS[stage]
        # It can be used as it is ...
        assert session.pixels(ResultRequest("picture")).picture.shape == (64, 64, 4)
    # ... and gone on with.
    *_, last = session.invert("faithful")
    assert (last.reason, session.state().inversion.step) == ("inverted", 18)
    *_, last = session.drag([pull()], settings=FEW_STEPS)
    assert last.position == 1


def test_what_was_stopped_can_be_dragged(quick_server: ServerProcess):
    session, _ = begun(quick_server, source(), "slow")
    for event in session.invert():
        if is_step(event):
            session.cancel()
    assert session.state().inversion.step > 0
    *_, last = session.drag([pull()], settings=FEW_STEPS)
    assert last.position == 1


def test_a_client_that_vanishes_leaves_nothing_of_it(server: ServerProcess):
    session, opened = begun(server, source(), "slow")
    connection = session._connection
    stream = connection.transport.stream(f"/sessions/{opened.session}/invert", InvertRequest("faithful", None))
    for event in stream:
        if is_step(event):
            break
    stream.close()
    until(lambda: f"inversion in {opened.session}: the client has gone" in server.log, "the engine to notice")
    assert session.seek(0).edit_state == opened.edit_state


def test_a_session_closed_on_the_way_is_opened_again(server: ServerProcess):
    session, opened = begun(server, source(), "slow")
    with pytest.raises(InversionLostError, match="running inversion was lost"):
        for event in session.invert("faithful"):
            if is_step(event):
                server.ask("DELETE", f"/sessions/{opened.session}")  # more than one step may still be on its way
    for event in session.invert():
        if is_step(event):
            session.cancel()
    assert session.state().inversion.step > 0
    assert session.result.session != opened.session


def test_killed_on_the_way_the_client_begins_it_again(home: Path):
    victim = ServerProcess(home, before=SHORT + ENDLESS_ONCE.format(str(home / "begun"))).start()
    session, _ = begun(victim, source(), "slow")
    with pytest.raises(InversionLostError) as raised:
        for event in session.invert("faithful"):
            if is_step(event):
                victim.kill()
    assert "Begin it again" in raised.value.hint
    assert session.state().inversion is None
    try:
        *_, last = session.invert("faithful")
        assert last.reason == "inverted"
        assert session._connection.hello().pid != victim.process.pid
        assert session.gave_pixels
    finally:
        session._connection.shutdown()


def test_others_drags_go_on_while_two_invert(home: Path):
    """Steps take turns: while a drag takes n of them, so does each inversion, or nearly."""
    server = ServerProcess(home, before=SHORT + ENDLESS_ONCE.format(str(home / "begun")) + PATIENT).start()
    sessions = [begun(server, source(seed), "brisk")[0] for seed in range(2)]
    dragging = server.connection().session(FromSeed(3), "brisk")
    list(dragging.open())
    steps = [0, 0]
    failures: list[BaseException] = []

    def invert(index: int) -> None:
        try:
            for event in sessions[index].invert("faithful"):
                if is_step(event):
                    steps[index] = event.step
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=invert, args=(index,), daemon=True) for index in range(2)]
    for thread in threads:
        thread.start()
    until(lambda: all(step > 0 for step in steps), "both inversions to begin")
    # So many steps that it says little where one of these threads hears of its own a moment later.
    first, taken, before, during = -1, 0, [0, 0], [0, 0]
    for event in dragging.drag([pull(10, 10, 55, 55)], settings=ENDLESS):
        if isinstance(event, Progress) and event.stage == "drag" and taken < 25:
            if first < 0:
                first, before = event.step, list(steps)
            taken = event.step - first
            during = [step - start for step, start in zip(steps, before, strict=True)]
            if taken >= 25:
                dragging.cancel()
    for session in sessions:
        session.cancel()
    for thread in threads:
        thread.join(TIMEOUT_S)
    assert not failures
    assert taken >= 25 and max(during) <= 2 * taken + 4, f"{taken} steps of the drag beside {during}"
    assert all(session.result.reason == "stopped" for session in sessions)
    assert server.stop() == 0


def refused(server: ServerProcess, picture: FromPicture) -> ServerError:
    with pytest.raises(ServerError) as raised:
        begun(server, picture)
    return raised.value


def test_pictures_that_cannot_be_looked_for(server: ServerProcess):
    clear = rgba()
    clear[..., 3] = 0
    partly = rgba()
    partly[:32, :32, 3] = 0
    cases = {
        "fully transparent inside the frame": FromPicture(array(clear)),
        "fully transparent inside the frame (": FromPicture(array(partly), frame=Frame(0.0, 0.0, 30.0)),
        "must be at least 8 px": FromPicture(array(rgba()), frame=Frame(10.0, 10.0, 1.0)),
        "lies beside the picture": FromPicture(array(rgba()), frame=Frame(500.0, 0.0, 32.0)),
        "lies beside the picture ": FromPicture(array(rgba()), frame=Frame(-10.0, -60.0, 32.0, 135.0)),
        "too small for a frame": FromPicture(Array("u8", (1, 1, 4), b"\xff" * 4)),
    }
    for text, picture in cases.items():
        error = refused(server, picture)
        assert error.code == "bad_request" and text.strip() in error.message, error
        assert error.hint


def test_nan_is_refused_where_it_arrives(server: ServerProcess):
    values = rgba(dtype="f32")
    body = OpenRequest(FromPicture(array(values)), "noise")
    from draggan_client import framing

    packed = framing.pack(body).replace(values[5, 5].tobytes(), np.float32([np.nan] * 4).tobytes(), 1)
    answer = server.ask("POST", "/sessions", packed)
    assert (answer.status, answer.error.code) == (400, "bad_request")
    assert "NaN" in answer.error.message


def test_a_picture_too_large_is_refused_before_it_is_read(server: ServerProcess):
    error = refused(server, FromPicture(array(np.zeros((1100, 1100, 4), np.uint8))))
    assert error.code == "too_large" and "limit of 4194304 bytes" in error.message
    assert "crop the picture to the frame" in error.hint


NO_MEMORY = """
from draggan_server.server import inverting
usual = inverting.invert
def invert(*arguments):
    for step in usual(*arguments):
        if step.step == 3:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory")
        yield step
inverting.invert = invert
"""


def test_no_memory_on_the_way_loses_nothing(home: Path):
    server = ServerProcess(home, before=SHORT + NO_MEMORY).start()
    session, opened = begun(server, source())
    with pytest.raises(ServerError, match="not enough memory") as raised:
        list(session.invert())
    assert raised.value.code == "out_of_memory"
    assert session.seek(0).edit_state == opened.edit_state
    drawn = server.connection().session(FromSeed(7), "noise")
    *_, last = drawn.drag([pull()], settings=FEW_STEPS)
    assert last.position == 1
    assert server.stop() == 0


def test_a_full_disk_keeps_nobody_from_inverting(home: Path):
    (home / "inversions").write_bytes(b"no folder")
    server = ServerProcess(home, before=SHORT).start()
    session, _ = begun(server, source(0))
    *_, last = session.invert()
    assert last.reason == "inverted"
    assert "an inversion is not kept" in server.log
    assert begun(server, source(0))[1].reason == "opened"
    assert server.stop() == 0


def test_the_pixels_come_along_with_the_edit_state(quick_server: ServerProcess):
    picture = FromPicture(array(rgba(side=300)), 100, 50, Frame(110.0, 60.0, 200.0, 5.0))
    session, _ = begun(quick_server, picture)
    list(session.invert())
    *_, last = session.drag([pull(150, 120, 200, 160)], settings=dataclasses.replace(FEW_STEPS, step_size=0.5))
    sharp = session.pixels()
    # Lost by the server, it is opened again with its pixels by itself.
    assert quick_server.ask("DELETE", f"/sessions/{last.session}").status == 200
    assert session.pixels() == sharp
    assert session.gave_pixels
    # From the document, with the layer still there, and with it gone.
    state = last.edit_state
    with_layer, _ = begun(quick_server, FromState(state, picture.picture, 100, 50), None)
    assert with_layer.pixels() == sharp and with_layer.gave_pixels
    without, _ = begun(quick_server, FromState(state), None)
    assert not without.gave_pixels
    assert without.pixels().picture.shape == sharp.picture.shape


def test_another_picture_is_not_taken_for_it(quick_server: ServerProcess):
    session, _ = begun(quick_server, source(3))
    list(session.invert())
    state = session.edit_state
    painted = rgba(seed=3)
    painted[10:20, 10:20] = 255
    other, opened = begun(quick_server, FromState(state, array(painted)), None)
    assert not other.gave_pixels, "the client goes on without"
    assert EditState.from_bytes(opened.edit_state) == session.state()
    raw = quick_server.last_event("/sessions", OpenRequest(FromState(state, array(painted))))
    assert raw.code == "other_picture"
    moved = quick_server.last_event("/sessions", OpenRequest(FromState(state, array(rgba(seed=3)), 1, 0)))
    assert moved.code == "other_picture"


def test_a_lost_drag_on_an_inverted_picture_is_told_as_ever(home: Path):
    server = ServerProcess(home, before=SHORT + PATIENT).start()
    session, _ = begun(server, source(), "slow")
    list(session.invert())
    with pytest.raises(DragLostError):
        for event in session.drag([pull(10, 10, 50, 50)], settings=ENDLESS):
            if isinstance(event, Progress) and event.step >= 1:
                server.kill()
    assert session.state().inversion is not None


@pytest.mark.parametrize("angle", [0.0, 33.0, 90.0, -150.0])
def test_a_turned_frame_holds_its_points(quick_server: ServerProcess, angle: float):
    frame = Frame(150.0, 150.0, 80.0, angle)
    turned, width = np.deg2rad(angle), 80.0

    def at(across: float, down: float) -> tuple[float, float]:
        x, y = across * width, down * width
        return 150 + x * np.cos(turned) - y * np.sin(turned), 150 + x * np.sin(turned) + y * np.cos(turned)

    session, _ = begun(quick_server, FromPicture(array(rgba(side=400, seed=next(_SEEDS))), -50, -50, frame))
    list(session.invert())
    assert session.state().frame == frame
    corners = [at(*corner) for corner in ((0, 0), (1, 0), (1, 1), (0, 1))]
    inside = [pull(*corner, *at(0.5, 0.5), id=str(i)) for i, corner in enumerate(corners)]
    *_, last = session.drag(inside, settings=FEW_STEPS)
    assert last.position == 1 and len(last.points) == 4
    for state in last.points:
        assert all(np.isfinite((state.x, state.y)))
    with pytest.raises(ServerError, match="lies outside the picture") as raised:
        list(session.drag([pull(*at(1.02, 0.5), *at(0.5, 0.5))], settings=FEW_STEPS))
    assert ("whose corners are" in raised.value.message) == (angle != 0)
