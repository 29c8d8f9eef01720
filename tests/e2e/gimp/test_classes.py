"""The classes of a model that draws by class, in the real GIMP: in the window, and without one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.editors.animals import NAME, animals, is_of_class
from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.gimp import Gimp, Profile
from tests.e2e.editors.probe import ProbeError
from tests.e2e.editors.root import Root
from tests.e2e.editors.screen_reader import ScreenReader
from tests.e2e.editors.server import ServerHome
from tests.e2e.gimp.pictures import prepare, state_of
from tests.e2e.gimp.windows import Dialog, Window

MODEL = "animals-in-gimp"


@pytest.fixture
def window(
    editors_root: Root, desktop: Desktop, reader: ScreenReader, server: ServerHome, tmp_path: Path
) -> Iterator[Window]:
    """A GIMP with a folder of its own: it remembers the model that was chosen last, which other tests do not have."""
    profile = Profile.make(tmp_path / "profile")
    profile.add_plugin(server.home.folder)
    with Gimp(editors_root, profile, tmp_path / "gimp", desktop) as gimp:
        yield Window(prepare(gimp), desktop, reader)
        gimp.quit()
        assert "Traceback" not in gimp.log()


def test_a_picture_of_a_class_in_the_window(window: Window, server: ServerHome) -> None:
    with animals(server, MODEL):
        window.menu("File", "Create", "New Picture from Seed...")
        dialog = Dialog(window)
        dialog.wait_for("the portraits", lambda: dialog.says("Draws portrait illustrations"))
        assert not window.reader.find(name="Class"), "the bundled model has none"
        window.pointer.click(window.reader.wait_for("combo box", "Model").middle)
        # The list stays open while there is news of its models.
        dialog.wait_for("an estimate", lambda: dialog.says("steps a second"))
        window.pointer.click(window.reader.wait_for("menu item", f"{NAME} (32 px)").middle)
        dialog.wait_until_says("Draws animals")
        field = window.reader.wait_for("text", "Class")
        assert field.text == "by the seed"
        window.pointer.click(field.place(0.3, 0.5), times=3)
        window.pointer.key("ctrl+a")
        window.pointer.type("DOG")
        window.pointer.key("Tab")
        dialog.wait_for("it is called by its name", lambda: window.reader.wait_for("text", "Class").text == "dog")
        dialog.type_number("Seed", 7)
        window.desktop.screenshot("gimp-class-1-chosen")
        dialog.press("Create")
        window.wait_until_created("Seed 7")
        facts = prepare(window.gimp).run("record(Gimp.get_images()[0].get_layers()[0])")
        assert is_of_class(server, MODEL, seed=7, label=1, state=state_of(facts).to_bytes())
    # GIMP remembers a model that is gone: the default is drawn, and can be used.
    window.menu("File", "Create", "New Picture from Seed...")
    dialog = Dialog(window)
    dialog.wait_until_says("Draws portrait illustrations")
    dialog.press("Create")
    window.wait_until_created("Seed 7", images=2)
    facts = prepare(window.gimp).run("[record(image.get_layers()[0]) for image in Gimp.get_images()]")
    assert {state_of(one).model_id for one in facts} == {MODEL, "portraits"}


def test_a_picture_of_a_class_without_a_window(gimp: Gimp, server: ServerHome) -> None:
    with animals(server, MODEL):
        facts = prepare(gimp).run(
            "image, = call('draggan-new-picture', seed=7, model=model, **{'class': 2})\n"
            "return record(image.get_layers()[0])",
            timeout_s=180,
            model=MODEL,
        )
        assert is_of_class(server, MODEL, seed=7, label=2, state=state_of(facts).to_bytes())
        with pytest.raises(ProbeError, match=r"there is no class 3; this model's are 0 to 2"):
            gimp.run("call('draggan-new-picture', seed=7, model=model, **{'class': 3})", model=MODEL)
