"""The message area: problems, questions and remarks, on top of the docker, each until it is answered or closed."""

from typing import Any

from ..qt import Qt, QtCore, QtGui, QtWidgets, Signal
from .looks import SPACING, blend, tone_colour, tool_button
from .state import Notice


class NoticeCard(QtWidgets.QFrame):
    """One notice: a coloured edge, what is the matter in bold, what to do about it, and the answers as buttons."""

    answered = Signal(str, str)
    """Key of the notice, key of the choice; an empty choice: closed."""

    _EDGE = 3

    def __init__(self, notice: Notice, parent: Any = None) -> None:
        super().__init__(parent)
        self.notice = notice
        self.setObjectName(f"draggan_notice_{notice.key}")
        grid = QtWidgets.QGridLayout(self)
        grid.setContentsMargins(self._EDGE + SPACING, SPACING, SPACING, SPACING)
        grid.setHorizontalSpacing(SPACING)
        grid.setVerticalSpacing(SPACING // 2)
        grid.setColumnStretch(0, 1)
        message = self._text(notice.message)
        font = message.font()
        font.setBold(True)
        message.setFont(font)
        grid.addWidget(message, 0, 0)
        if notice.closable and not notice.choices:
            close = tool_button("docker_close", "Close this message", self)
            close.setObjectName("draggan_notice_close")
            close.clicked.connect(lambda: self.answered.emit(notice.key, ""))
            grid.addWidget(close, 0, 1, Qt.AlignmentFlag.AlignTop)
        if notice.hint:
            grid.addWidget(self._text(notice.hint), 1, 0, 1, 2)
        for row, choice in enumerate(notice.choices, 2):
            button = QtWidgets.QPushButton(choice.label, self)
            button.setObjectName(f"draggan_choice_{choice.key}")
            button.setToolTip(choice.tooltip)
            button.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)
            button.clicked.connect(lambda _checked=False, key=choice.key: self.answered.emit(notice.key, key))
            grid.addWidget(button, row, 0, 1, 2)

    def _text(self, text: str) -> Any:
        label = QtWidgets.QLabel(text, self)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        label.setCursor(Qt.CursorShape.IBeamCursor)
        return label

    def paintEvent(self, _event: Any) -> None:  # noqa: N802  # Qt's name
        painter = QtGui.QPainter(self)
        palette = self.palette()
        tone = tone_colour(self.notice.tone, palette)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(blend(palette.color(QtGui.QPalette.ColorRole.Window), tone, 0.16))
        painter.drawRoundedRect(QtCore.QRectF(self.rect()), 3, 3)
        painter.setBrush(tone)
        painter.drawRoundedRect(QtCore.QRectF(0, 0, self._EDGE, self.height()), 1.5, 1.5)
        painter.end()


class NoticeArea(QtWidgets.QWidget):
    """All notices, the newest on top; takes no room where there are none."""

    answered = Signal(str, str)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._column = QtWidgets.QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACING)
        self._shown: tuple[Notice, ...] = ()
        self.hide()

    def show_notices(self, notices: tuple[Notice, ...]) -> None:
        """Show these, and no others."""
        if notices == self._shown:
            return
        self._shown = notices
        while self._column.count():
            card = self._column.takeAt(0).widget()
            card.hide()
            card.deleteLater()
        for notice in notices:
            card = NoticeCard(notice, self)
            card.answered.connect(self.answered)
            self._column.addWidget(card)
        self.setVisible(bool(notices))
