"""The finished drags: a slider through them, undo and redo."""

from typing import Any

from ..qt import Qt, QtCore, QtWidgets, Signal
from .looks import SPACING, FadedLabel, tool_button
from .state import HistoryLook

_SETTLED_MS = 120
"""How long the slider rests before the picture is asked for."""


class HistoryBox(QtWidgets.QWidget):
    """Undo, slider, redo; 0 is the picture before the first drag."""

    seek = Signal(int)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.undo = tool_button("edit-undo", "Back by one drag", self)
        self.undo.setObjectName("draggan_undo")
        self.undo.clicked.connect(lambda: self.seek.emit(self._look.position - 1))
        self.redo = tool_button("edit-redo", "Forward by one drag", self)
        self.redo.setObjectName("draggan_redo")
        self.redo.clicked.connect(lambda: self.seek.emit(self._look.position + 1))
        self.slider = QtWidgets.QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setObjectName("draggan_history")
        self.slider.setAccessibleName("Finished drags")
        self.slider.setPageStep(1)
        self.slider.setTickInterval(1)
        self.slider.setTickPosition(QtWidgets.QSlider.TickPosition.TicksBelow)
        self.slider.setToolTip("Look at the picture after each finished drag, and go on from there.")
        self.slider.valueChanged.connect(self._moved)
        self._words = FadedLabel("", self)
        self._rest = QtCore.QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_SETTLED_MS)
        self._rest.timeout.connect(lambda: self.seek.emit(self.slider.value()))
        row = QtWidgets.QHBoxLayout()
        row.setSpacing(SPACING // 2)
        row.addWidget(self.undo)
        row.addWidget(self.slider, 1)
        row.addWidget(self.redo)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self._words)
        self._look = HistoryLook()
        self.hide()

    def show_history(self, look: HistoryLook) -> None:
        """Show this; without any finished drag there is nothing to see."""
        if look == self._look:
            return
        self._look = look
        self.setVisible(look.length > 0)
        if not self._rest.isActive() and not self.slider.isSliderDown():
            self.slider.blockSignals(True)
            self.slider.setRange(0, look.length)
            self.slider.setValue(look.position)
            self.slider.blockSignals(False)
        self.slider.setEnabled(look.enabled)
        self.undo.setEnabled(look.enabled and look.position > 0)
        self.redo.setEnabled(look.enabled and look.position < look.length)
        self._say(look.position)

    def _say(self, position: int) -> None:
        length = self._look.length
        self._words.setText(f"Before the first of {length}" if position == 0 else f"After drag {position} of {length}")

    def _moved(self, position: int) -> None:
        self._say(position)
        self._rest.start()
