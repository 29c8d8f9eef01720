"""Finds widgets of whatever runs on a desktop: their names, and where they are on the screen."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.pointer import Place
from tests.e2e.editors.probe import Probe, ProbeError

_INSIDE = Path(__file__).parent / "inside" / "screen_reader.py"


@dataclass(frozen=True)
class Widget:
    name: str
    role: str
    text: str
    box: tuple[int, int, int, int]
    """x, y, width, height on the screen."""
    enabled: bool
    checked: bool

    @property
    def middle(self) -> Place:
        return self.place(0.5, 0.5)

    def place(self, across: float, down: float) -> Place:
        """A place in the widget, in fractions of its width and height."""
        x, y, width, height = self.box
        return Place(x + width * across, y + height * down)


class ScreenReader:
    """A program that uses GTK shows itself to it when it was started after it."""

    def __init__(self, desktop: Desktop) -> None:
        self._desktop = desktop
        self._probe = Probe(lambda: desktop.log("python3").read_text(errors="replace"))
        process = desktop.start("python3", "-B", _INSIDE, home=desktop.folder, **self._probe.environment)
        self._probe.accept(process, 30)

    def run(self, source: str, **arguments: Any) -> Any:
        """Runs Python there, with the names in inside/screen_reader.py. Raises ProbeError."""
        return self._probe.run(source, **arguments)

    def find(self, role: str | None = None, name: str | None = None) -> list[Widget]:
        """The widgets that are shown of this role ("push button", "drawing area"), with this name."""
        found = self.run("facts(find(role, name))", role=role, name=name)
        return [Widget(**{**each, "box": tuple(each["box"])}) for each in found]

    def wait_for(self, role: str | None = None, name: str | None = None, timeout_s: float = 30) -> Widget:
        """The first of them, as soon as it is there. Raises ProbeError."""
        deadline = time.monotonic() + timeout_s
        while True:
            found = self.find(role, name)
            if found:
                return found[0]
            if time.monotonic() > deadline:
                seen = self._desktop.screenshot("not-found")
                raise ProbeError(
                    f"No {role or 'widget'} {name or ''} within {timeout_s:g} s (see {seen}):\n{self.tree()}"
                )
            time.sleep(0.2)

    def tree(self) -> str:
        """Everything that is shown, as indented text."""
        return str(self.run("tree()"))
