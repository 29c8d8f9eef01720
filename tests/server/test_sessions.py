"""Sessions on the real server, through the client library: open, drag, history, pixels, opening again."""

from __future__ import annotations

import dataclasses
import io
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from draggan_client.arrays import Array
from draggan_client.edit_state import EditState
from draggan_client.errors import ServerError
from draggan_client.messages import (
    DragOptions,
    Frame,
    FromLatent,
    FromPicture,
    FromSeed,
    FromState,
    MaskData,
    Pixels,
    PointPair,
    Preview,
    PreviewOptions,
    Progress,
    Result,
    ResultRequest,
    Source,
)
from draggan_client.session import Session
from tests.server.harness import ENDLESS, ROOT, ServerProcess, pull, until

FEW_STEPS = DragOptions(max_steps=3)
PREVIEWS = PreviewOptions(size=48, format="png", interval_s=0.0)


def opened(server: ServerProcess, source: Source, model: str = "noise") -> Session:
    session = server.connection().session(source, model)
    list(session.open())
    if not session.state().is_known:
        list(session.invert())
    return session


def finished(session: Session, *points: PointPair, **options) -> Result:
    *_, last = session.drag(points or (pull(),), settings=FEW_STEPS, **options)
    assert isinstance(last, Result)
    return last


def numbers(array: Array) -> np.ndarray:
    dtype = {"u8": "<u1", "u16": "<u2", "f16": "<f2", "f32": "<f4"}[array.dtype]
    return np.frombuffer(array.data, dtype).reshape(array.shape)


def painted(side: int = 64, dtype: str = "u8") -> Array:
    """A soft picture, opaque."""
    ramp = np.linspace(0.2, 0.8, side)
    rgba = np.stack([*np.meshgrid(ramp, ramp), np.full((side, side), 0.5), np.ones((side, side))], axis=-1)
    full = {"u8": 255, "u16": 65535, "f32": 1}[dtype]
    values = (rgba * full).astype({"u8": "<u1", "u16": "<u2", "f32": "<f4"}[dtype])
    return Array(dtype, values.shape, values.tobytes())


def test_hello_and_models(server: ServerProcess):
    connection = server.connection()
    hello = connection.hello()
    assert hello.pid == server.process.pid
    models = {model.id: model for model in connection.models().models}
    assert {"noise", "slow"} <= models.keys()
    assert models["noise"].resolution == 32
    assert len(models["noise"].sha256) == 64


def test_a_seed_gives_a_picture_and_a_session(server: ServerProcess):
    session = opened(server, FromSeed(7))
    result = session.result
    assert (result.reason, result.position, result.history_length) == ("opened", 0, 0)
    with Image.open(io.BytesIO(result.preview.data)) as preview:
        assert preview.size == (result.preview.width, result.preview.height)
    pixels = session.pixels(ResultRequest("model"))
    assert pixels.picture.shape == (32, 32, 4)
    again = opened(server, FromSeed(7)).pixels(ResultRequest("model"))
    assert again == pixels
    assert opened(server, FromSeed(8)).pixels(ResultRequest("model")) != pixels


def test_truncation_draws_a_seed_nearer_to_the_average(server: ServerProcess):
    average = opened(server, FromSeed(7, psi=0.0)).state().start_latent
    assert opened(server, FromSeed(8, psi=0.0)).state().start_latent == average
    w = {psi: numbers(opened(server, FromSeed(7, psi)).state().start_latent).astype(float) for psi in (0.5, 1.0)}
    np.testing.assert_allclose(w[0.5] - numbers(average), (w[1.0] - numbers(average)) / 2, atol=5e-3)
    assert np.abs(w[1.0] - numbers(average)).max() > 0.1
    assert opened(server, FromSeed(7)).state().psi == 0.7


def test_a_latent_opens_as_it_is(server: ServerProcess):
    state = opened(server, FromSeed(7)).state()
    session = opened(server, FromLatent(state.start_latent))
    assert session.state().start_latent == state.start_latent
    assert session.state().source == "latent"


