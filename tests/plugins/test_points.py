"""The points: whatever the gestures, the board stays whole, and undo takes back exactly what redo brings again."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from draggan_client.edit_state import StatePoint
from draggan_client.messages import MAX_POINTS, HandleState, PointPair
from draggan_client.points import End, Grip, Pair, PointBoard, Spot, arrow_head, pairs_of

REACH, SLOP = 10.0, 3.0
# A small picture, so that presses meet points often.
SPOTS = st.builds(Spot, st.integers(0, 60), st.integers(0, 60))


def pulled(board: PointBoard, start: Spot, end: Spot) -> str:
    """Press, pull and let go; the id of the pair."""
    board.press(start, REACH)
    assert board.dragged
    pair_id = board.dragged.pair_id
    board.move(Spot((start.x + end.x) / 2, (start.y + end.y) / 2))
    board.release(end, SLOP)
    return pair_id


def board_with(*pairs: tuple[float, float, float, float]) -> PointBoard:
    board = PointBoard()
    for handle_x, handle_y, target_x, target_y in pairs:
        board.add(Spot(handle_x, handle_y), Spot(target_x, target_y))
    return board


@pytest.fixture
def board() -> PointBoard:
    """Pair 1 from (10, 10) to (50, 10), pin 2 at (10, 50)."""
    return board_with((10, 10, 50, 10), (10, 50, 10, 50))


class Gestures(RuleBasedStateMachine):
    """Any order of everything that a shell can ask for."""

    @initialize(count=st.sampled_from([0, 0, MAX_POINTS - 1]))
    def begin(self, count: int) -> None:
        self.board = PointBoard(Pair(str(n + 1), Spot(n, 0), Spot(n, 30)) for n in range(count))
        self.seen = -1
        self.shown: object = None

    @rule(spot=SPOTS, keep=st.booleans())
    def press(self, spot: Spot, keep: bool) -> None:
        self.board.press(spot, REACH, keep)

    @rule(spot=SPOTS)
    def press_handle_only(self, spot: Spot) -> None:
        assert self.board.press_handle_only(spot, REACH) == (self.board.dragged is not None)

    @rule(spot=SPOTS)
    def move(self, spot: Spot) -> None:
        self.board.move(spot)

    @rule(spot=SPOTS)
    def release(self, spot: Spot) -> None:
        self.board.release(spot, SLOP)
        assert self.board.dragged is None

    @rule(spot=SPOTS)
    def a_whole_gesture_is_one_step(self, spot: Spot) -> None:
        self.board.abort()
        before = self.board.pairs
        self.board.press(spot, REACH)
        self.board.release(Spot(spot.x + 20, spot.y), SLOP)
        if self.board.pairs != before:
            assert self.board.undo()
        assert self.board.pairs == before

    @rule()
    def abort_restores(self) -> None:
        self.board.abort()
        assert self.board.dragged is None

    @rule(spot=SPOTS)
    def remove_at(self, spot: Spot) -> None:
        self.board.remove_at(spot, REACH)

    @rule(handle=SPOTS, end=SPOTS)
    def add(self, handle: Spot, end: Spot) -> None:
        full = len(self.board.pairs) >= MAX_POINTS
        assert (self.board.add(handle, end) is None) == full

    @rule(what=st.sampled_from(["delete_selected", "delete_last", "clear"]))
    def delete(self, what: str) -> None:
        count = len(self.board.pairs)
        assert getattr(self.board, what)() == (len(self.board.pairs) < count)

    @rule(ids=st.sets(st.sampled_from(["1", "2", "3", "99"])))
    def select(self, ids: set[str]) -> None:
        self.board.select(ids)

    @rule(data=st.data())
    def follow(self, data: st.DataObject) -> None:
        if self.board.pairs:
            pair, spot = data.draw(st.sampled_from(self.board.pairs)), data.draw(SPOTS)
            self.board.abort()
            self.board.follow([HandleState(pair.id, spot.x, spot.y, 0.0)])
            if known := self.board.pair(pair.id):
                assert known.handle == spot

    @rule()
    def settle(self) -> None:
        self.board.settle()
        assert all(pair.is_pin for pair in self.board.pairs)

    @precondition(lambda self: self.board.dragged is None)
    @rule()
    def undo_and_redo_are_inverse(self) -> None:
        here = self.board.pairs
        could = self.board.can_undo
        assert self.board.undo() == could
        if could:
            assert self.board.pairs != here and self.board.can_redo
            assert self.board.redo()
        assert self.board.pairs == here

    @rule(back=st.integers(1, 5))
    def all_the_way_back_and_forth(self, back: int) -> None:
        self.board.abort()
        visited = [self.board.pairs]
        while len(visited) <= back and self.board.undo():
            visited.append(self.board.pairs)
        for expected in reversed(visited[:-1]):
            assert self.board.redo()
            assert self.board.pairs == expected

    @rule()
    def undo(self) -> None:
        could = self.board.can_undo
        was_held = self.board.dragged is not None
        assert self.board.undo() == could
        assert not (was_held and self.board.dragged)

    @rule()
    def redo(self) -> None:
        assert self.board.can_redo == self.board.redo()

    @invariant()
    def whole(self) -> None:
        ids = [pair.id for pair in self.board.pairs]
        assert len(set(ids)) == len(ids) <= MAX_POINTS
        assert self.board.selected <= set(ids)
        assert self.board.dragged is None or self.board.dragged.pair_id in ids
        assert not self.board.full or len(ids) == MAX_POINTS
        assert [point.id for point in self.board.wire()] == ids

    @invariant()
    def what_shows_has_a_new_version(self) -> None:
        shown = self.board.pairs, self.board.selected, self.board.dragged, self.board.full
        assert self.board.version >= self.seen
        if shown != self.shown:
            assert self.board.version > self.seen
        self.seen, self.shown = self.board.version, shown


TestGestures = Gestures.TestCase
TestGestures.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_a_pull_makes_a_pair_and_a_click_a_pin() -> None:
    board = PointBoard()
    pulled(board, Spot(10, 10), Spot(50, 10))
    pulled(board, Spot(10, 50), Spot(11, 51))
    assert board.pairs == (Pair("1", Spot(10, 10), Spot(50, 10)), Pair("2", Spot(10, 50), Spot(10, 50)))
    assert board.pairs[1].is_pin and not board.pairs[0].is_pin
    assert board.selected == {"2"}
    assert board.wire()[0] == PointPair("1", 10, 10, 50, 10)


def test_while_it_is_pulled_the_target_is_under_the_pointer(board: PointBoard) -> None:
    board.press(Spot(100, 100), REACH)
    board.move(Spot(130, 90))
    assert board.dragged == Grip("3", End.TARGET)
    assert board.pairs[2] == Pair("3", Spot(100, 100), Spot(130, 90))


def test_an_end_is_moved_by_as_much_as_the_pointer(board: PointBoard) -> None:
    pulled(board, Spot(53, 12), Spot(63, 32))  # three to the right of the target, and two below it
    assert board.pairs[0] == Pair("1", Spot(10, 10), Spot(60, 30))
    pulled(board, Spot(9, 9), Spot(4, 9))
    assert board.pairs[0] == Pair("1", Spot(5, 10), Spot(60, 30))


def test_a_click_on_an_end_only_selects(board: PointBoard) -> None:
    before = board.pairs
    board.press(Spot(52, 11), REACH)
    board.release(Spot(53, 12), SLOP)
    assert board.pairs == before and board.selected == {"1"}
    board.undo()
    assert len(board.pairs) == 1, "the click was no undo step; the one before it was the pin's"


def test_a_pin_is_pulled_out_by_its_target(board: PointBoard) -> None:
    assert board.hit(Spot(10, 50), REACH) == Grip("2", End.HANDLE)
    pulled(board, Spot(11, 50), Spot(31, 50))
    assert board.pairs[1] == Pair("2", Spot(10, 50), Spot(30, 50))


def test_an_arrow_put_onto_its_handle_is_a_pin(board: PointBoard) -> None:
    pulled(board, Spot(50, 10), Spot(12, 10))
    assert board.pairs[0] == Pair("1", Spot(10, 10), Spot(10, 10))
    board.undo()
    assert not board.pairs[0].is_pin


def test_the_handle_alone_is_moved_though_a_target_is_nearer() -> None:
    board = board_with((10, 10, 14, 10), (10, 50, 10, 50))
    assert board.press_handle_only(Spot(14, 10), REACH)
    board.release(Spot(14, 40), SLOP)
    assert board.pairs[0] == Pair("1", Spot(10, 40), Spot(14, 10))
    assert not board.press_handle_only(Spot(300, 300), REACH) and board.dragged is None


def test_a_pin_is_moved_as_a_whole_by_its_handle(board: PointBoard) -> None:
    board.press_handle_only(Spot(10, 50), REACH)
    board.release(Spot(20, 60), SLOP)
    assert board.pairs[1] == Pair("2", Spot(20, 60), Spot(20, 60))


@pytest.mark.parametrize(
    ("spot", "grip"),
    [
        (Spot(31, 10), Grip("1", End.TARGET)),  # the ends lie on each other, nearly: the target
        (Spot(33, 10), Grip("1", End.TARGET)),
        (Spot(100, 10), Grip("2", End.HANDLE)),
        (Spot(106, 10), Grip("2", End.TARGET)),
        (Spot(103, 30), None),
    ],
)
def test_what_is_hit(spot: Spot, grip: Grip | None) -> None:
    board = board_with((30, 10, 33, 10), (98, 10, 110, 10))
    assert board.hit(spot, REACH) == grip


def test_of_two_at_one_place_the_later_lies_on_top() -> None:
    board = board_with((10, 10, 10, 10), (10, 10, 10, 10))
    assert board.hit(Spot(10, 10), REACH) == Grip("2", End.HANDLE)


def test_several_are_selected_and_deleted(board: PointBoard) -> None:
    board.press(Spot(10, 10), REACH)
    board.release(Spot(10, 10), SLOP)
    board.press(Spot(10, 50), REACH, keep_selection=True)
    board.release(Spot(10, 50), SLOP)
    assert board.selected == {"1", "2"}
    board.press(Spot(10, 10), REACH, keep_selection=True)
    board.release(Spot(10, 10), SLOP)
    assert board.selected == {"2"}
    assert board.delete_selected() and [pair.id for pair in board.pairs] == ["1"]
    assert not board.delete_selected()


def test_an_aborted_gesture_was_never_there(board: PointBoard) -> None:
    before, selected = board.pairs, board.selected
    board.press(Spot(100, 100), REACH)
    board.move(Spot(120, 100))
    board.abort()
    assert (board.pairs, board.selected, board.dragged) == (before, selected, None)
    board.move(Spot(0, 0))
    board.release(Spot(0, 0), SLOP)
    assert board.pairs == before


def test_a_press_after_a_lost_release_keeps_what_was_pulled(board: PointBoard) -> None:
    board.press(Spot(100, 100), REACH)
    board.move(Spot(120, 100))
    board.press(Spot(200, 100), REACH)
    board.release(Spot(200, 100), SLOP)
    assert board.pairs[2:] == (Pair("3", Spot(100, 100), Spot(120, 100)), Pair("4", Spot(200, 100), Spot(200, 100)))


def test_numbers_are_not_given_twice(board: PointBoard) -> None:
    board.delete_last()
    assert board.add(Spot(0, 0), Spot(1, 1)) == "3"
    board.replace([Pair("7", Spot(0, 0), Spot(5, 5)), Pair("jaw", Spot(0, 0), Spot(5, 5))])
    assert board.add(Spot(0, 0), Spot(1, 1)) == "8"


def test_no_more_than_the_server_takes() -> None:
    board = PointBoard(Pair(str(n), Spot(n, 0), Spot(n, 9)) for n in range(1, MAX_POINTS + 1))
    assert not board.full
    version = board.version
    board.press(Spot(500, 500), REACH)
    assert board.dragged is None and len(board.pairs) == MAX_POINTS
    assert board.full and board.version > version
    board.delete_last()
    assert not board.full
    board.replace(Pair(str(n), Spot(n, 0), Spot(n, 9)) for n in range(MAX_POINTS + 1))
    assert len(board.pairs) == MAX_POINTS and board.full and not board.can_undo


def test_a_new_edit_ends_what_could_be_redone(board: PointBoard) -> None:
    board.undo()
    assert board.can_redo
    pulled(board, Spot(100, 100), Spot(150, 100))
    assert not board.can_redo and not board.redo()


def test_undo_does_not_put_a_handle_where_its_feature_no_longer_is(board: PointBoard) -> None:
    pulled(board, Spot(50, 10), Spot(90, 10))
    pulled(board, Spot(200, 200), Spot(220, 200))
    board.follow([HandleState("1", 40, 10, 50), HandleState("3", 210, 200, 10)])
    assert board.pairs[0] == Pair("1", Spot(40, 10), Spot(90, 10))
    assert board.undo()
    assert board.pairs == (Pair("1", Spot(40, 10), Spot(90, 10)), Pair("2", Spot(10, 50), Spot(10, 50)))
    assert board.undo()
    assert board.pairs[0] == Pair("1", Spot(40, 10), Spot(50, 10))
    assert board.redo() and board.redo()
    assert board.pairs[2] == Pair("3", Spot(210, 200), Spot(220, 200))


def test_what_arrived_is_a_pin_and_no_undo_pulls_it_back(board: PointBoard) -> None:
    pulled(board, Spot(50, 10), Spot(60, 10))
    board.follow([HandleState("1", 59.5, 10, 0.5), HandleState("2", 10.2, 50, 0.2)])
    board.settle({"1"})
    assert board.pairs[0].is_pin and not board.pairs[1].is_pin
    board.settle()
    assert board.pairs == (Pair("1", Spot(59.5, 10), Spot(59.5, 10)), Pair("2", Spot(10.2, 50), Spot(10.2, 50)))
    assert board.undo()  # not the target's move, which came to its end: the pin's placing
    assert board.pairs == (Pair("1", Spot(59.5, 10), Spot(59.5, 10)),)


def test_the_points_of_an_edit_state() -> None:
    points = [StatePoint("1", 1, 2, 3, 4), StatePoint("2", 5, 6, 5, 6)]
    assert pairs_of(points) == (Pair("1", Spot(1, 2), Spot(3, 4)), Pair("2", Spot(5, 6), Spot(5, 6)))


@given(SPOTS, SPOTS, st.floats(0.5, 100))
def test_an_arrow_has_its_head_at_the_target(handle: Spot, target: Spot, size: float) -> None:
    tip, left, right = arrow_head(handle, target, size)
    assert tip == target
    if handle == target:
        assert left == right == tip
        return
    length = handle.distance(target)
    middle = Spot((left.x + right.x) / 2, (left.y + right.y) / 2)
    along = min(size, length)
    assert math.isclose(middle.distance(target), along, rel_tol=1e-6, abs_tol=1e-6)
    assert math.isclose(middle.distance(handle), length - along, rel_tol=1e-6, abs_tol=1e-6)
    assert math.isclose(left.distance(right), along, rel_tol=1e-6, abs_tol=1e-6)
    # Seen along the arrow, with y down, the left is where x * dy - y * dx is larger.
    dx, dy = target.x - handle.x, target.y - handle.y
    assert (left.x - middle.x) * dy - (left.y - middle.y) * dx > 0
