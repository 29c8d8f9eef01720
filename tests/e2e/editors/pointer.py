"""A real pointer and a real keyboard, as the X server sees them."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from tests.e2e.editors.shell import Shell

LEFT, MIDDLE, RIGHT, WHEEL_UP, WHEEL_DOWN = 1, 2, 3, 4, 5


@dataclass(frozen=True)
class Place:
    """A place on the screen, in its pixels."""

    x: float
    y: float

    def towards(self, other: Place, part: float) -> Place:
        return Place(self.x + (other.x - self.x) * part, self.y + (other.y - self.y) * part)

    def words(self) -> tuple[str, str]:
        return str(round(self.x)), str(round(self.y))


class Pointer:
    """Moves in steps, with a short pause after each, as a hand does."""

    def __init__(self, shell: Shell, pause_s: float = 0.012) -> None:
        self._shell = shell
        self._pause = str(pause_s)

    def move(self, to: Place) -> None:
        self._do("mousemove", *to.words())

    def press(self, button: int = LEFT) -> None:
        self._do("mousedown", str(button))

    def release(self, button: int = LEFT) -> None:
        self._do("mouseup", str(button))

    def click(self, at: Place, button: int = LEFT, times: int = 1) -> None:
        """Press and let go at once, `times` times."""
        once = ("mousedown", str(button), "sleep", self._pause, "mouseup", str(button), "sleep", self._pause)
        self._do("mousemove", *at.words(), "sleep", self._pause, *once * times)

    def drag(self, *path: Place, button: int = LEFT, steps: int = 12) -> None:
        """Press at the first place, go on to each of the others in `steps`, let go at the last."""
        self._do("mousemove", *path[0].words(), "sleep", self._pause, "mousedown", str(button))
        self.glide(*path, steps=steps)
        self.release(button)

    def glide(self, *path: Place, steps: int = 12) -> None:
        """Move along these places, whatever is held."""
        words: list[str] = []
        for start, end in itertools.pairwise(path):
            for step in range(1, steps + 1):
                words += ("mousemove", *start.towards(end, step / steps).words(), "sleep", self._pause)
        self._do(*words)

    def wheel(self, clicks: int, at: Place | None = None) -> None:
        """Turn the wheel; upwards where `clicks` is positive."""
        if at:
            self.move(at)
        button = WHEEL_UP if clicks > 0 else WHEEL_DOWN
        self._do("click", "--repeat", str(abs(clicks)), "--delay", "60", str(button))

    def key(self, *keys: str) -> None:
        """Type keys, by their X names: "ctrl+z", "Escape", "BackSpace"."""
        self._do("key", "--delay", "30", *keys)

    def type(self, text: str) -> None:
        self._do("type", "--delay", "20", "--", text)

    @contextlib.contextmanager
    def holding(self, *keys: str) -> Iterator[None]:
        """Hold keys down: "shift", "ctrl", "space"."""
        self._do("keydown", *keys)
        try:
            yield
        finally:
            self._do("keyup", *keys)

    def _do(self, *words: str) -> None:
        self._shell.run("xdotool", *words)
