"""Get More Models, in the real GIMP: a model comes from a web server on this computer, is chosen, and drags."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.gimp import Gimp, Profile
from tests.e2e.editors.root import Root
from tests.e2e.editors.screen_reader import ScreenReader
from tests.e2e.editors.server import ServerHome
from tests.e2e.editors.shop import LICENCE, NAME, at_once, offered
from tests.e2e.gimp.pictures import prepare
from tests.e2e.gimp.windows import Dialog, Window

PLAIN = "kept['image'] = new_image(128, 128); kept['layer'] = face(kept['image'])\n"


@pytest.fixture
def window(
    editors_root: Root, desktop: Desktop, reader: ScreenReader, gimp_window: Gimp, gimp_profile: Profile
) -> Iterator[Window]:
    prepare(gimp_window).run("portrait()", timeout_s=180)
    window = Window(gimp_window, desktop, reader)
    yield window
    window.close_image()


def toggle(dialog: Dialog, name: str) -> None:
    dialog.press(name, "check box")


def test_a_model_is_got_chosen_and_draws(window: Window, server: ServerHome, desktop: Desktop) -> None:
    window.show(PLAIN)
    dialog = window.open()
    assert dialog.says("Draws portrait illustrations"), "the chooser says what there is to say of its model"
    with offered(server, "cats-in-gimp") as web:
        dialog.press("Get More...")
        dialog.wait_until_says("Faces (FFHQ), 1024 px")
        assert not dialog.button("Download").enabled, "nothing without a yes"
        window.pointer.click(window.reader.wait_for("table cell", "Faces (FFHQ), 1024 px").middle)
        window.pointer.key("End")  # what users' catalogues name stands last
        dialog.wait_until_says(f"Licence: {LICENCE}")
        assert dialog.says("From your catalogue cats-in-gimp.json")
        desktop.screenshot("gimp-shop-1-chosen")
        toggle(dialog, "I agree to the licence")
        toggle(dialog, "Download it all the same")
        dialog.press("Download")
        dialog.wait_until_says("Downloading: 0.")
        desktop.screenshot("gimp-shop-2-downloading")
        dialog.press("Stop")
        dialog.wait_until_says("Stopped. What has come is kept")
        at_once(web)
        dialog.press("Go on Downloading")
        dialog.wait_until_says(f"{NAME} is here.")
        desktop.screenshot("gimp-shop-3-here")
        dialog.press("Close")
        dialog.cancel()
        window.close_image()
        window.show("kept['image'], = call('draggan-new-picture', seed=3, model='cats-in-gimp', size=128)")
        dialog = window.open()
        dialog.wait_until_says("Draws cats · 32 px · ")
        assert dialog.says(f"Licence: {LICENCE}")
        dialog.pull(50, 50, 70, 70)
        dialog.press("Start")
        dialog.wait_until_dragged()
        assert dialog.says("drag 1 of 1")
        desktop.screenshot("gimp-shop-4-dragged")
        dialog.cancel()