def test_a_drag_says_each_step_and_its_previews_belong_to_its_handles(server: ServerProcess):
    session = opened(server, FromSeed(7))
    events = list(session.drag([pull()], settings=DragOptions(max_steps=30), preview=PREVIEWS))
    *before, result = events
    progress = [event for event in before if isinstance(event, Progress) and event.stage == "drag"]
    assert [event.step for event in progress] == sorted({event.step for event in progress})
    assert all(event.total_steps == 30 for event in progress)
    assert progress[-1].points[0].id == "p"
    assert result.reason in ("reached", "step_limit", "stalled")
    assert result.steps == progress[-1].step
    previews = [event for event in before if isinstance(event, Preview)]
    for preview in previews:
        said_before = before[before.index(preview) - 1]
        assert isinstance(said_before, Progress)
        assert said_before.step == preview.step
        with Image.open(io.BytesIO(preview.data)) as picture:
            assert (picture.size, picture.format) == ((48, 48), "PNG")
    state = session.state()
    assert state.position == len(state.history) == 1
    assert state.history[0].latent != state.start_latent
    assert state.points[0].reference_feature is not None


def test_no_preview_is_sent_unasked(server: ServerProcess):
    session = opened(server, FromSeed(7))
    assert not any(isinstance(event, Preview) for event in session.drag([pull()], settings=FEW_STEPS))
    assert session.result.preview is None


def test_the_noise_asked_for_is_in_pictures_and_drags(server: ServerProcess):
    losses, pictures = {}, {}
    for noise in ("const", "none"):
        session = server.connection().session(FromSeed(7), "noise", noise)
        events = list(session.drag([pull()], settings=DragOptions(max_steps=1)))
        losses[noise] = [event.loss for event in events if isinstance(event, Progress) and event.stage == "drag"]
        session.undo()
        pictures[noise] = session.pixels(ResultRequest("model"))
        again = opened(server, FromState(session.edit_state), model=None)
        assert again.state().noise == noise
        assert again.pixels(ResultRequest("model")) == pictures[noise]
    assert losses["const"][0] != losses["none"][0]
    assert pictures["const"] != pictures["none"]


def test_undo_redo_and_seek(server: ServerProcess):
    session = opened(server, FromSeed(7))
    pictures = [session.pixels(ResultRequest("model"))]
    states = [session.state()]
    for to_x in (20.0, 26.0):
        finished(session, pull(to_x=to_x))
        pictures.append(session.pixels(ResultRequest("model")))
        states.append(session.state())
    assert len({picture.picture.data for picture in pictures}) == 3
    for go, position in ((session.undo, 1), (session.undo, 0), (session.redo, 1), (session.redo, 2)):
        result = go()
        assert (result.reason, result.position, result.history_length) == ("sought", position, 2)
        assert session.pixels(ResultRequest("model")) == pictures[position]
        if position:
            assert session.state().points == states[position].points
    with pytest.raises(ServerError, match="2 finished drags") as raised:
        session.redo()
    assert raised.value.code == "bad_request"
    assert session.seek(0).position == 0
    finished(session)
    assert session.result.history_length == 1


def test_references_survive_adding_and_leaving_out_points(server: ServerProcess):
    session = opened(server, FromSeed(7))
    finished(session, pull(id="a"), pull(20, 20, 20, 20, id="b"))
    first = {point.id: point for point in session.state().points}
    handle = session.result.points[0]
    finished(session, pull(handle.x, handle.y, id="a"), pull(5, 25, 9, 25, id="c"))
    second = {point.id: point for point in session.state().points}
    assert second.keys() == {"a", "c"}
    for part in ("reference_x", "reference_y", "reference_feature", "reference_resolution"):
        assert getattr(second["a"], part) == getattr(first["a"], part)
    assert (second["c"].reference_x, second["c"].reference_y) == (5.0, 25.0)
    session.undo()
    assert {point.id: point for point in session.state().points} == first


