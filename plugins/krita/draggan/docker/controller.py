"""Ties everything together: what the artist does in docker, canvas and menus; documents and layers; the server.

One for a Krita, with one `Edit` for each document that has one. Every window's docker shows the active document's.
"""

import time
from collections.abc import Callable
from typing import Any

import krita

from ..canvas import DragMode
from ..draggan_client import wording
from ..draggan_client.classes import class_text
from ..draggan_client.diagnostics import recent_errors
from ..draggan_client.discovery import read_launch
from ..draggan_client.editing import Problem, ServerDesk, ServerPhase, Worker
from ..draggan_client.errors import DragganError
from ..draggan_client.launcher import sandbox
from ..draggan_client.messages import DragOptions, ModelInfo
from ..draggan_client.points import Spot
from ..draggan_client.rect import Rect
from ..draggan_client.settings_table import Value, options_from
from ..layers.converter import converter
from ..layers.looking import why_not
from ..layers.spaces import Space
from ..layers.watch import Watch, What
from ..qt import QT6, QtCore, QtWidgets, is_gone, own
from .edit import Edit, Means
from .hand_over import HandOver
from .leftovers import Leftovers
from .memory import Memory
from .model_shop import ModelShopWindow
from .notices_kept import Notices
from .own_picture import OwnPicture
from .pace import Pace
from .pictures import image_of
from .places import frame_for_picture, selected, side_of_new_document
from .show import Facts, docker_state
from .state import Choice, SeedWish

_LOOK_MS = 300
"""Krita does not tell scripts when another layer is chosen, or a layer goes: so we look."""
_SOON_MS = 15
"""Changes that come together are shown together."""
_PAINTED_MS = 20
"""After so long, what was shown is painted, if Krita has the time."""


