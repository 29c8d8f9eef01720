"""Drag Points under an artist's hands: the real GIMP, a real pointer, the real server."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.gimp import Gimp, Profile
from tests.e2e.editors.pointer import Place
from tests.e2e.editors.root import Root
from tests.e2e.editors.screen_reader import ScreenReader
from tests.e2e.editors.server import ServerHome
from tests.e2e.gimp.pictures import Change, picture, prepare, state_of
from tests.e2e.gimp.windows import Window

FACE = "kept['image'] = new_image(128, 128); kept['layer'] = face(kept['image'])\n"
SOFT = "select(kept['image'], 20, 30, 90, 96, feather=8)\n"
TREE = "layer_tree(kept['image'].get_layers())"


def test_the_whole_way(window: Window) -> None:
    """Pairs and a pin, dragged, stopped, dragged on, history, applied, undone and redone."""
    window.show(FACE + SOFT)
    dialog = window.open()
    before = window.gimp.run("composite(kept['image'])")
    dialog.pull(64, 108, 64, 118)
    dialog.pull(50, 56, 46, 52)
    dialog.pointer.click(dialog.place(80, 56))
    dialog.pointer.click(dialog.place(100, 100))
    window.pointer.key("ctrl+z")
    time.sleep(0.3)
    window.desktop.screenshot("gimp-1-points")
    dialog.begin_drag()
    window.desktop.screenshot("gimp-2-dragging")
    dialog.press("Stop")
    dialog.wait_until_says("Stopped. Press Start")
    dialog.press("Start")
    dialog.wait_until_dragged()
    assert dialog.says("drag 2 of 2")
    window.desktop.screenshot("gimp-3-dragged")

    slider = dialog.button("History", "slider")
    dialog.pointer.click(slider.place(0.5, 0.5))
    window.pointer.key("Left")
    dialog.wait_for("an earlier place in the history", lambda: not dialog.says("drag 2 of 2"))
    window.pointer.key("End")
    dialog.wait_until_says("drag 2 of 2")

    dialog.pointer.click(dialog.button("Before", "toggle button").middle)
    time.sleep(0.4)
    window.desktop.screenshot("gimp-4-before")
    dialog.pointer.click(dialog.button("Before", "toggle button").middle)
    dialog.press("Apply")
    dialog.wait_until_closed()
    result, source = window.gimp.run(TREE)
    assert (result["name"], source["name"], source["visible"]) == ("face dragged", "face", True)
    after, selection, record = window.gimp.run(
        "image = kept['image']; composite(image), selection(image), record(image.get_layers()[0])"
    )
    change = Change(
        picture(window.gimp, before, 128, 128),
        picture(window.gimp, after, 128, 128),
        np.frombuffer(selection, np.float32).reshape(128, 128),
    )
    change.check()
    state = state_of(record)
    assert (state.position, len(state.points)) == (2, 3), "the pin that was undone is not among them"
    window.desktop.screenshot("gimp-5-applied")

    window.undo()
    assert [layer["name"] for layer in window.gimp.run(TREE)] == ["face"]
    assert window.gimp.run("composite(kept['image'])") == before
    window.in_image("ctrl+y")
    assert window.gimp.run(TREE)[0] == result
    assert window.gimp.run("composite(kept['image'])") == after


def test_cancel_in_the_middle_leaves_the_image_as_it_was(window: Window, server: ServerHome) -> None:
    window.show(FACE)
    before = window.gimp.run("composite(kept['image'])")
    dialog = window.open()
    dialog.pull(64, 108, 64, 118)
    dialog.begin_drag()
    window.pointer.key("Escape")
    dialog.wait_until_closed()
    assert window.gimp.run("kept['image'].is_dirty()") is False
    assert window.gimp.run("composite(kept['image'])") == before
    dialog.wait_for("the server to be told", lambda: server.connection().hello().sessions == 0)


def test_gimps_own_keys_for_points(window: Window) -> None:
    """Shift moves the handle alone, Ctrl removes, Delete and Backspace, wheel, Space and the middle button."""
    window.show(FACE)
    dialog = window.open()
    dialog.pull(64, 108, 64, 118)
    dialog.pull(40, 60, 36, 56)
    dialog.pull(90, 60, 94, 56)
    with window.pointer.holding("ctrl"):
        dialog.pointer.click(dialog.place(40, 60))
    with window.pointer.holding("shift"):
        dialog.pull(64, 108, 64, 104)
    dialog.pull(90, 60, 88, 64)  # the handle itself
    dialog.pointer.click(dialog.place(20, 20))
    window.pointer.key("BackSpace")
    dialog.pull(64, 118, 66, 120)  # a target
    dialog.pointer.click(dialog.place(30, 30))
    window.pointer.key("Delete")
    spot = dialog.place(64, 64)
    dialog.pointer.wheel(3, spot)
    with window.pointer.holding("space"):
        dialog.pointer.drag(spot, dialog.place(60, 70))
    dialog.pointer.drag(dialog.place(60, 70), spot, button=2)
    dialog.pointer.wheel(-3, spot)
    dialog.press("Fit")
    window.desktop.screenshot("gimp-6-keys")
    dialog.press("Store as path")
    strokes = window.gimp.run(
        "[[round(n) for n in path.stroke_get_points(s).controlpoints] for path in kept['image'].get_paths() "
        "for s in path.get_strokes()]"
    )
    ends = [(*stroke[2:4], *stroke[8:10]) for stroke in strokes]
    due = [(64, 104, 66, 120), (88, 64, 94, 56)]
    assert np.abs(np.array(ends) - np.array(due)).max() <= 1, ends
    dialog.cancel()


def test_pairs_drawn_with_the_paths_tool(window: Window) -> None:
    """While the window is open: a stroke is drawn with GIMP's own tool, the path chosen, and drawn on."""
    window.show(FACE)
    dialog = window.open()
    dialog.move(down=610)
    image = window.reader.wait_for("frame")
    middle = image.place(0.48, 0.55)
    window.pointer.click(image.place(0.5, 0.012))
    window.pointer.key("b")
    time.sleep(0.5)
    window.pointer.click(middle)
    time.sleep(0.3)
    window.pointer.click(Place(middle.x + 12, middle.y - 9))
    window.gimp.until("[len(p.get_strokes()) for p in kept['image'].get_paths()] == [1]", timeout_s=60)
    window.desktop.screenshot("gimp-7-paths-tool")
    drawn = window.gimp.run(
        "path = kept['path'] = kept['image'].get_paths()[0]\n"
        "return [list(path.stroke_get_points(path.get_strokes()[0]).controlpoints), path.get_name()]"
    )
    (points, name) = drawn
    dialog.pointer.click(dialog.button("Points from a path", "combo box").middle)
    time.sleep(0.4)
    dialog.pointer.click(window.reader.wait_for("menu item", f"Path “{name}”").middle)
    dialog.wait_until_says("Press Start")
    window.gimp.run(
        "kept['path'].stroke_new_from_points(Gimp.PathStrokeType.BEZIER, [40, 60] * 3 + [36, 56] * 3, False)"
    )
    time.sleep(1)
    dialog.move(down=90)
    dialog.begin_drag()
    dialog.press("Stop")
    dialog.wait_until_dragged()
    dialog.press("Apply")
    dialog.wait_until_closed()
    first, second = state_of(window.gimp.run("record(kept['image'].get_layers()[0])")).points
    assert (first.target_x, first.target_y) == pytest.approx(tuple(points[8:10]), abs=0.01)
    assert (second.target_x, second.target_y) == (36, 56)


