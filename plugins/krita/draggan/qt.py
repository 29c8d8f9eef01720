"""The Qt that Krita itself runs on: Qt 6 or Qt 5. Everything of Qt is taken from here, and every enum is fully scoped.

A computer may have both bindings; loading the one that Krita does not use would bring a second Qt into it. So the one
that is already loaded is taken, and only without any do we try.
"""

import sys
from typing import Any

_BINDINGS = ("PyQt6", "PyQt5")


def _loaded() -> tuple[str, ...]:
    loaded = tuple(name for name in _BINDINGS if f"{name}.QtCore" in sys.modules)
    return loaded if len(loaded) == 1 else _BINDINGS


def _binding() -> tuple[Any, Any, Any]:
    for name in _loaded():
        try:
            if name == "PyQt6":
                from PyQt6 import QtCore, QtGui, QtWidgets
            else:
                from PyQt5 import QtCore, QtGui, QtWidgets
        except ImportError:
            continue
        return QtCore, QtGui, QtWidgets
    raise ImportError(
        "DragGAN needs Krita's Python bindings of Qt, and neither PyQt6 nor PyQt5 is there. "
        "On Debian and Ubuntu: sudo apt install python3-pyqt5 (Krita 6: python3-pyqt6), then start Krita again."
    )


QtCore, QtGui, QtWidgets = _binding()

QT6: bool = QtCore.qVersion().startswith("6")

# What moved between modules from 5 to 6.
QAction: Any = QtGui.QAction if QT6 else QtWidgets.QAction

Qt: Any = QtCore.Qt
Signal: Any = QtCore.pyqtSignal


def place_of(event: Any) -> Any:
    """Where a mouse, tablet or hover event happened, in the widget's logical px (a QPointF)."""
    if QT6:
        return event.position()
    return event.localPos() if hasattr(event, "localPos") else event.posF()
