"""The plug-in's windows in GIMP under a real pointer."""

from __future__ import annotations

import importlib.util
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from draggan_client.messages import Frame
from draggan_client.points import Spot
from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.gimp import Gimp
from tests.e2e.editors.pointer import Place, Pointer
from tests.e2e.editors.root import CHECKOUT
from tests.e2e.editors.screen_reader import ScreenReader, Widget


def _pure(name: str) -> ModuleType:
    """A module of the plug-in that needs nothing of GIMP's."""
    path = CHECKOUT / "plugins/gimp/draggan/draggan_gimp/dialog" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"draggan_gimp_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


view = _pure("view")
CANVAS = "Picture with points"
_HISTORY = re.compile(r"drag \d+ of \d+")


@dataclass(frozen=True)
class Window:
    """A GIMP with its windows, and the artist's hands and eyes."""

    gimp: Gimp
    desktop: Desktop
    reader: ScreenReader

    @property
    def pointer(self) -> Pointer:
        return self.desktop.pointer

    def show(self, source: str, **arguments: Any) -> None:
        """Make kept["image"] with `source`, and show it, clean."""
        self.gimp.run(
            source + "\nkept['display'] = Gimp.Display.new(kept['image']); kept['image'].clean_all()",
            timeout_s=180,
            **arguments,
        )
        self.reader.wait_for("menu", "Filters")

    def close_image(self) -> None:
        """Close what `show` showed."""
        self.gimp.run(
            "display = kept.pop('display', None)\n"
            "if display is not None and display.is_valid(): display.delete()\n"
            "for image in Gimp.get_images(): image.delete()"
        )

    def menu(self, *names: str) -> None:
        """Choose an entry of GIMP's menus."""
        self.pointer.click(self.reader.wait_for("menu", names[0]).middle)
        for name in names[1:-1]:
            time.sleep(0.4)
            self.pointer.move(self.reader.wait_for("menu", name).middle)
        time.sleep(0.7)
        self.pointer.click(self.reader.wait_for("menu item", names[-1]).middle)

    def open(self) -> Dialog:
        """Filters > Distorts > Drag Points."""
        self.menu("Filters", "Distorts", "Drag Points...")
        self.reader.wait_for(name=CANVAS)
        dialog = Dialog(self)
        dialog.wait_for("read", lambda: not dialog.says("Reading"))
        return dialog

    def wait_until_created(self, layer: str, images: int = 1) -> None:
        """Until so many images are open, each with one layer of this name: for a moment the newest has none."""
        layers = "[[layer.get_name() for layer in image.get_layers()] for image in Gimp.get_images()]"
        self.gimp.until(f"{layers} == [[name]] * images", timeout_s=120, name=layer, images=images)

    def until(self, is_so: Callable[[], object], what: str, timeout_s: float = 120) -> None:
        """Wait until it is so."""
        deadline = time.monotonic() + timeout_s
        while not is_so():
            if time.monotonic() > deadline:
                shown = self.desktop.screenshot("not-so")
                raise AssertionError(f"Not within {timeout_s:g} s: {what} (see {shown}).")
            time.sleep(0.2)

    def undo(self) -> None:
        self.in_image("ctrl+z")

    def in_image(self, *keys: str) -> None:
        """Keys for the image itself: its window gets them by a click beside the picture."""
        frame = self.reader.wait_for("frame")
        self.pointer.click(frame.place(0.5, 0.012))
        time.sleep(0.3)
        self.pointer.key(*keys)
        time.sleep(0.5)


@dataclass(frozen=True)
class Dialog:
    """The window of Drag Points."""

    window: Window

    @property
    def pointer(self) -> Pointer:
        return self.window.pointer

    @property
    def is_open(self) -> bool:
        return bool(self.window.reader.find(name=CANVAS))

    def place(self, x: float, y: float, left: int = 0, top: int = 0, width: int = 128, height: int = 128) -> Place:
        """A place of the image on the screen, while a layer with these bounds is fitted into the canvas."""
        box = self.window.reader.wait_for(name=CANVAS).box
        shown = view.View.fitting(left, top, width, height, box[2], box[3])
        across, down = shown.to_widget(Spot(x, y))
        return Place(box[0] + across, box[1] + down)

    def in_frame(self, spot: Spot, frame: Frame, layer: tuple[float, float, float, float], choosing: bool) -> Place:
        """A place of the image on the screen, while the canvas is fitted to this frame."""
        box = self.window.reader.wait_for(name=CANVAS).box
        across, down = view.View.of_frame(frame, layer, choosing, box[2], box[3]).to_widget(spot)
        return Place(box[0] + across, box[1] + down)

    def number(self, name: str) -> float:
        """What a number's field holds."""
        return float(self.window.reader.wait_for("spin button", name).text)

    def type_number(self, name: str, number: float) -> None:
        """Type another number into its field."""
        self.pointer.click(self.window.reader.wait_for("spin button", name).place(0.15, 0.5), times=3)
        self.pointer.key("ctrl+a")
        self.pointer.type(f"{number:g}")
        self.pointer.key("Tab")
        time.sleep(0.3)

    def move(self, down: int) -> None:
        """So far down the screen: the image below can be reached, and afterwards the window's lower edge again."""
        find = ("search", "--onlyvisible", "--name", "^Drag Points: ")
        self.window.desktop.shell.run("xdotool", *find, "windowmove", "--sync", "150", str(down))
        time.sleep(0.5)

    def pull(self, x: float, y: float, to_x: float, to_y: float) -> None:
        """Press on a place of the image and pull to another."""
        self.pointer.drag(self.place(x, y), self.place(to_x, to_y))
        time.sleep(0.15)

    def button(self, name: str, role: str = "button") -> Widget:
        return self.window.reader.wait_for(role, name)

    def press(self, name: str, role: str = "button") -> None:
        """Click a button, as soon as it can be pressed."""
        self.wait_for(f"{name} to be enabled", lambda: self.button(name, role).enabled)
        self.pointer.click(self.button(name, role).middle)
        time.sleep(0.2)

    def says(self, text: str) -> bool:
        """Whether the window shows this text somewhere."""
        labels = self.window.reader.find("label")
        return any(text in label.name or text in label.text for label in labels)

    def wait_for(self, what: str, is_so: Callable[[], object], timeout_s: float = 120) -> None:
        self.window.until(is_so, what, timeout_s)

    def wait_until_says(self, text: str, timeout_s: float = 120) -> None:
        self.wait_for(f"it says {text!r}", lambda: self.says(text), timeout_s)

    def begin_drag(self, timeout_s: float = 120) -> None:
        """Press Start, and wait until the drag is seen to run, or has come to its end already: some take no time."""
        before = self._history()
        self.press("Start")
        begun = lambda: self.says("Dragging: step") or self._history() != before  # noqa: E731
        self.wait_for("the drag to begin", begun, timeout_s)

    def _history(self) -> set[str]:
        """What is said of it, as "drag 1 of 2"."""
        labels = self.window.reader.find("label")
        return {found[0] for label in labels for found in [_HISTORY.search(f"{label.name} {label.text}")] if found}

    def wait_until_dragged(self) -> None:
        self.wait_for("the drag has ended", lambda: self.window.reader.find("button", "Start"))

    def wait_until_closed(self) -> None:
        self.wait_for("the window is closed", lambda: not self.is_open)

    def cancel(self) -> None:
        self.press("Cancel")
        self.wait_until_closed()
