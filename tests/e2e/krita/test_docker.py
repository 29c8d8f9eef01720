"""The docker and what it controls, in the real Krita with the real server: what an artist does, and what goes wrong."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.krita import Krita, Profile, StartKrita
from tests.e2e.editors.server import ServerHome
from tests.e2e.krita.docker import DRAG_S, Docker

SIDE = 256
"""Of the document: the model's 128 px, twice."""
SCALE = SIDE / 128
CHIN, BELOW, FAR_BELOW = (64, 109), (64, 113), (64, 126)
EAR = (40, 60)
_LAYERS = "[each['name'] for each in node_tree() if each['type'] == 'paintlayer']"


@pytest.fixture
def docker(krita: Krita) -> Docker:
    """With a document open, and nothing that an earlier test has left in the docker."""
    krita.run("new_document(side, side)", side=SIDE)
    docker = Docker(krita)
    docker.settled(DRAG_S)
    return docker


def pull(krita: Krita, start: tuple[int, int], end: tuple[int, int]) -> None:
    krita.pointer.drag(*(krita.canvas_point(x * SCALE, y * SCALE) for x, y in (start, end)))


def pin(krita: Krita, place: tuple[int, int]) -> None:
    krita.pointer.click(krita.canvas_point(place[0] * SCALE, place[1] * SCALE))


def until_points(krita: Krita, count: int) -> None:
    krita.until(
        "(lambda found: found is not None and found.topLevelItemCount() == count)(find_widget(name='draggan_points'))",
        count=count,
    )


def ready_to_drag(krita: Krita, docker: Docker, seed: int = 4) -> str:
    """A portrait from a seed, the mode on; the layer's name."""
    name = docker.new_picture(seed)
    krita.run("app.action('zoom_to_fit').trigger()")
    docker.press("draggan_mode")
    krita.until("find_widget(name='draggan_mode').isChecked()")
    docker.settled()
    return name


def drag(krita: Krita, docker: Docker) -> None:
    docker.begin_drag()
    docker.settled(DRAG_S)


def layers(krita: Krita) -> list[str]:
    return list(krita.run(_LAYERS))


def answer(krita: Krita, docker: Docker, choice: str) -> None:
    docker.press(f"draggan_choice_{choice}")


def test_a_picture_from_a_seed_is_dragged_to_the_end_and_applied(krita: Krita, docker: Docker) -> None:
    name = ready_to_drag(krita, docker)
    pull(krita, CHIN, BELOW)
    until_points(krita, 1)
    before = krita.projection()
    drag(krita, docker)
    assert docker.history() == (1, 1)
    assert np.array_equal(krita.projection(), before), "before Apply the document is as it was"
    docker.press("draggan_apply")
    krita.until(f"len({_LAYERS}) == 3")
    docker.settled()
    assert layers(krita) == [f"{name} – dragged", name, "Background"]
    assert not np.array_equal(krita.projection(), before)
    assert not docker.can("draggan_apply"), "what is in the document cannot be applied twice"
    records = krita.run("[name for name in document().annotationTypes() if name.startswith('draggan/')]")
    assert len(records) == 2, "both layers know their edit"


def test_undo_of_an_applied_edit_gives_it_back_to_be_applied_again(krita: Krita, docker: Docker) -> None:
    name = ready_to_drag(krita, docker)
    pull(krita, CHIN, BELOW)
    drag(krita, docker)
    docker.press("draggan_apply")
    krita.until(f"len({_LAYERS}) == 3")
    docker.settled()
    krita.run("app.action('edit_undo').trigger()")
    krita.until(f"len({_LAYERS}) == 2")
    docker.wait_for("draggan_history")
    assert docker.history() == (1, 1)
    assert docker.text("draggan_layer") == f"On layer “{name}”"
    docker.settled()
    docker.press("draggan_apply")
    krita.until(f"len({_LAYERS}) == 3")
    docker.settled()
    assert docker.text("draggan_layer") == f"On layer “{name} – dragged”"


def test_stop_midway_keeps_what_was_reached_and_seek_goes_back(krita: Krita, docker: Docker) -> None:
    ready_to_drag(krita, docker)
    pull(krita, CHIN, FAR_BELOW)
    docker.begin_drag()
    krita.until(_STEPS, DRAG_S, every_s=0.01)
    krita.run("find_widget(name='draggan_run').click()")
    docker.settled(DRAG_S)
    assert docker.history() == (1, 1)
    assert "Stopped" in docker.text("draggan_progress_detail")
    docker.press("draggan_undo")
    docker.settled()
    assert docker.history() == (0, 1)
    assert not docker.can("draggan_apply"), "at the beginning there is nothing to apply"
    docker.press("draggan_redo")
    docker.settled()
    assert docker.history() == (1, 1)
    assert docker.can("draggan_apply")


