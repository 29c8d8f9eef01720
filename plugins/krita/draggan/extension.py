"""What Krita knows of us: an extension with actions in the Tools menu, and a docker."""

from typing import Any

from krita import DockWidget, DockWidgetFactory, DockWidgetFactoryBase, Extension

from . import actions
from .docker.controller import Controller
from .docker.looks import icon
from .docker.panel import Panel
from .qt import QtGui, QtWidgets

DOCKER_ID = "draggan_docker_widget"
TITLE = "DragGAN"


class DragganDocker(DockWidget):  # type: ignore[misc]  # Krita's classes have no types
    """The docker: one for each of Krita's windows, all showing the one controller's state."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle(TITLE)
        self.panel = Panel(self)
        self.setWidget(self.panel)
        the_controller().attach(self.panel)

    def canvasChanged(self, _canvas: Any) -> None:  # noqa: N802  # Krita's name
        """Another document or view is shown."""
        the_controller().look_soon()


class DragganExtension(Extension):  # type: ignore[misc]  # Krita's classes have no types
    """Made once; its actions are made once for each window."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self._windows: list[Any] = []

    def setup(self) -> None:
        """Krita is up, but has no window yet."""
        the_controller().begin()

    def createActions(self, window: Any) -> None:  # noqa: N802  # Krita's name
        """The actions of a window."""
        menu_action = window.createAction(actions.MENU, actions.MENU_TITLE, "tools")
        menu = QtWidgets.QMenu(actions.MENU, window.qwindow())
        menu_action.setMenu(menu)
        made = {}
        for text in actions.ACTIONS:
            action = window.createAction(text.id, text.text, f"tools/{actions.MENU}")
            _complete(action, text)
            made[text.id] = action
        controller = the_controller()
        made[actions.MODE.id].triggered.connect(controller.set_mode)
        made[actions.RUN.id].triggered.connect(lambda _checked=False: controller.start_or_stop())
        made[actions.APPLY.id].triggered.connect(lambda _checked=False: controller.apply())
        made[actions.DISCARD.id].triggered.connect(lambda _checked=False: controller.discard())
        made[actions.PICTURE.id].triggered.connect(lambda _checked=False: controller.new_picture_as_shown())
        made[actions.DOCKER.id].triggered.connect(lambda _checked=False: show_docker(window))
        controller.attach_mode_action(made[actions.MODE.id])
        self._windows.append(window)  # what is connected above must not be collected


def _complete(action: Any, text: actions.ActionText) -> None:
    """What Krita would have read from draggan.action, where it has not."""
    action.setCheckable(text.checkable)
    if not action.toolTip() or action.toolTip() == action.text():
        action.setToolTip(text.tooltip)
    if text.icon:
        action.setIcon(icon(text.icon))
    # Krita keeps a default shortcut as a property of each action that it has read about. Where it has read nothing, we
    # bring ours; a shortcut that the artist took away stays away.
    if not action.property("defaultShortcuts") and action.shortcut().isEmpty():
        action.setShortcut(QtGui.QKeySequence(text.shortcut))


def show_docker(window: Any) -> None:
    """Show our docker in this window, in front of those it shares its place with."""
    found = window.qwindow().findChild(QtWidgets.QDockWidget, DOCKER_ID)
    if found is not None:
        found.setVisible(True)
        found.raise_()


_controller: Controller | None = None


def the_controller() -> Controller:
    """The one controller of this Krita."""
    global _controller
    if _controller is None:
        _controller = Controller()
    return _controller


def register(application: Any) -> None:
    """Called once, when Krita imports the plugin."""
    application.addExtension(DragganExtension(application))
    application.addDockWidgetFactory(
        DockWidgetFactory(DOCKER_ID, DockWidgetFactoryBase.DockPosition.DockRight, DragganDocker)
    )
