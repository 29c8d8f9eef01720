"""Colours and pens of what is painted on the canvas."""

import functools
from typing import Any

from ..qt import Qt, QtGui


@functools.lru_cache(maxsize=64)
def colour_of(name: str, alpha: int = 255) -> Any:
    """The QColor of that name; alpha 255: opaque. Not to be changed: all share it."""
    colour = QtGui.QColor(name)
    colour.setAlpha(alpha)
    return colour


def pen_of(colour: Any, width: float) -> Any:
    """A pen whose lines end where they end."""
    pen = QtGui.QPen(colour, width)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen
