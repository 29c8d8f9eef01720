"""The window of Drag Points."""

from gi.repository import Gdk, GdkPixbuf, Gimp, GimpUi, GLib, GObject, Gtk

from draggan_client import wording
from draggan_client.editing import ServerDesk, ServerPhase
from draggan_client.errors import DragganError
from draggan_client.frame_choice import FrameChoice
from draggan_client.messages import Frame
from draggan_client.points import Pair

from ..drags import text_of
from ..editor import editor_name
from ..framing import text_of as frame_text
from ..settings import options_of
from . import diagnostics
from .canvas import Canvas, has_cairo
from .controller import Controller
from .crop import crop
from .frame_panel import FrameButtons, FramePanel
from .hand_over import hand_over
from .inversion_panel import InversionButtons, InversionPanel
from .model_chooser import ModelChooser
from .path_panel import PathPanel
from .settings_panel import settings_panel
from .state import Hooks, Question, State, Step
from .widgets import button, labelled, notice, set_text

TITLE = "Drag Points"
_ROLE = "draggan-drag-points"
_PANEL_WIDTH = 430
"""What the settings need: opening them does not move the picture."""
_CLOSE_WAIT_S = 2.0
_REFRESH_MS = 40
_THUMBNAIL = 96
_USE_FRAME = "Use this frame"
_STEPS = ("Frame", "Find the picture", "Drag")
_GOING_ON = "This layer shows an earlier edit, and dragging goes on from it."
_WITHOUT_CAIRO = (
    "GIMP's Python lacks the cairo binding (on Debian and Ubuntu: the package python3-gi-cairo). The picture is shown "
    "in a slower way until it is installed."
)


def run(
    procedure: Gimp.Procedure, config: Gimp.ProcedureConfig, image: Gimp.Image, drawables: list[Gimp.Drawable]
) -> Gimp.Layer | None:
    """Show the window until it is closed; the new layer, or None. Raises RefusedError before it is shown."""
    GimpUi.init(_ROLE)
    window = DragPointsWindow(procedure, config, image, drawables)
    try:
        return window.run()
    finally:
        window.close()


