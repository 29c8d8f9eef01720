"""A frame that is being chosen: gestures, clicks on landmarks, undo, and what is said of frames that cannot be seen."""

from __future__ import annotations

import pytest

from draggan_client import frames
from draggan_client.frame_choice import FrameChoice, default_frame, landmark_words, landmarks_title, trouble
from draggan_client.frames import FrameChoiceError, Part
from draggan_client.messages import AlignmentPoint, Frame
from draggan_client.points import Spot

SEEN = (0.0, 0.0, 400.0, 300.0)
FRAME = Frame(100, 50, 200)
REACH, KNOB, SLOP = 10.0, 30.0, 4.0
FACE = (AlignmentPoint("eye_left", 0.4, 0.45), AlignmentPoint("eye_right", 0.6, 0.45), AlignmentPoint("nose", 0.5, 0.6))


def pull(choice: FrameChoice, start: Spot, end: Spot, steps: float = 0.0) -> bool:
    choice.press(start, REACH, KNOB)
    choice.move(Spot((start.x + end.x) / 2, (start.y + end.y) / 2), SLOP, steps)
    return choice.release(end, SLOP, steps)


def test_pulled_inside_it_moves_and_undo_brings_it_back() -> None:
    choice = FrameChoice(FRAME)
    assert not pull(choice, Spot(200, 150), Spot(220, 140))
    assert choice.frame == Frame(120, 40, 200)
    assert choice.undo() and choice.frame == FRAME
    assert choice.redo() and choice.frame == Frame(120, 40, 200)
    assert not choice.redo()


def test_a_click_is_told_and_changes_nothing() -> None:
    choice = FrameChoice(FRAME)
    assert pull(choice, Spot(200, 150), Spot(202, 150))
    assert choice.frame == FRAME
    assert not choice.undo(), "there is nothing to undo"


def test_what_is_held_is_known_while_it_is_held() -> None:
    choice = FrameChoice(FRAME)
    assert choice.press(Spot(302, 249), REACH, KNOB) is Part.BOTTOM_RIGHT
    assert choice.held is Part.BOTTOM_RIGHT
    choice.move(Spot(352, 300), SLOP)
    assert choice.frame.size > 240
    assert choice.abort()
    assert choice.held is None and choice.frame == FRAME
    assert not choice.abort()


def test_the_knob_turns_in_steps() -> None:
    choice = FrameChoice(FRAME)
    knob = frames.knob(FRAME, KNOB)
    pull(choice, knob, Spot(knob.x + 80, knob.y + 5), steps=15.0)
    assert choice.frame.angle == pytest.approx(30.0)
    assert frames.centre(choice.frame).distance(frames.centre(FRAME)) < 1e-6


def test_a_press_whose_release_was_lost_is_over_with_the_next() -> None:
    choice = FrameChoice(FRAME)
    choice.press(Spot(200, 150), REACH, KNOB)
    choice.move(Spot(230, 150), SLOP)
    choice.press(Spot(230, 150), REACH, KNOB)
    choice.abort()
    assert choice.frame == Frame(130, 50, 200)
    assert choice.undo() and choice.frame == FRAME


def test_landmarks_are_asked_for_in_turn_and_give_the_frame() -> None:
    choice = FrameChoice(FRAME)
    aim = frames.placed(Spot(180, 160), 120, 12.0)
    choice.ask(FACE)
    for number, point in enumerate(FACE):
        assert choice.wanted == point and len(choice.clicks) == number
        spot = frames.at(aim, point.x, point.y)
        assert pull(choice, spot, Spot(spot.x + 0.0, spot.y)), "a click"
    assert choice.wanted is None
    found = choice.frame
    assert (found.x, found.y, found.size, found.angle) == pytest.approx((aim.x, aim.y, 120, 12.0))
    assert choice.undo() and choice.frame == FRAME