def test_discard_asks_once_and_drops_what_is_not_applied(krita: Krita, docker: Docker) -> None:
    ready_to_drag(krita, docker)
    before = krita.projection()
    pull(krita, CHIN, BELOW)
    drag(krita, docker)
    docker.press("draggan_discard")
    docker.wait_for("draggan_choice_keep")
    answer(krita, docker, "keep")
    krita.until("find_widget(name='draggan_choice_keep') is None")
    assert docker.history() == (1, 1)
    docker.press("draggan_discard")
    answer(krita, docker, "discard")
    krita.until("find_widget(name='draggan_history') is None")
    docker.settled()
    assert krita.run("find_widget(name='draggan_points') is None"), "the points are gone as well"
    assert np.array_equal(krita.projection(), before)
    assert len(layers(krita)) == 2
    pull(krita, CHIN, BELOW)
    until_points(krita, 1)
    drag(krita, docker)
    assert docker.history() == (1, 1), "and one can begin again at once"


def test_points_are_removed_by_the_list(krita: Krita, docker: Docker) -> None:
    ready_to_drag(krita, docker)
    pin(krita, EAR)
    pull(krita, CHIN, BELOW)
    until_points(krita, 2)
    krita.run("tree = find_widget(name='draggan_points'); tree.topLevelItem(1).setSelected(False)")
    krita.run("tree = find_widget(name='draggan_points'); tree.topLevelItem(0).setSelected(True)")
    docker.press("draggan_remove_points")
    until_points(krita, 1)
    assert krita.run("find_widget(name='draggan_points').topLevelItem(0).text(1)") == "pulled"
    docker.press("draggan_clear_points")
    krita.until("find_widget(name='draggan_points') is None")
    assert not docker.can("draggan_run")


def test_without_a_document_a_new_picture_makes_one(krita: Krita) -> None:
    docker = Docker(krita)
    assert not docker.can("draggan_mode")
    docker.new_picture(7)
    assert krita.run("[document().width(), document().height()]") == [512, 512]
    portrait = krita.projection()[..., :3]
    assert portrait.std() > 20


def test_a_new_picture_goes_into_the_selection(krita: Krita, docker: Docker) -> None:
    krita.run("""
        selection = Selection()
        selection.select(100, 40, 120, 160, 255)
        document().setSelection(selection)
    """)
    name = docker.new_picture(5)
    assert krita.run("[f for f in node_tree() if f['name'] == name][0]['bounds']", name=name) == [100, 60, 120, 120]


def test_a_painted_layer_is_opened_by_looking_for_it_in_the_model(krita: Krita, docker: Docker) -> None:
    paint_portrait(krita)
    krita.run("app.action('zoom_to_fit').trigger()")
    docker.press("draggan_mode")
    krita.until("find_widget(name='draggan_mode').isChecked()")
    docker.find_a_little()
    pull(krita, CHIN, BELOW)
    until_points(krita, 1)
    before = krita.projection()
    drag(krita, docker)
    assert docker.history() == (1, 1)
    docker.press("draggan_apply")
    krita.until(f"len({_LAYERS}) == 3")
    docker.settled()
    assert layers(krita)[0] == "Painted – dragged"
    assert not np.array_equal(krita.projection(), before)


def test_a_layer_painted_on_after_apply_is_asked_about(krita: Krita, docker: Docker) -> None:
    ready_to_drag(krita, docker)
    pull(krita, CHIN, BELOW)
    drag(krita, docker)
    docker.press("draggan_apply")
    krita.until(f"len({_LAYERS}) == 3")
    docker.settled()
    docker.press("draggan_mode")
    krita.until("not find_widget(name='draggan_mode').isChecked()")
    krita.run("document().activeNode().setPixelData(bytes(4 * 20 * 20), 120, 200, 20, 20)")
    time.sleep(1)
    assert docker.notices() == [], "nobody is asked while painting"
    docker.press("draggan_mode")
    docker.wait_for("draggan_choice_edit")
    answer(krita, docker, "edit")
    krita.until("find_widget(name='draggan_points') is not None")
    pull(krita, EAR, (EAR[0] + 4, EAR[1]))
    drag(krita, docker)
    assert docker.history() == (1, 1)


