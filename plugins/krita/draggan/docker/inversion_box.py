"""What the model makes of the artist's own picture: whether it knows such pictures, and what can be done about it."""

from typing import Any

from ..draggan_client import wording
from ..qt import QtWidgets, Signal
from .looks import SPACING, FadedLabel
from .server_box import Lamp
from .state import InversionState


class InversionBox(QtWidgets.QWidget):
    """Shown once a frame of the artist's own layer is in use, until it was dragged."""

    faithful = Signal()
    choose_again = Signal()
    other_models = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._state: InversionState | None = None
        self._lamp = Lamp(self)
        self._word = QtWidgets.QLabel("", self)
        self._word.setObjectName("draggan_recognition")
        font = self._word.font()
        font.setBold(True)
        self._word.setFont(font)
        self._text = FadedLabel("", self)
        self._text.setObjectName("draggan_recognition_text")
        self.faithful_button = self._button("draggan_faithful", wording.FAITHFUL)
        self.faithful_button.clicked.connect(self.faithful)
        self.again_button = self._button("draggan_frame_again", "Choose the frame again")
        self.again_button.clicked.connect(self.choose_again)
        self.models_button = self._button("draggan_other_models", "Other models …")
        self.models_button.setToolTip("Choose a model that knows such pictures.")
        self.models_button.clicked.connect(self.other_models)
        row = QtWidgets.QHBoxLayout()
        row.setSpacing(SPACING)
        row.addWidget(self._lamp)
        row.addWidget(self._word, 1)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(row)
        for part in (self._text, self.models_button, self.faithful_button, self.again_button):
            column.addWidget(part)
        self.hide()

    def show_inversion(self, state: InversionState | None) -> None:
        """Show this; None: the picture is not the artist's own, or was dragged already."""
        if state == self._state:
            return
        self._state = state
        self.setVisible(state is not None)
        if state is None:
            return
        self._lamp.show_tone(state.tone)
        self._lamp.setVisible(bool(state.word))
        self._word.setText(state.word)
        self._word.setVisible(bool(state.word))
        self._text.setText(state.text)
        self._text.setVisible(bool(state.text))
        self.models_button.setVisible(state.offers_models)
        self.faithful_button.setVisible(state.offers_faithful)
        self.faithful_button.setEnabled(state.can_refine)
        self.faithful_button.setToolTip(state.faithful_why or "Takes longer: the model is fitted to this very picture.")
        self.again_button.setEnabled(state.can_choose_again)
        self.again_button.setToolTip("Stop, and go back to the frame.")

    def _button(self, name: str, text: str) -> Any:
        button = QtWidgets.QPushButton(text, self)
        button.setObjectName(name)
        button.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)
        return button