def test_landmarks_can_be_taken_back_and_left() -> None:
    choice = FrameChoice(FRAME)
    choice.ask(FACE)
    pull(choice, Spot(10, 10), Spot(10, 10))
    pull(choice, Spot(40, 10), Spot(40, 10))
    assert choice.undo() and choice.wanted == FACE[1]
    assert choice.stop_asking() and choice.wanted is None
    assert choice.frame == FRAME
    assert not choice.stop_asking()


def test_clicks_on_one_spot_make_no_frame_and_are_asked_for_anew() -> None:
    choice = FrameChoice(FRAME)
    choice.ask(FACE)
    pull(choice, Spot(10, 10), Spot(10, 10))
    pull(choice, Spot(10, 10), Spot(10, 10))
    with pytest.raises(FrameChoiceError):
        pull(choice, Spot(10, 10), Spot(10, 10))
    assert choice.wanted == FACE[0] and choice.frame == FRAME


def test_by_numbers_and_keys_it_keeps_its_middle() -> None:
    choice = FrameChoice(FRAME)
    choice.turn(20)
    choice.resize(120)
    assert frames.centre(choice.frame).distance(Spot(200, 150)) < 1e-6
    assert (choice.frame.size, choice.frame.angle) == pytest.approx((120, 20))
    choice.resize(0.5)
    assert choice.frame.size == frames.SMALLEST_PX
    choice.nudge(3, -1)
    assert frames.centre(choice.frame).distance(Spot(203, 149)) < 1e-6
    choice.reset()
    assert choice.frame == FRAME
    choice.reshape(0.5)
    assert choice.frame.width == 100 and frames.centre(choice.frame).distance(Spot(200, 150)) < 1e-6


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (Frame(100, 50, 200), None),
        (Frame(-150, -150, 200), None),
        (Frame(450, 50, 100), "beside"),
        # Its upright bounds reach the picture; it does not.
        (Frame(430, 280, 100, angle=45), "beside"),
        (Frame(100, 100, 5), "5 px"),
    ],
)
def test_frames_that_no_model_can_see_are_said(frame: Frame, words: str | None) -> None:
    problem = trouble(frame, SEEN)
    assert (problem is None) == (words is None)
    assert problem is None or words in problem.message


def test_a_huge_layer_is_worked_on_in_parts() -> None:
    seen = (0.0, 0.0, 16384.0, 16384.0)
    problem = trouble(Frame(0, 0, 16384), seen)
    assert problem is not None and "at once" in problem.message
    assert trouble(default_frame(seen, None), seen) is None
    assert trouble(default_frame(seen, None, pixel_bytes=16), seen, 16) is None
    assert trouble(Frame(0, 0, 16384), SEEN) is None, "no more is sent than there is"


def test_choosing_begins_with_the_selection_or_the_middle() -> None:
    assert default_frame(SEEN, None) == Frame(50, 0, 300)
    assert default_frame(SEEN, (100, 100, 60, 40)) == Frame(100, 90, 60)
    assert default_frame(SEEN, (900, 900, 60, 40)) == Frame(50, 0, 300), "nothing of the layer is selected"
    assert default_frame(SEEN, (100, 100, 1, 1)) == Frame(50, 0, 300), "too small"
    with pytest.raises(FrameChoiceError):
        default_frame((0, 0, 400, 3), None)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("eye_left", "the eye on the left"),
        ("mouth_right", "the corner of the mouth on the right"),
        ("nose tip", "the nose tip"),
        ("mouth", "the mouth"),
    ],
)
def test_landmarks_in_words(name: str, words: str) -> None:
    assert landmark_words(name) == words


def test_landmarks_in_a_title() -> None:
    names = ("eye_left", "eye_right", "mouth_left", "mouth_right")
    assert landmarks_title([AlignmentPoint(name, 0.5, 0.5) for name in names]) == "Click eyes and mouth"
    assert landmarks_title(FACE) == "Click eyes and nose"
    names = ("wheel_left", "wheel_right", "roof", "bumper_left")
    assert landmarks_title([AlignmentPoint(name, 0.5, 0.5) for name in names]) == "Click wheels, roof and bumper"
    assert landmarks_title(()) == ""
