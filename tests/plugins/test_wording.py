"""The texts of both editors: short, whole, in an artist's words."""

import dataclasses
from typing import Literal, get_args

import pytest

from draggan_client import wording
from draggan_client.edit_state import Inversion
from draggan_client.errors import DragganError, ServerStartError
from draggan_client.messages import HandleState, Progress, Reason, Recognition
from draggan_client.views import EditView, Phase, Problem, ServerPhase, ServerStatus
from tests.plugins.test_edit_state import STATE


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0.0, "nearly done"),
        (0.9, "nearly done"),
        (1.2, "about 1 s left"),
        (9.4, "about 9 s left"),
        (21.0, "about 20 s left"),
        (88.0, "about 90 s left"),
        (95.0, "about 2 min left"),
        (125.0, "about 2 min left"),
        (3600.0, "about 60 min left"),
        (2 * 3600.0, "about 2 h left"),
    ],
)
def test_time_left(seconds: float | None, text: str) -> None:
    assert wording.time_left_text(seconds) == text


DRAGGING = EditView(
    Phase.DRAGGING, "drag", 12, 300, distance_document_px=34.4, elapsed_s=10.0, remaining_s=30.0, position=1
)


@pytest.mark.parametrize(
    ("view", "text"),
    [
        (DRAGGING, "Dragging: step 12 of at most 300, 34 px left, about 30 s left"),
        (EditView(Phase.DRAGGING, "drag", 0, 300, 3.21), "Dragging: 3.2 px left"),
        (EditView(Phase.DRAGGING), "Beginning …"),
        (EditView(Phase.OPENING, "open"), "Opening the model …"),
        (
            EditView(Phase.INVERTING, "w", 5, 200, remaining_s=300.0),
            "Looking for the picture in the model: step 5 of 200, about 5 min left",
        ),
        (
            EditView(Phase.INVERTING, "tuning", 250, 300),
            "Fitting the model to the picture: step 250 of 300",
        ),
        (EditView(Phase.STOPPING, "drag", 12, 300), "Stopping …"),
        (EditView(Phase.FETCHING), "Getting the picture …"),
        (EditView(Phase.READY, reason="reached"), "All points have arrived."),
        (EditView(Phase.READY), "Ready."),
        (EditView(), ""),
        (EditView(Phase.LOST, problem=Problem("The server went.", "Press Start.")), "The server went."),
        (EditView(Phase.READY, reason="reached", problem=Problem("No memory.")), "No memory."),
    ],
)
def test_what_an_edit_is_doing(view: EditView, text: str) -> None:
    assert wording.phase_text(view) == text


def test_progress_without_an_edit() -> None:
    event = Progress("drag", 3, 10, (HandleState("1", 0, 0, 2.0), HandleState("2", 0, 0, 12.0)), remaining_s=4.0)
    assert wording.progress_text(event) == "Dragging: step 3 of at most 10, 12 px left, about 4 s left"


@pytest.mark.parametrize("reason", get_args(Reason))
def test_every_ending_has_words(reason: str) -> None:
    assert wording.reason_text(reason).endswith(".")


@pytest.mark.parametrize("phase", list(Phase))
def test_every_phase_has_a_bar(phase: Phase) -> None:
    part = wording.fraction_done(EditView(phase, "drag", 1, 300, elapsed_s=1.0))
    assert part is None or 0 <= part <= 1


def test_a_bar_goes_by_the_time() -> None:
    assert wording.fraction_done(DRAGGING) == 0.25
    assert wording.fraction_done(EditView(Phase.INVERTING, "w+", 50, 200)) == 0.25
    assert wording.fraction_done(EditView(Phase.OPENING, "open")) is None


def test_a_copy_says_why() -> None:
    assert wording.copy_text("the layer is not fully opaque") == (
        "The result will be a copy of the layer with the edit in it, because the layer is not fully opaque. "
        "The layer itself is hidden."
    )


@pytest.mark.parametrize(
    ("position", "length", "text"),
    [(0, 0, "no drags yet"), (0, 3, "before the first drag"), (2, 3, "drag 2 of 3")],
)
def test_the_place_in_the_history(position: int, length: int, text: str) -> None:
    assert wording.history_text(position, length) == text


def test_a_problem_keeps_its_long_part_to_itself() -> None:
    said = Problem.of(ServerStartError("The server ended.\nThe end of start.log:\nline\n", "Install it."))
    assert said == Problem("The server ended.", "Install it.", "The end of start.log:\nline")
    assert str(said) == "The server ended. Install it."
    assert str(Problem.of(DragganError("Only this."))) == "Only this."
    assert "ZeroDivisionError: oh" in Problem.of(ZeroDivisionError("oh")).message


def test_the_server_in_a_line() -> None:
    assert wording.server_text(ServerStatus(ServerPhase.OFF, wording.SERVER_OFF)) == wording.SERVER_OFF
    for word in ("install/install.py", "Flatpak", "Snap", "draggan-server serve"):
        assert word in wording.HOW_TO_GET_THE_SERVER


@pytest.mark.parametrize("word", ["good", "fair", "unknown"])
def test_every_recognition_has_words(word: Literal["good", "fair", "unknown"]) -> None:
    recognition = Recognition(0.874, word)
    assert wording.recognition_text(recognition).endswith(".")
    assert ("another model" in wording.recognition_text(recognition)) == (word == "unknown")
    assert wording.score_text(recognition) == "87 %"


def test_without_a_recognition_nothing_is_said() -> None:
    assert (wording.recognition_text(None), wording.score_text(None)) == ("", "")


def test_a_picture_that_is_not_inverted_says_so() -> None:
    state = dataclasses.replace(STATE, source="picture", seed=None, history=(), masks=(), position=0)
    assert "found in the model" in wording.phase_text(EditView(Phase.READY, reason="opened", state=state))
    half = Inversion("quick", 3, 9)
    view = EditView(Phase.READY, reason="stopped", state=dataclasses.replace(state, inversion=half), inversion=half)
    assert "as far as it was found" in wording.phase_text(view)
