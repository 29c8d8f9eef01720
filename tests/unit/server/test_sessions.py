"""Sessions and their edit states: history, points, eviction."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pytest

from draggan_client.edit_state import MAX_STATE_BYTES, EditState, FinishedDrag, KeptMask, StatePoint
from draggan_client.messages import DragOptions, Frame, PointPair
from draggan_server.canvas import Picture
from draggan_server.server.errors import RefusedError
from draggan_server.server.limits import Limits
from draggan_server.server.pixels import to_array
from draggan_server.server.session import Session, check_room, dragged, handle_states, points_at, pulled, sought
from draggan_server.server.sessions import Sessions


def latent(value: float):
    return to_array(np.full((2, 3), value, np.float16))


def new_state(**changes) -> EditState:
    state = EditState("portraits", "0" * 64, 32, Frame(10.0, 20.0, 64.0), 0.7, "const", "seed", 7, latent(0.0))
    return dataclasses.replace(state, **changes)


def point(id: str, x: float, y: float, reference: float = 1.0) -> StatePoint:
    """A point whose reference was taken at (11, 21) and holds a known number."""
    feature = to_array(np.full(4, reference, np.float16))
    return StatePoint(id, x, y, 60.0, 60.0, 11.0, 21.0, feature, 16)


def after_drags(*drags: tuple[StatePoint, ...]) -> EditState:
    state = new_state()
    for number, points in enumerate(drags, start=1):
        finished = FinishedDrag(latent(number), points, "reached", 5)
        state = dragged(state, finished, None, DragOptions())
    return state


def after_masks(*masks: KeptMask | None) -> EditState:
    state = new_state()
    for number, mask in enumerate(masks, start=1):
        state = dragged(state, FinishedDrag(latent(number), (), "reached", 5), mask, DragOptions())
    return state


def test_undo_brings_back_points_and_references_that_a_later_drag_changed():
    first, second = (point("a", 30, 30), point("b", 40, 40)), (point("a", 50, 50, reference=2.0),)
    state = after_drags(first, second)
    assert state.points == second
    assert sought(state, 1).points == first
    assert sought(sought(state, 0), 2) == state


def test_before_the_first_drag_the_points_stand_where_they_were_put():
    (start,) = points_at(after_drags((point("a", 30, 30),)), 0)
    assert (start.handle_x, start.handle_y) == (11.0, 21.0)
    assert (start.target_x, start.target_y) == (60.0, 60.0)
    assert points_at(new_state(), 0) == ()


@pytest.mark.parametrize("position", [-1, 3])
def test_a_position_that_is_not_there_is_refused(position):
    with pytest.raises(RefusedError, match="2 finished drags") as raised:
        sought(after_drags((), ()), position)
    assert "0 to 2" in raised.value.error.hint


def test_a_drag_after_undo_ends_what_could_be_redone():
    state = sought(after_drags((), (), ()), 1)
    state = dragged(state, FinishedDrag(latent(9.0), (), "stopped", 1), None, DragOptions())
    assert [drag.latent for drag in state.history] == [latent(1.0), latent(9.0)]
    assert state.position == 2


def test_a_mask_is_kept_once_however_many_drags_have_it():
    png = np.random.default_rng(1).bytes(20_000)
    one, many = after_masks(KeptMask(png)), after_masks(*(KeptMask(bytes(bytearray(png))) for _ in range(50)))
    assert many.masks == (KeptMask(png),)
    assert {drag.mask for drag in many.history} == {0}
    assert len(many.to_bytes()) < len(one.to_bytes()) + 5_000
    assert Session("s", many).held_bytes < Session("s", one).held_bytes + 5_000


def test_each_drag_finds_its_own_mask_again():
    left, right = KeptMask(b"left"), KeptMask(b"right")
    masks = (None, left, right, left, KeptMask(b"right", 1, 0))
    state = after_masks(*masks)
    assert tuple(state.mask_of(drag) for drag in state.history) == masks
    assert state.masks == (left, right, KeptMask(b"right", 1, 0))
    assert EditState.from_bytes(state.to_bytes()) == state


def test_masks_of_what_cannot_be_redone_any_more_go_too():
    left, right, other = KeptMask(b"left"), KeptMask(b"right"), KeptMask(b"other")
    state = sought(after_masks(left, right, other), 1)
    assert state.masks == (left, right, other)
    state = dragged(state, FinishedDrag(latent(9.0), (), "stopped", 1), other, DragOptions())
    assert state.masks == (left, other)
    assert [state.mask_of(drag) for drag in state.history] == [left, other]


def test_a_drag_that_would_outgrow_the_edit_state_is_refused():
    large = [KeptMask(bytes([number]) * (MAX_STATE_BYTES // 4)) for number in range(4)]
    state = after_masks(*large[:3])
    check_room(state, (), large[2])
    check_room(state, (), None)
    check_room(sought(state, 2), (), large[3])
    with pytest.raises(
        RefusedError, match=r"would take 49\.0 MiB, 48\.0 of them for .*masks.* up to 48\.0 MiB"
    ) as raised:
        check_room(state, (), large[3])
    assert raised.value.error.code == "too_large"
    assert "simpler mask" in raised.value.error.hint


def test_the_room_is_enough_for_what_a_drag_adds_as_it_runs():
    places = tuple(StatePoint(str(number), 30, 30, 60, 60) for number in range(100))
    feature = to_array(np.ones(512, np.float16))
    known = tuple(
        dataclasses.replace(place, reference_x=1, reference_y=1, reference_feature=feature, reference_resolution=64)
        for place in places
    )
    state = new_state(frame_picture=bytes(MAX_STATE_BYTES - (1 << 20) - 20_000))
    with pytest.raises(RefusedError):
        check_room(state, places, KeptMask(b"mask"))
    state = new_state(frame_picture=bytes(MAX_STATE_BYTES - (1 << 20) - 30_000))
    check_room(state, places, KeptMask(b"mask"))
    after = dragged(state, FinishedDrag(latent(1.0), known, "reached", 300), KeptMask(b"mask"), DragOptions(r1=0.01))
    assert EditState.from_bytes(after.to_bytes()) == after


def test_a_point_keeps_its_reference_until_it_is_put_elsewhere_by_hand():
    # The frame is 64 document px wide, the model's picture 32: one of its pixels is 2 of the document's.
    state = after_drags((point("kept", 30, 30), point("moved", 40, 40), point("left out", 50, 50)))
    kept, moved, new = pulled(
        state,
        (
            PointPair("kept", 31.5, 30, 70, 70),
            PointPair("moved", 42.5, 40, 40, 40),
            PointPair("new", 12, 22, 13, 23),
        ),
    )
    assert kept == dataclasses.replace(state.points[0], handle_x=31.5, handle_y=30.0, target_x=70.0, target_y=70.0)
    assert moved.reference_feature is None
    assert new.reference_feature is None


def test_distances_are_document_pixels():
    (handle,) = handle_states((dataclasses.replace(point("a", 57, 56), target_x=60.0, target_y=60.0),))
    assert handle.distance == 5.0


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def test_the_session_untouched_for_longest_goes_first_and_a_running_one_stays():
    sessions = Sessions(Limits(max_sessions=2), Clock())
    running = sessions.add(new_state(), None, 0.0)
    sessions.claim(running.id)
    old = sessions.add(new_state(), None, 0.0)
    new = sessions.add(new_state(), None, 0.0)
    assert len(sessions) == 2
    sessions.get(running.id)
    sessions.get(new.id)
    with pytest.raises(RefusedError, match="no session") as raised:
        sessions.get(old.id)
    assert raised.value.error.code == "unknown_session"
    assert "edit state" in raised.value.error.hint


def test_memory_and_age_evict_too():
    picture = Picture(np.zeros((100, 100, 4), np.uint8))
    sessions = Sessions(Limits(max_session_bytes=100_000), Clock())
    added = [sessions.add(new_state(), picture, 0.0) for _ in range(4)]
    assert len(sessions) == 2
    assert sessions.get(added[-1].id)

    clock = Clock()
    sessions = Sessions(Limits(session_idle_s=100.0), clock)
    sessions.add(new_state(), None, 0.0)
    clock.now = 50.0
    young = sessions.add(new_state(), None, 0.0)
    clock.now = 120.0
    sessions.evict()
    assert len(sessions) == 1
    assert sessions.get(young.id)


def test_a_session_is_claimed_by_one_at_a_time():
    sessions = Sessions(Limits())
    session = sessions.add(new_state(), None, 0.0)
    sessions.claim(session.id)
    with pytest.raises(RefusedError) as raised:
        sessions.claim(session.id)
    assert raised.value.error.code == "busy"
    threading.Timer(0.05, sessions.release, (session,)).start()
    assert sessions.claim(session.id) is session
