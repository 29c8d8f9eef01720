"""The keyboard while the mode is on: which keys stay with it, and which Krita holds for a gesture of its own.

Qt asks first who wants a key (ShortcutOverride) and looks for shortcuts only if nobody does. Krita's canvas listens to
that question too. So a key of ours is accepted there, and then swallowed as a press and a release.
"""

from collections.abc import Callable
from typing import Any

from ..qt import QtWidgets
from .finding import has_popup
from .keys import Command, Keys, is_modifier, is_writing, which_key
from .scene import Scene


class Keyboard:
    """Takes the key events of the whole application; every method returns whether the event is swallowed."""

    def __init__(
        self, keys: Keys, scene: Scene, obey: Callable[[Command, Any], None], show: Callable[[], None]
    ) -> None:
        """`obey` gets a command and its QKeyEvent; `show` is told when the hide key is let go."""
        self._keys = keys
        self._scene = scene
        self._obey = obey
        self._show = show
        self._ours: set[int] = set()
        self._kritas: set[int] = set()

    @property
    def krita_holds(self) -> bool:
        """Whether a key is held (Space above all) that makes Krita's own gestures of presses."""
        return bool(self._kritas)

    def forget(self) -> None:
        """Who knows what is held now. The next presses are ours: rather a point than a stroke of the brush."""
        self._kritas.clear()

    def clear(self) -> None:
        """The mode is off."""
        self._kritas.clear()
        self._ours.clear()

    def announced(self, receiver: Any, event: Any) -> bool:
        """ShortcutOverride."""
        if not self._is_for_us(receiver):
            return False
        if self._command(event) is None:
            self._note(event)
            return False
        event.accept()
        return True

    def pressed(self, receiver: Any, event: Any) -> bool:
        """KeyPress."""
        if not self._is_for_us(receiver):
            return False
        command = self._command(event)
        if command is None:
            self._note(event)
            return False
        self._ours.add(which_key(event))
        event.accept()
        self._obey(command, event)
        return True

    def released(self, receiver: Any, event: Any) -> bool:
        """KeyRelease. Who got the press gets this, wherever the keyboard has gone since."""
        key = which_key(event)
        if not receiver.isWidgetType():
            return False
        if event.isAutoRepeat():
            return key in self._ours
        self._kritas.discard(key)
        if key not in self._ours:
            return False
        self._ours.discard(key)
        if event.key() == self._keys.hide_key:
            self._show()
        return True

    def _command(self, event: Any) -> Command | None:
        command = self._keys.command(event)
        if command is Command.ESCAPE and any(has_popup(place.canvas) for place in self._scene.living()):
            return None
        return command

    def _note(self, event: Any) -> None:
        if not is_modifier(event) and not event.isAutoRepeat():
            self._kritas.add(which_key(event))

    def _is_for_us(self, receiver: Any) -> bool:
        """Whether keys are the mode's now: a window with its document in front, and nobody writes."""
        if not receiver.isWidgetType() or is_writing():
            return False
        window = receiver.window()
        if isinstance(window, QtWidgets.QDockWidget) and window.parentWidget() is not None:  # it floats
            window = window.parentWidget().window()
        return any(
            window in (place.canvas.window(), place.seat.main_window) and place.seat.is_active
            for place in self._scene.living()
        )
