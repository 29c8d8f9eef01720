"""The settings of a drag, out of the client library's table; each "automatic" until somebody chooses."""

from collections.abc import Mapping
from typing import Any

from ..draggan_client.settings_table import SETTINGS, Setting, Value
from ..qt import QtWidgets, Signal
from .disclosure import Disclosure
from .looks import SPACING

_AUTOMATIC = "automatic"


class _SpinMixin:
    """A spin box whose lowest value means "automatic", and which leaves it towards the usual value."""

    setting: Setting

    def stepBy(self, steps: int) -> None:  # noqa: N802  # Qt's name
        box: Any = self
        if box.value() == box.minimum() and steps > 0:
            box.setValue(type(box.value())(self.setting.default))
        else:
            super().stepBy(steps)  # type: ignore[misc]  # of the Qt class mixed in


class _IntBox(_SpinMixin, QtWidgets.QSpinBox):
    pass


class _FloatBox(_SpinMixin, QtWidgets.QDoubleSpinBox):
    pass


class NumberField:
    """A number, or automatic."""

    def __init__(self, setting: Setting, changed: Any, parent: Any) -> None:
        self._type = int if setting.kind == "int" else float
        self.box: Any = (_IntBox if setting.kind == "int" else _FloatBox)(parent)
        self.box.setting = setting
        step = self._type(setting.step)
        if setting.kind == "float":
            self.box.setDecimals(setting.decimals)
        self._automatic = self._type(setting.minimum) - step
        self.box.setRange(self._automatic, self._type(setting.maximum))
        self.box.setSingleStep(step)
        self.box.setSpecialValueText(_AUTOMATIC)
        self.box.setKeyboardTracking(False)
        self.box.setValue(self._automatic)
        if setting.unit:
            self.box.setSuffix(f" {setting.unit}")
        self.box.valueChanged.connect(lambda _value: changed(setting.name, self.value()))
        self._minimum = self._type(setting.minimum)

    def value(self) -> Value:
        """None: automatic."""
        found = self._type(self.box.value())
        return None if found < self._minimum else found

    def show(self, value: Value) -> None:
        """Show it, without saying that it changed."""
        self.box.blockSignals(True)
        self.box.setValue(self._automatic if value is None else self._type(value))
        self.box.blockSignals(False)


class ChoiceField:
    """One of several, or automatic."""

    def __init__(self, setting: Setting, changed: Any, parent: Any) -> None:
        self.box: Any = QtWidgets.QComboBox(parent)
        self.box.setSizeAdjustPolicy(QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setMinimumContentsLength(6)
        self.box.addItem(_AUTOMATIC)
        choices = setting.choices
        self._values: tuple[Value, ...] = (None, *(one.value for one in choices))
        for one in choices:
            self.box.addItem(one.label)
        self.box.activated.connect(lambda _row: changed(setting.name, self.value()))

    def value(self) -> Value:
        """None: automatic."""
        return self._values[self.box.currentIndex()]

    def show(self, value: Value) -> None:
        """Show it, without saying that it changed."""
        self.box.setCurrentIndex(self._values.index(value) if value in self._values else 0)


class SwitchField(ChoiceField):
    """On, off, or automatic."""

    def __init__(self, setting: Setting, changed: Any, parent: Any) -> None:
        super().__init__(setting, changed, parent)
        self._values = (None, True, False)
        self.box.addItems(["on", "off"])


class SettingsBox(QtWidgets.QWidget):
    """All settings: the usual ones, and behind another disclosure those for the few who know the method."""

    changed = Signal(str, object)
    """Name of the setting; its value in the table's unit, or None for automatic."""
    reset = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.fields: dict[str, NumberField | ChoiceField] = {}
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(SPACING, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self._form(advanced=False))
        if any(setting.advanced for setting in SETTINGS):
            more = Disclosure("More", self._form(advanced=True), self)
            more.button.setToolTip("For those who know the method.")
            column.addWidget(more)
        self._reset = QtWidgets.QPushButton("All automatic", self)
        self._reset.setObjectName("draggan_settings_reset")
        self._reset.setToolTip("Leave every setting to the model again.")
        self._reset.clicked.connect(self.reset)
        column.addWidget(self._reset)

    def show_options(self, values: Mapping[str, Value]) -> None:
        """Show these values; missing: automatic."""
        for name, field in self.fields.items():
            if field.value() != values.get(name):
                field.show(values.get(name))
        self._reset.setEnabled(any(value is not None for value in values.values()))

    def _form(self, advanced: bool) -> Any:
        form = QtWidgets.QWidget(self)
        grid = QtWidgets.QGridLayout(form)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(SPACING)
        grid.setVerticalSpacing(SPACING // 2)
        grid.setColumnStretch(0, 2)
        grid.setColumnStretch(1, 3)
        for row, setting in enumerate(one for one in SETTINGS if one.advanced is advanced):
            field = self._field(setting, form)
            field.box.setObjectName(f"draggan_setting_{setting.name}")
            field.box.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)
            field.box.setAccessibleName(setting.label)
            label = QtWidgets.QLabel(setting.label, form)
            label.setWordWrap(True)
            label.setBuddy(field.box)
            for widget in (label, field.box):
                widget.setToolTip(f"<p>{setting.tooltip}</p><p>{setting.automatic_label.capitalize()}.</p>")
            grid.addWidget(label, row, 0)
            grid.addWidget(field.box, row, 1)
            self.fields[setting.name] = field
        return form

    def _field(self, setting: Setting, parent: Any) -> "NumberField | ChoiceField":
        if setting.kind == "choice":
            return ChoiceField(setting, self.changed.emit, parent)
        if setting.kind == "bool":
            return SwitchField(setting, self.changed.emit, parent)
        return NumberField(setting, self.changed.emit, parent)
