"""The small picture in the docker: the frame as it looks now."""

from typing import Any

from ..qt import QtCore, QtGui, QtWidgets
from .pictures import image_of

_MAX_SIDE = 200


class PreviewBox(QtWidgets.QWidget):
    """Draws the opened frame, and over it what the edit lays upon it. Square, as wide as there is room."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.setObjectName("draggan_preview")
        self.setToolTip("The picture as the model draws it now.")
        policy = QtWidgets.QSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._base: tuple[bytes, Any] = (b"", None)
        self._edit: tuple[bytes, Any] = (b"", None)
        self.hide()

    def show_preview(self, base: bytes, edit: bytes) -> None:
        """Show these files; both empty: no preview."""
        changed = False
        if base is not self._base[0]:
            self._base, changed = (base, image_of(base)), True
        if edit is not self._edit[0]:
            self._edit, changed = (edit, image_of(edit)), True
        if changed:
            self.setVisible(self._base[1] is not None or self._edit[1] is not None)
            self.update()

    def hasHeightForWidth(self) -> bool:  # noqa: N802  # Qt's name
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802  # Qt's name
        return min(width, _MAX_SIDE)

    def sizeHint(self) -> Any:  # noqa: N802  # Qt's name
        return QtCore.QSize(_MAX_SIDE, _MAX_SIDE)

    def paintEvent(self, _event: Any) -> None:  # noqa: N802  # Qt's name
        side = min(self.width(), self.height())
        square = QtCore.QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform)
        for _file, image in (self._base, self._edit):
            if image is not None:
                painter.drawImage(square, image)
        painter.end()