def test_another_layer_is_chosen_while_points_wait(krita: Krita, docker: Docker) -> None:
    name = ready_to_drag(krita, docker)
    pull(krita, CHIN, BELOW)
    until_points(krita, 1)
    krita.run("document().setActiveNode(node('Background'))")
    docker.wait_for("draggan_choice_back")
    answer(krita, docker, "back")
    krita.until("document().activeNode().name() == name", name=name)
    krita.run("document().setActiveNode(node('Background'))")
    answer(krita, docker, "here")
    krita.until("find_widget(name='draggan_layer').text() == 'On layer “Background”'")
    krita.until("find_widget(name='draggan_points') is None")


def test_a_hidden_layer_is_refused_in_words(krita: Krita, docker: Docker) -> None:
    krita.run("document().activeNode().setVisible(False)")
    docker.press("draggan_mode")
    krita.until(_SAYS, words="is hidden")
    assert not krita.run("find_widget(name='draggan_mode').isChecked()")
    docker.press("draggan_notice_close")
    krita.until("find_widget(name='draggan_notice_close') is None")


def test_the_layer_is_deleted_mid_drag(krita: Krita, docker: Docker) -> None:
    name = ready_to_drag(krita, docker)
    pull(krita, CHIN, FAR_BELOW)
    docker.begin_drag()
    krita.run("node(name).remove()", name=name)
    krita.until(_SAYS, words="was deleted")
    krita.until("find_widget(name='draggan_run').text() == 'Start'")
    assert not docker.can("draggan_run")
    krita.run("app.action('edit_undo').trigger()")
    krita.until(f"len({_LAYERS}) == 2")
    krita.until("find_widget(name='draggan_notice_close') is None")
    docker.settled()
    assert docker.can("draggan_run")


def test_the_document_is_closed_mid_drag(krita: Krita, docker: Docker) -> None:
    ready_to_drag(krita, docker)
    pull(krita, CHIN, FAR_BELOW)
    docker.begin_drag()
    krita.run("close_documents()")
    krita.run("new_document(side, side)", side=SIDE)
    docker.wait_for("draggan_mode")
    docker.settled()
    assert not krita.run("find_widget(name='draggan_mode').isChecked()")
    assert krita.run("find_widget(name='draggan_layer') is None")
    assert docker.notices() == []
    ready_to_drag(krita, docker)
    pull(krita, CHIN, BELOW)
    drag(krita, docker)
    assert docker.history() == (1, 1)


def test_the_server_is_killed_mid_drag_and_the_drag_goes_on(krita: Krita, docker: Docker, server: ServerHome) -> None:
    ready_to_drag(krita, docker)
    pull(krita, EAR, (EAR[0] + 2, EAR[1]))
    drag(krita, docker)
    pull(krita, CHIN, FAR_BELOW)
    docker.begin_drag()
    krita.until(_STEPS, DRAG_S, every_s=0.01)
    server.kill()
    krita.until(_SAYS, words="ended or")
    docker.settled(DRAG_S)
    assert docker.history() == (1, 1), "the finished drag is still there"
    docker.press("draggan_server_start", 120)
    krita.until("'ready' in find_widget(name='draggan_server_text').text()", 120)
    drag(krita, docker)
    assert docker.history() == (2, 2)


def test_settings_are_kept_and_can_be_made_automatic_again(krita: Krita, docker: Docker) -> None:
    docker.press("draggan_settings")
    docker.wait_for("draggan_setting_max_steps")
    assert krita.run("find_widget(name='draggan_setting_max_steps').text()") == "automatic"
    krita.run("find_widget(name='draggan_setting_max_steps').stepUp()")
    krita.until("find_widget(name='draggan_setting_max_steps').text() == '300 steps'")
    krita.run("find_widget(name='draggan_setting_max_steps').setValue(12)")
    ready_to_drag(krita, docker)
    pull(krita, CHIN, FAR_BELOW)
    drag(krita, docker)
    assert "limit" in docker.text("draggan_progress_detail")
    assert '"max_steps": 12' in krita.run("app.readSetting('draggan', 'options', '')")
    docker.press("draggan_settings_reset")
    krita.until("find_widget(name='draggan_setting_max_steps').text() == 'automatic'")
    docker.press("draggan_settings")


def test_diagnostics_are_copied(krita: Krita, docker: Docker) -> None:
    docker.press("draggan_diagnostics")
    krita.until(_SAYS, words="Copied")
    text = krita.run("QtWidgets.QApplication.clipboard().text()")
    assert "DragGAN diagnostics" in text and "Krita 5" in text


