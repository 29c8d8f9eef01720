"""A session: a picture being edited. Its edit state is the whole truth; all else is worked out from it.

What a drag leaves is rounded to half precision the moment it ends, because that is what the edit state
keeps: a session that runs on and one that is opened again from its edit state stand on the same numbers.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from draggan_client import framing
from draggan_client.arrays import Array
from draggan_client.edit_state import MAX_STATE_BYTES, EditState, FinishedDrag, KeptMask, StatePoint
from draggan_client.messages import SAME_PLACE_MODEL_PX, DragOptions, HandleState, PointPair
from draggan_server.canvas import Frame, Picture, blank
from draggan_server.server.errors import RefusedError
from draggan_server.server.frames import canvas_frame

_ROOM_BYTES = 1 << 20
"""For what a drag adds to its edit state as it runs: the features of 100 points, twice, are a quarter of it."""


@dataclass(eq=False)
class Session:
    """Changed on the engine's thread only, and only by replacing `state`."""

    id: str
    state: EditState
    picture: Picture | None = None
    """The artist's own pixels, where the edit began with a picture."""
    running: bool = False
    """A job is working on it: nothing else may, and it is not evicted."""
    touched: float = field(default_factory=time.monotonic)
    draw_s: float = 0.0
    """What drawing the picture took the last time."""

    @property
    def frame(self) -> Frame:
        """The edit's frame as `canvas` knows it."""
        return canvas_frame(self.state.frame)

    @property
    def begun_with(self) -> Picture:
        """The pixels that the edit lies over. A drawn picture is opaque wherever its frame is; its colours are not
        here, but in the model."""
        return blank(self.frame) if self.picture is None else self.picture

    @property
    def held_bytes(self) -> int:
        """Memory that goes when the session goes, roughly: what is large of it."""
        pixels = self.picture.pixels.nbytes if self.picture else 0
        masks = sum(len(mask.png) for mask in self.state.masks)
        latents = len(self.state.start_latent.data) * (1 + len(self.state.history))
        delta = len(self.state.inversion.delta) if self.state.inversion else 0
        return pixels + masks + latents + delta + len(self.state.frame_picture)


def latent_at(state: EditState, position: int) -> Array:
    """[num_ws, w_dim] of the picture after `position` finished drags."""
    return state.history[position - 1].latent if position else state.start_latent


def check_known(state: EditState) -> None:
    """Raises RefusedError where there is nothing of the picture yet that could be dragged."""
    if not state.is_known:
        raise RefusedError(
            "bad_request",
            "This picture was not looked for in the model yet, so there is nothing to drag.",
            "Invert it first.",
        )


def check_since(state: EditState, since: int) -> None:
    """Raises RefusedError where the picture has not yet come to the position that its changes are to be shown since."""
    if since > state.position:
        raise RefusedError(
            "bad_request",
            f"There is no change since position {since}: the picture is at position {state.position} of its history.",
            f"Ask for the change since a position from 0 to {state.position}.",
        )


def points_at(state: EditState, position: int) -> tuple[StatePoint, ...]:
    """The points after `position` finished drags.

    Before the first they stand where they were first put, their targets where the first drag was to take
    them.
    """
    if position > 0:
        return state.history[position - 1].points
    if not state.history:
        return ()
    return tuple(
        point
        if point.reference_x is None or point.reference_y is None
        else dataclasses.replace(point, handle_x=point.reference_x, handle_y=point.reference_y)
        for point in state.history[0].points
    )


def sought(state: EditState, position: int) -> EditState:
    """The state after `position` of its finished drags. Raises RefusedError where there are not so many."""
    if not 0 <= position <= len(state.history):
        raise RefusedError(
            "bad_request",
            f"There is no position {position} in this edit: it has {len(state.history)} finished drags.",
            f"Go to a position from 0 to {len(state.history)}.",
        )
    return dataclasses.replace(state, position=position, points=points_at(state, position))


