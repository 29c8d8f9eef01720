"""The points that an artist puts on a picture, and the gestures that put them there.

Coordinates are document pixels, x right and y down, floats. Nothing here knows a toolkit: a shell turns its events
into `press`, `move` and `release`, with lengths (`reach`, `slop`) that it has converted from screen pixels, and paints
`pairs` anew whenever `version` has grown.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum

from .edit_state import StatePoint
from .messages import MAX_POINTS, HandleState, PointPair

MAX_UNDO_STEPS = 200


@dataclass(frozen=True)
class Spot:
    """A place in the document, in its pixels."""

    x: float
    y: float

    def distance(self, other: "Spot") -> float:
        """How far it is to `other`."""
        return math.hypot(other.x - self.x, other.y - self.y)


@dataclass(frozen=True)
class Pair:
    """A handle point and its target; the same place: a pin, which holds what is there. `id` is shown as its number."""

    id: str
    handle: Spot
    target: Spot

    @property
    def is_pin(self) -> bool:
        """Whether it holds its place."""
        return self.handle == self.target

    @property
    def length(self) -> float:
        """From the handle to the target."""
        return self.handle.distance(self.target)


class End(Enum):
    """An end of a pair."""

    HANDLE = "handle"
    TARGET = "target"


@dataclass(frozen=True)
class Grip:
    """An end of a certain pair."""

    pair_id: str
    end: End


Pairs = tuple[Pair, ...]


@dataclass(frozen=True)
class _Gesture:
    """From a press to its release."""

    before: Pairs
    selected_before: frozenset[str]
    grip: Grip
    start: Spot
    offset_x: float
    offset_y: float
    """From the pointer to the end that it holds."""
    whole: bool
    """A pin is moved, both its ends."""
    unselects: bool
    """A click, nothing more, takes the pair out of the selection."""
    pulled: float = 0.0
    """The furthest that the pointer was from where it was pressed."""


class PointBoard:
    """The pairs on a picture, what is selected, and the undo of point edits. For one thread: the editor's.

    A gesture is one undo step. What a drag does to the points (`follow`, `settle`) is none: it goes into every
    step as well, so that undo never puts a handle back to where its feature no longer is.
    """

    def __init__(self, pairs: Iterable[Pair] = ()) -> None:
        self._pairs: Pairs = tuple(pairs)[:MAX_POINTS]
        self._selected: frozenset[str] = frozenset()
        self._undo: list[Pairs] = []
        self._redo: list[Pairs] = []
        self._gesture: _Gesture | None = None
        self._newest = _newest_number(self._pairs)
        self._refused = False
        self._version = 0

    @property
    def pairs(self) -> Pairs:
        """All pairs, in the order in which they were put."""
        return self._pairs

    @property
    def selected(self) -> frozenset[str]:
        """The ids of the selected pairs."""
        return self._selected

    @property
    def dragged(self) -> Grip | None:
        """The end that follows the pointer now."""
        return self._gesture.grip if self._gesture else None

    @property
    def can_undo(self) -> bool:
        """Whether `undo` would do something."""
        return self._gesture is not None or any(step != self._pairs for step in self._undo)

    @property
    def can_redo(self) -> bool:
        """Whether `redo` would do something."""
        return self._gesture is None and any(step != self._pairs for step in self._redo)

    @property
    def full(self) -> bool:
        """Whether a point was refused because there are MAX_POINTS already. False again once there is room."""
        return self._refused and len(self._pairs) >= MAX_POINTS

    @property
    def version(self) -> int:
        """Grows with everything that shows: paint again."""
        return self._version

    def pair(self, pair_id: str) -> Pair | None:
        """The pair of that id."""
        return next((pair for pair in self._pairs if pair.id == pair_id), None)

    def wire(self) -> tuple[PointPair, ...]:
        """The pairs as a drag request takes them."""
        return tuple(PointPair(p.id, p.handle.x, p.handle.y, p.target.x, p.target.y) for p in self._pairs)

    def hit(self, spot: Spot, reach: float) -> Grip | None:
        """The nearest end within `reach`.

        Where the ends of one pair lie (nearly) on each other, that is the target; of a pin it is the handle.
        """
        return self._hit(spot, reach, (End.HANDLE, End.TARGET))

    # Gestures

    def press(self, spot: Spot, reach: float, keep_selection: bool = False) -> None:
        """On an end: grab it, and select its pair. On a pin: pull out its target. On nothing: begin a new pair.

        With `keep_selection` the others stay selected, and a click on a selected pair takes it out.
        """
        self._finish()
        grip = self.hit(spot, reach)
        if grip is None:
            self._press_new(spot, keep_selection)
            return
        pair = self._known(grip.pair_id)
        if pair.is_pin:
            grip = Grip(pair.id, End.TARGET)
        self._grab(grip, spot, keep_selection, whole=False)

    def press_handle_only(self, spot: Spot, reach: float, keep_selection: bool = False) -> bool:
        """Grab the nearest handle, whatever target is nearer; a pin is moved as a whole. False: none is there."""
        self._finish()
        grip = self._hit(spot, reach, (End.HANDLE,))
        if grip is None:
            return False
        self._grab(grip, spot, keep_selection, whole=self._known(grip.pair_id).is_pin)
        return True

    def move(self, spot: Spot) -> None:
        """The pointer has moved. Does nothing without a press before."""
        gesture = self._gesture
        if gesture is None:
            return
        place = Spot(spot.x + gesture.offset_x, spot.y + gesture.offset_y)
        pair = self._known(gesture.grip.pair_id)
        moved = _with_end(pair, gesture.grip.end, place)
        if gesture.whole:
            moved = replace(pair, handle=place, target=place)
        pulled = max(gesture.pulled, gesture.start.distance(spot))
        self._gesture = replace(gesture, pulled=pulled)
        self._put(_replaced(self._pairs, moved))

    def release(self, spot: Spot, slop: float) -> None:
        """The pointer was let go there. One undo step, if something changed.

        What was never pulled as far as `slop` is a click: a new pair becomes a pin, an old one stays as it was. A
        pair whose ends were put nearer to each other than `slop` becomes a pin at its handle.
        """
        self.move(spot)
        gesture = self._gesture
        if gesture is None:
            return
        is_new = not any(pair.id == gesture.grip.pair_id for pair in gesture.before)
        self._gesture = None
        pair = self._known(gesture.grip.pair_id)
        if is_new or gesture.pulled >= slop:
            self._put(_replaced(self._pairs, _pinned(pair) if pair.length < slop else pair))
        else:
            self._put(gesture.before)
            if gesture.unselects:
                self._selected -= {pair.id}
        self._step(gesture.before)
        self._version += 1

    def abort(self) -> None:
        """End a gesture whose release never came: all is as it was before its press."""
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            self._selected = gesture.selected_before
            self._put(gesture.before)
            self._version += 1

    def remove_at(self, spot: Spot, reach: float) -> bool:
        """Remove the pair that has an end there. False: none has."""
        self._finish()
        grip = self.hit(spot, reach)
        return grip is not None and self._edit(_without(self._pairs, {grip.pair_id}))

    # Edits

    def add(self, handle: Spot, target: Spot) -> str | None:
        """Add a pair, selected; returns its id. None: there are MAX_POINTS already."""
        self._finish()
        new = self._new_pair(handle, target)
        if new is None:
            return None
        self._selected = frozenset({new.id})
        self._edit((*self._pairs, new))
        return new.id

    def delete_selected(self) -> bool:
        """Remove the selected pairs. False: there were none."""
        self._finish()
        return self._edit(_without(self._pairs, self._selected))

    def delete_last(self) -> bool:
        """Remove the pair that was put last. False: there was none."""
        self._finish()
        return self._edit(self._pairs[:-1])

    def clear(self) -> bool:
        """Remove all pairs. False: there were none."""
        self._finish()
        return self._edit(())

    def select(self, ids: Iterable[str]) -> None:
        """Select these pairs and no others. No undo step."""
        chosen = frozenset(ids) & {pair.id for pair in self._pairs}
        if chosen != self._selected:
            self._selected = chosen
            self._version += 1

    def undo(self) -> bool:
        """Back by one point edit; a gesture that is under way is aborted instead. False: there is nothing to undo."""
        if self._gesture is not None:
            self.abort()
            return True
        return self._travel(self._undo, self._redo)

    def redo(self) -> bool:
        """Forward by one point edit. False: there is nothing to redo."""
        return self._gesture is None and self._travel(self._redo, self._undo)

    # What drags do

    def follow(self, handles: Iterable[HandleState]) -> None:
        """A drag has moved these handles; the targets stay. No undo step; aborts a gesture."""
        self.abort()
        places = {handle.id: Spot(handle.x, handle.y) for handle in handles}
        self._map(lambda pair: replace(pair, handle=places.get(pair.id, pair.handle)))

    def settle(self, reached: Iterable[str] | None = None) -> None:
        """A drag has ended: those that reached their targets are pins at their handles. None: all of them.

        No undo step; aborts a gesture.
        """
        self.abort()
        ids = {pair.id for pair in self._pairs} if reached is None else set(reached)
        self._map(lambda pair: _pinned(pair) if pair.id in ids else pair)

    def replace(self, pairs: Iterable[Pair]) -> None:
        """Other pairs altogether, as from an edit state; at most MAX_POINTS, see `full`. Undo does not reach back."""
        self._gesture = None
        given = tuple(pairs)
        self._refused = len(given) > MAX_POINTS
        self._undo.clear()
        self._redo.clear()
        self._newest = max(self._newest, _newest_number(given))
        self._put(given[:MAX_POINTS])

    # Inside

    def _hit(self, spot: Spot, reach: float, ends: tuple[End, ...]) -> Grip | None:
        nearest, grip = reach, None
        for pair in reversed(self._pairs):  # what was put last lies on top
            found = {end: _place(pair, end).distance(spot) for end in ends}
            end = min(found, key=found.__getitem__)
            if len(ends) > 1 and pair.length <= reach / 2:
                end = End.HANDLE if pair.is_pin else End.TARGET
            distance = min(found.values())
            if distance <= nearest and (grip is None or distance < nearest):
                nearest, grip = distance, Grip(pair.id, end)
        return grip

    def _press_new(self, spot: Spot, keep_selection: bool) -> None:
        before, selected = self._pairs, self._selected
        new = self._new_pair(spot, spot)
        if new is None:
            return
        self._gesture = _Gesture(before, selected, Grip(new.id, End.TARGET), spot, 0.0, 0.0, False, False)
        self._selected = frozenset({new.id}) | (selected if keep_selection else frozenset())
        self._put((*before, new))

    def _grab(self, grip: Grip, spot: Spot, keep_selection: bool, whole: bool) -> None:
        place = _place(self._known(grip.pair_id), grip.end)
        unselects = keep_selection and grip.pair_id in self._selected
        offset = place.x - spot.x, place.y - spot.y
        self._gesture = _Gesture(self._pairs, self._selected, grip, spot, *offset, whole, unselects)
        self._selected = frozenset({grip.pair_id}) | (self._selected if keep_selection else frozenset())
        self._version += 1

    def _new_pair(self, handle: Spot, target: Spot) -> Pair | None:
        if len(self._pairs) >= MAX_POINTS:
            self._refused = True
            self._version += 1
            return None
        self._newest += 1
        return Pair(str(self._newest), handle, target)

    def _finish(self) -> None:
        """A press whose release got lost ends where the pointer was last."""
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            self._step(gesture.before)
            self._version += 1

    def _edit(self, pairs: Pairs) -> bool:
        before = self._pairs
        if pairs == before:
            return False
        self._put(pairs)
        self._step(before)
        return True

    def _step(self, before: Pairs) -> None:
        if before != self._pairs:
            self._undo = [*self._undo, before][-MAX_UNDO_STEPS:]
            self._redo.clear()

    def _travel(self, back: list[Pairs], forth: list[Pairs]) -> bool:
        while back:
            pairs = back.pop()
            if pairs != self._pairs:  # a drag may have made two steps the same
                forth.append(self._pairs)
                self._put(pairs)
                return True
        return False

    def _put(self, pairs: Pairs) -> None:
        if pairs != self._pairs:
            self._pairs = pairs
            self._version += 1
        self._selected &= {pair.id for pair in pairs}

    def _map(self, change: Callable[[Pair], Pair]) -> None:
        self._undo = [tuple(map(change, step)) for step in self._undo]
        self._redo = [tuple(map(change, step)) for step in self._redo]
        self._put(tuple(map(change, self._pairs)))

    def _known(self, pair_id: str) -> Pair:
        found = self.pair(pair_id)
        assert found is not None
        return found


def pairs_of(points: Iterable[StatePoint]) -> Pairs:
    """The points of an edit state (`EditState.points`) as pairs, for `PointBoard.replace`."""
    return tuple(Pair(p.id, Spot(p.handle_x, p.handle_y), Spot(p.target_x, p.target_y)) for p in points)


def arrow_head(handle: Spot, target: Spot, size: float) -> tuple[Spot, Spot, Spot]:
    """The triangle at the target's end of an arrow: its tip, and the corners left and right of the line.

    `size` is its length in document px, and never more than the arrow's. Of a pin all three are one.
    """
    length = handle.distance(target)
    if length == 0:
        return target, target, target
    along = min(size, length) / length
    dx, dy = (target.x - handle.x) * along, (target.y - handle.y) * along
    back = Spot(target.x - dx, target.y - dy)
    return target, Spot(back.x + dy / 2, back.y - dx / 2), Spot(back.x - dy / 2, back.y + dx / 2)


def _place(pair: Pair, end: End) -> Spot:
    return pair.handle if end is End.HANDLE else pair.target


def _with_end(pair: Pair, end: End, place: Spot) -> Pair:
    return replace(pair, handle=place) if end is End.HANDLE else replace(pair, target=place)


def _pinned(pair: Pair) -> Pair:
    return replace(pair, target=pair.handle)


def _replaced(pairs: Pairs, new: Pair) -> Pairs:
    return tuple(new if pair.id == new.id else pair for pair in pairs)


def _without(pairs: Pairs, ids: Iterable[str]) -> Pairs:
    gone = frozenset(ids)
    return tuple(pair for pair in pairs if pair.id not in gone)


def _newest_number(pairs: Pairs) -> int:
    return max((int(pair.id) for pair in pairs if pair.id.isdecimal()), default=0)
