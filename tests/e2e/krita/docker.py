"""The plugin's docker, used as an artist uses it: with the pointer, and by looking."""

from __future__ import annotations

import time

from tests.e2e.editors.krita import Krita
from tests.e2e.editors.pointer import Place

SERVER_START_S = 120.0
DRAG_S = 300.0
"""Far beyond what it takes."""


class Docker:
    """Shows the docker, with the layers' above it and no other, so that there is room."""

    def __init__(self, krita: Krita) -> None:
        self._krita = krita
        krita.run("""
            for docker in app.dockers():
                docker.setVisible(docker.objectName() in ("draggan_docker_widget", "KisLayerBox"))
        """)
        self.wait_for("draggan_new_picture")

    def wait_for(self, name: str) -> None:
        self._krita.until("find_widget(name=name) is not None", name=name)

    def middle(self, name: str) -> Place:
        """Of a widget, scrolled into sight."""
        x, y, width, height = self._krita.run("reach(name)", name=name)
        return Place(x + width / 2, y + height / 2)

    def press(self, name: str, timeout_s: float = 60) -> None:
        """Click a button, as soon as it can be used."""
        self.wait_until_can(name, timeout_s)
        place, before = self.middle(name), None
        while place != before:  # what is above it may be coming or going
            time.sleep(0.1)
            place, before = self.middle(name), place
        self._krita.pointer.click(place)

    def wait_until_can(self, name: str, timeout_s: float = 60) -> None:
        """Until a button is shown and can be used."""
        self._krita.until(_USABLE, timeout_s, name=name)

    def find_a_little(self, timeout_s: float = DRAG_S) -> None:
        """Use the frame as it is, and stop the search as soon as it has come to something: to be dragged, no more."""
        self.press("draggan_frame_use")
        self._krita.until(_FOUND_A_LITTLE, timeout_s)
        if self.can("draggan_progress_stop"):
            self._krita.run("find_widget(name='draggan_progress_stop').click()")
        self.settled(timeout_s)

    def begin_drag(self) -> None:
        """Start, and wait until the drag is seen to run, or has come to its end already: some take no time at all."""
        before = list(self.history())
        self.press("draggan_run")
        self._krita.until(_BEGUN, before=before)

    def stop(self, timeout_s: float = DRAG_S) -> None:
        """Stop the drag, if it has not ended by itself, and wait until all is done."""
        if self.text("draggan_run") == "Stop":
            self.press("draggan_run")
        self.settled(timeout_s)

    def can(self, name: str) -> bool:
        """Whether a button is shown and can be used."""
        return bool(self._krita.run(_USABLE, name=name))

    def text(self, name: str) -> str:
        """What a widget says; nothing where it is not shown."""
        return str(self._krita.run("(lambda found: found.text() if found else '')(find_widget(name=name))", name=name))

    def notices(self) -> list[str]:
        """What the docker tells or asks: the labels of its notices."""
        return list(self._krita.run(_NOTICES))

    def new_picture(self, seed: int, timeout_s: float = SERVER_START_S) -> str:
        """A layer with the picture of this seed; its name."""
        before = self._krita.run("[each['id'] for each in node_tree()] if document() else []")
        field = self.middle("draggan_seed")
        self._krita.pointer.click(field, times=2)
        self._krita.pointer.key("ctrl+a")
        self._krita.pointer.type(str(seed))
        self.press("draggan_new_picture", timeout_s)
        new = "[each['name'] for each in node_tree() if each['id'] not in before] if document() else []"
        self._krita.until(new, timeout_s, before=before)
        self.settled()
        return str(self._krita.run(new, before=before)[0])

    def settled(self, timeout_s: float = 60) -> None:
        """Wait until nothing is being done."""
        self._krita.run("kept['settled'] = 0")
        self._krita.until(_SETTLED, timeout_s)

    def history(self) -> tuple[int, int]:
        """Position and length; (0, 0) where nothing was dragged."""
        position, length = self._krita.run(_HISTORY)
        return int(position), int(length)

    def watch_previews(self) -> None:
        """Note from now on every picture that the docker shows of the edit."""
        self._krita.run(_WATCH_PREVIEWS)

    def previews(self) -> int:
        """How many different pictures were shown since, the first not counted."""
        return int(self._krita.run("len(kept['previews']) - 1"))


_USABLE = "(lambda found: found is not None and found.isEnabled())(find_widget(name=name))"
_FOUND_A_LITTLE = """
import draggan.extension
view = draggan.extension.the_controller()._edits[-1].view
return view.inversion is not None or (view.phase.name == "INVERTING" and view.step >= 2)
"""
_BEGUN = """
slider = find_widget(name="draggan_history")
position = [slider.value(), slider.maximum()] if slider else [0, 0]
return find_widget(name="draggan_run").text() == "Stop" or position != before
"""
_HISTORY = """
slider = find_widget(name="draggan_history")
return [slider.value(), slider.maximum()] if slider else [0, 0]
"""
_NOTICES = """
shown = [widget for widget in QtWidgets.QApplication.allWidgets() if widget.isVisible()]
cards = [widget for widget in shown if widget.objectName().startswith("draggan_notice_")]
return [label.text() for card in cards for label in card.findChildren(QtWidgets.QLabel)]
"""
_SETTLED = """
run = find_widget(name="draggan_run")
chooses = find_widget(name="draggan_frame_landmarks") or find_widget(name="draggan_frame_use")
busy = find_widget(name="draggan_progress") is not None
busy = busy or (run.text() != "Start" if run is not None else chooses is None)
kept["settled"] = 0 if busy else kept.get("settled", 0) + 1
return kept["settled"] > 8
"""
"""For as long as it takes the docker to show what comes next."""
_WATCH_PREVIEWS = """
kept["previews"] = []
widget = next(one for one in QtWidgets.QApplication.allWidgets() if one.objectName() == "draggan_preview")

def look():
    if widget.isVisible():
        image = widget.grab().toImage()
        seen = hash(rgba(image)["pixels"])
        if seen not in kept["previews"]:
            kept["previews"].append(seen)

kept["looking"] = QtCore.QTimer()
kept["looking"].timeout.connect(look)
widget.destroyed.connect(kept["looking"].stop)
kept["looking"].start(40)
look()
"""
