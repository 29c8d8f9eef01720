"""How other threads reach GTK's."""

from collections.abc import Callable

from gi.repository import GLib


def hand_over(call: Callable[[], None]) -> None:
    """Run `call` soon on the main thread. From any thread."""

    def once() -> bool:
        call()
        return False

    GLib.idle_add(once, priority=GLib.PRIORITY_DEFAULT)