def test_an_edit_state_opens_the_same_edit_and_a_drag_goes_on_the_same(server: ServerProcess):
    one = opened(server, FromSeed(7))
    finished(one)
    other = opened(server, FromState(one.edit_state), model=None)
    assert other.result.session != one.result.session
    assert other.state() == one.state()
    assert other.result.position == 1
    handle = one.result.points[0]
    for session in (one, other):
        finished(session, pull(handle.x, handle.y))
    assert one.state() == other.state()


def test_a_picture_is_inverted_and_dragged_at_its_place_and_depth(server: ServerProcess):
    frame = Frame(110.0, 210.0, 48.0)
    source = FromPicture(painted(dtype="u16"), 100, 200, frame)
    session = server.connection().session(source, "noise")
    *_, last = session.open()
    assert last.reason == "opened" and session.state().inversion is None
    events = list(session.invert())
    steps = [event.step for event in events if isinstance(event, Progress) and event.stage in ("w", "w+")]
    assert steps and steps[-1] == max(steps)
    assert events[-1].reason == "inverted"
    assert session.state().frame == frame
    mask = np.zeros((64, 64), "<u1")
    mask[:, :32] = 255
    drag = session.drag(
        [pull(120, 220, 140, 240)],
        MaskData(Array("u8", mask.shape, mask.tobytes()), 100, 200),
        dataclasses.replace(FEW_STEPS, step_size=0.5),
    )
    *_, result = drag
    pixels = session.pixels()
    assert (pixels.picture.dtype, pixels.picture.shape) == ("u16", (48, 22, 4)), "no column of what must not change"
    assert (pixels.offset_x, pixels.offset_y) == (110, 210)
    assert numbers(pixels.picture)[..., 3].any(), "the drag changed nothing that may change"
    with_pixels = FromState(result.edit_state, source.picture, source.offset_x, source.offset_y)
    assert opened(server, with_pixels, model=None).pixels() == pixels


def test_the_result_shows_what_any_of_its_drags_may_change(server: ServerProcess):
    session = opened(server, FromSeed(7))
    sides = {}
    for id, columns in (("left", slice(0, 10)), ("right", slice(22, 32))):
        mask = np.zeros((32, 32), "<u1")
        mask[:, columns] = 255
        list(
            session.drag(
                [pull(id=id)],
                MaskData(Array("u8", mask.shape, mask.tobytes())),
                DragOptions(max_steps=2, step_size=0.5),
            )
        )
        sides[id] = np.flatnonzero(numbers(session.pixels().picture)[..., 3].any(axis=0))
    assert sides["left"].size and sides["left"].max() < 10
    assert sides["right"].min() < 10 and sides["right"].max() >= 22
    assert not set(sides["right"]) & set(range(10, 22)), "what no drag may change shows"
    session.undo()
    np.testing.assert_array_equal(np.flatnonzero(numbers(session.pixels().picture)[..., 3].any(axis=0)), sides["left"])
    list(session.drag([pull(id="free")], settings=DragOptions(max_steps=2, step_size=0.5)))
    assert numbers(session.pixels().picture)[..., 3].any(axis=0).sum() > 20


SMALL_STATES = f"""
import sys
sys.path.insert(0, {str(ROOT / "plugins" / "common")!r})
from draggan_client import edit_state
edit_state.MAX_STATE_BYTES = (1 << 20) + 450_000
"""


