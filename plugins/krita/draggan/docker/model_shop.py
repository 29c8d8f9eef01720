"""The window "Get more models": what there is, licences, downloads, files of one's own. Not in the way of painting."""

from collections.abc import Callable
from typing import Any

from ..draggan_client import wording
from ..draggan_client.connection import Connection
from ..draggan_client.messages import AddModelRequest, CatalogueEntry
from ..draggan_client.model_shop import ModelShop, ShopPhase, ShopView, can_be_got, needs_a_yes
from ..draggan_client.worker import HandOver
from ..qt import Qt, QtCore, QtGui, QtWidgets
from .looks import SPACING, FadedLabel, tone_colour
from .state import Tone

_ID = Qt.ItemDataRole.UserRole


class ModelShopWindow(QtWidgets.QDialog):
    """Closing it stops a download; what has come is kept."""

    def __init__(self, parent: Any, connection: Connection, hand_over: HandOver, came: Callable[[str], None]) -> None:
        """came: there is a new model of this id."""
        super().__init__(parent)
        self.setObjectName("draggan_shop")
        self.setWindowTitle("Get more models")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._came = came
        self._told = ""
        self._view: ShopView | None = None
        self._shop = ModelShop(connection, hand_over, self._changed)
        self._build()
        self.resize(760, 470)
        self._shop.load()
        self._changed()

    def done(self, result: int) -> None:
        """However it is closed."""
        self._shop.close()
        super().done(result)

    def closeEvent(self, event: Any) -> None:  # noqa: N802  # Qt's name
        self._shop.close()
        super().closeEvent(event)

    # Building

    def _build(self) -> None:
        self._list = QtWidgets.QListWidget(self)
        self._list.setObjectName("draggan_shop_list")
        self._list.setAccessibleName("Models")
        self._list.setWordWrap(True)
        self._list.currentRowChanged.connect(lambda _row: self._show_chosen())
        self._title = QtWidgets.QLabel(self)
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setWordWrap(True)
        font = self._title.font()
        font.setBold(True)
        self._title.setFont(font)
        self._facts = QtWidgets.QLabel(self)
        self._facts.setObjectName("draggan_shop_facts")
        self._facts.setTextFormat(Qt.TextFormat.PlainText)
        self._facts.setWordWrap(True)
        self._licence = self._button("Read the licence", "draggan_shop_licence", self._open_licence)
        self._page = self._button("Its page", "draggan_shop_page", self._open_page)
        self._agree = QtWidgets.QCheckBox("I agree to the licence", self)
        self._agree.setObjectName("draggan_shop_agree")
        self._agree.toggled.connect(lambda _on: self._show_buttons())
        self._why = FadedLabel(wording.SHOP_UNVERIFIED, self)
        self._unverified = QtWidgets.QCheckBox("Download it all the same", self)
        self._unverified.setObjectName("draggan_shop_unverified")
        self._unverified.toggled.connect(lambda _on: self._show_buttons())
        self._get = self._button("Download", "draggan_shop_get", self._download)
        links = QtWidgets.QHBoxLayout()
        links.addWidget(self._licence)
        links.addWidget(self._page)
        links.addStretch(1)
        right = QtWidgets.QVBoxLayout()
        right.setSpacing(SPACING)
        for widget in (self._title, self._facts):
            right.addWidget(widget)
        right.addLayout(links)
        for widget in (self._agree, self._why, self._unverified):
            right.addWidget(widget)
        right.addWidget(self._get, 0, Qt.AlignmentFlag.AlignLeft)
        right.addStretch(1)
        middle = QtWidgets.QHBoxLayout()
        middle.setSpacing(2 * SPACING)
        middle.addWidget(self._list, 1)
        middle.addLayout(right, 1)
        whole = QtWidgets.QVBoxLayout(self)
        whole.setSpacing(SPACING)
        whole.addLayout(middle, 1)
        whole.addLayout(self._build_foot())

    def _build_foot(self) -> Any:
        self._text = QtWidgets.QLabel(self)
        self._text.setObjectName("draggan_shop_text")
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._bar = QtWidgets.QProgressBar(self)
        self._bar.setObjectName("draggan_shop_progress")
        self._bar.setTextVisible(False)
        self._stop = self._button("Stop", "draggan_shop_stop", self._shop.cancel)
        self._add = self._button("Add a file…", "draggan_shop_add", self._choose_file)
        self._add.setToolTip("A StyleGAN2 model that you have already: .pkl, .pt, .safetensors …")
        close = self._button("Close", "draggan_shop_close", self.close)
        progress = QtWidgets.QHBoxLayout()
        progress.addWidget(self._bar, 1)
        progress.addWidget(self._stop)
        buttons = QtWidgets.QHBoxLayout()
        buttons.addWidget(self._add)
        buttons.addStretch(1)
        buttons.addWidget(close)
        foot = QtWidgets.QVBoxLayout()
        foot.setSpacing(SPACING)
        foot.addWidget(self._text)
        foot.addLayout(progress)
        foot.addLayout(buttons)
        return foot

    def _button(self, label: str, name: str, clicked: Callable[[], object]) -> Any:
        button = QtWidgets.QPushButton(label, self)
        button.setObjectName(name)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: clicked())
        return button

    # What the artist does

    def _download(self) -> None:
        entry = self._entry()
        if entry is not None and self._agree.isChecked():
            self._shop.get(entry, self._unverified.isChecked())

    def _choose_file(self) -> None:
        path, _kind = QtWidgets.QFileDialog.getOpenFileName(self, "Add a model", "", wording.SHOP_FILES)
        if path:
            self.add(path)

    def add(self, path: str) -> None:
        """Convert this file."""
        self._shop.add(AddModelRequest(path))

    def _open_licence(self) -> None:
        entry = self._entry()
        if entry is not None:
            QtGui.QDesktopServices.openUrl(QtCore.QUrl(entry.licence_page))

    def _open_page(self) -> None:
        entry = self._entry()
        if entry is not None:
            QtGui.QDesktopServices.openUrl(QtCore.QUrl(entry.page))

    # Showing

    def _changed(self) -> None:
        view = self._shop.view
        before, self._view = self._view, view
        if before is None or before.entries != view.entries:
            self._fill(view)
        problem = str(view.problem) if view.problem else "\n".join(view.problems)
        notes = "" if view.problem or view.is_busy else wording.files_text(view.files)
        self._text.setText("\n".join(part for part in (problem or view.text, notes) if part))
        palette = self.palette()
        if problem:
            palette.setColor(QtGui.QPalette.ColorRole.WindowText, tone_colour(Tone.PROBLEM, palette))
        self._text.setPalette(palette)
        running = view.is_busy or view.phase is ShopPhase.LOADING
        self._bar.setVisible(running)
        self._bar.setRange(0, 0 if view.fraction is None else 1000)
        self._bar.setValue(round(1000 * (view.fraction or 0)))
        self._stop.setVisible(view.is_busy)
        self._show_buttons()
        if view.added is not None and view.added.id != self._told:
            self._told = view.added.id
            self._came(view.added.id)

    def _fill(self, view: ShopView) -> None:
        """The list anew, with the same one chosen."""
        chosen = self._list.currentItem().data(_ID) if self._list.currentItem() is not None else None
        self._list.blockSignals(True)
        self._list.clear()
        for entry in view.entries or ():
            item = QtWidgets.QListWidgetItem(f"{entry.name}{'  ✓' if entry.is_here else ''}")
            item.setData(_ID, entry.id)
            item.setToolTip("\n".join(wording.offer_texts(entry)))
            self._list.addItem(item)
            if entry.id == chosen:
                self._list.setCurrentItem(item)
        if self._list.currentRow() < 0 and self._list.count():
            self._list.setCurrentRow(0)
        self._list.blockSignals(False)
        self._list.scrollToItem(self._list.currentItem())
        self._show_chosen(same=chosen is not None)

    def _show_chosen(self, same: bool = False) -> None:
        entry = self._entry()
        self._title.setText(entry.name if entry else "")
        self._facts.setText("\n".join(wording.offer_texts(entry)) if entry else "")
        if not same:  # each licence is agreed to by itself
            self._agree.setChecked(False)
            self._unverified.setChecked(False)
        self._show_buttons()

    def _show_buttons(self) -> None:
        entry = self._entry()
        busy = self._shop.view.is_busy
        can_get = entry is not None and can_be_got(entry)
        unsure = can_get and entry is not None and needs_a_yes(entry)
        self._licence.setVisible(bool(entry and entry.licence_page))
        self._page.setVisible(bool(entry and entry.page))
        for widget in (self._agree, self._get):
            widget.setVisible(can_get)
        for widget in (self._why, self._unverified):
            widget.setVisible(unsure)
        agreed = self._agree.isChecked() and (not unsure or self._unverified.isChecked())
        self._get.setEnabled(agreed and not busy)
        self._get.setText("Go on downloading" if entry is not None and entry.bytes_here else "Download")
        self._add.setEnabled(not busy)

    def _entry(self) -> CatalogueEntry | None:
        item = self._list.currentItem()
        return self._shop.view.entry(item.data(_ID)) if item is not None else None
