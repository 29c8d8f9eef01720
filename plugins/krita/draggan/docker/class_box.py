"""Which class a model that draws by class is to draw."""

import contextlib
from typing import Any

from ..draggan_client.classes import TITLE, TOOLTIP, class_from, class_text, class_texts
from ..draggan_client.messages import ModelInfo
from ..qt import QtWidgets, Signal
from .looks import SPACING


class ClassBox(QtWidgets.QWidget):
    """A list with a field: a class is chosen, or typed by name or number. There only for models that have classes."""

    entered = Signal()
    """Enter was pressed in the field."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._model: ModelInfo | None = None
        self._label: int | None = None
        self.list = QtWidgets.QComboBox(self)
        self.list.setObjectName("draggan_class")
        self.list.setAccessibleName(TITLE)
        self.list.setToolTip(TOOLTIP)
        self.list.setEditable(True)
        self.list.setInsertPolicy(QtWidgets.QComboBox.InsertPolicy.NoInsert)
        self.list.setSizeAdjustPolicy(QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.list.setMinimumContentsLength(6)
        self.list.lineEdit().returnPressed.connect(self.entered)
        self.list.lineEdit().editingFinished.connect(self._read)
        self.list.activated.connect(lambda _row: self._read())
        name = QtWidgets.QLabel(TITLE, self)
        name.setToolTip(TOOLTIP)
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACING // 2)
        row.addWidget(name)
        row.addWidget(self.list, 1)
        self.hide()

    def show_model(self, model: ModelInfo | None) -> None:
        """Show this model's classes, at first by the seed; None: there is nothing to choose."""
        if _classes_of(model) != _classes_of(self._model):
            self._label = None
            self.list.clear()
            self.list.addItems(class_texts(model) if model is not None else ())
        self._model = model
        self.setVisible(model is not None)

    def label(self) -> int | None:
        """The class; None: by the seed."""
        self._read()
        return self._label

    def _read(self) -> None:
        """What stands in the field counts; where the model has no such class, the last one goes on to count."""
        if self._model is None:
            return
        with contextlib.suppress(ValueError):
            self._label = class_from(self._model, self.list.currentText())
        text = class_text(self._model, self._label)
        self.list.setCurrentIndex(self.list.findText(text))
        self.list.setEditText(text)  # of many classes not all are in the list


def _classes_of(model: ModelInfo | None) -> object:
    return None if model is None else (model.id, model.classes, model.class_names)
