"""All of the docker's widgets in one column. Knows a `DockerState` and what the artist does; nothing of Krita."""

from typing import Any

from ..qt import Qt, QtCore, QtWidgets, Signal
from .disclosure import Disclosure
from .drag_buttons import DragButtons, ModeButton
from .frame_box import FrameBox
from .history import HistoryBox
from .inversion_box import InversionBox
from .looks import SPACING, retheme
from .model_chooser import ModelChooser
from .notices import NoticeArea
from .points_list import PointsList
from .preview import PreviewBox
from .progress import ProgressBox
from .seed_box import SeedBox
from .server_box import ServerBox
from .settings import SettingsBox
from .state import DockerState

_COMFORTABLE_WIDTH = 250


class Panel(QtWidgets.QWidget):
    """The docker's content. Scrolls where it is short, and never sideways; the server's line stays in sight."""

    mode_wanted = Signal(bool)
    model_chosen = Signal(str)
    models_wanted = Signal()
    picture_wanted = Signal(object)
    frame_used = Signal()
    frame_whole = Signal()
    frame_selection = Signal()
    frame_reset = Signal()
    frame_landmarks = Signal(bool)
    frame_sized = Signal(float)
    frame_turned = Signal(float)
    frame_again = Signal()
    faithful = Signal()
    points_selected = Signal(object)
    points_removed = Signal(object)
    start = Signal()
    stop = Signal()
    apply = Signal()
    discard = Signal()
    seek = Signal(int)
    option_changed = Signal(str, object)
    options_reset = Signal()
    server_start = Signal()
    server_stop = Signal()
    diagnostics = Signal()
    answered = Signal(str, str)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.setObjectName("draggan_panel")
        self.notices = NoticeArea(self)
        self.models = ModelChooser(self)
        self.seed = SeedBox(self)
        self.mode = ModeButton(self)
        self.frame = FrameBox(self)
        self.inversion = InversionBox(self)
        self.points = PointsList(self)
        self.drag = DragButtons(self)
        self.progress = ProgressBox(self)
        self.preview = PreviewBox(self)
        self.history = HistoryBox(self)
        self.settings = SettingsBox(self)
        self.settings_disclosure = Disclosure("Settings", self.settings, self)
        self.settings_disclosure.button.setObjectName("draggan_settings")
        self.server = ServerBox(self)
        self.scroll = QtWidgets.QScrollArea(self)
        self.scroll.setWidgetResizable(True)
        self.scroll.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self.scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll.setWidget(self._inside())
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.scroll, 1)
        footer = QtWidgets.QVBoxLayout()
        footer.setContentsMargins(SPACING, 2, SPACING, 2)
        footer.addWidget(self.server)
        column.addWidget(_line(self))
        column.addLayout(footer)
        self._connect()
        self._state: DockerState | None = None

    def show_state(self, state: DockerState) -> None:
        """Draw what is different from the last time."""
        if state == self._state:
            return
        self._state = state
        self.notices.show_notices(state.notices)
        self.models.show_models(state.models, state.model, state.can_choose_model)
        self.seed.show_state(state)
        self.mode.show_state(state)
        self.frame.show_frame(state.frame)
        self.inversion.show_inversion(state.inversion)
        self.points.setVisible(state.shows_points)
        self.drag.setVisible(state.shows_points)
        self.points.show_points(state.points, state.points_full, state.can_change_points)
        self.drag.show_state(state)
        self.progress.show_progress(state.progress)
        self.history.show_history(state.history)
        self.preview.show_preview(state.preview, state.preview_edit)
        self.settings.show_options(dict(state.options))  # type: ignore[arg-type]
        self.server.show_server(state.server)

    def sizeHint(self) -> Any:  # noqa: N802  # Qt's name
        return QtCore.QSize(_COMFORTABLE_WIDTH, 500)

    def minimumSizeHint(self) -> Any:  # noqa: N802  # Qt's name
        return QtCore.QSize(180, 160)

    def changeEvent(self, event: Any) -> None:  # noqa: N802  # Qt's name
        super().changeEvent(event)
        if event.type() == QtCore.QEvent.Type.PaletteChange:
            QtCore.QTimer.singleShot(0, lambda: retheme(self))

    def _inside(self) -> Any:
        inside = QtWidgets.QWidget(self.scroll)
        column = QtWidgets.QVBoxLayout(inside)
        column.setContentsMargins(SPACING, SPACING, SPACING, SPACING)
        column.setSpacing(SPACING)
        for part in (self.notices, self.models, self.seed, _line(inside), self.mode, self.frame, self.inversion):
            column.addWidget(part)
        for part in (self.points, self.drag, self.progress, self.history, self.preview, _line(inside)):
            column.addWidget(part)
        column.addWidget(self.settings_disclosure)
        column.addStretch(1)
        return inside

    def _connect(self) -> None:
        self.notices.answered.connect(self.answered)
        self.models.chosen.connect(self.model_chosen)
        self.models.more.connect(self.models_wanted)
        self.seed.wanted.connect(self.picture_wanted)
        self.mode.toggled.connect(self.mode_wanted)
        self.frame.use.connect(self.frame_used)
        self.frame.whole.connect(self.frame_whole)
        self.frame.selection.connect(self.frame_selection)
        self.frame.reset.connect(self.frame_reset)
        self.frame.landmarks.connect(self.frame_landmarks)
        self.frame.sized.connect(self.frame_sized)
        self.frame.turned.connect(self.frame_turned)
        self.inversion.choose_again.connect(self.frame_again)
        self.inversion.faithful.connect(self.faithful)
        self.inversion.other_models.connect(self.models.open_list)
        self.points.selected.connect(self.points_selected)
        self.points.removal.connect(self.points_removed)
        self.drag.start.connect(self.start)
        self.drag.stop.connect(self.stop)
        self.drag.apply.connect(self.apply)
        self.drag.discard.connect(self.discard)
        self.progress.stop.connect(self.stop)
        self.history.seek.connect(self.seek)
        self.settings.changed.connect(self.option_changed)
        self.settings.reset.connect(self.options_reset)
        self.server.start.connect(self.server_start)
        self.server.stop.connect(self.server_stop)
        self.server.diagnostics.connect(self.diagnostics)


def _line(parent: Any) -> Any:
    line = QtWidgets.QFrame(parent)
    line.setFrameShape(QtWidgets.QFrame.Shape.HLine)
    line.setFrameShadow(QtWidgets.QFrame.Shadow.Sunken)
    return line