class DragPointsWindow:
    """The window and its widgets. What they do is in the controller."""

    def __init__(
        self,
        procedure: Gimp.Procedure,
        config: Gimp.ProcedureConfig,
        image: Gimp.Image,
        drawables: list[Gimp.Drawable],
    ) -> None:
        self._config = config
        self._layer: Gimp.Layer | None = None
        self._refreshing = False
        self._is_inverting = False
        self._steps_markup = ""
        self._sometimes: tuple[Gtk.Widget, ...] = ()
        self._refresh_id = 0
        self._closed = False
        self._desk = ServerDesk(hand_over, self._desk_changed, editor_name())
        hooks = Hooks(
            changed=self._refresh,
            picture=lambda pyramid: self._canvas.set_picture(pyramid),
            choose=self._choose_frame,
            frame=self._frame_taken,
            edge=lambda edge: self._canvas.set_edge(edge),
            preview=lambda preview: self._canvas.set_preview(preview),
            reconstruction=self._reconstructed,
            applied=self._applied,
            screen_px_per_image_px=lambda: self._canvas.percent / 100.0,
        )
        as_visible = config.get_property("read") == "visible"
        self._controller = Controller(image, drawables, as_visible, hooks, self._desk)
        self._models = ModelChooser(self._model_chosen, self._desk, compact=True)
        control = self._controller
        self._canvas = Canvas(control.board, self._points_edited, self._view_moved, control.pressed_beside)
        self._frames = FramePanel(
            FrameButtons(
                control.framing.take_layer,
                control.framing.take_selection,
                control.framing.ask_landmarks,
                control.framing.reset,
                self._frame_edited,
            )
        )
        self._inversion = InversionPanel(
            InversionButtons(
                self._make_faithful,
                control.choose_frame_again,
                self._offer_taken,
                self._more_models,
            )
        )
        self._paths = PathPanel(image, lambda: self._controller.board.pairs, self._path_taken, self._path_failed)
        self._dialog = GimpUi.ProcedureDialog.new(procedure, config, f"{TITLE}: {self._controller.subject.name}")
        self._build()
        self._controller.begin(config.get_property("model") or None)
        self._refresh_now()

    def run(self) -> Gimp.Layer | None:
        """Until the window is closed, or the result is in the image."""
        self._dialog.run()
        return self._layer

    def close(self) -> None:
        """Stop everything. The window is gone then."""
        self._closed = True
        if self._refresh_id:
            GLib.source_remove(self._refresh_id)
        self._paths.close()
        self._controller.close()
        self._desk.close()
        self._dialog.destroy()
        self._controller.wait_closed(_CLOSE_WAIT_S)

    # Building

    def _build(self) -> None:
        dialog = self._dialog
        dialog.set_ok_label("_Apply")
        dialog.fill(["show-points"])  # it brings what loads and saves the settings
        self._show_points = dialog.get_widget("show-points", GObject.TYPE_NONE)
        dialog.get_widget_for_response(Gtk.ResponseType.HELP).destroy()  # GIMP has no manual page of ours
        self._apply_button = dialog.get_widget_for_response(Gtk.ResponseType.OK)
        dialog.set_default_size(1100, 720)
        body = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=12)
        left = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        frame = Gtk.Frame()
        frame.add(self._canvas.widget)
        left.pack_start(frame, True, True, 0)
        left.pack_start(self._build_view_bar(), False, False, 0)
        body.pack_start(left, True, True, 0)
        body.pack_start(self._build_panel(), False, False, 0)
        content = dialog.get_content_area()
        content.pack_start(body, True, True, 0)
        content.reorder_child(body, 0)
        body.show_all()
        for widget in self._sometimes:
            widget.set_no_show_all(True)
        self._cairo_bar.set_visible(not has_cairo())
        dialog.connect("key-press-event", self._key)
        dialog.connect("response", self._response)
        self._canvas.widget.grab_focus()

    def _build_notices(self) -> Gtk.Widget:
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=2)
        self._question_bar = notice(
            wording.PAINTED_OVER,
            ("Go on from the edit", lambda: self._controller.answer(True)),
            ("Begin anew", lambda: self._controller.answer(False)),
        )
        self._changed_bar = notice(
            "The layer is not what was dragged any more: it was changed or moved in the image meanwhile.",
            ("Read it again", lambda: self._controller.answer(False)),
            ("Apply all the same", lambda: self._controller.answer(True)),
        )
        self._going_on_label = Gtk.Label()
        self._going_on_bar = notice(self._going_on_label, ("Begin anew", self._controller.begin_anew))
        self._note_label = Gtk.Label()
        self._note_bar = notice(self._note_label, ("Read it again", self._controller.reload))
        self._cairo_bar = notice(_WITHOUT_CAIRO)
        bars = (self._question_bar, self._changed_bar, self._going_on_bar, self._note_bar, self._cairo_bar)
        self._sometimes += bars
        for bar in bars:
            box.add(bar)
        return box

    def _build_view_bar(self) -> Gtk.Widget:
        box = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        fit = button(
            "Fit", "Show the frame and what lies round it; once more: the whole layer.", self._canvas.fit_or_layer
        )
        one = button("1:1", "One pixel of the image for one of the screen (key 1).", self._canvas.actual_size)
        smaller = button("−", "Zoom out (mouse wheel, key -).", lambda: self._canvas.zoom(0.8), "Zoom out")
        larger = button("+", "Zoom in (mouse wheel, key +).", lambda: self._canvas.zoom(1.25), "Zoom in")
        self._zoom_label = Gtk.Label(width_chars=7, xalign=1.0)
        self._before = Gtk.ToggleButton(label="Before")
        self._before.set_tooltip_text("Show the layer as it is, without the drags.")
        self._before.connect("toggled", self._before_toggled)
        self._models_own = Gtk.ToggleButton(label="Model")
        self._models_own.get_accessible().set_name("The model's picture")
        self._models_own.set_tooltip_text("Show what the model makes of the frame, without the drags.")
        self._models_own.connect("toggled", lambda _: self._show_overlays())
        for widget in (fit, one, smaller, self._zoom_label, larger):
            box.pack_start(widget, False, False, 0)
        box.pack_end(self._before, False, False, 0)
        box.pack_end(self._models_own, False, False, 0)
        row = self._show_points.get_parent()
        row.remove(self._show_points)
        box.pack_end(self._show_points, False, False, 6)
        self._config.connect("notify::show-points", lambda *_: self._points_shown())
        self._points_shown()
        return box

    def _build_panel(self) -> Gtk.Widget:
        panel = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=8)
        self._steps = Gtk.Label(xalign=0.0)
        self._steps.get_accessible().set_name("Step")
        panel.pack_start(self._steps, False, False, 0)
        panel.pack_start(labelled("Model", self._models.widget), False, False, 0)
        self._filters = Gtk.ComboBoxText()
        self._filters.append("layer", "without its filters (the result keeps them)")
        self._filters.append("visible", "as visible, with its filters")
        self._filters.connect("changed", self._filters_chosen)
        self._filters_row = labelled("Layer", self._filters)
        panel.pack_start(self._filters_row, False, False, 0)
        panel.pack_start(self._frames.widget, False, False, 0)
        panel.pack_start(self._inversion.widget, False, False, 0)
        panel.pack_start(self._paths.widget, False, False, 0)
        # Not above the picture, which would move whenever one comes or goes.
        panel.pack_start(self._build_notices(), False, False, 0)
        panel.pack_start(self._build_start(), False, False, 0)
        history = self._build_history()
        panel.pack_start(history, False, False, 0)
        expander = Gtk.Expander(label="Settings", valign=Gtk.Align.START, label_fill=True)
        expander.add(settings_panel(self._config))
        scrolled = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER, min_content_height=60)
        scrolled.set_propagate_natural_height(True)
        scrolled.add(expander)
        panel.pack_start(scrolled, True, True, 0)
        self._for_points: tuple[Gtk.Widget, ...] = (self._paths.widget, history, expander)
        panel.pack_end(self._build_server(), False, False, 0)
        panel.set_size_request(_PANEL_WIDTH, -1)
        panel.set_hexpand(False)  # what is inside would widen it else
        return panel

    def _build_start(self) -> Gtk.Widget:
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=4)
        self._start = Gtk.Button(label=wording.START)
        self._start.get_style_context().add_class("suggested-action")
        self._start.connect("clicked", lambda _: self._act())
        self._bar = Gtk.ProgressBar()
        self._text = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=36, width_chars=36, selectable=True)
        self._text.set_can_focus(False)
        self._hint = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=36, width_chars=36)
        self._hint.get_style_context().add_class("dim-label")
        self._detail = Gtk.Expander(label="Details")
        self._detail_text = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=36, selectable=True)
        self._detail.add(self._detail_text)
        self._warning = Gtk.Image.new_from_icon_name("dialog-warning", Gtk.IconSize.BUTTON)
        self._warning.set_valign(Gtk.Align.START)
        line = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        line.pack_start(self._warning, False, False, 0)
        line.pack_start(self._text, True, True, 0)
        for widget in (self._start, self._bar, line, self._hint, self._detail):
            box.add(widget)
        return box

    def _build_history(self) -> Gtk.Widget:
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=0)
        self._history_label = Gtk.Label(xalign=0.0)
        self._history = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, 0, 1, 1)
        self._history.set_draw_value(False)
        self._history.set_round_digits(0)
        self._history.set_tooltip_text("The finished drags: go back to an earlier one, or forth again.")
        self._history.get_accessible().set_name("History")
        self._history.connect("value-changed", self._history_moved)
        box.add(self._history_label)
        box.add(self._history)
        return box

    def _build_server(self) -> Gtk.Widget:
        box = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        self._server_label = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=22, hexpand=True)
        self._server_label.get_style_context().add_class("dim-label")
        box.pack_start(self._server_label, True, True, 0)
        opens = button("Diagnostics...", "How the server stands; start and stop it.", self._show_diagnostics)
        box.pack_end(opens, False, False, 0)
        return box

    # What the artist does

    def _response(self, dialog: Gtk.Dialog, response: int) -> None:
        if response != Gtk.ResponseType.OK or self._layer is not None:
            return
        # The window stays open until the result is in the image.
        dialog.stop_emission_by_name("response")
        self._enter()

    def _enter(self) -> None:
        state = self._controller.state
        if state.can_apply:
            self._controller.apply()
        elif not state.can_stop:
            self._act()

    def _applied(self, layer: Gimp.Layer) -> None:
        self._layer = layer
        self._config.set_property("points", text_of(self._controller.drags))
        self._config.set_property("path", None)
        frame = self._controller.frame
        assert frame is not None
        self._config.set_property("frame", frame_text(frame))
        if self._controller.subject.as_visible != (self._config.get_property("read") == "visible"):
            self._config.set_property("read", "visible" if self._controller.subject.as_visible else "layer")
        self._dialog.response(Gtk.ResponseType.OK)

    def _act(self) -> None:
        """What comes next: the one large button."""
        state, control = self._controller.state, self._controller
        if state.can_stop:
            control.stop()
        elif state.step is Step.FRAME:
            control.use_frame()
        elif state.can_invert:
            control.invert()
        elif state.can_start:
            self._start_drag()

    def _choose_frame(self, choice: FrameChoice) -> None:
        self._canvas.choose_frame(choice, self._controller.frame_edited, self._controller.tell)

    def _frame_taken(self, frame: Frame) -> None:
        self._canvas.set_frame(frame)
        pyramid = self._canvas.pyramid
        self._inversion.set_layer(crop(pyramid, frame, _THUMBNAIL) if pyramid is not None else None)
        self._canvas.widget.grab_focus()

    def _frame_edited(self) -> None:
        self._controller.frame_edited()
        self._canvas.redraw()

    def _reconstructed(self, picture: GdkPixbuf.Pixbuf | None) -> None:
        self._canvas.set_reconstruction(picture)
        self._inversion.set_model(picture)

    def _make_faithful(self) -> None:
        self._before.set_active(False)
        self._controller.make_faithful()

    def _offer_taken(self, model: str) -> None:
        self._model_chosen(model)

    def _more_models(self) -> None:
        self._models.get_more(self._dialog)

    def _desk_changed(self) -> None:
        self._controller.models_known()
        self._refresh()

    def _start_drag(self) -> None:
        try:
            options = options_of(self._config)
        except DragganError as error:
            self._path_failed(error)
            return
        self._before.set_active(False)
        self._models_own.set_active(False)
        self._controller.start(options)

    def _points_edited(self) -> None:
        self._paths.release()
        self._controller.points_edited()

    def _path_taken(self, pairs: tuple[Pair, ...]) -> None:
        self._controller.board.replace(pairs)
        self._controller.points_edited()
        self._canvas.redraw()

    def _path_failed(self, error: DragganError) -> None:
        self._controller.tell(error)

    def _model_chosen(self, model: str) -> None:
        self._config.set_property("model", model)
        self._controller.choose_model(model or None)

    def _filters_chosen(self, combo: Gtk.ComboBoxText) -> None:
        if not self._refreshing and combo.get_active_id() is not None:
            self._controller.see_filters(combo.get_active_id() == "visible")

    def _before_toggled(self, button: Gtk.ToggleButton) -> None:
        if button.get_active():
            self._models_own.set_active(False)
        self._show_overlays()

    def _show_overlays(self) -> None:
        """While the picture is looked for, what the model makes of it is seen in the frame."""
        if self._models_own.get_active():
            self._before.set_active(False)
        self._canvas.show_preview = not self._before.get_active()
        self._canvas.show_reconstruction = self._models_own.get_active() or (
            self._is_inverting and not self._before.get_active()
        )
        self._canvas.redraw()

    def _points_shown(self) -> None:
        self._canvas.show_points = self._config.get_property("show-points")
        self._canvas.redraw()

    def _history_moved(self, scale: Gtk.Scale) -> None:
        if not self._refreshing:
            self._controller.seek(round(scale.get_value()))

    def _show_diagnostics(self) -> None:
        diagnostics.show(self._dialog, self._desk)

    def _key(self, dialog: Gtk.Dialog, event: Gdk.EventKey) -> bool:
        focus = dialog.get_focus()
        if isinstance(focus, Gtk.Entry | Gtk.TextView):
            return False
        name = Gdk.keyval_name(event.keyval)
        if name in ("Return", "KP_Enter") and (focus is None or focus is self._canvas.widget):
            self._enter()
            return True
        return self._canvas.key(event)

    def _view_moved(self) -> None:
        percent = self._canvas.percent
        self._zoom_label.set_text(f"{percent:.0f} %" if percent >= 10 else f"{percent:.1f} %")

    # Showing

    def _refresh(self) -> None:
        """Show how things stand, soon: a drag tells of each step, and nobody reads that fast."""
        if not self._refresh_id and not self._closed:
            self._refresh_id = GLib.timeout_add(_REFRESH_MS, self._refresh_now)

    def _refresh_now(self) -> bool:
        self._refresh_id = 0
        if self._closed:
            return False
        self._refreshing = True
        try:
            self._show(self._controller.state)
        finally:
            self._refreshing = False
        return False

    def _show(self, state: State) -> None:
        self._canvas.locked = not (state.can_edit or state.can_pull_frame)
        self._canvas.set_expected(state.landmarks)
        self._paths.sensitive = state.can_edit
        self._is_inverting = state.inverting
        self._show_overlays()
        self._show_step(state)
        self._apply_button.set_sensitive(state.can_apply)
        dragged = state.position > 0 or state.busy
        self._before.set_sensitive(state.step is Step.DRAG and (dragged or state.inverting))
        set_text(self._text, state.text)
        set_text(self._hint, state.hint)
        set_text(self._detail_text, state.detail)
        self._detail.set_visible(bool(state.detail))
        self._warning.set_visible(state.is_error)
        if state.fraction is None:
            self._bar.pulse()
        else:
            self._bar.set_fraction(min(1.0, max(0.0, state.fraction)))
        self._show_history(state)
        self._show_notices(state)
        self._show_server(state)

    def _show_step(self, state: State) -> None:
        choosing = state.step is Step.FRAME
        label = wording.START
        if state.can_stop:
            label = wording.STOP
        elif choosing:
            label = _USE_FRAME
        elif state.can_invert:
            label = wording.INVERT
        self._start.set_label(label)
        self._start.set_sensitive(state.can_stop or state.can_start or state.can_use_frame or state.can_invert)
        now = 0 if choosing else 1 if state.inverting or state.can_invert else 2
        steps = (
            f"<b>{number + 1} {name}</b>" if number == now else f"{number + 1} {name}"
            for number, name in enumerate(_STEPS)
        )
        markup = "  ›  ".join(steps)
        if markup != self._steps_markup:
            self._steps_markup = markup
            self._steps.set_markup(markup)
        self._steps.set_visible(not state.going_on and state.question is None)
        self._frames.show(self._controller.framing.choice if choosing else None, state.landmarks, state.has_selection)
        searched = not choosing and not state.going_on and self._controller.frame is not None
        self._inversion.widget.set_visible(searched)
        if searched:
            self._inversion.show(state, self._desk.status.models or (), self._controller.model)
        self._models_own.set_sensitive(searched and state.view.reconstruction is not None)
        for widget in self._for_points:
            widget.set_visible(not choosing)

    def _show_history(self, state: State) -> None:
        self._history_label.set_text(f"History: {wording.history_text(state.position, state.history_length)}")
        if self._history.get_adjustment().get_upper() != max(1, state.history_length):
            self._history.set_range(0, max(1, state.history_length))
        if round(self._history.get_value()) != state.position and not state.busy:
            self._history.set_value(state.position)
        self._history.set_sensitive(state.history_length > 0 and state.can_seek)

    def _show_notices(self, state: State) -> None:
        self._question_bar.set_visible(state.question is Question.PAINTED_OVER)
        self._changed_bar.set_visible(state.question is Question.CHANGED)
        set_text(self._going_on_label, f"{_GOING_ON} {wording.LACKS_PIXELS}" if state.lost_origin else _GOING_ON)
        self._going_on_bar.set_visible(state.going_on and state.position == 0)
        set_text(self._note_label, state.note)
        self._note_bar.set_visible(bool(state.note) and state.question is not Question.CHANGED)
        self._filters_row.set_visible(state.as_visible is not None)
        self._filters_row.set_sensitive(not state.busy)
        if state.as_visible is not None:
            self._filters.set_active_id("visible" if state.as_visible else "layer")

    def _show_server(self, state: State) -> None:
        status = self._desk.status
        set_text(self._server_label, wording.server_text(status))
        self._server_label.set_tooltip_text(
            wording.HOW_TO_GET_THE_SERVER if status.phase is ServerPhase.TROUBLE else status.hint or None
        )
        default = status.hello.default_model if status.hello is not None else ""
        self._models.show(status.models, state.model or self._config.get_property("model") or "", default)
        self._models.allow(state.can_choose_model)
