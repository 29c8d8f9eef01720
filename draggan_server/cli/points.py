"""The points of a drag: those of the command line, with those that an edit already has."""

from __future__ import annotations

import math
from collections.abc import Sequence

from draggan_client.edit_state import EditState, StatePoint
from draggan_client.frames import contains, corners
from draggan_client.messages import SAME_PLACE_MODEL_PX, Frame, PointPair
from draggan_client.points import Spot
from draggan_server.cli.errors import CommandError
from draggan_server.cli.options import Place, Pull


def new_points(pulls: Sequence[Pull]) -> tuple[PointPair, ...]:
    """The points of a new edit. Raises CommandError where there are none."""
    if not pulls:
        raise CommandError("There is nothing to drag. Give a handle and its target: --point 120,160:150,150")
    return tuple(_pair(str(number), pull.handle, pull.target) for number, pull in enumerate(pulls, 1))


def next_points(pulls: Sequence[Pull], state: EditState, *, release: bool) -> tuple[PointPair, ...]:
    """The points of an edit that goes on.

    Without pulls its points go on to their targets. With pulls they hold their places, unless one is pulled or all
    are released. Raises CommandError where there are no points at all.
    """
    held = [] if release else list(state.points)
    if not pulls:
        if not held:
            raise CommandError("This edit has no points to go on with. Give some: --point 120,160:150,150")
        return tuple(_pair(p.id, (p.handle_x, p.handle_y), (p.target_x, p.target_y)) for p in held)
    reach = SAME_PLACE_MODEL_PX * state.frame.size / state.resolution
    pairs = []
    fresh = (str(number) for number in range(1, 100_000) if str(number) not in {point.id for point in state.points})
    for pull in pulls:
        known = min(held, key=lambda point: _distance(point, pull.handle), default=None)
        if known is not None and _distance(known, pull.handle) <= reach:
            held.remove(known)
            target = (known.handle_x, known.handle_y) if pull.target == pull.handle else pull.target
            pairs.append(_pair(known.id, (known.handle_x, known.handle_y), target))
        else:
            pairs.append(_pair(next(fresh), pull.handle, pull.target))
    pairs += [_pair(point.id, (point.handle_x, point.handle_y), (point.handle_x, point.handle_y)) for point in held]
    return tuple(pairs)


def check_inside(pairs: Sequence[PointPair], frame: Frame) -> None:
    """Raises CommandError where a point lies outside the frame, which is what the model sees."""
    for pair in pairs:
        places = {"handle": (pair.handle_x, pair.handle_y), "target": (pair.target_x, pair.target_y)}
        for what, (x, y) in places.items():
            if not contains(frame, Spot(x, y)):
                first, _, last, _ = corners(frame)
                raise CommandError(
                    f"The {what} {x:g},{y:g} lies outside the frame that the model sees, from "
                    f"{first.x:g},{first.y:g} to {last.x:g},{last.y:g}. Put it inside, or choose another with --frame."
                )


def _pair(point_id: str, handle: Place, target: Place) -> PointPair:
    return PointPair(point_id, *handle, *target)


def _distance(point: StatePoint, place: Place) -> float:
    return math.dist((point.handle_x, point.handle_y), place)