def test_it_quits_mid_drag(start_krita: StartKrita, krita_profile: Profile) -> None:
    krita = start_krita(profile=krita_profile)
    krita.run("new_document(side, side)", side=SIDE)
    docker = Docker(krita)
    ready_to_drag(krita, docker)
    pull(krita, CHIN, FAR_BELOW)
    docker.begin_drag()
    assert krita.quit() == 0
    assert "Traceback" not in krita.log()


def test_without_a_server_it_says_how_to_get_one(start_krita: StartKrita, desktop: Desktop, tmp_path: Path) -> None:
    profile = Profile.used_before(tmp_path / "home", desktop)
    profile.add_plugin(tmp_path / "nothing")
    krita = start_krita(profile=profile)
    docker = Docker(krita)
    krita.until(_SAYS, words="install/install.py")
    desktop.screenshot("krita-no-server")
    docker.press("draggan_new_picture")
    time.sleep(0.5)
    assert docker.can("draggan_new_picture"), "it does not wait for what cannot come"
    assert krita.quit() == 0
    assert "Traceback" not in krita.log()


def test_shortcuts_are_ours_alone_and_also_without_the_action_file(
    start_krita: StartKrita, desktop: Desktop, tmp_path: Path, server: ServerHome
) -> None:
    profile = Profile.used_before(tmp_path / "home", desktop)
    profile.add_plugin(server.home.folder)
    for file in (profile.plugins.parent / "actions").glob("draggan*"):
        file.unlink()
    krita = start_krita(profile=profile)
    found = krita.run("""
        return [[action.objectName(), action.text(), [chord.toString() for chord in action.shortcuts()]]
                for action in app.actions()]
    """)
    ours = {name: (text, chords) for name, text, chords in found if name.startswith("draggan_") and chords}
    assert len(ours) == 6
    assert ours["draggan_run"] == ("Start or stop dragging", ["Ctrl+Alt+B"])
    taken = [chord for name, _, chords in found if name not in ours for chord in chords]
    assert not [chord for _, chords in ours.values() for chord in chords if chord in taken]


_SAYS = """
shown = [widget for widget in QtWidgets.QApplication.allWidgets() if widget.isVisible()]
cards = [widget for widget in shown if widget.objectName().startswith("draggan_notice_")]
return any(words in label.text() for card in cards for label in card.findChildren(QtWidgets.QLabel))
"""


