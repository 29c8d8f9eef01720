"""The Qt that Krita itself runs on: Qt 6 or Qt 5. Everything of Qt is taken from here, and every enum is fully scoped.

A computer may have both bindings; loading the one that Krita does not use would bring a second Qt into it. So the one
that is already loaded is taken, and only without any do we try.

Importing this raises ImportError where the plugin cannot run: Krita shows its text where it lists the plugin.
"""

import sys
from typing import Any

_BINDINGS = ("PyQt6", "PyQt5")
OLDEST_KRITA = (5, 2)
"""The first whose views say how the canvas lies: `View.flakeToCanvasTransform`."""


def _loaded() -> tuple[str, ...]:
    loaded = tuple(name for name in _BINDINGS if f"{name}.QtCore" in sys.modules)
    return loaded if len(loaded) == 1 else _BINDINGS


def _binding() -> tuple[Any, Any, Any, Any]:
    for name in _loaded():
        try:
            if name == "PyQt6":
                from PyQt6 import QtCore, QtGui, QtWidgets, sip
            else:
                from PyQt5 import QtCore, QtGui, QtWidgets, sip
        except ImportError:
            continue
        return QtCore, QtGui, QtWidgets, sip
    raise ImportError(
        "DragGAN needs Krita's Python bindings of Qt, and neither PyQt6 nor PyQt5 is there. "
        "On Debian and Ubuntu: sudo apt install python3-pyqt5 (Krita 6: python3-pyqt6), then start Krita again."
    )


def refuse_old(version: str) -> None:
    """Raises ImportError when Krita's version ("5.1.5", "5.3.0-prealpha (git 1a2b3c)") is below `OLDEST_KRITA`."""
    numbers = version.split("-")[0].split(" ")[0].split(".")[:2]
    if all(number.isdigit() for number in numbers) and tuple(map(int, numbers)) < OLDEST_KRITA:
        raise ImportError(
            f"DragGAN needs Krita {OLDEST_KRITA[0]}.{OLDEST_KRITA[1]} or newer, and this is Krita {version}. "
            "Newer ones are at krita.org/download, also as an AppImage and on Flathub."
        )


try:
    from krita import Krita
except ImportError:
    pass  # not inside Krita: what needs nothing of it can be tested
else:
    refuse_old(Krita.instance().version())

QtCore, QtGui, QtWidgets, _sip = _binding()

QT6: bool = QtCore.qVersion().startswith("6")

# What moved between modules from 5 to 6.
QAction: Any = QtGui.QAction if QT6 else QtWidgets.QAction

Qt: Any = QtCore.Qt
Signal: Any = QtCore.pyqtSignal


def place_of(event: Any) -> Any:
    """Where a mouse, tablet, hover or wheel event happened, in the widget's logical px (a QPointF)."""
    if hasattr(event, "position"):
        return event.position()
    if not hasattr(event, "localPos"):
        return event.posF()
    # Qt 5 rounds a mouse's place for the widget, which is two px of a high-DPI screen. What it cut off is still here:
    place, in_window = event.localPos(), event.windowPos()
    is_rounded = place == QtCore.QPointF(place.toPoint())
    return place + (in_window - QtCore.QPointF(in_window.toPoint())) if is_rounded else place


def is_gone(thing: Any) -> bool:
    """Whether Qt has deleted the object behind this wrapper: every further call on it would raise RuntimeError."""
    return bool(_sip.isdeleted(thing))


def own(wrappers: list[Any] | tuple[Any, ...]) -> list[Any]:
    """The members of a list that Krita's Python gave, to be freed with their last use: it leaves them to nobody."""
    for wrapper in wrappers:
        _sip.transferback(wrapper)
    return list(wrappers)
