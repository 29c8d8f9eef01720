"""What makes our widgets look at home in Krita: its icons, its palette's colours, its spacing."""

from collections.abc import Callable
from typing import Any

from ..qt import Qt, QtCore, QtGui, QtWidgets
from .state import Tone

SPACING = 6
SMALL = 16
"""Side of a small icon, in logical px."""

_TONES = {
    Tone.BUSY: "#d49a2a",
    Tone.GOOD: "#4ca64c",
    Tone.PROBLEM: "#d2504b",
    Tone.QUESTION: "#4a8fd6",
}


def tone_colour(tone: Tone, palette: Any) -> Any:
    """A colour for a tone that is readable on a dark and on a light window."""
    if tone is Tone.QUIET:
        return faded(palette)
    return QtGui.QColor(_TONES[tone])


def faded(palette: Any, share: float = 0.55) -> Any:
    """The text's colour, faded into the window's."""
    return blend(palette.color(QtGui.QPalette.ColorRole.Window), text_colour(palette), share)


def text_colour(palette: Any) -> Any:
    """The colour of text on the window."""
    return palette.color(QtGui.QPalette.ColorRole.WindowText)


def blend(below: Any, above: Any, share: float) -> Any:
    """`share` of `above` over `below`."""
    return QtGui.QColor(
        round(below.red() + (above.red() - below.red()) * share),
        round(below.green() + (above.green() - below.green()) * share),
        round(below.blue() + (above.blue() - below.blue()) * share),
    )


def icon(name: str) -> Any:
    """Krita's own icon of that name for the theme of now; ours where Krita has none."""
    if name in _DRAWN:
        return _drawn(name)
    import krita

    return krita.Krita.instance().icon(name)


def set_icon(button: Any, name: str) -> None:
    """Give a button an icon that `retheme` can bring again when the theme changes."""
    button.setProperty("draggan_icon", name)
    button.setIcon(icon(name))


def retheme(root: Any) -> None:
    """After a change of theme: every icon and every faded text below `root` anew."""
    for button in root.findChildren(QtWidgets.QAbstractButton):
        name = button.property("draggan_icon")
        if name:
            button.setIcon(icon(name))
    for label in root.findChildren(FadedLabel):
        label.fade()


def tool_button(name: str, tooltip: str, parent: Any = None) -> Any:
    """A small flat button with nothing but an icon."""
    button = QtWidgets.QToolButton(parent)
    set_icon(button, name)
    button.setIconSize(QtCore.QSize(SMALL, SMALL))
    button.setAutoRaise(True)
    button.setToolTip(tooltip)
    button.setAccessibleName(tooltip)
    return button


class FadedLabel(QtWidgets.QLabel):
    """A label that explains, and so steps back; wraps its text."""

    def __init__(self, text: str = "", parent: Any = None) -> None:
        super().__init__(text, parent)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.fade()

    def fade(self) -> None:
        """Take the theme's colour of now; see `retheme`."""
        palette = QtWidgets.QApplication.palette()
        palette.setColor(QtGui.QPalette.ColorRole.WindowText, faded(palette, 0.75))
        self.setPalette(palette)


class ElidedLabel(QtWidgets.QLabel):
    """One line that is cut short with an ellipsis where it does not fit, and whole in its tooltip."""

    def __init__(self, text: str = "", parent: Any = None) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> Any:  # noqa: N802  # Qt's name
        return QtCore.QSize(20, super().minimumSizeHint().height())

    def paintEvent(self, event: Any) -> None:  # noqa: N802  # Qt's name
        painter = QtGui.QPainter(self)
        metrics = self.fontMetrics()
        shown = metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.setPen(text_colour(self.palette()))
        painter.drawText(QtCore.QPointF(0, (self.height() + metrics.ascent() - metrics.descent()) / 2), shown)
        painter.end()
        self.setToolTip(self.text() if shown != self.text() else "")


def _draw_dice(painter: Any) -> None:
    painter.drawRoundedRect(QtCore.QRectF(2, 2, 12, 12), 2.5, 2.5)
    painter.setBrush(painter.pen().color())
    painter.setPen(Qt.PenStyle.NoPen)
    for x, y in ((5.2, 5.2), (10.8, 5.2), (8, 8), (5.2, 10.8), (10.8, 10.8)):
        painter.drawEllipse(QtCore.QPointF(x, y), 1.15, 1.15)


def _draw_start(painter: Any) -> None:
    painter.setBrush(painter.pen().color())
    painter.drawPolygon(QtGui.QPolygonF([QtCore.QPointF(4.5, 3), QtCore.QPointF(13, 8), QtCore.QPointF(4.5, 13)]))


def _draw_stop(painter: Any) -> None:
    painter.setBrush(painter.pen().color())
    painter.drawRoundedRect(QtCore.QRectF(4, 4, 8, 8), 1, 1)


def _draw_drag_points(painter: Any) -> None:
    painter.drawEllipse(QtCore.QPointF(4.5, 11.5), 2.2, 2.2)
    painter.drawLine(QtCore.QPointF(6.2, 9.8), QtCore.QPointF(12.5, 3.5))
    painter.setBrush(painter.pen().color())
    painter.drawPolygon(
        QtGui.QPolygonF([QtCore.QPointF(13.6, 2.4), QtCore.QPointF(8.8, 3.8), QtCore.QPointF(12.2, 7.2)])
    )


_DRAWN: dict[str, Callable[[Any], None]] = {
    "draggan-dice": _draw_dice,
    "draggan-start": _draw_start,
    "draggan-stop": _draw_stop,
    "draggan-points": _draw_drag_points,
}
"""What Krita has no icon for. Each paints into 16 x 16 logical px with the pen and the colour of the theme's text."""


def _drawn(name: str) -> Any:
    made = QtGui.QIcon()
    palette = QtWidgets.QApplication.palette()
    for mode, share in ((QtGui.QIcon.Mode.Normal, 0.85), (QtGui.QIcon.Mode.Disabled, 0.35)):
        for scale in (1, 2):
            pixmap = QtGui.QPixmap(SMALL * scale, SMALL * scale)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QtGui.QPainter(pixmap)
            painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
            painter.scale(scale, scale)
            painter.setPen(QtGui.QPen(faded(palette, share), 1.3))
            _DRAWN[name](painter)
            painter.end()
            made.addPixmap(pixmap, mode)
    return made
