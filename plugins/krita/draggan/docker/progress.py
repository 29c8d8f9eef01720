"""How far it is, in a bar and in words."""

from dataclasses import replace
from typing import Any

from ..qt import QtWidgets, Signal
from .looks import SPACING, FadedLabel, tool_button
from .state import ProgressLook

_PARTS = 1000


class ProgressBox(QtWidgets.QWidget):
    """A bar with what is being done in it, and the particulars below."""

    stop = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.bar = QtWidgets.QProgressBar(self)
        self.bar.setObjectName("draggan_progress")
        self.bar.setRange(0, _PARTS)
        self.bar.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)
        self._detail = FadedLabel("", self)
        self._detail.setObjectName("draggan_progress_detail")
        self.stop_button = tool_button("draggan-stop", "Stop this", self)
        self.stop_button.setObjectName("draggan_progress_stop")
        self.stop_button.clicked.connect(self.stop)
        row = QtWidgets.QHBoxLayout()
        row.setSpacing(SPACING // 2)
        row.addWidget(self.bar, 1)
        row.addWidget(self.stop_button)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING // 2)
        column.addLayout(row)
        column.addWidget(self._detail)
        self._shown: ProgressLook | None = None
        self.hide()

    def show_progress(self, look: ProgressLook | None) -> None:
        """Show this; None: nothing is under way."""
        if look == self._shown:
            return
        look = _forward(self._shown, look)
        self._shown = look
        self.setVisible(look is not None)
        if look is None:
            return
        # Each change of a progress bar is painted at once, and with it the whole window and its canvas. Not so here.
        # Nor is there the moving bar of what is not known: it would have the window painted all the time.
        self.bar.setUpdatesEnabled(False)
        self.bar.setVisible(bool(look.text))
        self.bar.setValue(round(min(max(look.fraction or 0.0, 0.0), 1.0) * _PARTS))
        self.bar.setFormat(look.text)
        self.bar.setUpdatesEnabled(True)
        self.stop_button.setVisible(look.can_stop)
        self._detail.setText(look.detail)
        self._detail.setVisible(bool(look.detail))


def _forward(before: ProgressLook | None, look: ProgressLook | None) -> ProgressLook | None:
    """An estimate may fall back; a bar that does is of no use. It goes on from where it was while one thing is done."""
    if before is None or look is None or before.fraction is None or look.fraction is None:
        return look
    is_same_thing = look.text.split(" ", 1)[0] == before.text.split(" ", 1)[0]
    return replace(look, fraction=max(before.fraction, look.fraction)) if is_same_thing else look
