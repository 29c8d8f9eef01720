"""Which model: a list with thumbnails, and how fast the chosen one is on this computer."""

from typing import Any

from ..qt import Qt, QtCore, QtGui, QtWidgets, Signal
from .looks import SPACING, FadedLabel
from .state import ModelLook

_THUMBNAIL = 36


class ModelChooser(QtWidgets.QWidget):
    """The list of the models with their thumbnails, and a line about the chosen one."""

    chosen = Signal(str)
    more = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.list = QtWidgets.QComboBox(self)
        self.list.setObjectName("draggan_model")
        self.list.setAccessibleName("Model")
        self.list.setSizeAdjustPolicy(QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.list.setMinimumContentsLength(6)
        self.list.setIconSize(QtCore.QSize(_THUMBNAIL, _THUMBNAIL))
        self.list.activated.connect(self._activated)
        self._detail = FadedLabel("", self)
        self._detail.setObjectName("draggan_model_detail")
        self._more = QtWidgets.QPushButton("Get more models…", self)
        self._more.setObjectName("draggan_more_models")
        self._more.clicked.connect(lambda: self.more.emit())
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING // 2)
        column.addWidget(self.list)
        column.addWidget(self._detail)
        column.addWidget(self._more, 0, Qt.AlignmentFlag.AlignLeft)
        self._models: tuple[ModelLook, ...] | None = None
        self._model: str | None = None
        self.show_models((), None, False)

    def show_models(self, models: tuple[ModelLook, ...], model: str | None, enabled: bool) -> None:
        """Show these, with `model` chosen."""
        if models != self._models:
            # News of the same models: an open list stays open, with the same row under the pointer.
            if [one.id for one in models] != [one.id for one in self._models or ()] or not models:
                self.list.clear()
                self.list.addItems([one.name for one in models])
            for row, one in enumerate(models):
                self._fill(row, one)
            self._models = models
            self._model = None
            if not models:
                self.list.addItem("No models yet")
                self._detail.setText("The server brings them.")
        self.list.setEnabled(enabled and bool(models))
        if models and model != self._model:
            self._model = model
            self.list.setCurrentIndex(next((row for row, one in enumerate(models) if one.id == model), -1))
            self._show_chosen()

    def open_list(self) -> None:
        """Let the artist choose another one now."""
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)
        self.list.showPopup()

    def _fill(self, row: int, one: ModelLook) -> None:
        self.list.setItemText(row, one.name)
        self.list.setItemIcon(row, _icon(one.thumbnail))
        self.list.setItemData(row, one.id)
        self.list.setItemData(row, one.tooltip, Qt.ItemDataRole.ToolTipRole)

    def _show_chosen(self) -> None:
        one = next((one for one in self._models or () if one.id == self._model), None)
        self._detail.setText(one.detail if one else "")
        self.list.setToolTip(one.tooltip if one else "")

    def _activated(self, row: int) -> None:
        if self._models:
            self._model = self._models[row].id
            self._show_chosen()
            self.chosen.emit(self._model)


def _icon(png: bytes) -> Any:
    pixmap = QtGui.QPixmap()
    return QtGui.QIcon(pixmap) if png and pixmap.loadFromData(png) else QtGui.QIcon()
