"""An artist's first afternoon: a portrait from a seed, dragged, applied, undone, saved, and dragged on next day.

In the real Krita, with the real server and the bundled model, by a real pointer on the real canvas.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.krita import Krita, Profile, StartKrita, pixels
from tests.e2e.editors.pointer import Place
from tests.e2e.krita.docker import DRAG_S, Docker

WIDTH, HEIGHT = 640, 480
SEED = 4
FRAME_LEFT, FRAME_TOP, FRAME_SIDE = 80, 0, 480
"""The largest square in the middle of the document: the portrait lies there."""
RESOLUTION = 128
"""Of the bundled model."""
SELECTED = (150, 40, 340, 420)
FEATHER = 12

CHIN, FAR_BELOW, A_LITTLE_BELOW = (64, 109), (64, 126), (64, 114)
HAIR, ABOVE = (64, 17), (64, 11)
LEFT_EYE = (47, 60)
"""Places in the portrait, in the model's pixels."""

_LAYERS = "[each['name'] for each in node_tree() if each['type'] == 'paintlayer']"


@pytest.fixture
def story(start_krita: StartKrita, krita_profile: Profile) -> Krita:
    krita = start_krita(profile=krita_profile)
    krita.run("new_document(width, height)", width=WIDTH, height=HEIGHT)
    return krita


def test_drag_apply_undo_save_and_drag_on(
    story: Krita, desktop: Desktop, start_krita: StartKrita, krita_profile: Profile, tmp_path: Path
) -> None:
    krita = story
    docker = Docker(krita)
    source = docker.new_picture(SEED)
    select_softly(krita)
    turn_canvas(krita)
    before = krita.projection()
    steps_before = undo_steps(krita)
    portrait = before[FRAME_TOP : FRAME_TOP + FRAME_SIDE, FRAME_LEFT : FRAME_LEFT + FRAME_SIDE, :3]
    assert portrait.std() > 20, "the portrait is in the document"

    place_points(krita, docker)
    desktop.screenshot("krita-1-points")

    docker.watch_previews()
    drag_and_stop_midway(krita, docker, desktop)
    assert docker.history() == (1, 1)
    assert "topped" in docker.text("draggan_progress_detail")
    after_first = canvas_picture(krita)

    bring_target_nearer(krita)
    docker.press("draggan_run")
    docker.settled(DRAG_S)
    desktop.screenshot("krita-3-finished")
    assert docker.history() == (2, 2)
    assert "topped" not in docker.text("draggan_progress_detail")
    assert docker.previews() >= 3
    after_second = canvas_picture(krita)
    assert differ(after_first, after_second)

    docker.press("draggan_undo")
    docker.settled()
    assert docker.history() == (1, 2)
    assert not differ(canvas_picture(krita), after_first), "the first drag's picture is seen again"
    docker.press("draggan_redo")
    docker.settled()
    assert docker.history() == (2, 2)

    assert np.array_equal(krita.projection(), before), "nothing was painted into the document"
    assert undo_steps(krita) == steps_before, "nothing was pushed on the undo stack"

    hover_canvas(krita)
    krita.pointer.key("Return")
    until_layers(krita, 3)
    docker.settled()
    result = layers(krita)[0]
    after = krita.projection()
    desktop.screenshot("krita-4-applied")
    only_the_selection_changed(krita, before, after)
    assert layers(krita) == [result, source, "Background"]

    krita.pointer.key("Escape")
    krita.until("not find_widget(name='draggan_mode').isChecked()")
    krita.pointer.key("ctrl+z")
    until_layers(krita, 2)
    assert np.array_equal(krita.projection(), before)
    krita.pointer.key("ctrl+shift+z")
    until_layers(krita, 3)
    assert np.array_equal(krita.projection(), after)
    docker.settled()

    file = tmp_path / "portrait.kra"
    assert krita.run("document().setBatchmode(True); return document().saveAs(path)", path=str(file))
    assert krita.quit() == 0
    assert "Traceback" not in krita.log()

    krita = start_krita(file, profile=krita_profile)
    krita.until("document() is not None")
    until_layers(krita, 3)
    docker = Docker(krita)
    assert np.array_equal(krita.projection(), after)
    turn_canvas(krita)
    krita.run("document().setActiveNode(node(name))", name=result)
    docker.press("draggan_mode")
    docker.settled(DRAG_S)
    krita.until("find_widget(name='draggan_points').topLevelItemCount() == 3")
    pull(krita, LEFT_EYE, (LEFT_EYE[0], LEFT_EYE[1] - 4))
    docker.press("draggan_run")
    docker.settled(DRAG_S)
    desktop.screenshot("krita-5-dragged-on")
    assert docker.history() == (1, 1), "what was applied is not counted again"
    docker.press("draggan_apply")
    until_layers(krita, 4)
    docker.settled()
    only_the_selection_changed(krita, after, krita.projection())
    assert krita.quit() == 0
    assert "Traceback" not in krita.log()