def paint_portrait(krita: Krita) -> None:
    """Something like a portrait, that no seed has made: a disc of skin on a plain ground, with two eyes."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    picture = np.full((SIDE, SIDE, 4), (150, 110, 110, 255), np.uint8)
    for cx, cy, rx, ry, colour in (
        (0.5, 0.5, 0.24, 0.34, (150, 185, 230)),
        (0.5, 0.18, 0.27, 0.13, (30, 60, 100)),
        (0.38, 0.46, 0.05, 0.03, (40, 30, 30)),
        (0.62, 0.46, 0.05, 0.03, (40, 30, 30)),
        (0.5, 0.72, 0.1, 0.03, (90, 80, 200)),
    ):
        picture[((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1, :3] = colour
    krita.run("paint_layer('Painted', side, side, pixels)", side=SIDE, pixels=picture.tobytes())


def test_the_layer_is_moved_and_its_edit_goes_along(krita: Krita, docker: Docker) -> None:
    name = ready_to_drag(krita, docker)
    pull(krita, CHIN, BELOW)
    drag(krita, docker)
    krita.run("node(name).move(10, -6)", name=name)
    docker.wait_for("draggan_history")
    docker.settled(DRAG_S)
    assert docker.history() == (1, 1), "the drag is still there"
    frame = krita.run("import draggan.extension as e; f = e.the_controller()._edits[-1].frame; [f.x, f.y, f.size]")
    assert frame == [10, -6, SIDE]
    docker.press("draggan_apply")
    krita.until(f"len({_LAYERS}) == 3")
    docker.settled()
    assert not krita.layer(f"{name} – dragged")[:, :10, 3].any(), "left of the layer there is nothing to drag"


def test_the_picture_is_cropped_with_a_drag_waiting(krita: Krita, docker: Docker) -> None:
    ready_to_drag(krita, docker)
    pull(krita, CHIN, BELOW)
    drag(krita, docker)
    krita.run("document().resizeImage(30, 20, 200, 200)")
    krita.until(_SAYS, words="cropped, scaled or turned")
    assert not docker.can("draggan_apply")
    krita.run("app.action('edit_undo').trigger()")
    krita.until("find_widget(name='draggan_notice_close') is None")
    docker.settled()
    assert docker.history() == (1, 1)
    assert docker.can("draggan_apply"), "all is as it was"
    krita.run("document().resizeImage(30, 20, 200, 200)")
    krita.until(_SAYS, words="cropped, scaled or turned")
    docker.press("draggan_discard")
    answer(krita, docker, "discard")
    docker.settled()
    assert docker.notices() == []
    pin(krita, EAR)
    until_points(krita, 1)


def test_each_document_has_an_edit_and_a_mode_of_its_own(krita: Krita, docker: Docker) -> None:
    first = ready_to_drag(krita, docker)
    pull(krita, CHIN, BELOW)
    until_points(krita, 1)
    krita.run("new_document(side, side)", side=SIDE)
    krita.until("find_widget(name='draggan_layer') is None")
    assert not krita.run("find_widget(name='draggan_mode').isChecked()"), "nobody asked for it here"
    krita.run("""
        area = window().qwindow().findChild(QtWidgets.QMdiArea)
        area.setActiveSubWindow(area.subWindowList()[0])
    """)
    krita.until("find_widget(name='draggan_mode').isChecked()")
    until_points(krita, 1)
    assert docker.text("draggan_layer") == f"On layer “{first}”"
    drag(krita, docker)
    assert docker.history() == (1, 1)


def test_a_drag_goes_on_above_what_was_applied(krita: Krita, docker: Docker) -> None:
    name = ready_to_drag(krita, docker)
    for number, place in enumerate((CHIN, EAR), 1):
        pull(krita, place, (place[0] + 1, place[1] + 4))
        drag(krita, docker)
        docker.press("draggan_apply")
        krita.until(f"len({_LAYERS}) == count", count=2 + number)
        docker.settled()
    assert layers(krita)[-2:] == [name, "Background"]
    assert docker.history() == (0, 0)
    krita.run("app.action('edit_undo').trigger()")
    krita.until(f"len({_LAYERS}) == 3")
    docker.wait_for("draggan_history")
    docker.settled()
    assert docker.history() == (1, 1), "only the last one is to be applied again"


def test_redo_after_another_way_was_taken_shows_what_the_layer_holds(krita: Krita, docker: Docker) -> None:
    ready_to_drag(krita, docker)
    pull(krita, CHIN, BELOW)
    drag(krita, docker)
    docker.press("draggan_apply")
    krita.until(f"len({_LAYERS}) == 3")
    docker.settled()
    krita.run("app.action('edit_undo').trigger()")
    krita.until(f"len({_LAYERS}) == 2")
    docker.wait_for("draggan_history")
    docker.settled()
    docker.press("draggan_undo")
    docker.settled()
    pull(krita, EAR, (EAR[0] + 4, EAR[1]))
    drag(krita, docker)
    assert docker.history() == (1, 1)
    krita.run("app.action('edit_redo').trigger()")
    krita.until(f"len({_LAYERS}) == 3")
    krita.until("'dragged' in find_widget(name='draggan_layer').text()")
    docker.settled()
    assert docker.history() == (0, 0), "the layer's own drag is in the document"
    pull(krita, EAR, (EAR[0] + 4, EAR[1] + 2))
    drag(krita, docker)
    assert docker.history() == (1, 1)
    assert docker.notices() == []


def test_the_layer_is_taken_as_it_is_after_it_was_painted_on(krita: Krita, docker: Docker) -> None:
    ready_to_drag(krita, docker)
    pull(krita, CHIN, BELOW)
    drag(krita, docker)
    docker.press("draggan_discard")
    answer(krita, docker, "discard")
    docker.settled()
    docker.press("draggan_mode")
    krita.run("document().activeNode().setPixelData(bytes(4 * 20 * 20), 120, 200, 20, 20)")
    docker.press("draggan_mode")
    docker.wait_for("draggan_choice_layer")
    answer(krita, docker, "layer")
    krita.until("find_widget(name='draggan_mode').isChecked()")
    docker.find_a_little()
    pin(krita, EAR)
    pull(krita, CHIN, BELOW)
    drag(krita, docker)
    assert docker.history() == (1, 1)


_STEPS = "(lambda found: found is not None and 'Step' in found.text())(find_widget(name='draggan_progress'))"
