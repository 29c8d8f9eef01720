"""The server's state in a line, with start, stop, and what a bug report needs."""

from typing import Any

from ..qt import QtCore, QtGui, QtWidgets, Signal
from .looks import SPACING, ElidedLabel, tone_colour, tool_button
from .state import ServerLook, Tone


class Lamp(QtWidgets.QWidget):
    """A dot in the colour of a tone."""

    _SIDE = 9

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._tone = Tone.QUIET
        self.setFixedSize(self._SIDE, self._SIDE)

    def show_tone(self, tone: Tone) -> None:
        """Shine in this colour."""
        if tone is not self._tone:
            self._tone = tone
            self.update()

    def paintEvent(self, _event: Any) -> None:  # noqa: N802  # Qt's name
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        painter.setPen(QtGui.QPen(tone_colour(self._tone, self.palette()), 1))
        if self._tone is not Tone.QUIET:
            painter.setBrush(tone_colour(self._tone, self.palette()))
        painter.drawEllipse(QtCore.QRectF(self.rect()).adjusted(1, 1, -1, -1))
        painter.end()


class ServerBox(QtWidgets.QWidget):
    """Lamp, words, start or stop, and diagnostics."""

    start = Signal()
    stop = Signal()
    diagnostics = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._look: ServerLook | None = None
        self._lamp = Lamp(self)
        self._text = ElidedLabel("", self)
        self._text.setObjectName("draggan_server_text")
        self.start_button = tool_button("draggan-start", "Start the server", self)
        self.start_button.setObjectName("draggan_server_start")
        self.start_button.clicked.connect(self.start)
        self.stop_button = tool_button("draggan-stop", "Stop the server", self)
        self.stop_button.setObjectName("draggan_server_stop")
        self.stop_button.clicked.connect(self.stop)
        self.copy = tool_button("edit-copy", "Copy for a bug report: versions, server, models, log. No pictures.", self)
        self.copy.setObjectName("draggan_diagnostics")
        self.copy.clicked.connect(self.diagnostics)
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACING // 2)
        row.addWidget(self._lamp)
        row.addSpacing(2)
        row.addWidget(self._text, 1)
        row.addWidget(self.start_button)
        row.addWidget(self.stop_button)
        row.addWidget(self.copy)

    def show_server(self, look: ServerLook) -> None:
        """Show this."""
        if look == self._look:
            return
        self._look = look
        self._lamp.show_tone(look.tone)
        self._lamp.setToolTip(look.tooltip)
        self._text.setText(look.text)
        self.start_button.setVisible(not look.can_stop)
        self.start_button.setEnabled(look.can_start)
        self.stop_button.setVisible(look.can_stop)
