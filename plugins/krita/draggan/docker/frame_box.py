"""The frame while it is chosen: what to do, the ways to choose it, its numbers, and the button that uses it."""

from typing import Any

from ..qt import QtCore, QtWidgets, Signal
from .looks import SPACING, FadedLabel, set_icon
from .state import FrameState

_LARGEST = 1e6


class FrameBox(QtWidgets.QWidget):
    """Shown as long as the artist chooses what the model sees."""

    use = Signal()
    whole = Signal()
    selection = Signal()
    reset = Signal()
    landmarks = Signal(bool)
    """Begin to ask for clicks on them; False: leave that."""
    sized = Signal(float)
    turned = Signal(float)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._state: FrameState | None = None
        self._help = FadedLabel("", self)
        self._help.setObjectName("draggan_frame_help")
        self._asked = QtWidgets.QLabel("", self)
        self._asked.setObjectName("draggan_landmark")
        self._asked.setWordWrap(True)
        font = self._asked.font()
        font.setBold(True)
        self._asked.setFont(font)
        self.whole_button = self._button("draggan_frame_whole", "Whole layer", "The whole layer, past its edges.")
        self.whole_button.clicked.connect(self.whole)
        self.selection_button = self._button("draggan_frame_selection", "Selection", "")
        self.selection_button.clicked.connect(self.selection)
        self.landmarks_button = self._button("draggan_frame_landmarks", "", "")
        self.landmarks_button.clicked.connect(lambda: self.landmarks.emit(not self._is_asking))
        self.reset_button = self._button("draggan_frame_reset", "Reset", "The frame as it was at the beginning.")
        self.reset_button.clicked.connect(self.reset)
        self.size_field = self._number("draggan_frame_size", "Size of the frame", " px", 1, _LARGEST)
        self.size_field.setToolTip("Its longer side. On the canvas: pull a corner, or press + and −.")
        self.size_field.valueChanged.connect(self.sized)
        self.angle_field = self._number("draggan_frame_angle", "Angle of the frame", "°", -180, 180)
        self.angle_field.setWrapping(True)
        self.angle_field.setToolTip("Clockwise. On the canvas: pull the knob; with Shift by steps of 15°.")
        self.angle_field.valueChanged.connect(self.turned)
        self._trouble = QtWidgets.QLabel("", self)
        self._trouble.setObjectName("draggan_frame_trouble")
        self._trouble.setWordWrap(True)
        self.use_button = self._button("draggan_frame_use", "Use this frame", "")
        set_icon(self.use_button, "dialog-ok")
        self.use_button.clicked.connect(self.use)
        self._numbers = self._row(
            QtWidgets.QLabel("Size", self), self.size_field, QtWidgets.QLabel("Angle", self), self.angle_field
        )
        self._ways = self._row(self.whole_button, self.selection_button, self.reset_button)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        for part in (self._help, self._asked, self._ways, self.landmarks_button, self._numbers, self._trouble):
            column.addWidget(part)
        column.addWidget(self.use_button)
        self.hide()

    def show_frame(self, state: FrameState | None) -> None:
        """Show this; None: no frame is being chosen."""
        if state == self._state:
            return
        self._state = state
        self.setVisible(state is not None)
        if state is None:
            return
        self._help.setText(
            "Pull the frame round what you want to drag: its corners size it, the knob turns it, a pull outside draws "
            "a new one." + (f" The model knows {state.domain}." if state.domain else "")
        )
        asking = bool(state.asked)
        self._asked.setText(f"Click {state.asked} ({state.asked_number} of {state.landmarks})." if asking else "")
        self._asked.setVisible(asking)
        for part in (self._help, self._ways, self._numbers, self.use_button):
            part.setVisible(not asking)
        self.selection_button.setEnabled(state.can_select)
        self.selection_button.setToolTip("Round what is selected." if state.can_select else "Nothing is selected.")
        self.landmarks_button.setVisible(state.landmarks > 0)
        self.landmarks_button.setText("Leave the clicks" if asking else state.landmarks_title)
        self.landmarks_button.setToolTip(
            "Back to pulling the frame (Escape). Ctrl+Z takes back the last click."
            if asking
            else "Click these in the picture, one after another: the frame is found from them."
        )
        self._show_number(self.size_field, state.size)
        self._show_number(self.angle_field, state.angle)
        self._trouble.setText(state.trouble)
        self._trouble.setVisible(bool(state.trouble) and not asking)
        self.use_button.setEnabled(not state.trouble)
        self.use_button.setToolTip(
            state.trouble or "The model looks for what is in the frame (Enter). A click inside the frame does it, too."
        )

    @property
    def _is_asking(self) -> bool:
        return self._state is not None and bool(self._state.asked)

    def _button(self, name: str, text: str, tooltip: str) -> Any:
        button = QtWidgets.QPushButton(text, self)
        button.setObjectName(name)
        button.setToolTip(tooltip)
        button.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)
        return button

    def _number(self, name: str, title: str, unit: str, least: float, most: float) -> Any:
        field = QtWidgets.QDoubleSpinBox(self)
        field.setObjectName(name)
        field.setAccessibleName(title)
        field.setRange(least, most)
        field.setDecimals(1)
        field.setSuffix(unit)
        field.setKeyboardTracking(False)
        field.setMinimumWidth(60)
        return field

    def _row(self, *parts: Any) -> Any:
        holder = QtWidgets.QWidget(self)
        row = QtWidgets.QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACING // 2)
        for part in parts:
            row.addWidget(part, 0 if isinstance(part, QtWidgets.QLabel) else 1)
        return holder

    def _show_number(self, field: Any, value: float) -> None:
        if field.hasFocus() and field.lineEdit().isModified():
            return  # the artist is typing
        blocker = QtCore.QSignalBlocker(field)
        field.setValue(value)
        del blocker
