"""The mode's button, Start or Stop, Apply and Discard."""

from typing import Any

from ..qt import QtCore, QtGui, QtWidgets, Signal
from .looks import SPACING, ElidedLabel, set_icon
from .state import DockerState


class ModeButton(QtWidgets.QWidget):
    """Switches the drag points mode; names the layer that is edited."""

    toggled = Signal(bool)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._lit = False
        self.button = QtWidgets.QPushButton("Drag points", self)
        self.button.setObjectName("draggan_mode")
        self.button.setCheckable(True)
        set_icon(self.button, "draggan-points")
        self.button.clicked.connect(self.toggled)
        self._layer = ElidedLabel("", self)
        self._layer.setObjectName("draggan_layer")
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING // 2)
        column.addWidget(self.button)
        column.addWidget(self._layer)

    def show_state(self, state: DockerState) -> None:
        """Show whether the mode is on, and on which layer."""
        if self.button.isChecked() != state.mode or self._lit != state.mode:
            self.button.setChecked(state.mode)
            self._light(state.mode)
        self.button.setEnabled(state.mode or state.can_enter)
        self.button.setToolTip(
            state.enter_why
            or "Place and pull points on the picture. Escape leaves; while H is held, the edit is hidden."
        )
        self._layer.setText(f"On layer “{state.layer}”" if state.layer else "")
        self._layer.setVisible(bool(state.layer))

    def changeEvent(self, event: Any) -> None:  # noqa: N802  # Qt's name
        super().changeEvent(event)
        if event.type() == QtCore.QEvent.Type.PaletteChange:
            self._light(self._lit)

    def _light(self, on: bool) -> None:
        """The mode catches what is meant for Krita's tools, so that it is on has to be seen."""
        self._lit = on
        roles = QtGui.QPalette.ColorRole
        palette = QtWidgets.QApplication.palette(self.button)
        if on:
            palette.setColor(roles.Button, palette.color(roles.Highlight))
            palette.setColor(roles.ButtonText, palette.color(roles.HighlightedText))
        self.button.setPalette(palette)


class DragButtons(QtWidgets.QWidget):
    """Start, which is Stop while something runs; and what becomes of the edit."""

    start = Signal()
    stop = Signal()
    apply = Signal()
    discard = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._busy: bool | None = None
        self.run = QtWidgets.QPushButton(self)
        self.run.setObjectName("draggan_run")
        self.run.clicked.connect(lambda: self.stop.emit() if self._busy else self.start.emit())
        self.apply_button = QtWidgets.QPushButton("Apply", self)
        self.apply_button.setObjectName("draggan_apply")
        set_icon(self.apply_button, "dialog-ok")
        self.apply_button.clicked.connect(self.apply)
        self.discard_button = QtWidgets.QPushButton("Discard", self)
        self.discard_button.setObjectName("draggan_discard")
        set_icon(self.discard_button, "dialog-cancel")
        self.discard_button.clicked.connect(self.discard)
        row = QtWidgets.QHBoxLayout()
        row.setSpacing(SPACING)
        row.addWidget(self.apply_button, 1)
        row.addWidget(self.discard_button, 1)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self.run)
        column.addLayout(row)

    def show_state(self, state: DockerState) -> None:
        """Show what can be done now."""
        if state.busy is not self._busy:
            self._busy = state.busy
            set_icon(self.run, "draggan-stop" if state.busy else "draggan-start")
        self.run.setText(("Stopping …" if state.stopping else "Stop") if state.busy else "Start")
        self.run.setEnabled(not state.stopping if state.busy else state.can_start)
        self.run.setToolTip(
            "Stop here. What has been reached so far stays."
            if state.busy
            else state.start_why or "Pull every point to its target."
        )
        self.apply_button.setEnabled(state.can_apply)
        self.apply_button.setToolTip(state.apply_why or "Put the edit into the document as a new layer (Enter).")
        self.discard_button.setEnabled(state.can_discard)
        self.discard_button.setToolTip("Drop the drags that are not applied. The document was never changed by them.")
