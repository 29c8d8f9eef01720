"""A heading that opens and closes what is below it."""

from typing import Any

from ..qt import Qt, QtWidgets, Signal
from .looks import SPACING


class Disclosure(QtWidgets.QWidget):
    """A triangle with a title; a click shows or hides the content."""

    toggled = Signal(bool)

    def __init__(self, title: str, content: Any, parent: Any = None) -> None:
        super().__init__(parent)
        self.button = QtWidgets.QToolButton(self)
        self.button.setText(title)
        self.button.setCheckable(True)
        self.button.setAutoRaise(True)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self.button.setArrowType(Qt.ArrowType.RightArrow)
        self._content = content
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self.button)
        column.addWidget(content)
        content.hide()
        self.button.toggled.connect(self._open)

    def _open(self, is_open: bool) -> None:
        self.button.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        self._content.setVisible(is_open)
        self.toggled.emit(is_open)