def test_an_edit_that_has_grown_too_large_loses_nothing(home: Path):
    server = ServerProcess(home, before=SMALL_STATES).start()
    source = FromPicture(painted(300))
    session = opened(server, source)
    noise = [np.random.default_rng(seed).integers(1, 1 << 16, (300, 300)).astype("<u2") for seed in range(3)]
    first, second, third = (MaskData(Array("u16", (300, 300), values.tobytes())) for values in noise)
    for mask in (first, first, first, second):
        result = finished(session, pull(100, 100, 200, 200), mask=mask)
    assert len(session.state().masks) == 2
    with pytest.raises(ServerError, match=r"would take 1\.\d MiB, 0\.5 of them for its editable masks") as raised:
        list(session.drag([pull(100, 100, 200, 200)], third, FEW_STEPS, PREVIEWS))
    assert raised.value.code == "too_large"
    assert "simpler mask" in raised.value.hint
    assert session.result == result
    assert finished(session, pull(100, 100, 200, 200), mask=first).position == 5
    assert finished(session, pull(100, 100, 200, 200)).position == 6
    again = opened(server, FromState(session.edit_state, source.picture), model=None)
    assert again.pixels() == session.pixels()
    assert server.stop() == 0


def test_nothing_changed_is_nothing_shown(server: ServerProcess):
    session = opened(server, FromSeed(7, frame=Frame(20.0, 30.0, 100.0)))
    pixels = session.pixels()
    assert (pixels.picture.shape, pixels.offset_x, pixels.offset_y) == ((1, 1, 4), 20, 30)
    assert not numbers(pixels.picture).any()
    copy = session.pixels(copy_onto(np.full((100, 100, 4), 255, np.uint8), 20, 30))
    assert (numbers(copy.picture).tolist(), numbers(copy.changed).tolist()) == ([[[255] * 4]], [[0]])


def copy_onto(pixels: np.ndarray, x: int, y: int, since: int = 0) -> ResultRequest:
    dtype = {1: "u8", 2: "u16", 4: "f32"}[pixels.dtype.itemsize]
    onto = Array(dtype, pixels.shape, pixels.astype(pixels.dtype.newbyteorder("<")).tobytes())
    return ResultRequest("copy", since, onto=onto, offset_x=x, offset_y=y)


CLEAR_STEPS = DragOptions(max_steps=2, step_size=0.5)


def cleared(session: Session, x: float, y: float, **options) -> Result:
    """A drag after which the picture is another one."""
    *_, last = session.drag([pull(x, y, x + 10, y + 10)], settings=CLEAR_STEPS, **options)
    return last


def placed(pixels: Pixels, width: int, height: int, x: int = 0, y: int = 0) -> np.ndarray:
    """The pixels on an empty document of that size and place."""
    values = numbers(pixels.picture)
    document = np.zeros((height, width, 4), values.dtype)
    document[pixels.offset_y - y :, pixels.offset_x - x :][: values.shape[0], : values.shape[1]] = values
    return document


