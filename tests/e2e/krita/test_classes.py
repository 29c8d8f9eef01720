"""The classes of a model that draws by class, in the real Krita."""

from __future__ import annotations

from tests.e2e.editors.animals import CLASSES, NAME, animals, is_of_class
from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.krita import Krita
from tests.e2e.editors.server import ServerHome
from tests.e2e.krita.docker import DRAG_S, SERVER_START_S, Docker

MODEL = "animals-in-krita"
_CONTROLLER = "import draggan.extension\ncontroller = draggan.extension.the_controller()\n"
_CHOOSE = "combo = find_widget(name='draggan_model'); combo.activated.emit(combo.findData(model))"
_IS_HIDDEN = "find_widget(name='draggan_class') is None"
_TEXTS = "(lambda found: [found.itemText(row) for row in range(found.count())])(find_widget(name='draggan_class'))"


def test_a_picture_of_a_class(krita: Krita, server: ServerHome, desktop: Desktop) -> None:
    krita.run("new_document(256, 256)")
    docker = Docker(krita)
    docker.settled(DRAG_S)
    with animals(server, MODEL):
        server.connection().models()  # now it runs
        krita.run(_CONTROLLER + "controller._desk.refresh()")
        krita.until("find_widget(name='draggan_model').findData(model) >= 0", SERVER_START_S, model=MODEL)
        assert krita.run(_IS_HIDDEN), "the bundled model has none"
        krita.run(_CHOOSE, model=MODEL)
        krita.until("find_widget(name='draggan_class') is not None")
        assert krita.run(_TEXTS) == ["by the seed", *CLASSES]
        krita.pointer.click(docker.middle("draggan_class"), times=2)
        krita.pointer.key("ctrl+a")
        krita.pointer.type("dog")
        desktop.screenshot("krita-class-1-typed")
        assert docker.new_picture(7) == f"{NAME} 7, dog"
        desktop.screenshot("krita-class-2-drawn")
        state = bytes.fromhex(krita.run(_CONTROLLER + "return controller._edits[-1].view.edit_state.hex()"))
        assert is_of_class(server, MODEL, seed=7, label=1, state=state)
        krita.run(_CHOOSE, model="portraits")
        krita.until(_IS_HIDDEN)
