"""What the tests' sources find by name inside Krita."""

import sys

from krita import *  # noqa: F403
from krita import Krita

from .watching import Calls, Lateness  # noqa: F401

QT = "PyQt6" if "PyQt6.QtCore" in sys.modules else "PyQt5"
_all = [__import__(QT + "." + name, fromlist=[name]) for name in ("QtCore", "QtGui", "QtWidgets")]
QtCore, QtGui, QtWidgets = _all

app = Krita.instance()
kept = {}
"""For objects that later sources need again."""


def window():
    return app.activeWindow()


def document():
    return app.activeDocument()


def view():
    return window().activeView()


def canvas():
    """The widget that shows the active document."""
    area = window().qwindow().findChild(QtWidgets.QMdiArea)
    found = area.activeSubWindow().widget().findChildren(QtWidgets.QWidget)
    kinds = ("KisOpenGLCanvas2", "KisQPainterCanvas")
    return next(widget for widget in found if widget.metaObject().className() in kinds)


def on_screen(widget, x, y):
    """A place of the widget's, in pixels of the screen."""
    place = widget.mapToGlobal(QtCore.QPoint(0, 0))
    ratio = widget.devicePixelRatioF()
    return [(place.x() + x) * ratio, (place.y() + y) * ratio]


def canvas_point(x, y):
    """Where a place of the document is on the screen, in its pixels."""
    to_image, _ = view().flakeToImageTransform().inverted()
    place = (to_image * view().flakeToCanvasTransform()).map(QtCore.QPointF(x, y))
    return on_screen(canvas(), place.x(), place.y())


def find_widget(kind=None, name=None, text=None):
    """The first widget that is shown, of this class, with this object name, with this text."""
    for widget in _widgets(name):
        if kind and widget.metaObject().className() != kind:
            continue
        if text and getattr(widget, "text", str)().replace("&", "") != text:
            continue
        if widget.isVisible():
            return widget
    return None


def _widgets(name):
    """Those with this object name; to look at every one of Krita's takes Python a long time."""
    if not name:
        return QtWidgets.QApplication.allWidgets()
    windows = QtWidgets.QApplication.topLevelWidgets()
    inside = [widget for window in windows for widget in window.findChildren(QtWidgets.QWidget, name)]
    return [window for window in windows if window.objectName() == name] + inside


def node_tree(node=None):
    """The layers, from the top: name, type, visible, opacity, blending mode, id, bounds, and those inside."""
    children = (node or document().rootNode()).childNodes()
    return [node_facts(child) for child in reversed(children)]


def node_facts(node):
    bounds = node.bounds()
    return {
        "name": node.name(),
        "type": node.type(),
        "visible": node.visible(),
        "opacity": node.opacity(),
        "mode": node.blendingMode(),
        "id": node.uniqueId().toString(),
        "model": node.colorModel(),
        "depth": node.colorDepth(),
        "bounds": [bounds.x(), bounds.y(), bounds.width(), bounds.height()],
        "children": node_tree(node),
    }


def node(name):
    """The layer of this name in the active document."""
    return document().nodeByName(name)


def rgba(image):
    """The pixels of a QImage: {"width", "height", "pixels"}, 8-bit RGBA."""
    image = image.convertToFormat(QtGui.QImage.Format.Format_RGBA8888)
    pixels = image.constBits()
    pixels.setsize(image.bytesPerLine() * image.height())
    return {"width": image.width(), "height": image.height(), "pixels": bytes(pixels)}


def projection():
    """The document as it is shown."""
    document().waitForDone()
    return rgba(document().projection(0, 0, document().width(), document().height()))


def layer_bytes(name):
    """One layer's pixels over the document, in its own format (8-bit RGB: BGRA), masks and children included."""
    found = node(name)
    size = document().width(), document().height()
    return {
        "model": found.colorModel(),
        "depth": found.colorDepth(),
        "profile": found.colorProfile(),
        "width": size[0],
        "height": size[1],
        "pixels": bytes(found.projectionPixelData(0, 0, *size)),
    }


def new_document(width, height, model="RGBA", depth="U8", profile="", name="Test"):
    """A new document, shown in the window, with Krita's one white or transparent layer."""
    made = app.createDocument(width, height, name, model, depth, profile, 300.0)
    window().addView(made)
    made.waitForDone()
    return made


def open_document(path):
    opened = app.openDocument(path)
    if opened is None:
        raise OSError(path + " cannot be opened")
    window().addView(opened)
    opened.waitForDone()
    return opened


def paint_layer(name, width, height, pixels, x=0, y=0, parent=None):
    """A new layer of the document's kind, with `pixels` (its own format) at (x, y), on top."""
    made = document().createNode(name, "paintlayer")
    if pixels:
        made.setPixelData(pixels, x, y, width, height)
    (parent or document().rootNode()).addChildNode(made, None)
    document().setActiveNode(made)
    document().waitForDone()
    return made


def close_documents():
    """Close every document, nothing saved, nobody asked."""
    for one in list(app.documents()):
        one.setModified(False)
        one.close()


def reach(name):
    """Where the widget of this object name is, in pixels of the screen, scrolled into sight; its box [x, y, w, h]."""
    widget = find_widget(name=name)
    if widget is None:
        raise LookupError("no widget " + name + " is shown")
    above = widget.parentWidget()
    while above is not None:
        if isinstance(above, QtWidgets.QScrollArea):
            above.ensureWidgetVisible(widget)
        above = above.parentWidget()
    ratio = widget.devicePixelRatioF()
    return [*on_screen(widget, 0, 0), widget.width() * ratio, widget.height() * ratio]


def plugin_folder(name):
    """Where a plugin lies."""
    return sys.modules[name].__path__[0]