def test_points_of_a_path_outside_the_frame_are_said(window: Window) -> None:
    window.show(
        FACE + "path = Gimp.Path.new(kept['image'], 'far')\n"
        "path.stroke_new_from_points(Gimp.PathStrokeType.BEZIER, [60, 60] * 3 + [64, 64] * 3, False)\n"
        "path.stroke_new_from_points(Gimp.PathStrokeType.BEZIER, [60, 90] * 3 + [60, 190] * 3, False)\n"
        "kept['image'].insert_path(path, None, 0)\n"
    )
    dialog = window.open()
    dialog.pointer.click(dialog.button("Points from a path", "combo box").middle)
    time.sleep(0.4)
    dialog.pointer.click(window.reader.wait_for("menu item", "Path “far”").middle)
    dialog.wait_until_says("Point 2 lies outside the frame, where the model sees nothing.")
    assert not dialog.button("Start").enabled
    dialog.cancel()


def test_an_edit_is_gone_on_with_over_what_lies_below(window: Window) -> None:
    window.show(FACE + SOFT + "kept['first'] = drag(kept['image'], kept['layer'])\n")
    before = window.gimp.run("composite(kept['image'])")
    dialog = window.open()
    assert dialog.says("dragging goes on from it")
    dialog.pull(50, 56, 46, 50)
    window.desktop.screenshot("gimp-16-on")
    dialog.begin_drag()
    dialog.wait_until_dragged()
    dialog.press("Apply")
    dialog.wait_until_closed()
    after, selection = window.gimp.run("composite(kept['image']), selection(kept['image'])")
    Change(
        picture(window.gimp, before, 128, 128),
        picture(window.gimp, after, 128, 128),
        np.frombuffer(selection, np.float32).reshape(128, 128),
    ).check()
    assert len(window.gimp.run(TREE)) == 3


