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

from draggan_client.edit_state import EditState, FinishedDrag, StatePoint
from draggan_client.messages import SAME_PLACE_MODEL_PX, DragOptions, HandleState, PointPair
from draggan_server.canvas import Picture
from draggan_server.server.errors import RefusedError


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
    def held_bytes(self) -> int:
        """Memory that goes when the session goes, roughly: what is large of it."""
        pixels = self.picture.pixels.nbytes if self.picture else 0
        masks = sum(len(drag.mask.png) for drag in self.state.history if drag.mask)
        latents = len(self.state.start_latent.data) * (1 + len(self.state.history))
        return pixels + masks + latents + len(self.state.frame_picture)


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


def dragged(state: EditState, drag: FinishedDrag, settings: DragOptions) -> EditState:
    """The state after one more finished drag. What could have been redone is gone, as in any editor."""
    history = (*state.history[: state.position], drag)
    return dataclasses.replace(state, history=history, position=len(history), points=drag.points, settings=settings)


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
