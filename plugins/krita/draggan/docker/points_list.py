"""The list of points: number, what it does, how far it has to go."""

from typing import Any

from ..qt import Qt, QtWidgets, Signal
from .looks import SPACING, FadedLabel, tool_button
from .state import PointLook

_ROWS_SHOWN = (3, 7)
_HOW = (
    "Press on a feature in the picture and pull it to where it should go. A click makes a pin, which holds its place."
)


class PointsList(QtWidgets.QWidget):
    """The points of the edit. What is selected here is selected on the canvas, and the other way round."""

    selected = Signal(object)
    """A frozenset of ids."""
    removal = Signal(object)
    """A frozenset of ids; empty: all of them."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._hint = FadedLabel(_HOW, self)
        self.list = QtWidgets.QTreeWidget(self)
        self.list.setObjectName("draggan_points")
        self.list.setAccessibleName("Points")
        self.list.setColumnCount(3)
        self.list.setHeaderLabels(["", "Point", "To go"])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(24)
        header.setSectionResizeMode(0, QtWidgets.QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QtWidgets.QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(2, QtWidgets.QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionsClickable(False)
        self.list.headerItem().setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.list.itemSelectionChanged.connect(self._selection_changed)
        self.remove = tool_button("deletelayer", "Remove the selected points", self)
        self.remove.setObjectName("draggan_remove_points")
        self.remove.clicked.connect(lambda: self.removal.emit(self._selected_ids()))
        self.clear = tool_button("edit-clear", "Remove all points", self)
        self.clear.setObjectName("draggan_clear_points")
        self.clear.clicked.connect(lambda: self.removal.emit(frozenset()))
        buttons = QtWidgets.QVBoxLayout()
        buttons.setSpacing(2)
        buttons.addWidget(self.remove)
        buttons.addWidget(self.clear)
        buttons.addStretch(1)
        row = QtWidgets.QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACING // 2)
        row.addWidget(self.list, 1)
        row.addLayout(buttons)
        self._full = FadedLabel("These are all the points that one drag can take.", self)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING // 2)
        column.addWidget(self._hint)
        column.addLayout(row)
        column.addWidget(self._full)
        self._points: tuple[PointLook, ...] = ()
        self._editable = True
        self._filling = False
        self._show_rows()
        self._full.hide()

    def show_points(self, points: tuple[PointLook, ...], full: bool, editable: bool) -> None:
        """Show these. While not `editable` they can be looked at, but not removed."""
        self._full.setVisible(full)
        if points == self._points and editable == self._editable:
            return
        same_rows = [point.id for point in points] == [point.id for point in self._points]
        self._points, self._editable = points, editable
        self._filling = True
        if not same_rows:
            self.list.clear()
            self.list.addTopLevelItems([QtWidgets.QTreeWidgetItem() for _point in points])
        for row, point in enumerate(points):
            item = self.list.topLevelItem(row)
            for column, text in enumerate((point.id, "pin" if point.is_pin else "pulled", _distance(point))):
                if item.text(column) != text:
                    item.setText(column, text)
            item.setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            item.setSelected(point.selected)
        self._filling = False
        if not same_rows:
            self._show_rows()
        self._show_buttons()

    def _show_rows(self) -> None:
        has = bool(self._points)
        self._hint.setVisible(not has)
        for widget in (self.list, self.remove, self.clear):
            widget.setVisible(has)
        if has:
            rows = min(max(len(self._points), _ROWS_SHOWN[0]), _ROWS_SHOWN[1])
            row_height = max(self.list.sizeHintForRow(0), self.fontMetrics().height() + 2)
            frame = 2 * self.list.frameWidth() + 2
            self.list.setFixedHeight(self.list.header().sizeHint().height() + rows * row_height + frame)

    def _show_buttons(self) -> None:
        self.remove.setEnabled(self._editable and any(point.selected for point in self._points))
        self.clear.setEnabled(self._editable and bool(self._points))

    def _selected_ids(self) -> frozenset[str]:
        return frozenset(item.text(0) for item in self.list.selectedItems())

    def _selection_changed(self) -> None:
        if not self._filling:
            self.selected.emit(self._selected_ids())


def _distance(point: PointLook) -> str:
    if point.is_pin and not (point.distance or 0) >= 1:
        return "–"
    return "" if point.distance is None else f"{point.distance:.0f} px"
