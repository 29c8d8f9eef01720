"""A picture of the artist's own: its frame, finding it in the model, dragging it, and going on with it after a save."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from draggan_client import frames, wording
from draggan_client.messages import Frame
from draggan_client.points import Spot
from draggan_server.training.portraits import FACTORS, render
from tests.e2e.editors.server import ServerHome
from tests.e2e.gimp.pictures import (
    EYES_AND_MOUTH,
    FACE,
    LOAD,
    PAGE,
    PAGE_HEIGHT,
    PAGE_WIDTH,
    Change,
    paste,
    picture,
    state_of,
)
from tests.e2e.gimp.windows import Dialog, Window

WIDTH, HEIGHT, LAYER = PAGE_WIDTH, PAGE_HEIGHT, PAGE
FIRST = frames.within(*LAYER)
SEARCH_S = 300.0


@pytest.fixture(scope="module")
def pasted(server: ServerHome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model's own picture in a larger one, turned by 20 degrees."""
    file = tmp_path_factory.mktemp("pictures") / "pasted.png"
    paste(server, file)
    return file


@pytest.fixture(scope="module")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PNG: a portrait by the renderer that the generator never saw."""
    factors = torch.rand(1, len(FACTORS), generator=torch.Generator().manual_seed(911))
    drawn = ((render(factors, 200)[0].permute(1, 2, 0).clamp(-1, 1) + 1) * 127.5).round().byte().numpy()
    file = tmp_path_factory.mktemp("pictures") / "portrait.png"
    Image.fromarray(drawn).save(file)
    return file


def in_face(across: float, down: float) -> Spot:
    return frames.at(FACE, across, down)


def chosen(dialog: Dialog) -> tuple[float, float]:
    """Size and angle of the frame, as they are shown."""
    return dialog.number("Size of the frame"), dialog.number("Angle of the frame")


def wait_until_chosen(dialog: Dialog, size: float, angle: float, size_off: float = 0, angle_off: float = 0) -> None:
    def is_so() -> bool:
        return chosen(dialog) == (pytest.approx(size, abs=size_off), pytest.approx(angle, abs=angle_off))

    dialog.wait_for(f"a frame of {size:g} px at {angle:g} degrees", is_so, 30)


def start_enabled(dialog: Dialog, name: str = "Use this frame") -> bool:
    return dialog.button(name).enabled


def wait_until_found(dialog: Dialog) -> None:
    dialog.wait_for("the picture is found", lambda: dialog.window.reader.find("button", "Start"), SEARCH_S)


def wait_until_seen(dialog: Dialog) -> None:
    """What the model makes of the picture, while it is looked for."""
    shown = lambda: dialog.button("The model's picture", "toggle button").enabled  # noqa: E731
    dialog.wait_for("a reconstruction", shown, SEARCH_S)


def test_the_frame_under_pointer_and_keys(window: Window, pasted: Path) -> None:
    window.show(LOAD, name=str(pasted))
    dialog = window.open()
    assert chosen(dialog) == (300, 0), "the largest in the middle"
    at = lambda spot: dialog.in_frame(spot, FIRST, LAYER, choosing=True)  # noqa: E731
    scale = at(Spot(100, 0)).x - at(Spot(99, 0)).x
    corner, knob = frames.corners(FIRST)[2], frames.knob(FIRST, 28 / scale)
    dialog.pointer.drag(at(corner), at(Spot(corner.x - 60, corner.y - 60)))
    wait_until_chosen(dialog, 240, 0, size_off=2)
    window.pointer.key("ctrl+z")
    wait_until_chosen(dialog, 300, 0)
    with window.pointer.holding("shift"):
        dialog.pointer.drag(at(knob), at(Spot(330, 20)))
        wait_until_chosen(dialog, 300, 45)  # in whole steps of 15 degrees
    window.pointer.key("ctrl+z", "ctrl+Right", "ctrl+Right", "ctrl+Down")
    wait_until_chosen(dialog, 299, 2)
    dialog.pointer.drag(at(Spot(20, 20)), at(Spot(120, 90)))
    wait_until_chosen(dialog, 100, 0, size_off=2)  # another one, drawn beside it
    dialog.pointer.drag(at(Spot(70, 70)), at(Spot(-90, 70)))
    dialog.wait_until_says("The frame lies beside the picture")
    assert not start_enabled(dialog)
    window.desktop.screenshot("gimp-frame-beside")
    dialog.press("Whole layer")
    wait_until_chosen(dialog, 420, 0)
    assert not dialog.button("Selection").enabled
    window.gimp.run("select(kept['image'], 30, 40, 160, 100)")
    dialog.press("Selection")
    wait_until_chosen(dialog, 160, 0)
    window.gimp.run("Gimp.Selection.none(kept['image'])")
    dialog.type_number("Size of the frame", 150)
    dialog.type_number("Angle of the frame", -30)
    wait_until_chosen(dialog, 150, -30)
    dialog.press("Reset frame")
    wait_until_chosen(dialog, 300, 0)
    assert window.gimp.run("kept['image'].is_dirty()") in (True, False)  # a selection counts for GIMP
    dialog.cancel()
    window.gimp.run("select(kept['image'], 30, 40, 160, 100)")
    dialog = window.open()
    assert chosen(dialog) == (160, 0), "begins with the selection's bounds"
    dialog.cancel()


def test_from_landmarks_to_a_second_drag_after_a_save(window: Window, pasted: Path, tmp_path: Path) -> None:
    window.show(LOAD, name=str(pasted))
    before = window.gimp.run("composite(kept['image'])")
    dialog = window.open()
    dialog.press("Click eyes and mouth")
    for number, spot in enumerate(EYES_AND_MOUTH, 1):
        dialog.wait_until_says(f"({number} of {len(EYES_AND_MOUTH)}).")
        dialog.pointer.click(dialog.in_frame(in_face(*spot), FIRST, LAYER, choosing=True))
    wait_until_chosen(dialog, FACE.size, FACE.angle, size_off=6, angle_off=2)
    size, angle = chosen(dialog)
    window.desktop.screenshot("gimp-frame")
    dialog.press("Use this frame")
    wait_until_seen(dialog)
    window.desktop.screenshot("gimp-finding")
    wait_until_found(dialog)
    assert dialog.says("Good ("), "a word and a number"
    window.desktop.screenshot("gimp-found")

    dialog.press("Make it more like the picture")
    steps = ("Coming nearer to the picture: step", "Fitting the model to the picture: step")
    dialog.wait_for("it goes on", lambda: any(map(dialog.says, steps)), SEARCH_S)
    dialog.press("Stop")
    dialog.wait_until_says("Stopped.", SEARCH_S)
    frame = _frame_of(dialog, size, angle)
    spot = lambda across, down: dialog.in_frame(in_face(across, down), frame, LAYER, choosing=False)  # noqa: E731
    dialog.pointer.click(spot(1.15, 0.5))
    dialog.wait_until_says("The model sees only what lies in the frame.")
    dialog.pointer.drag(spot(0.5, 0.84), spot(0.5, 0.9))
    dialog.begin_drag(SEARCH_S)
    window.desktop.screenshot("gimp-own-dragging")
    dialog.wait_until_dragged()
    dialog.press("Apply")
    dialog.wait_until_closed()
    window.desktop.screenshot("gimp-own-applied")
    after, record = window.gimp.run("composite(kept['image']), record(kept['image'].get_layers()[0])")
    change = Change(picture(window.gimp, before, WIDTH, HEIGHT), picture(window.gimp, after, WIDTH, HEIGHT))
    change.check()
    y, x = np.nonzero(change.differs)
    places = [frames.inside(FACE, Spot(float(a) + 0.5, float(b) + 0.5)) for a, b in zip(x, y, strict=True)]
    assert all(-0.06 < place.x < 1.06 and -0.06 < place.y < 1.06 for place in places), "nothing beside the frame"
    first = state_of(record)
    assert first.inversion is not None and first.inversion.mode == "faithful"
    assert first.frame.angle == pytest.approx(angle, abs=0.1)

    window.gimp.run(
        "file = globals()['file'](name); Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, kept['image'], file, None)",
        name=str(tmp_path / "own.xcf"),
    )
    window.close_image()
    window.show(LOAD, name=str(tmp_path / "own.xcf"))
    dialog = window.open()
    assert dialog.says("dragging goes on from it") and not dialog.says(wording.LACKS_PIXELS)
    handle, target = first.points[0].handle_x, first.points[0].handle_y
    window.desktop.screenshot("gimp-own-again")
    place = dialog.in_frame(Spot(handle, target), first.frame, LAYER, choosing=False)
    dialog.pointer.drag(place, place.__class__(place.x - 20, place.y - 30))
    dialog.begin_drag(SEARCH_S)
    assert not dialog.says("Looking for the picture")
    dialog.wait_until_dragged()
    dialog.press("Apply")
    dialog.wait_until_closed()
    second = state_of(window.gimp.run("record(kept['image'].get_layers()[0])"))
    assert second.position == first.position + 1
    # What was found the first time is what was dragged the second: nothing was looked for again.
    assert second.start_latent == first.start_latent and second.inversion == first.inversion


def test_stopped_early_and_changed_meanwhile(window: Window, portrait: Path) -> None:
    """What there is when it is stopped can be dragged; a layer that was changed since is not silently another."""
    window.show(LOAD, name=str(portrait))
    layer = (0.0, 0.0, 200.0, 200.0)
    frame = frames.within(*layer)
    dialog = window.open()
    dialog.press("Use this frame")
    wait_until_seen(dialog)
    # One pixel, far too little for a small picture to show it.
    window.gimp.run("l = kept['layer']; p = bytearray(read(l)); p[:4] = bytes([255, 0, 255, 255]); write(l, bytes(p))")
    dialog.press("Stop")
    dialog.wait_until_says("Stopped.", SEARCH_S)
    dialog.wait_until_says("The layer was changed in the image since it was read.")
    window.desktop.screenshot("gimp-changed")
    at = lambda x, y: dialog.in_frame(Spot(x, y), frame, layer, choosing=False)  # noqa: E731
    dialog.pointer.drag(at(100, 170), at(100, 182))
    dialog.begin_drag(SEARCH_S)
    dialog.wait_until_dragged()
    dialog.press("Apply")
    dialog.wait_until_says("The layer is not what was dragged any more")
    assert len(window.gimp.run("layer_tree(kept['image'].get_layers())")) == 1
    window.desktop.screenshot("gimp-changed-asked")
    dialog.press("Apply all the same")
    dialog.wait_until_closed()
    state = state_of(window.gimp.run("record(kept['image'].get_layers()[0])"))
    assert state.inversion is not None and state.inversion.step < state.inversion.total_steps

    window.gimp.run("kept['image'].set_selected_layers([kept['image'].get_layers()[0]])")
    dialog = window.open()
    dialog.wait_until_says(wording.LACKS_PIXELS)
    window.desktop.screenshot("gimp-lost-origin")
    dialog.cancel()


def test_frames_that_show_nothing(window: Window) -> None:
    window.show(
        "image = kept['image'] = new_image(200, 160)\n"
        "pixels = bytes(v for y in range(160) for x in range(200) for v in (200, 120, 90, 255 if x < 60 else 0))\n"
        "kept['layer'] = new_layer(image, 'half', 200, 160, pixels)\n"
        "select(image, 100, 20, 80, 80)\n"
    )
    dialog = window.open()
    dialog.press("Use this frame")
    dialog.wait_until_says("There is nothing in the frame.")
    window.desktop.screenshot("gimp-frame-empty")
    assert window.reader.find("button", "Use this frame"), "another can be chosen"
    dialog.cancel()


def _frame_of(dialog: Dialog, size: float, angle: float) -> Frame:
    """About where the landmarks put it: its own place is not shown in numbers."""
    return frames.placed(frames.centre(FACE), size, angle)