def dragged(state: EditState, drag: FinishedDrag, mask: KeptMask | None, settings: DragOptions) -> EditState:
    """The state after one more finished drag, which had this mask.

    What could have been redone is gone, as in any editor, and so are the masks that only those drags had.
    """
    history = (*state.drags, drag)
    each = (*(state.mask_of(before) for before in state.drags), mask)
    places = {one: place for place, one in enumerate(dict.fromkeys(one for one in each if one is not None))}
    return dataclasses.replace(
        state,
        history=tuple(
            dataclasses.replace(one, mask=None if its_mask is None else places[its_mask])
            for one, its_mask in zip(history, each, strict=True)
        ),
        masks=tuple(places),
        position=len(history),
        points=drag.points,
        settings=settings,
    )


def check_room(state: EditState, points: tuple[StatePoint, ...], mask: KeptMask | None) -> None:
    """Raises RefusedError where one more drag would make the edit larger than an edit state may be.

    For before the drag: afterwards its work could not be handed over.
    """
    after = without_delta(dragged(state, FinishedDrag(state.start_latent, points, "stopped", 0), mask, state.settings))
    size = _size(after)
    if size > MAX_STATE_BYTES:
        raise outgrown(size, sum(len(mask.png) for mask in after.masks))


def kept(state: EditState) -> EditState:
    """The state as it is handed over: where it would be too large with what tuning added to the model's weights,
    without that. Who opens it again makes that again, from the frame's picture."""
    if state.inversion is None or not state.inversion.delta or _size(state) <= MAX_STATE_BYTES:
        return state
    return without_delta(state)


def without_delta(state: EditState) -> EditState:
    """The state, and a word in it that something is to be made again."""
    if state.inversion is None or not state.inversion.delta:
        return state
    return dataclasses.replace(state, inversion=dataclasses.replace(state.inversion, delta=b"", delta_left_out=True))


def _size(state: EditState) -> int:
    """Not compressed: quick, and never less than what travels by more than the room that the limit leaves."""
    return len(framing.pack(state)) + _ROOM_BYTES


def outgrown(size: int, masks_size: int) -> RefusedError:
    """The refusal of a drag after which the edit state would have `size` bytes, those of its masks included."""
    return RefusedError(
        "too_large",
        f"With this drag the edit would take {size / 2**20:.1f} MiB, {masks_size / 2**20:.1f} of them for its editable "
        f"masks; an edit can be kept up to {MAX_STATE_BYTES / 2**20:.1f} MiB.",
        "Drag with a simpler mask or with none, undo some drags, or apply the edit and begin a new one on the result.",
    )


def pulled(state: EditState, pairs: Sequence[PointPair]) -> tuple[StatePoint, ...]:
    """The points of the next drag: as asked for, each with the reference it already has.

    Adding, moving or leaving out a point never touches another's reference.
    """
    known = {point.id: point for point in state.points}
    reach = SAME_PLACE_MODEL_PX * state.frame.size / state.resolution
    points = []
    for pair in pairs:
        place = (pair.handle_x, pair.handle_y)
        before = known.get(pair.id)
        if before is None or math.dist(place, (before.handle_x, before.handle_y)) > reach:
            points.append(StatePoint(pair.id, *place, pair.target_x, pair.target_y))
        else:
            points.append(
                dataclasses.replace(
                    before,
                    handle_x=place[0],
                    handle_y=place[1],
                    target_x=pair.target_x,
                    target_y=pair.target_y,
                )
            )
    return tuple(points)


def handle_states(points: Sequence[StatePoint]) -> tuple[HandleState, ...]:
    """The points as messages carry them, distances in document px."""
    return tuple(
        HandleState(
            point.id,
            point.handle_x,
            point.handle_y,
            math.dist((point.handle_x, point.handle_y), (point.target_x, point.target_y)),
        )
        for point in points
    )
