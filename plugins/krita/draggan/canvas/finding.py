"""Where the canvases of a document are. Krita tells scripts nothing of its widgets, so they are looked for by class."""

from dataclasses import dataclass
from typing import Any

import krita

from ..qt import QtWidgets, is_gone, own

_CANVAS_CLASSES = ("KisOpenGLCanvas2", "KisQPainterCanvas")


@dataclass(frozen=True, eq=False)
class Seat:
    """A view of the document, and the widget that it is painted on."""

    view: Any
    canvas: Any
    area: Any
    """The QMdiArea with all views of its window; it moves to a window of its own when the canvas is detached."""
    main_window: Any

    @property
    def is_gone(self) -> bool:
        """Whether Krita has deleted the canvas: the view was closed, or got another canvas (OpenGL switched)."""
        return is_gone(self.canvas) or is_gone(self.area) or is_gone(self.main_window)

    @property
    def is_active(self) -> bool:
        """Whether this is the view that keys in its window are meant for."""
        active = self.area.activeSubWindow()
        return active is not None and active.isAncestorOf(self.canvas)


def seats_of(document: Any) -> list[Seat]:
    """All views of this document that have a canvas, in all windows."""
    found = []
    for window in own(krita.Krita.instance().windows()):
        main_window = window.qwindow()
        # A detached canvas takes the area with it, to a window that is a child of the main window.
        area = main_window.findChild(QtWidgets.QMdiArea)
        if area is None:
            continue
        for view, sub_window in _pairs(window, area):
            shown = view.document()
            canvas = _canvas_in(sub_window)
            if shown is not None and shown == document and canvas is not None:
                found.append(Seat(view, canvas, area, main_window))
    return found


def _pairs(window: Any, area: Any) -> list[tuple[Any, Any]]:
    """The views of a window with their sub-windows.

    Both lists are in the order of making; that is believed only where it is right about the active view, which is the
    one pair that is certain.
    """
    active, active_sub = window.activeView(), area.activeSubWindow()
    views = own(window.views())
    subs = area.subWindowList(QtWidgets.QMdiArea.WindowOrder.CreationOrder)
    pairs = list(zip(views, subs, strict=False))
    agreed = len(views) == len(subs) and all((view == active) == (sub is active_sub) for view, sub in pairs)
    if agreed:
        return pairs
    return [(active, active_sub)] if active is not None and active_sub is not None else []


def _canvas_in(sub_window: Any) -> Any:
    for widget in sub_window.findChildren(QtWidgets.QWidget):
        if widget.metaObject().className() in _CANVAS_CLASSES:
            return widget
    return None


def has_popup(canvas: Any) -> bool:
    """Whether a palette of Krita's lies open on the canvas: a press beside it closes it, and Escape does."""
    return any(
        child.isWidgetType() and child.isVisible() and "Popup" in child.metaObject().className()
        for child in canvas.children()
    )