def layers(krita: Krita) -> list[str]:
    """Of paint layers the names, from the top. The selection is in Krita's tree as well."""
    return list(krita.run(_LAYERS))


def until_layers(krita: Krita, count: int) -> None:
    krita.until(f"len({_LAYERS}) == {count}")


def select_softly(krita: Krita) -> None:
    krita.run(
        """
        selection = Selection()
        selection.select(left, top, width, height, 255)
        selection.feather(feather)
        document().setSelection(selection)
        """,
        **dict(zip(("left", "top", "width", "height"), SELECTED, strict=True)),
        feather=FEATHER,
    )


def selection(krita: Krita) -> np.ndarray:
    """[H, W], 255 where all may change."""
    sent = krita.run("bytes(document().selection().pixelData(0, 0, w, h))", w=WIDTH, h=HEIGHT)
    return np.frombuffer(sent, np.uint8).reshape(HEIGHT, WIDTH)


def turn_canvas(krita: Krita) -> None:
    krita.run("view().canvas().setRotation(20); view().canvas().setZoomLevel(1.05)")


def undo_steps(krita: Krita) -> list[str]:
    """What undo would undo, as Krita's menu says it."""
    return list(krita.run("[app.action('edit_undo').text(), app.action('edit_undo').isEnabled()]"))


def on_canvas(krita: Krita, place: tuple[int, int]) -> Place:
    """Where a place of the model's picture is on the screen."""
    scale = FRAME_SIDE / RESOLUTION
    return krita.canvas_point(FRAME_LEFT + place[0] * scale, FRAME_TOP + place[1] * scale)


def pull(krita: Krita, start: tuple[int, int], end: tuple[int, int]) -> None:
    krita.pointer.drag(on_canvas(krita, start), on_canvas(krita, end))


def place_points(krita: Krita, docker: Docker) -> None:
    docker.press("draggan_mode")
    krita.until("find_widget(name='draggan_mode').isChecked()")
    docker.settled(DRAG_S)
    pull(krita, CHIN, FAR_BELOW)
    pull(krita, HAIR, ABOVE)
    krita.pointer.click(on_canvas(krita, LEFT_EYE))
    krita.until("find_widget(name='draggan_points').topLevelItemCount() == 3")


def drag_and_stop_midway(krita: Krita, docker: Docker, desktop: Desktop) -> None:
    docker.begin_drag()
    krita.until("len(kept['previews']) > 1", DRAG_S)
    desktop.screenshot("krita-2-dragging")
    docker.press("draggan_run")
    docker.settled(DRAG_S)


def bring_target_nearer(krita: Krita) -> None:
    pull(krita, FAR_BELOW, A_LITTLE_BELOW)


def hover_canvas(krita: Krita) -> None:
    """The canvas has the keyboard where the pointer was last pressed on it."""
    krita.run("canvas().setFocus()")


def canvas_picture(krita: Krita) -> np.ndarray:
    """What the docker's preview shows: [H, W, 4]."""
    return pixels(krita.run("rgba(find_widget(name='draggan_preview').grab().toImage())"))


def differ(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape != other.shape or int(np.abs(one.astype(int) - other.astype(int)).max()) > 3


def only_the_selection_changed(krita: Krita, before: np.ndarray, after: np.ndarray) -> None:
    inside = selection(krita)
    changed = np.abs(after.astype(int) - before.astype(int)).max(axis=2)
    assert changed[inside == 0].max() == 0, "outside the selection not a bit is changed"
    assert (changed[inside == 255] > 16).mean() > 0.02, "inside it the picture has changed"
    soft = changed[(inside > 0) & (inside < 40)]
    assert soft.max() <= 48, "the edge is soft: little of the change is seen where little is selected"
