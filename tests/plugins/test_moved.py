"""An edit whose layer was moved goes along: every place in it, and no other number."""

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from draggan_client import png_place
from draggan_client.edit_state import EditState, FinishedDrag, KeptMask, StatePoint
from draggan_client.errors import EditStateError
from draggan_server.canvas import Frame, Picture
from draggan_server.server import frame_picture
from draggan_server.server.frames import canvas_frame
from tests.plugins.strategies import edit_states
from tests.plugins.test_edit_state import LATENT, STATE

POINT = StatePoint("1", 10, 20, 30, 40, 11, 21, dataclasses.replace(LATENT, shape=(6,)), 16)
FRESH = StatePoint("2", 1, 2, 3, 4)
PICTURE = Picture(np.random.default_rng(1).integers(0, 256, (40, 50, 4)).astype(np.uint8), -3, 7)
PNG = frame_picture.to_png(PICTURE, Frame(0, 0, 32), 32)
WHOLE = dataclasses.replace(
    STATE,
    points=(POINT, FRESH),
    history=(FinishedDrag(LATENT, (POINT,), "reached", 3, 0),),
    masks=(KeptMask(b"a PNG", 5, 6),),
    position=1,
    frame_picture=PNG,
)


def test_everything_that_lies_somewhere_is_moved() -> None:
    moved = WHOLE.moved(100, -50)
    assert (moved.frame.x, moved.frame.y, moved.frame.size) == (100, -50, WHOLE.frame.size)
    point = dataclasses.replace(
        POINT, handle_x=110, handle_y=-30, target_x=130, target_y=-10, reference_x=111, reference_y=-29
    )
    assert moved.points == (point, StatePoint("2", 101, -48, 103, -46))
    assert moved.history[0].points == (point,)
    assert moved.masks == (KeptMask(b"a PNG", 105, -44),)
    before, after = frame_picture.from_png(PNG), frame_picture.from_png(moved.frame_picture)
    assert (after.x, after.y) == (before.x + 100, before.y - 50)
    assert np.array_equal(after.pixels, before.pixels)
    rest = {"frame", "points", "history", "masks", "frame_picture"}
    for field in dataclasses.fields(EditState):
        assert field.name in rest or getattr(moved, field.name) == getattr(WHOLE, field.name)
    assert EditState.from_bytes(moved.to_bytes()) == moved


def test_parts_of_a_pixel_move_points_and_not_masks() -> None:
    moved = WHOLE.moved(0.4, -0.6)
    assert (moved.frame.x, moved.points[0].handle_y) == (pytest.approx(0.4), pytest.approx(19.4))
    assert (moved.masks[0].offset_x, moved.masks[0].offset_y) == (5, 5)


@pytest.mark.parametrize(("angle", "aspect"), [(20.0, 1.0), (-135.0, 1.5), (90.0, 0.5)])
def test_a_turned_frame_shows_the_same_of_a_layer_that_was_moved(angle: float, aspect: float) -> None:
    frame = dataclasses.replace(STATE.frame, angle=angle, aspect=aspect)
    moved = dataclasses.replace(WHOLE, frame=frame).moved(100, -50)
    assert moved.frame == dataclasses.replace(frame, x=frame.x + 100, y=frame.y - 50)
    before, after = canvas_frame(frame), canvas_frame(moved.frame)
    for x, y in ((0.0, 0.0), (10.0, 20.0), (-3.5, 40.0)):
        assert after.to_model(x + 100, y - 50, 64) == pytest.approx(before.to_model(x, y, 64))
    point, there = WHOLE.points[0], moved.points[0]
    assert after.to_model(there.handle_x, there.handle_y, 64) == pytest.approx(
        before.to_model(point.handle_x, point.handle_y, 64)
    )


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(edit_states(), st.integers(-2000, 2000), st.integers(-2000, 2000))
def test_there_and_back_is_where_it_was(state: EditState, dx: int, dy: int) -> None:
    state = dataclasses.replace(state, frame_picture=PNG)
    try:
        there = state.moved(dx, dy)
    except EditStateError as error:  # a point at the end of the world
        assert "cannot be moved by" in error.message
        return
    assert there != state or dx == dy == 0
    back = there.moved(-dx, -dy)
    assert frame_picture.from_png(back.frame_picture).x == frame_picture.from_png(PNG).x
    assert back.masks == state.masks
    for now, before in zip(back.points, state.points, strict=True):
        assert now.handle_x == pytest.approx(before.handle_x) and now.target_y == pytest.approx(before.target_y)
        assert now.reference_feature == before.reference_feature


@pytest.mark.parametrize("png", [b"no PNG", PNG[:60], PNG[:-1], PNG[:30] + b"x" + PNG[31:]])
def test_a_damaged_picture_is_refused(png: bytes) -> None:
    with pytest.raises(EditStateError, match="its picture cannot be moved"):
        dataclasses.replace(WHOLE, frame_picture=png).moved(1, 1)


def test_a_picture_without_a_place_is_refused() -> None:
    parts = [(kind, data) for kind, data in png_place._chunks(PNG) if kind != b"tEXt"]
    nowhere = PNG[:8] + b"".join(png_place._chunk(kind, data) for kind, data in parts)
    with pytest.raises(ValueError, match="does not say where it lies"):
        png_place.moved(nowhere, 1, 1)


def test_the_size_of_a_picture_is_known_before_it_is_unpacked() -> None:
    assert png_place.size_of(PNG[:33]) == (50, 40)
    for damaged in (b"", PNG[:32], b"x" + PNG[1:], PNG[:12] + b"IDAT" + PNG[16:]):
        assert png_place.size_of(damaged) is None