def test_a_drawn_picture_lies_in_its_frame(server: ServerProcess):
    """Of any size: larger and smaller than the model draws it, and between the document's pixels."""
    for frame in (Frame(100.5, 40.25, 90.5), Frame(-7.0, 3.0, 20.0)):
        session = opened(server, FromSeed(7, frame=frame))
        assert session.state().frame == frame
        whole = session.pixels(ResultRequest("picture", depth="f32"))
        left, top = math.floor(frame.x), math.floor(frame.y)
        right, bottom = math.ceil(frame.x + frame.size), math.ceil(frame.y + frame.size)
        assert (whole.picture.dtype, whole.picture.shape) == ("f32", (bottom - top, right - left, 4))
        assert (whole.offset_x, whole.offset_y) == (left, top)
        assert (numbers(whole.picture)[..., 3] == 1).all()
        assert session.pixels(ResultRequest("picture")).picture.dtype == "u8"
        model = numbers(session.pixels(ResultRequest("model")).picture).astype(float) / 255
        assert np.abs(numbers(whole.picture).mean(axis=(0, 1)) - model.mean(axis=(0, 1))).max() < 0.02

        mask = np.zeros((bottom - top, right - left), "<u1")
        mask[:, : mask.shape[1] // 2] = 255
        data = MaskData(Array("u8", mask.shape, mask.tobytes()), left, top)
        x, y = frame.x + frame.size / 4, frame.y + frame.size / 4
        drag = session.drag([pull(x, y, x + 3, y + 3)], data, CLEAR_STEPS)
        assert list(drag)[-1].points[0].x == pytest.approx(x, abs=frame.size)
        edit = placed(session.pixels(ResultRequest(depth="f32")), right - left, bottom - top, left, top)
        assert edit[:, : mask.shape[1] // 2, 3].any()
        assert not edit[:, mask.shape[1] // 2 :].any()
        drawn = numbers(session.pixels(ResultRequest("picture", depth="f32")).picture)
        full = edit[..., 3] == 1
        assert full.any()
        np.testing.assert_array_equal(edit[full], drawn[full])
        again = opened(server, FromState(session.edit_state), model=None)
        assert again.pixels() == session.pixels()
        latent = opened(server, FromLatent(session.state().start_latent, frame=frame))
        assert latent.pixels(ResultRequest("picture", depth="f32")) == whole


def test_a_copy_is_the_layer_with_the_edit_in_it(server: ServerProcess):
    for dtype, full in (("u8", 255), ("u16", 65535), ("f32", 1)):
        session = opened(server, FromPicture(painted(dtype=dtype), 100, 200, Frame(100.0, 200.0, 48.0)))
        cleared(session, 110, 210)
        layer = numbers(painted(dtype=dtype)).copy()
        if dtype == "f32":
            layer[:, 50:, :3] = 12.5  # beyond white, and beyond the frame
        layer[..., 3] = full / 2  # half transparent everywhere: no outline that could move
        copy = session.pixels(copy_onto(layer, 100, 200))
        assert copy.picture.dtype == dtype
        changed = np.zeros(layer.shape[:2], bool)
        rows = slice(copy.offset_y - 200, copy.offset_y - 200 + copy.picture.shape[0])
        columns = slice(copy.offset_x - 100, copy.offset_x - 100 + copy.picture.shape[1])
        changed[rows, columns] = numbers(copy.changed) == 255
        assert changed[:44, :44].mean() > 0.9
        assert not changed[48:].any() and not changed[:, 48:].any()
        result = layer.copy()
        result[rows, columns] = numbers(copy.picture)
        assert (result[~changed] == layer[~changed]).all()
        assert (result[..., 3] == layer[..., 3]).all()
        edit = placed(session.pixels(), 64, 64, 100, 200).astype(float) / full
        source = layer.astype(float) / full
        expected = source[..., :3] + (edit[..., :3] - source[..., :3]) * edit[..., 3:]
        np.testing.assert_allclose(result[..., :3] / full, expected, atol=2 / 255 if dtype == "u8" else 1e-3)


def test_the_change_since_a_position_goes_above_what_came_of_it(server: ServerProcess):
    """Above the layer that the first drag came to, the second drag's edit makes what both come to."""
    session = opened(server, FromSeed(7))
    cleared(session, 4, 4)
    first = numbers(session.pixels(ResultRequest("model")).picture)
    list(session.drag([pull(20, 4, 26, 8)], settings=DragOptions(max_steps=2, step_size=0.02)))
    both = numbers(session.pixels(ResultRequest("model")).picture)
    edit = placed(session.pixels(ResultRequest(since=1)), 32, 32)
    assert not np.array_equal(edit, placed(session.pixels(), 32, 32))
    weight = edit[..., 3:] / 255
    shown = first[..., :3] * (1 - weight) + edit[..., :3] * weight
    assert np.abs(shown - both[..., :3]).max() <= 13, "what changed less than clearly shows less than fully"
    copy = session.pixels(copy_onto(first, 0, 0, since=1))
    spliced = first.copy()
    height, width = copy.picture.shape[:2]
    spliced[copy.offset_y : copy.offset_y + height, copy.offset_x : copy.offset_x + width] = numbers(copy.picture)
    assert np.abs(spliced[..., :3] - shown).max() <= 1.5
    assert not numbers(session.pixels(ResultRequest(since=2)).picture).any()
    assert session.pixels(ResultRequest("picture", since=9)) == session.pixels(ResultRequest("picture"))


def test_the_masks_that_count_are_those_since_the_position(server: ServerProcess):
    session = opened(server, FromSeed(7))
    for columns in (slice(0, 8), slice(24, 32)):
        mask = np.zeros((32, 32), "<u1")
        mask[:, columns] = 255
        cleared(session, 4, 4, mask=MaskData(Array("u8", mask.shape, mask.tobytes())))
    columns = np.flatnonzero(placed(session.pixels(ResultRequest(since=1)), 32, 32)[..., 3].any(axis=0))
    assert columns.size and columns.min() >= 24


EDITS = PreviewOptions(size=64, format="png", interval_s=0.0, content="edit")


def rgba(preview: Preview) -> np.ndarray:
    with Image.open(io.BytesIO(preview.data)) as picture:
        assert (picture.format, picture.mode) == ("PNG", "RGBA")
        return np.asarray(picture).astype(int)


def test_previews_of_the_edit_are_what_will_be_inserted(server: ServerProcess):
    frame = Frame(10.0, 20.0, 64.0)
    session = opened(server, FromSeed(7, frame=frame), model="brisk")
    cleared(session, 30, 40)
    mask = np.zeros((64, 64), "<u1")
    mask[:, 20:] = 255
    options = dataclasses.replace(EDITS, since=1)
    *events, result = session.drag(
        [pull(30, 40, 60, 70)],
        MaskData(Array("u8", mask.shape, mask.tobytes()), 10, 20),
        DragOptions(max_steps=40, step_size=0.1),
        options,
    )
    previews = [event for event in events if isinstance(event, Preview)]
    assert previews, "none in 40 steps"
    for preview in (*previews, result.preview):
        layer = rgba(preview)
        assert layer.shape == (64, 64, 4)
        assert not layer[:, :20].any(), "what must not change"
        assert not layer[layer[..., 3] == 0].any()
    inserted = placed(session.pixels(ResultRequest(since=1)), 64, 64, 10, 20).astype(int)
    assert inserted[..., 3].any()
    last = rgba(result.preview)
    assert np.abs(last[..., 3] - inserted[..., 3]).max() <= 1
    shown = inserted[..., 3] > 0
    assert np.abs(last[shown] - inserted[shown]).max() <= 1, "drawn at the model's own size they are the same"

    undone = session.undo(options)
    assert not rgba(undone.preview).any()
    assert session.redo(options).preview == dataclasses.replace(result.preview, step=0)
    assert rgba(session.seek(2, EDITS).preview)[:, :20, 3].any(), "the first drag had no mask"
    assert session.seek(2).preview is None


def test_stop_keeps_what_there_is(server: ServerProcess):
    session = opened(server, FromSeed(7), model="slow")
    last = None
    for event in session.drag([pull(30, 30, 100, 100)], settings=ENDLESS):
        if isinstance(event, Progress) and event.step >= 2:
            session.cancel()
        last = event
    assert isinstance(last, Result)
    assert last.reason == "stopped"
    assert last.history_length == 1
    assert 2 <= last.steps < ENDLESS.max_steps


def test_a_closed_session_is_opened_again_by_the_client(server: ServerProcess):
    session = opened(server, FromSeed(7))
    finished(session)
    state = session.state()
    session.close()
    session.undo()
    assert session.state().history == state.history


def test_thumbnails_come_when_the_engine_has_time(server: ServerProcess):
    def thumbnails() -> list[bytes]:
        return [model.thumbnail for model in server.connection().models().models]

    until(lambda: all(thumbnails()), "thumbnails")
    with Image.open(io.BytesIO(thumbnails()[0])) as picture:
        assert picture.size == (128, 128)


def test_what_a_result_carries_opens_with_the_client_library(server: ServerProcess):
    session = opened(server, FromSeed(7))
    assert EditState.from_ascii(session.state().to_ascii()) == session.state()