def test_what_happens_to_the_image_meanwhile(window: Window) -> None:
    window.show(
        FACE + "other = new_layer(kept['image'], 'other', 9, 9); kept['image'].lower_item(other)\n"
        "kept['image'].set_selected_layers([kept['layer']])\n"
    )
    dialog = window.open()
    window.gimp.run("l = kept['layer']; write(l, bytes(len(read(l)))); Gimp.displays_flush()")
    dialog.wait_until_says("The layer was changed")
    window.gimp.run(SOFT)
    window.gimp.run("kept['image'].remove_layer(kept['layer'])")
    dialog.wait_until_says("The layer was deleted.")
    window.desktop.screenshot("gimp-8-deleted")
    dialog.cancel()
    window.close_image()
    window.show(FACE)
    dialog = window.open()
    window.close_image()
    dialog.wait_until_says("The image was closed.")
    dialog.cancel()


def test_the_server_is_killed_in_the_middle(window: Window, server: ServerHome) -> None:
    window.show(FACE)
    dialog = window.open()
    dialog.pull(64, 108, 64, 118)
    dialog.begin_drag()
    server.kill()
    dialog.wait_until_says("The DragGAN server ended")
    window.desktop.screenshot("gimp-9-killed")
    dialog.begin_drag()
    dialog.wait_until_dragged()
    dialog.press("Apply")
    dialog.wait_until_closed()
    assert [layer["name"] for layer in window.gimp.run(TREE)] == ["face dragged", "face"]


def test_repeat_drags_without_the_window(window: Window) -> None:
    window.show(FACE)
    dialog = window.open()
    dialog.pull(64, 108, 64, 118)
    dialog.begin_drag()
    dialog.wait_until_dragged()
    dialog.press("Apply")
    dialog.wait_until_closed()
    window.menu("Filters", 'Repeat "Drag Points"')
    window.gimp.until("len(kept['image'].get_layers()) == 3", timeout_s=120)
    top = window.gimp.run(TREE)[0]
    assert top["name"].startswith("face dragged") and "draggan-edit" in top["parasites"]
    state = state_of(window.gimp.run("record(kept['image'].get_layers()[0])"))
    assert state.position == 2, "it went on from the layer that the first one made"


def test_settings_are_saved_and_loaded(window: Window) -> None:
    window.show(FACE)
    dialog = window.open()
    dialog.pointer.click(dialog.button("Settings", "toggle button").place(0.05, 0.5))
    time.sleep(0.5)
    check = dialog.button("Step limit: automatic", "check box")
    assert check.checked
    dialog.pointer.click(check.middle)
    spin = dialog.button("Step limit", "spin button")
    dialog.pointer.click(spin.place(0.2, 0.5), times=3)
    window.pointer.key("ctrl+a")
    window.pointer.type("3")
    window.pointer.key("Tab")
    window.desktop.screenshot("gimp-10-settings")
    dialog.press("Save Settings")
    window.pointer.key("ctrl+z")  # is no point edit while a number is typed
    dialog.pointer.click(dialog.button("Step limit: automatic", "check box").middle)
    dialog.press("Load Saved Settings")
    time.sleep(0.4)
    assert not dialog.button("Step limit: automatic", "check box").checked
    dialog.pull(64, 108, 64, 118)
    dialog.press("Start")
    dialog.wait_until_says("The step limit was reached")
    dialog.press("Reset")
    time.sleep(0.4)
    window.desktop.screenshot("gimp-11-reset")
    window.pointer.key("Escape")
    dialog.press("Cancel")
    dialog.wait_until_closed()