class Controller(QtCore.QObject):
    """Made when the plugin is loaded; begins when Krita is up."""

    def __init__(self) -> None:
        super().__init__()
        application = krita.Krita.instance()
        self._krita = application
        self._panels: list[Any] = []
        self._mode_actions: list[Any] = []
        self._edits: list[Edit] = []
        self._watches: list[tuple[Any, Watch]] = []
        self._memory = Memory(application)
        self._options: dict[str, Value] = self._memory.options
        self._model = self._memory.model
        self._notices = Notices(self.show_soon)
        self._hand_over = HandOver()
        self._worker = Worker("draggan-documents", self._hand_over)
        self._desk = ServerDesk(self._hand_over, self._server_changed, f"Krita {application.version()}, Qt {_qt()}")
        self._leftovers = Leftovers(application)
        self._means = Means(
            self._desk.connection,
            self._hand_over,
            self._worker,
            self._notices,
            self.show_soon,
            lambda: self._model,
            self._chosen_model,
            self._drag_options,
            self._leftovers.take,
            self._desk.refresh,
        )
        self._mode = DragMode(self)
        self._mode.changed.connect(self._points_changed)
        self._mode.frame_changed.connect(self.show_soon)
        self._mode.frame_accepted.connect(self._use_frame)
        self._mode.frame_refused.connect(lambda error: self._notices.tell("frame", Problem.of(error)))
        self._mode.apply_asked.connect(self.apply)
        self._mode.finished.connect(self._mode_ended)
        self._mode.outside.connect(self._pressed_outside)
        self._drawing: Edit | None = None
        self._wanted_picture: tuple[SeedWish, Any] | None = None
        self._trouble_told = ""
        self._shop: ModelShopWindow | None = None
        self._began = False
        self._over_shown: bytes | None = None
        self._pace = Pace()
        self._turn_shown: object = None
        self._soon = QtCore.QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._show)
        self._looker = QtCore.QTimer(self)
        self._looker.setInterval(_LOOK_MS)
        self._looker.timeout.connect(self.look)

    # Krita

    def begin(self) -> None:
        """Krita is up. Idempotent."""
        if self._began:
            return
        self._began = True
        notifier = self._krita.notifier()
        notifier.setActive(True)
        notifier.applicationClosing.connect(self.end)
        notifier.viewClosed.connect(lambda *_: self.look_soon())
        notifier.imageClosed.connect(lambda *_: self.look_soon())
        notifier.viewCreated.connect(lambda *_: self.look_soon())
        notifier.viewCreated.connect(lambda *_: QtCore.QTimer.singleShot(0, self._leftovers.look))
        # Krita takes 0.1 s for it, which nobody notices while a window opens.
        notifier.windowCreated.connect(lambda *_: converter.prepare())
        self._looker.start()
        self._desk.refresh()

    def end(self) -> None:
        """Krita closes."""
        self._looker.stop()
        self._soon.stop()
        if self._mode.is_on:
            self._mode.leave()
        for edit in self._edits:
            edit.close()
        self._edits.clear()
        for _document, watch in self._watches:
            watch.stop()
        self._watches.clear()
        converter.close()
        self._desk.close()
        self._worker.close()
        self._hand_over.close()
        self._panels.clear()

    def attach(self, panel: Any) -> None:
        """A docker's panel: shows the state from now on, and asks for things."""
        self.begin()
        self._panels.append(panel)
        panel.mode_wanted.connect(self.set_mode)
        panel.model_chosen.connect(self.choose_model)
        panel.models_wanted.connect(self.get_models)
        panel.picture_wanted.connect(self.new_picture)
        panel.frame_used.connect(self._use_frame)
        panel.frame_whole.connect(lambda: self._choose(lambda own: own.whole_layer()))
        panel.frame_selection.connect(lambda: self._choose(lambda own: own.selection()))
        panel.frame_reset.connect(lambda: self._choose(lambda own: own.reset()))
        panel.frame_landmarks.connect(lambda on: self._choose(lambda own: own.ask_landmarks(on)))
        panel.frame_sized.connect(lambda size: self._choose(lambda own: own.resize(size)))
        panel.frame_turned.connect(lambda angle: self._choose(lambda own: own.turn(angle)))
        panel.frame_again.connect(lambda: self._choose(lambda own: own.choose_again()))
        panel.faithful.connect(lambda: self._choose(lambda own: own.make_faithful()))
        panel.points_selected.connect(self._select_points)
        panel.points_removed.connect(self._remove_points)
        panel.start.connect(self.start)
        panel.stop.connect(self.stop)
        panel.apply.connect(self.apply)
        panel.discard.connect(self.discard)
        panel.seek.connect(self._seek)
        panel.option_changed.connect(self._set_option)
        panel.options_reset.connect(self._reset_options)
        panel.server_start.connect(self._desk.start)
        panel.server_stop.connect(self._desk.stop)
        panel.diagnostics.connect(self._copy_diagnostics)
        panel.answered.connect(self._notices.answer)
        self.show_soon()

    def attach_mode_action(self, action: Any) -> None:
        """An action that is checked while the mode is on."""
        self._mode_actions.append(action)

    def get_models(self) -> None:
        """The window of more models: one at a time."""
        if self._shop is None or is_gone(self._shop):
            window = self._krita.activeWindow()
            parent = window.qwindow() if window is not None else None
            self._shop = ModelShopWindow(parent, self._desk.connection, self._hand_over, self._model_came)
        self._shop.show()
        self._shop.raise_()

    def _model_came(self, model: str) -> None:
        self._desk.refresh()
        self.choose_model(model)

    def look_soon(self) -> None:
        """Something about the documents may have changed."""
        QtCore.QTimer.singleShot(0, self.look)

    def look(self) -> None:
        """Look at Krita: which documents there are, which is in front, what became of the layers."""
        if not self._began or not self._looker.isActive():
            return
        for edit in self._edits:
            edit.check()
        self._follow_layer()
        self.show_soon()

    def _forget(self, edit: Edit) -> None:
        if self._mode.board is edit.board:
            self._mode.leave()
        if self._drawing is edit:
            self._drawing = None
        edit.close()
        self._edits.remove(edit)

    def _follow_document(self) -> None:
        """The mode is on where the artist has put it on: for that document, and not for others."""
        edit = self._edit()
        wanted = edit is not None and edit.wants_mode and edit.frame is not None
        if wanted and edit is not None:
            view = self._view()
            if self._mode.board is not edit.board and view is not None:
                self._mode.enter(view, edit.board)
                self._over_shown = None
            self._show_on_canvas(edit)
        elif self._mode.is_on:
            self._mode.leave()

    def _show_on_canvas(self, edit: Edit) -> None:
        if self._mode.board is edit.board:
            self._mode.show_frame(edit.frame)
            self._mode.choose_frame(edit.own.choice)
            if edit.over is not self._over_shown:
                self._over_shown = edit.over
                self._mode.show_preview(image_of(edit.over), edit.frame)
            self._mode.set_locked(edit.is_running)
            self._mode.refresh()  # all that is new is painted together: each time it is the whole window

    # What the artist does

    def set_mode(self, on: bool) -> None:
        """Put points on the active layer, or leave that."""
        edit = self._edit()
        if not on:
            if edit is not None:
                edit.wants_mode = False
            self._follow_document()
            self.show_soon()
            return
        edit = self._edit_to_work_on()
        if edit is not None:
            edit.wants_mode = True
            edit.prepare()
            if self._desk.status.phase is ServerPhase.OFF:  # its models say what frames they need
                self._desk.start()
        self._follow_document()
        self.show_soon()

    def start_or_stop(self) -> None:
        """The action of that name."""
        edit = self._edit()
        if edit is not None and edit.facts().is_running:
            self.stop()
        else:
            self.start()

    def start(self) -> None:
        """Pull the points."""
        edit = self._edit()
        if edit is not None and edit.facts().has_pull:
            edit.start()
        self.show_soon()

    def stop(self) -> None:
        """Stop what runs."""
        edit = self._edit()
        if edit is not None:
            edit.stop()

    def apply(self) -> None:
        """What the drags have come to becomes a layer."""
        edit = self._edit()
        if edit is not None:
            edit.apply()

    def discard(self) -> None:
        """Drop what is not applied; asks where finished drags would go."""
        edit = self._edit()
        if edit is None or edit.is_busy:
            return
        if edit.unapplied:
            self._ask_discard(edit, edit.discard)
        else:
            edit.discard()

    def new_picture_as_shown(self) -> None:
        """A new picture, with what the docker in front says."""
        panel = next((panel for panel in self._panels if not is_gone(panel) and panel.isVisible()), None)
        panel = panel or next((panel for panel in self._panels if not is_gone(panel)), None)
        if panel is not None:
            panel.seed.make()

    def new_picture(self, wish: SeedWish) -> None:
        """A new layer with this picture, in a new document where there is none."""
        edit = self._edit()
        if self._drawing is not None or (edit is not None and edit.is_busy):
            return
        if edit is not None and edit.unapplied:
            self._ask_discard(edit, lambda: self._new_picture(wish, edit.document))
        else:
            self._new_picture(wish, self._krita.activeDocument())

    def choose_model(self, model: str) -> None:
        """For the pictures and layers that are opened from now on."""
        self._model = self._memory.model = model
        edit = self._edit()
        if edit is not None:
            edit.model_changed()
        self.show_soon()

    def _ask_discard(self, edit: Edit, then: Any) -> None:
        drags = edit.unapplied
        layer = edit.level.name if edit.level else ""
        edit.notices.ask(
            "discard",
            f"Discard the drag on “{layer}”?" if drags == 1 else f"Discard the {drags} drags on “{layer}”?",
            "They are not applied, and cannot be brought back.",
            (Choice("discard", "Discard"), Choice("keep", "Keep")),
            lambda choice: then() if choice == "discard" else None,
        )

    def _new_picture(self, wish: SeedWish, document: Any) -> None:
        model = self._chosen_model()
        if model is None:  # the models, and so their sizes, are not known before the server has run
            self._wanted_picture = (wish, document)
            if self._desk.status.phase is not ServerPhase.STARTING:
                self._desk.start()
            self.show_soon()
            return
        if document is None:
            document = self._new_document(model, _title(model, wish))
            if document is None:
                return
        before = next((edit for edit in self._edits if edit.is_of(document)), None)
        whole = Rect(0, 0, document.width(), document.height())
        frame = frame_for_picture(whole, selected(document))
        edit = Edit(self._means, document, self._watch(document))
        edit.wants_mode = before is not None and before.wants_mode
        if before is not None:
            self._forget(before)
        self._edits.append(edit)
        self._drawing = edit
        edit.draw(wish, frame, model.id, _title(model, wish), self._drawn)
        self.show_soon()

    def _new_document(self, model: ModelInfo, title: str) -> Any:
        """An empty document in front, large enough for the model; None: there is no window for it."""
        window = self._krita.activeWindow()
        if window is None:
            return None
        side, space = side_of_new_document(model.resolution), Space.srgb("u8")
        document = self._krita.createDocument(side, side, title, space.model, space.depth, space.profile, 300.0)
        window.addView(document)
        return document

    def _drawn(self) -> None:
        edit, self._drawing = self._drawing, None
        if edit is not None and edit.level is None:
            self._forget(edit)
        self.look()

    def _choose(self, change: Callable[[OwnPicture], None]) -> None:
        """Something about the frame, or about what the model makes of it."""
        edit = self._edit()
        if edit is not None:
            self._notices.drop("frame")
            change(edit.own)
            self._mode.refresh()
            self.show_soon()

    def _use_frame(self, first: Spot | None = None) -> None:
        edit = self._edit()
        if edit is not None:
            self._notices.drop("frame")
            edit.use_frame(first)

    def _points_changed(self) -> None:
        edit = self._edit()
        if edit is not None:
            edit.points_changed()
        self.show_soon()

    def _pressed_outside(self) -> None:
        self._notices.tell(
            "outside",
            Problem("The model sees only what is inside the dashed frame.", "Put points in there."),
        )

    def _mode_ended(self, _how: str) -> None:
        for edit in self._edits:
            if self._mode.board is None and edit.wants_mode and edit is self._edit():
                edit.wants_mode = False
        self.look_soon()

    def _select_points(self, ids: frozenset[str]) -> None:
        edit = self._edit()
        if edit is not None and ids != edit.board.selected:
            edit.board.select(ids)
            self._mode.refresh()
            self.show_soon()

    def _remove_points(self, ids: frozenset[str]) -> None:
        edit = self._edit()
        if edit is None or edit.is_running:
            return
        if ids:
            edit.board.select(ids)
            edit.board.delete_selected()
        else:
            edit.board.clear()
        self._mode.refresh()
        self.show_soon()

    def _seek(self, drags: int) -> None:
        edit = self._edit()
        if edit is not None:
            edit.seek(drags)

    def _set_option(self, name: str, value: Value) -> None:
        self._options[name] = value
        self._memory.options = self._options
        self.show_soon()

    def _reset_options(self) -> None:
        self._options = {}
        self._memory.options = {}
        self.show_soon()

    def _copy_diagnostics(self) -> None:
        def done(text: str) -> None:
            QtWidgets.QApplication.clipboard().setText(text)
            self._notices.remark(
                "copied", "Copied.", "Paste it into the bug report. It holds no picture, and nothing secret."
            )

        self._desk.diagnostics(done)

    # What is worked on

    def _edit(self) -> Edit | None:
        """That of the active document."""
        document = self._krita.activeDocument()
        return next((edit for edit in self._edits if edit.is_of(document)), None)

    def _edit_to_work_on(self) -> Edit | None:
        """That of the active document, made for the active layer where there is none; None: there can be none."""
        edit = self._edit()
        if edit is not None and (edit.level is None or edit.is_worth_keeping):
            return edit
        document = self._krita.activeDocument()
        node = self._active_node(document) if document is not None else None
        if edit is not None and edit.is_on(node) and not edit.facts().blocked:
            return edit
        problem = why_not(document, node)
        if problem is not None:
            self._notices.tell("layer", problem)
            return None
        return self._begin_on(document, node)

    def _begin_on(self, document: Any, node: Any) -> Edit:
        """A new edit on this layer, instead of the document's other."""
        self._notices.drop("layer")
        before = self._edit()
        edit = Edit(self._means, document, self._watch(document), node)
        if before is not None:
            edit.wants_mode = before.wants_mode
            self._forget(before)
        self._edits.append(edit)
        return edit

    def _watch(self, document: Any) -> Watch:
        """The one of this document: as long as it is open, undo may take a result away, and redo bring it back."""
        for known, watch in self._watches:
            if known == document:
                return watch
        watch = Watch(document, self)
        watch.happened.connect(lambda event: self._closed(watch) if event.what is What.DOCUMENT_CLOSED else None)
        self._watches.append((document, watch))
        return watch

    def _closed(self, watch: Watch) -> None:
        document = next(document for document, known in self._watches if known is watch)
        for edit in [edit for edit in self._edits if edit.is_of(document)]:
            self._forget(edit)
        self._watches.remove((document, watch))
        watch.deleteLater()
        self.look_soon()

    def _follow_layer(self) -> None:
        """The artist has chosen another layer: the edit goes there, or asks."""
        edit = self._edit()
        if edit is None or edit.level is None or edit.is_busy:
            return
        if edit.is_gone and not edit.is_worth_keeping:
            self._forget(edit)
            return
        if edit.node is None:  # the edit will find out, and say so
            return
        node = self._active_node(edit.document)
        if node is None or edit.is_on(node) or why_not(edit.document, node) is not None:
            edit.notices.drop("elsewhere")
            return
        if not edit.is_worth_keeping:
            if edit.wants_mode:
                self._begin_on(edit.document, node).prepare()
            else:
                self._forget(edit)
            return
        edit.notices.ask(
            "elsewhere",
            f"The points are on “{edit.level.name}”, and “{node.name()}” is the active layer.",
            "",
            (Choice("back", f"Back to “{edit.level.name}”"), Choice("here", f"Begin on “{node.name()}”")),
            lambda choice: self._back_or_here(edit, choice),
        )

    def _active_node(self, document: Any) -> Any:
        """The layer that is chosen in the view in front: each view of a document has one of its own."""
        view = self._view()
        if view is not None and view.document() == document:
            chosen = own(view.selectedNodes())
            active = document.activeNode()
            if len(chosen) == 1 or active is None:
                return chosen[0] if chosen else None
            return active
        return document.activeNode()

    def _back_or_here(self, edit: Edit, choice: str) -> None:
        node = edit.node
        if choice == "back" and node is not None:
            edit.document.setActiveNode(node)
        elif choice == "here":
            active = self._active_node(edit.document)

            def begin() -> None:
                self._begin_on(edit.document, active).prepare()

            if edit.unapplied:
                self._ask_discard(edit, begin)
            else:
                begin()

    def _view(self) -> Any:
        window = self._krita.activeWindow()
        return window.activeView() if window is not None else None

    def _chosen_model(self) -> ModelInfo | None:
        models = self._desk.status.models or ()
        wanted = self._model_id()
        return next((model for model in models if model.id == wanted), None)

    def _model_id(self) -> str | None:
        models = self._desk.status.models or ()
        known = {model.id for model in models}
        hello = self._desk.status.hello
        for candidate in (self._model, hello.default_model if hello else None):
            if candidate in known:
                return candidate
        return models[0].id if models else None

    def _drag_options(self) -> DragOptions:
        try:
            return options_from(self._options)
        except DragganError as error:
            recent_errors.note("reading the settings", error)
            return DragOptions()

    # The server

    def _server_changed(self) -> None:
        status = self._desk.status
        if status.phase is ServerPhase.TROUBLE:
            if status.text != self._trouble_told:
                self._trouble_told = status.text
                self._notices.tell("server", self._trouble())
            self._wanted_picture = None
        else:
            self._trouble_told = ""
            self._notices.drop("server")
        if self._wanted_picture is not None and status.phase is ServerPhase.READY and status.models is not None:
            (wish, document), self._wanted_picture = self._wanted_picture, None
            if self._chosen_model() is None:
                self._notices.tell("models", Problem("The server has no models.", "Run the installer again."))
            elif document is None or document.width() > 0:  # not closed meanwhile
                self._new_picture(wish, document)
        elif status.phase is ServerPhase.OFF:  # starting it was given up
            self._wanted_picture = None
        self.show_soon()

    def _trouble(self) -> Problem:
        """What is the matter with the server, for somebody who may never have heard of it."""
        status = self._desk.status
        if sandbox() is None and read_launch(self._desk.home) is None:
            return Problem("The DragGAN server is not installed here yet.", wording.HOW_TO_GET_THE_SERVER)
        return Problem(status.text, status.hint)

    # Showing

    def show_soon(self) -> None:
        """Show how things stand, in a moment. How far a drag is, and nothing else, only as often as painting allows."""
        if self._turn() != self._turn_shown:
            self._soon.start(_SOON_MS)
        elif not self._soon.isActive():
            works = any(edit.is_running or edit.is_searching for edit in self._edits)
            self._soon.start(self._pace.interval_ms if works else _SOON_MS)

    def _turn(self) -> object:
        """What is another one when the artist has to see it at once."""
        edits = [(edit.is_running, edit.view.phase) for edit in self._edits]
        edit = self._edit()
        scope = edit.notices.scope if edit is not None else ""
        return edits, self._notices.shown(scope), self._desk.status.phase

    def _show(self) -> None:
        self._turn_shown = self._turn()
        edit = self._edit()
        if edit is not None:
            edit.follow()
        self._follow_document()
        facts = Facts(
            server=self._desk.status,
            has_document=self._krita.activeDocument() is not None,
            mode=self._mode.is_on or (edit is not None and edit.wants_mode),
            model=self._model_id(),
            making_picture=self._drawing is not None or self._wanted_picture is not None,
            options=dict(self._options),
            notices=self._notices.shown(edit.notices.scope if edit is not None else ""),
            edit=edit.facts() if edit is not None else None,
        )
        state = docker_state(facts)
        self._panels = [panel for panel in self._panels if not is_gone(panel)]
        for panel in self._panels:
            panel.show_state(state)
        begun = time.monotonic()
        QtCore.QTimer.singleShot(_PAINTED_MS, lambda: self._pace.took(time.monotonic() - begun - _PAINTED_MS / 1000))
        self._mode_actions = [action for action in self._mode_actions if not is_gone(action)]
        for action in self._mode_actions:
            action.setChecked(facts.mode)


def _title(model: ModelInfo, wish: SeedWish) -> str:
    """Of a new picture's layer and document."""
    name = f"{model.name} {wish.seed}"
    return name if wish.label is None else f"{name}, {class_text(model, wish.label)}"


def _qt() -> str:
    return f"{'6' if QT6 else '5'} ({QtCore.qVersion()})"
