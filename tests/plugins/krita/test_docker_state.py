"""What the docker shows for how things stand, where pictures are put, and which notices are up."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

# All of the library first: the plugin's parts then share its classes.
from draggan_client.edit_state import Inversion
from draggan_client.editing import EditView, Phase, Problem, ServerPhase, ServerStatus
from draggan_client.messages import Frame, ModelInfo, Preview, Recognition
from draggan_client.points import Pair, Spot
from draggan_client.rect import Rect
from tests.plugins.krita.package import part

PLUGIN = Path(__file__).resolve().parents[3] / "plugins" / "krita" / "draggan"
show, places, notices_kept, state = (part(f"docker.{name}") for name in ("show", "places", "notices_kept", "state"))
began_part = part("layers.began")
READY = ServerStatus(ServerPhase.READY, "Ready: cpu")
PULL = Pair("1", Spot(10, 10), Spot(10, 44))
PIN = Pair("2", Spot(5, 5), Spot(5, 5))


def docker(edit: Any = None, **facts: Any) -> Any:
    facts = {"server": READY, "has_document": True, **facts}
    return show.docker_state(show.Facts(edit=edit, **facts))


def test_without_a_document_only_a_new_picture_can_be_made() -> None:
    shown = docker(has_document=False)
    assert shown.can_make_picture
    assert not shown.can_enter and not shown.can_start and not shown.can_apply and not shown.can_discard
    assert "Open a picture" in shown.enter_why


def test_start_needs_a_point_that_goes_somewhere() -> None:
    assert docker(show.EditFacts(pairs=(PULL, PIN))).can_start
    pins = docker(show.EditFacts(pairs=(PIN,)))
    assert not pins.can_start
    assert "Pull at least one point" in pins.start_why
    assert docker(show.EditFacts(pairs=(PULL,), blocked="The layer is gone.")).start_why == "The layer is gone."


def test_a_running_drag_can_be_stopped_and_nothing_else() -> None:
    view = EditView(
        phase=Phase.DRAGGING,
        stage="drag",
        step=12,
        total_steps=300,
        distance_document_px=34.0,
        remaining_s=20,
        elapsed_s=5,
    )
    shown = docker(show.EditFacts(view=view, drags=True, pairs=(PULL,)))
    assert shown.busy and not shown.stopping
    assert not (shown.can_start or shown.can_apply or shown.can_discard or shown.can_change_points)
    assert not shown.can_make_picture
    assert shown.progress == state.ProgressLook("Step 12 of at most 300", 0.2, "34 px left · about 20 s left")


def test_only_finished_drags_that_are_not_in_the_document_can_be_applied() -> None:
    view = EditView(phase=Phase.READY, position=2, history_length=3, reason="reached")
    shown = docker(show.EditFacts(view=view, since=1, pairs=(PULL,)))
    assert shown.can_apply and shown.can_discard
    assert shown.history == state.HistoryLook(1, 2, True)
    assert shown.progress.text == "" and "arrived" in shown.progress.detail
    assert not docker(show.EditFacts(view=view, since=2)).can_apply
    assert not docker(show.EditFacts(view=view, since=1, work="Reading the layer …")).can_apply


def test_the_list_of_points_tells_what_each_does() -> None:
    shown = docker(show.EditFacts(pairs=(PULL, PIN), selected=frozenset({"2"})))
    assert shown.points == (
        state.PointLook("1", False, 34.0, False),
        state.PointLook("2", True, 0.0, True),
    )


def test_the_picture_that_was_opened_is_no_edit_of_itself() -> None:
    opened = Preview(0, 1, 1, "png", b"opened")
    edited = Preview(3, 1, 1, "png", b"edited")
    assert docker(show.EditFacts(view=EditView(preview=opened, opened_preview=opened))).preview_edit == b""
    both = docker(show.EditFacts(view=EditView(preview=edited, opened_preview=opened, history_length=1)))
    assert (both.preview, both.preview_edit) == (b"opened", b"edited")


@pytest.mark.parametrize(
    ("speed", "text"),
    [
        (None, "speed not measured yet"),
        (12.2, "this computer: about 12 steps a second"),
        (0.25, "this computer: about 4 s a step"),
    ],
)
def test_a_model_says_how_fast_it_is_here(speed: float | None, text: str) -> None:
    model = ModelInfo("m", "Model", "things", "CC0", 128, "", steps_per_s=speed)
    assert show.model_looks((model,))[0].detail == f"Draws things\n128 px · {text}\nLicence: CC0"


def test_classes_are_offered_by_models_that_have_some() -> None:
    plain = ModelInfo("plain", "Plain", "things", "CC0", 128, "")
    by_class = replace(plain, id="animals", classes=2, class_names=("cat", "dog"))
    server = replace(READY, models=(plain, by_class))
    assert docker(server=server, model="animals").class_model == by_class
    assert docker(server=server, model="plain").class_model is None
    assert docker(server=server).class_model is docker(model="animals").class_model is None


def test_a_new_picture_fits_into_the_selection_or_the_middle_of_the_document() -> None:
    document = Rect(0, 0, 300, 200)
    assert places.frame_for_picture(document, None) == Frame(50, 0, 200)
    assert places.frame_for_picture(document, Rect(100, 50, 80, 90)) == Frame(100, 55, 80)
    assert places.frame_for_picture(document, Rect(-50, 0, 100, 200)) == Frame(0, 75, 50)
    assert places.frame_for_picture(document, Rect(0, 0, 3, 200)) == Frame(50, 0, 200)
    assert places.side_of_new_document(128) == 512
    assert places.side_of_new_document(1024) == 1024


def test_what_a_turned_frame_touches_is_read() -> None:
    assert places.region_of(Frame(10.5, 0, 20)) == Rect(10, 0, 21, 20)
    turned = places.region_of(Frame(100, 0, 100, angle=45))
    assert turned == Rect(29, 0, 142, 142)


def test_what_an_edit_began_with_is_known_again() -> None:
    began = began_part.Began("{id}", Rect(-3, 4, 50, 60), bytes(range(16)))
    assert began_part.Began.of(began.words()) == began
    assert began.moved(10, -4).region == Rect(7, 0, 50, 60)
    for damaged in ("", "{id} 1 2 3", "{id} a b c d 00", "{id} 1 2 3 4 xy", "{id} 1 2 3 4 00 11 zz"):
        assert began_part.Began.of(damaged) is None


def own(**view: Any) -> Any:
    return show.inversion_state(EditView(**view))


def test_while_the_picture_is_looked_for_only_the_frame_can_be_chosen_again() -> None:
    shown = own(phase=Phase.INVERTING, stage="w")
    assert shown.word == "" and not shown.offers_faithful and shown.can_choose_again


@pytest.mark.parametrize(
    ("word", "tone", "says", "offers"),
    [("good", "GOOD", "A good match (87 %)", False), ("unknown", "PROBLEM", "Not what this model knows (87 %)", True)],
)
def test_a_word_and_a_number_say_whether_the_model_knows_the_picture(
    word: Any, tone: str, says: str, offers: bool
) -> None:
    found = Inversion("quick", 90, 90, Recognition(0.87, word))
    shown = own(phase=Phase.READY, inversion=found)
    assert (shown.tone, shown.word, shown.offers_models) == (state.Tone[tone], says, offers)
    assert shown.offers_faithful and shown.can_refine
    assert not own(phase=Phase.READY, inversion=replace(found, mode="faithful")).offers_faithful
    early = own(phase=Phase.READY, inversion=replace(found, step=20))
    assert "stopped early" in early.text


def test_a_frame_that_is_being_chosen_comes_before_drags() -> None:
    shown = docker(show.EditFacts(pairs=(PULL,), frame=state.FrameState(200.0, 0.0)))
    assert not shown.can_start and "Use this frame" in shown.start_why and shown.frame is not None


def test_a_question_is_answered_once_and_by_a_choice() -> None:
    answers: list[str] = []
    changes: list[int] = []
    kept = notices_kept.Notices(lambda: changes.append(1))
    kept.ask("q", "Which?", "", (state.Choice("a", "A"), state.Choice("b", "B")), answers.append)
    kept.tell("p", Problem("Broken.", "Mend it."))
    assert [notice.key for notice in kept.shown()] == ["q", "p"]
    kept.answer("q", "b")
    kept.answer("q", "b")
    kept.answer("p", "")
    assert answers == ["b"]
    assert kept.shown() == ()


def test_notices_do_not_pile_up() -> None:
    kept = notices_kept.Notices(lambda: None)
    for number in range(10):
        kept.tell(f"p{number}", Problem(f"Problem {number}"))
    assert [notice.message for notice in kept.shown()] == ["Problem 9", "Problem 8", "Problem 7"]


def test_the_action_file_says_what_the_plugin_says() -> None:
    actions = part("actions")
    root = ET.parse(PLUGIN / "draggan.action").getroot()
    told = {
        one.get("name"): tuple(one.findtext(key) for key in ("text", "toolTip", "shortcut", "isCheckable"))
        for one in root.iter("Action")
    }
    assert told == {
        one.id: (one.text, one.tooltip, one.shortcut, str(one.checkable).lower()) for one in actions.ACTIONS
    }


def test_while_a_layer_is_opened_in_the_background_start_can_be_pressed_already() -> None:
    view = EditView(phase=Phase.INVERTING, stage="w", step=30, total_steps=120)
    shown = docker(show.EditFacts(view=view, opens=True, pairs=(PULL,)))
    assert shown.can_start and not shown.busy and shown.can_change_points
    assert shown.progress == state.ProgressLook(
        "Looking for the picture in the model", 0.25, "Step 30 of 120", can_stop=True
    )
    waiting = docker(show.EditFacts(view=view, opens=True, waits_to_start=True, pairs=(PULL,)))
    assert waiting.busy and not waiting.progress.can_stop


def test_where_painting_is_slow_a_drag_is_shown_less_often() -> None:
    pace = part("docker.pace").Pace()
    assert pace.interval_ms == 150
    pace.took(0.024)
    assert pace.interval_ms == 600
    pace.took(0.5)
    assert pace.interval_ms == 2000
    for _ in range(20):
        pace.took(0.001)
    assert pace.interval_ms == 150, "it was somebody else, for a moment"


def test_what_is_asked_about_a_document_is_asked_where_it_is_in_front() -> None:
    kept = notices_kept.Notices(lambda: None)
    one, other = (notices_kept.ScopedNotices(kept, scope) for scope in ("1", "2"))
    one.ask("discard", "Discard?", "", (state.Choice("yes", "Yes"),), lambda choice: None)
    other.tell("edit", Problem("Refused."))
    kept.tell("server", Problem("Gone."))
    assert [notice.message for notice in kept.shown("1")] == ["Discard?", "Gone."]
    assert [notice.message for notice in kept.shown("2")] == ["Gone.", "Refused."]
    assert [notice.message for notice in kept.shown()] == ["Gone."]
    other.drop_all()
    assert [notice.message for notice in kept.shown("1")] == ["Discard?", "Gone."]
    assert [notice.message for notice in kept.shown("2")] == ["Gone."]
