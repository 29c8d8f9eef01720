"""Frames as an artist chooses them: by rectangles, by clicks, by pulling."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draggan_client import frames
from draggan_client.frames import FrameChoiceError, FramePull, Part
from draggan_client.messages import AlignmentPoint, Frame
from draggan_client.points import Spot
from draggan_server import canvas

PLACES = st.floats(-5000, 5000)
FRAMES = st.builds(
    Frame, PLACES, PLACES, st.floats(32, 5000), st.floats(-180, 180), st.sampled_from([1.0, 0.5, 2.0, 0.75])
)
FACE = (
    AlignmentPoint("left eye", 0.35, 0.4),
    AlignmentPoint("right eye", 0.65, 0.4),
    AlignmentPoint("left corner of the mouth", 0.4, 0.7),
    AlignmentPoint("right corner of the mouth", 0.6, 0.7),
)


def near(one: Spot, other: Spot, tolerance: float = 1e-6) -> bool:
    return one.distance(other) <= tolerance * (1 + abs(other.x) + abs(other.y))


@given(FRAMES, st.floats(-0.5, 1.5), st.floats(-0.5, 1.5))
def test_the_way_there_and_back(frame: Frame, across: float, down: float) -> None:
    place = frames.inside(frame, frames.at(frame, across, down))
    assert place.x == pytest.approx(across, abs=1e-6)
    assert place.y == pytest.approx(down, abs=1e-6)


@given(FRAMES, st.floats(0, 1), st.floats(0, 1))
def test_editor_and_server_mean_the_same_place(frame: Frame, across: float, down: float) -> None:
    on_server = canvas.Frame(frame.x, frame.y, frame.size, frame.angle, frame.aspect)
    # resolution 1: the longer side of the model's picture is 1 there
    x, y = on_server.to_document(across * on_server.width / frame.size, down * on_server.height / frame.size, 1)
    assert near(frames.at(frame, across, down), Spot(x, y))


def test_a_turned_frame_s_corners() -> None:
    frame = Frame(100, 50, 10, angle=90, aspect=0.5)
    assert frames.corners(frame) == (Spot(100, 50), Spot(100, 55), Spot(90, 55), Spot(90, 50))
    assert frames.bounds(frame) == (90, 50, 10, 5)


def test_rectangles_give_frames_inside_and_around_them() -> None:
    assert frames.within(10, 20, 300, 100) == Frame(110, 20, 100)
    assert frames.around(10, 20, 300, 100) == Frame(10, -80, 300)
    assert frames.within(0, 0, 300, 100, aspect=0.5) == Frame(125, 0, 100, aspect=0.5)
    assert frames.around(0, 0, 300, 100, aspect=0.5) == Frame(0, -250, 600, aspect=0.5)
    with pytest.raises(FrameChoiceError, match="at least 8 px"):
        frames.within(0, 0, 300, 3)


@given(FRAMES)
def test_clicks_where_the_model_expects_them_give_that_frame(frame: Frame) -> None:
    clicks = [frames.at(frame, point.x, point.y) for point in FACE]
    found = frames.aligned(FACE, clicks, frame.aspect)
    assert all(near(one, other, 1e-5) for one, other in zip(frames.corners(found), frames.corners(frame), strict=True))


def test_clicks_that_cannot_be_met_are_met_as_nearly_as_can_be() -> None:
    frame = Frame(200, 100, 400, angle=-15)
    clicks = [frames.at(frame, point.x, point.y) for point in FACE]
    clicks[0] = Spot(clicks[0].x + 20, clicks[0].y)
    found = frames.aligned(FACE, clicks)

    def error(of: Frame) -> float:
        places = [frames.at(of, point.x, point.y) for point in FACE]
        return sum(place.distance(click) ** 2 for place, click in zip(places, clicks, strict=True))

    others = [replace(found, x=found.x + 1), replace(found, size=found.size + 1), replace(found, angle=found.angle + 1)]
    assert error(found) < min(error(frame), *map(error, others))


@pytest.mark.parametrize("clicks", [[], [Spot(1, 1)] * 3, [Spot(5, 5)] * 4], ids=["none", "too few", "one spot"])
def test_clicks_of_no_use_are_refused(clicks: list[Spot]) -> None:
    with pytest.raises(FrameChoiceError):
        frames.aligned(FACE, clicks)


class TestPulling:
    @given(FRAMES)
    def test_a_corner_follows_the_pointer_and_the_opposite_one_stays(self, frame: Frame) -> None:
        corner, opposite = frames.corners(frame)[2], frames.corners(frame)[0]
        away = Spot(corner.x + (corner.x - opposite.x) / 2, corner.y + (corner.y - opposite.y) / 2)
        pulled = FramePull(frame, Part.BOTTOM_RIGHT, corner).to(away)
        assert near(frames.corners(pulled)[2], away)
        assert near(frames.corners(pulled)[0], opposite)
        assert (pulled.angle, pulled.aspect) == (frame.angle, frame.aspect)

    @given(FRAMES, st.sampled_from([part for part in Part if part.is_corner]), PLACES, PLACES)
    def test_no_pull_makes_it_too_small_or_turns_it_over(self, frame: Frame, part: Part, x: float, y: float) -> None:
        pulled = FramePull(frame, part, frames.centre(frame)).to(Spot(x, y))
        assert min(pulled.width, pulled.height) >= frames.SMALLEST_PX * (1 - 1e-9)

    @given(FRAMES, PLACES, PLACES)
    def test_the_knob_turns_it_about_its_middle(self, frame: Frame, x: float, y: float) -> None:
        turned = FramePull(frame, Part.KNOB, frames.knob(frame, 20)).to(Spot(x, y))
        assert near(frames.centre(turned), frames.centre(frame), 1e-5)
        assert turned.size == frame.size

    def test_the_knob_points_to_the_pointer(self) -> None:
        frame = Frame(0, 0, 100)
        pull = FramePull(frame, Part.KNOB, frames.knob(frame, 20))
        assert pull.to(Spot(200, 50)).angle == pytest.approx(90)
        assert pull.to(Spot(190, 62), steps=15).angle == pytest.approx(90)
        assert frames.part_at(pull.to(Spot(200, 50)), Spot(120, 50), 5, 20) is Part.KNOB

    def test_inside_it_is_moved(self) -> None:
        assert FramePull(Frame(0, 0, 100, 30), Part.INSIDE, Spot(5, 50)).to(Spot(8, 40)) == Frame(3, -10, 100, 30)

    @pytest.mark.parametrize(("x", "y"), [(60, 20), (-60, 20), (-20, -60), (20, 60)])
    def test_outside_a_new_one_is_drawn_from_the_press_to_the_pointer(self, x: float, y: float) -> None:
        pull = FramePull(Frame(900, 900, 100, 30), Part.NEW, Spot(0, 0))
        drawn = pull.to(Spot(x, y))
        assert drawn.size == 60
        assert drawn.angle == 0
        left, top, width, height = frames.bounds(drawn)
        assert {0.0} <= {left, left + width}
        assert {0.0} <= {top, top + height}
        assert frames.contains(drawn, Spot(x, y))

    def test_what_is_under_the_pointer(self) -> None:
        frame = Frame(0, 0, 100)
        found = [
            frames.part_at(frame, spot, 6, 30)
            for spot in (
                Spot(2, 3),
                Spot(98, 3),
                Spot(103, 97),
                Spot(2, 98),
                Spot(50, 50),
                Spot(50, -30),
                Spot(50, -15),
            )
        ]
        assert found == [
            *(Part.TOP_LEFT, Part.TOP_RIGHT, Part.BOTTOM_RIGHT, Part.BOTTOM_LEFT),
            *(Part.INSIDE, Part.KNOB, Part.NEW),
        ]


def test_a_frame_is_turned_the_way_a_clock_goes() -> None:
    frame = Frame(0, 0, 100, angle=10)
    right = frames.corners(frame)[1]
    assert right.y > 0  # y points down: its right end sinks
    assert right.y == pytest.approx(100 * math.sin(math.radians(10)))