def test_a_layer_that_was_painted_over_is_asked_about(window: Window) -> None:
    window.show(FACE + "l = kept['layer']; p = bytearray(read(l)); p[:400] = bytes(400); write(l, bytes(p))\n")
    dialog = window.open()
    dialog.wait_until_says("it was painted on since")
    window.desktop.screenshot("gimp-12-asked")
    assert not dialog.button("Use this frame").enabled
    dialog.press("Go on from the edit")
    dialog.wait_for("it is read", lambda: dialog.says("Press on a feature") or dialog.says("Pull a point"))
    dialog.pull(64, 108, 64, 118)
    dialog.begin_drag()
    dialog.cancel()


def test_a_picture_from_a_seed_and_the_diagnostics_need_no_image(window: Window) -> None:
    window.menu("File", "Create", "New Picture from Seed...")
    window.reader.wait_for("button", "Create")
    seed = window.reader.wait_for("spin button", "Seed")
    window.pointer.click(seed.place(0.2, 0.5), times=3)
    window.pointer.key("ctrl+a")
    window.pointer.type("12")
    window.pointer.key("Tab")
    window.until(lambda: window.reader.wait_for("button", "Create").enabled, "Create to be enabled")
    time.sleep(1)
    window.desktop.screenshot("gimp-13-seed")
    window.pointer.click(window.reader.wait_for("button", "Create").middle)
    window.wait_until_created("Seed 12")
    window.gimp.run("kept['image'], = Gimp.get_images()")
    time.sleep(1)
    dialog = window.open()
    assert dialog.says("dragging goes on from it")
    dialog.pull(64, 108, 64, 114)
    dialog.begin_drag()
    dialog.cancel()


def test_the_server_is_stopped_and_started_from_the_diagnostics(window: Window, server: ServerHome) -> None:
    window.show(FACE)
    window.menu("Filters", "Distorts", "DragGAN Diagnostics...")
    window.until(lambda: "Data folder" in window.reader.wait_for("text", "Report").text, "the report")
    assert "GIMP 3." in window.reader.wait_for("text", "Report").text
    for button, running in (("Stop the server", False), ("Start the server", True)):
        window.pointer.click(window.reader.wait_for("button", button).middle)
        window.until(lambda running=running: (server.pid is not None) == running, f"{button!r} to be done")
        time.sleep(1)
    window.desktop.screenshot("gimp-14-diagnostics")
    window.pointer.click(window.reader.wait_for("button", "Close").middle)


def test_without_the_cairo_binding(
    editors_root: Root, desktop: Desktop, reader: ScreenReader, server: ServerHome, tmp_path: Path
) -> None:
    """As on a Debian without python3-gi-cairo: the picture and the points are seen all the same, and it is said."""
    profile = Profile.make(tmp_path / "profile")
    profile.add_plugin(server.home.folder)
    (profile.plugins / "draggan" / "cairo.py").write_text("raise ImportError('as if it were not there')\n")
    with Gimp(editors_root, profile, tmp_path / "gimp", desktop) as gimp:
        prepare(gimp)
        window = Window(gimp, desktop, reader)
        window.show(FACE + SOFT)
        dialog = window.open()
        dialog.wait_until_says("lacks the cairo binding")
        dialog.pull(64, 108, 64, 118)
        dialog.pointer.click(dialog.place(80, 56))
        time.sleep(0.5)
        screen = np.asarray(Image.open(desktop.screenshot("gimp-15-no-cairo")).convert("RGB")).astype(int)
        place = dialog.place(64, 108)
        red = screen[round(place.y), round(place.x)]
        assert red[0] > 180 and red[1] < 120, "the handle is drawn"
        assert np.ptp(screen[round(place.y) - 100 : round(place.y), round(place.x)], axis=0).max() > 40, "and the face"
        dialog.begin_drag()
        dialog.wait_until_dragged()
        dialog.press("Apply")
        dialog.wait_until_closed()
        assert len(gimp.run(TREE)) == 2
        gimp.quit()
        assert "Traceback" not in gimp.log()
