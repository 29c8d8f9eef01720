"""A new picture out of the model: its seed, a dice to choose one, how far from the average it may go, and its class."""

import random
from typing import Any

from ..qt import QtCore, QtGui, QtWidgets, Signal
from .class_box import ClassBox
from .looks import SPACING, set_icon, tool_button
from .state import DockerState, SeedWish

MAX_SEED = 2**32 - 1
_DICE_SIDES = 100_000
"""The dice throws seeds that are short enough to be told to somebody."""


class SeedBox(QtWidgets.QWidget):
    """Seed, dice, psi, class, and the button that makes the picture."""

    wanted = Signal(object)
    """A SeedWish."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.seed = QtWidgets.QLineEdit(str(random.randrange(_DICE_SIDES)), self)
        self.seed.setObjectName("draggan_seed")
        self.seed.setAccessibleName("Seed")
        self.seed.setMaxLength(10)
        self.seed.setValidator(QtGui.QRegularExpressionValidator(QtCore.QRegularExpression("[0-9]{1,10}"), self))
        self.seed.setToolTip("A number that stands for a picture: the same model and number give the same picture.")
        self.seed.returnPressed.connect(self.make)
        self.dice = tool_button("draggan-dice", "Another number", self)
        self.dice.setObjectName("draggan_dice")
        self.dice.clicked.connect(self.throw)
        self.psi = QtWidgets.QDoubleSpinBox(self)
        self.psi.setObjectName("draggan_psi")
        self.psi.setAccessibleName("Truncation psi")
        self.psi.setRange(0.0, 1.5)
        self.psi.setSingleStep(0.05)
        self.psi.setDecimals(2)
        self.psi.setValue(0.7)
        self.psi.setToolTip(
            "Truncation psi: how far the picture may be from the model's average one.\n"
            "Small: safe and alike. 1: all that the model knows, odd ones among it."
        )
        self.classes = ClassBox(self)
        self.classes.entered.connect(self.make)
        self.button = QtWidgets.QPushButton("New picture from seed", self)
        self.button.setObjectName("draggan_new_picture")
        set_icon(self.button, "addlayer")
        self.button.clicked.connect(self.make)
        row = QtWidgets.QHBoxLayout()
        row.setSpacing(SPACING // 2)
        row.addWidget(QtWidgets.QLabel("Seed", self))
        row.addWidget(self.seed, 1)
        row.addWidget(self.dice)
        row.addSpacing(SPACING)
        row.addWidget(QtWidgets.QLabel("Psi", self))
        row.addWidget(self.psi)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(row)
        column.addWidget(self.classes)
        column.addWidget(self.button)

    def show_state(self, state: DockerState) -> None:
        """Whether a picture can be made now, and why not; and of which classes."""
        self.classes.show_model(state.class_model)
        self.button.setEnabled(state.can_make_picture)
        self.button.setText("Making the picture …" if state.making_picture else "New picture from seed")
        self.button.setToolTip(
            state.picture_why or "A new layer with a picture out of the chosen model, ready to be dragged."
        )

    def throw(self) -> None:
        """Another seed."""
        self.seed.setText(str(random.randrange(_DICE_SIDES)))

    def make(self) -> None:
        """Ask for the picture, as the button does."""
        if self.button.isEnabled():
            seed = min(int(self.seed.text() or "0"), MAX_SEED)
            self.wanted.emit(SeedWish(seed, float(self.psi.value()), self.classes.label()))
