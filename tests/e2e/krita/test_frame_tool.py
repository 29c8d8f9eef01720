"""The frame on the canvas of the real Krita, pulled by a real pointer and by keys. The canvas part alone."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.e2e.editors.pointer import Place
from tests.e2e.krita.test_canvas import Stage, started

_CHOOSE = """
from draggan.canvas.frame_marks import knob_distance
from draggan.draggan_client import frames
from draggan.draggan_client.frame_choice import FrameChoice
from draggan.draggan_client.messages import AlignmentPoint
kept.update(frames=frames, knob_distance=knob_distance, AlignmentPoint=AlignmentPoint)
choice = kept["choice"] = FrameChoice(kept["Frame"](160, 80, 320))
mode = kept["mode"]
mode.frame_accepted.connect(lambda spot: told.append("accepted" if spot is None else f"clicked {spot.x:.0f}"))
mode.frame_refused.connect(lambda error: told.append(error.message))
mode.choose_frame(choice)
"""


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with started(tmp_path_factory.mktemp("frames")) as stage:
        yield stage


@pytest.fixture
def stage(plain: Stage) -> Iterator[Stage]:
    """With the mode on and a frame of 320 px in the middle of 640 x 480, being chosen."""
    plain.open_squares()
    plain.look(1.0)
    plain.enter()
    plain.run("told = kept['told']\n" + _CHOOSE)
    yield plain
    plain.run("kept.pop('mode').leave(); QtWidgets.QApplication.processEvents()")
    plain.run("close_documents()")


def frame(stage: Stage) -> list[float]:
    """x, y, size, angle."""
    return list(stage.run("f = kept['choice'].frame; return [f.x, f.y, f.size, f.angle]"))


def middle(stage: Stage) -> list[float]:
    return list(stage.run("c = kept['frames'].centre(kept['choice'].frame); return [c.x, c.y]"))


def knob(stage: Stage) -> Place:
    x, y = stage.run("""
        mapping = kept["Mapping"].of(view())
        frame, area = kept["choice"].frame, QtCore.QRectF(canvas().rect())
        spot = kept["frames"].knob(frame, kept["knob_distance"](frame, mapping, area))
        return [spot.x, spot.y]
    """)
    return stage.at(x, y)


def near(found: Any, wanted: Any, px: float = 1.5) -> bool:
    return math.dist(found, wanted) <= px


def test_it_is_moved_sized_and_turned_and_the_document_knows_nothing_of_it(stage: Stage) -> None:
    before = stage.document()
    stage.pointer.drag(stage.at(300, 200), stage.at(340, 180))
    assert near(frame(stage), [200, 60, 320, 0])
    stage.pointer.drag(stage.at(200, 60), stage.at(240, 100))
    assert near(frame(stage), [240, 100, 280, 0]), "the opposite corner stays"
    was = middle(stage)
    grip = knob(stage)
    with stage.pointer.holding("shift"):
        stage.pointer.drag(grip, Place(grip.x + 90, grip.y + 20))
    assert frame(stage)[3] == pytest.approx(30.0), "by steps of 15 degrees"
    assert near(middle(stage), was)
    stage.screen("frame-turned")
    stage.pointer.key("ctrl+z")
    assert near(frame(stage), [240, 100, 280, 0])
    stage.pointer.key("ctrl+shift+z", "ctrl+z", "ctrl+z", "ctrl+z")
    assert frame(stage) == [160, 80, 320, 0]
    assert stage.document() == before


def test_on_a_turned_and_mirrored_canvas(stage: Stage) -> None:
    stage.look(0.8, rotation=33.0, mirror=True)
    pixel = stage.pixel()
    stage.pointer.drag(stage.at(300, 200), stage.at(340, 180))
    assert near(frame(stage), [200, 60, 320, 0], 3 * pixel)
    was = middle(stage)
    target = stage.at(was[0] + 200, was[1])
    stage.pointer.drag(knob(stage), target)
    assert frame(stage)[3] == pytest.approx(90.0, abs=1.0), "the knob is where the pointer is"
    assert near(middle(stage), was)


def test_the_knob_is_inside_where_there_is_no_room_above(stage: Stage) -> None:
    stage.look(1.5)
    x, y = stage.run(
        "area = canvas().rect(); s = kept['Mapping'].of(view()).document(QtCore.QPointF(area.width() / 2, 0));"
        "return [s.x, s.y]"
    )
    stage.run("kept['choice'].set(kept['Frame'](x - 100, y - 5, 200))", x=x, y=y)
    was = middle(stage)
    grip = knob(stage)
    stage.pointer.drag(grip, stage.at(was[0] + 80, was[1]))
    assert frame(stage)[3] == pytest.approx(90.0, abs=2.0)


def test_outside_a_new_one_is_drawn(stage: Stage) -> None:
    stage.pointer.drag(stage.at(20, 20), stage.at(140, 90))
    assert near(frame(stage), [20, 20, 120, 0], 2.5)


def test_by_keys(stage: Stage) -> None:
    stage.pointer.key("Right", "Up", "shift+Left", "Down", "Down")
    assert near(frame(stage), [151, 81, 320, 0], 0.01)
    stage.pointer.key("plus")
    assert frame(stage)[2] == pytest.approx(320 * 1.02)
    stage.pointer.key("minus", "minus")
    assert frame(stage)[2] == pytest.approx(320 / 1.02)
    before = stage.document()
    stage.pointer.key("Delete", "BackSpace")
    assert stage.document() == before, "Krita clears nothing"


def test_enter_or_a_click_inside_accepts_it(stage: Stage) -> None:
    stage.pointer.click(stage.at(250, 200))
    assert stage.told()[-1] == "clicked 250"
    stage.pointer.key("Return")
    assert stage.told()[-1] == "accepted"
    assert frame(stage) == [160, 80, 320, 0]
    stage.pointer.drag(stage.at(300, 200), stage.at(310, 200))
    assert "accepted" not in stage.told(), "pulled, it is moved"
    assert stage.pairs() == [], "no point was put"


def test_escape_ends_a_pull_then_the_mode(stage: Stage) -> None:
    stage.pointer.move(stage.at(300, 200))
    stage.pointer.press()
    stage.pointer.glide(stage.at(300, 200), stage.at(380, 200))
    stage.pointer.key("Escape")
    stage.pointer.release()
    assert frame(stage) == [160, 80, 320, 0]
    assert stage.run("kept['mode'].is_on")
    stage.pointer.key("Escape")
    assert not stage.run("kept['mode'].is_on")


def test_clicks_on_landmarks_make_the_frame(stage: Stage) -> None:
    stage.run("""
        point, frames = kept["AlignmentPoint"], kept["frames"]
        kept["face"] = (point("eye_left", 0.4, 0.4), point("eye_right", 0.6, 0.4), point("mouth", 0.5, 0.7))
        kept["choice"].ask(kept["face"])
        aim = kept["aim"] = frames.placed(kept["Spot"](330, 250), 260, 20)
    """)
    places = stage.run("[(s.x, s.y) for s in (kept['frames'].at(kept['aim'], p.x, p.y) for p in kept['face'])]")
    for number, place in enumerate(places):
        assert stage.run("kept['choice'].wanted.name") == ("eye_left", "eye_right", "mouth")[number]
        stage.pointer.click(stage.at(*place))
    found = frame(stage)
    assert near(middle(stage), (330, 250), 3)
    assert found[2] == pytest.approx(260, abs=6) and found[3] == pytest.approx(20, abs=2)
    assert stage.run("kept['choice'].wanted is None")
    stage.run("kept['choice'].ask(kept['face'])")
    for _ in range(3):
        stage.pointer.click(stage.at(300, 300))
    assert any("one spot" in words for words in stage.told())


def test_the_cursor_says_what_a_pull_would_do(stage: Stage) -> None:
    def shape(place: Place) -> int:
        stage.pointer.move(place)
        return int(stage.run("int(canvas().cursor().shape())"))

    def named(name: str) -> int:
        return int(stage.run("int(getattr(QtCore.Qt.CursorShape, name))", name=name))

    assert shape(stage.at(300, 200)) == named("SizeAllCursor")
    assert shape(stage.at(160, 80)) == named("SizeFDiagCursor")
    assert shape(stage.at(480, 80)) == named("SizeBDiagCursor")
    assert shape(knob(stage)) == named("BitmapCursor")
    assert shape(stage.at(40, 40)) == named("CrossCursor")


def test_what_lies_over_a_turned_frame_is_turned_with_it(stage: Stage) -> None:
    """A picture with four differently coloured quarters: each is seen in its own corner."""
    stage.run("""
        picture = QtGui.QImage(2, 2, QtGui.QImage.Format.Format_RGB32)
        for x, y, colour in ((0, 0, "#ff0000"), (1, 0, "#00ff00"), (1, 1, "#0000ff"), (0, 1, "#ffff00")):
            picture.setPixelColor(x, y, QtGui.QColor(colour))
        picture = picture.scaled(64, 64)
        frame = kept["placed"] = kept["frames"].placed(kept["Spot"](320, 240), 200, 120)
        kept["mode"].show_frame(frame)
        kept["mode"].choose_frame(None)
        kept["mode"].show_preview(picture, frame)
    """)
    stage.pointer.move(Place(2, 2))
    stage.settle()
    screen = stage.screen("frame-picture")
    colours = []
    for across, down in ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)):
        x, y = stage.run("s = kept['frames'].at(kept['placed'], a, d); return [s.x, s.y]", a=across, d=down)
        place = stage.at(x, y)
        colours.append(tuple(np.round(screen[round(place.y), round(place.x)] / 255).astype(int)))
    assert colours == [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0)]
    stage.pointer.click(stage.at(320, 240))
    time.sleep(0.1)
    assert len(stage.pairs()) == 1
    stage.pointer.drag(stage.at(320, 240), stage.at(520, 240))
    target = stage.pairs()[0][2]
    assert stage.run("kept['frames'].contains(kept['placed'], kept['Spot'](x, y))", x=target[0], y=target[1]), (
        "points stay inside a turned frame"
    )
