"""The window of Drag Points."""

from collections.abc import Callable

from gi.repository import Gdk, Gimp, GimpUi, GLib, GObject, Gtk

from draggan_client import wording
from draggan_client.editing import ServerDesk, ServerPhase
from draggan_client.errors import DragganError
from draggan_client.points import Pair

from ..drags import text_of
from ..editor import editor_name
from ..settings import options_of
from . import diagnostics
from .canvas import Canvas, has_cairo
from .controller import Controller, Hooks, Question, State
from .hand_over import hand_over
from .model_chooser import ModelChooser
from .path_panel import PathPanel
from .settings_panel import settings_panel

TITLE = "Drag Points"
_ROLE = "draggan-drag-points"
_PANEL_WIDTH = 430
"""What the settings need: opening them does not move the picture."""
_CLOSE_WAIT_S = 2.0
_REFRESH_MS = 40
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
        self._refresh_id = 0
        self._closed = False
        self._desk = ServerDesk(hand_over, self._refresh, editor_name())
        hooks = Hooks(
            changed=self._refresh,
            picture=lambda pyramid: self._canvas.set_picture(pyramid),
            frame=lambda frame: self._canvas.set_frame(frame),
            edge=lambda edge: self._canvas.set_edge(edge),
            preview=lambda preview: self._canvas.set_preview(preview),
            applied=self._applied,
            screen_px_per_image_px=lambda: self._canvas.percent / 100.0,
        )
        as_visible = config.get_property("read") == "visible"
        self._controller = Controller(image, drawables, as_visible, hooks, self._desk)
        self._canvas = Canvas(self._controller.board, self._points_edited, self._view_moved)
        self._paths = PathPanel(image, lambda: self._controller.board.pairs, self._path_taken, self._path_failed)
        self._models = ModelChooser(self._model_chosen)
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
        for bar in (self._question_bar, self._going_on_bar, self._note_bar, self._cairo_bar):
            bar.set_no_show_all(True)
        self._cairo_bar.set_visible(not has_cairo())
        dialog.connect("key-press-event", self._key)
        dialog.connect("response", self._response)
        self._canvas.widget.grab_focus()

    def _build_notices(self) -> Gtk.Widget:
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=2)
        self._question_bar = _notice(
            wording.PAINTED_OVER,
            ("Go on from the edit", lambda: self._controller.answer(True)),
            ("Begin anew", lambda: self._controller.answer(False)),
        )
        self._going_on_bar = _notice(
            "This layer shows an earlier edit, and dragging goes on from it.", ("Begin anew", self._begin_anew)
        )
        self._note_label = Gtk.Label()
        self._note_bar = _notice(self._note_label, ("Read it again", self._reload))
        self._cairo_bar = _notice(_WITHOUT_CAIRO)
        for bar in (self._question_bar, self._going_on_bar, self._note_bar, self._cairo_bar):
            box.add(bar)
        return box

    def _build_view_bar(self) -> Gtk.Widget:
        box = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        fit = _button("Fit", "Show the whole layer.", self._canvas.fit)
        one = _button("1:1", "One pixel of the image for one of the screen (key 1).", self._canvas.actual_size)
        smaller = _button("−", "Zoom out (mouse wheel, key -).", lambda: self._canvas.zoom(0.8), "Zoom out")
        larger = _button("+", "Zoom in (mouse wheel, key +).", lambda: self._canvas.zoom(1.25), "Zoom in")
        self._zoom_label = Gtk.Label(width_chars=7, xalign=1.0)
        self._before = Gtk.ToggleButton(label="Before")
        self._before.set_tooltip_text("Show the layer as it is, without the drags.")
        self._before.connect("toggled", self._before_toggled)
        for widget in (fit, one, smaller, self._zoom_label, larger):
            box.pack_start(widget, False, False, 0)
        box.pack_end(self._before, False, False, 0)
        row = self._show_points.get_parent()
        row.remove(self._show_points)
        box.pack_end(self._show_points, False, False, 6)
        self._config.connect("notify::show-points", lambda *_: self._points_shown())
        self._points_shown()
        return box

    def _build_panel(self) -> Gtk.Widget:
        panel = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=8)
        panel.pack_start(_labelled("Model", self._models.widget), False, False, 0)
        self._filters = Gtk.ComboBoxText()
        self._filters.append("layer", "without its filters (the result keeps them)")
        self._filters.append("visible", "as visible, with its filters")
        self._filters.connect("changed", self._filters_chosen)
        self._filters_row = _labelled("Layer", self._filters)
        panel.pack_start(self._filters_row, False, False, 0)
        panel.pack_start(self._paths.widget, False, False, 0)
        # Not above the picture, which would move whenever one comes or goes.
        panel.pack_start(self._build_notices(), False, False, 0)
        panel.pack_start(self._build_start(), False, False, 0)
        panel.pack_start(self._build_history(), False, False, 0)
        expander = Gtk.Expander(label="Settings", valign=Gtk.Align.START, label_fill=True)
        expander.add(settings_panel(self._config))
        scrolled = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER, min_content_height=60)
        scrolled.set_propagate_natural_height(True)
        scrolled.add(expander)
        panel.pack_start(scrolled, True, True, 0)
        panel.pack_end(self._build_server(), False, False, 0)
        panel.set_size_request(_PANEL_WIDTH, -1)
        return panel

    def _build_start(self) -> Gtk.Widget:
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=4)
        self._start = Gtk.Button(label=wording.START)
        self._start.get_style_context().add_class("suggested-action")
        self._start.connect("clicked", lambda _: self._start_or_stop())
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
        button = _button("Diagnostics...", "How the server stands; start and stop it.", self._show_diagnostics)
        box.pack_end(button, False, False, 0)
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
        elif state.can_start:
            self._start_drag()

    def _applied(self, layer: Gimp.Layer) -> None:
        self._layer = layer
        self._config.set_property("points", text_of(self._controller.drags))
        self._config.set_property("path", None)
        if self._controller.subject.as_visible != (self._config.get_property("read") == "visible"):
            self._config.set_property("read", "visible" if self._controller.subject.as_visible else "layer")
        self._dialog.response(Gtk.ResponseType.OK)

    def _start_or_stop(self) -> None:
        if self._controller.state.can_stop:
            self._controller.stop()
        else:
            self._start_drag()

    def _start_drag(self) -> None:
        try:
            options = options_of(self._config)
        except DragganError as error:
            self._path_failed(error)
            return
        self._before.set_active(False)
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

    def _begin_anew(self) -> None:
        self._controller.begin_anew()

    def _reload(self) -> None:
        self._controller.reload()

    def _before_toggled(self, button: Gtk.ToggleButton) -> None:
        self._canvas.show_preview = not button.get_active()
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
        self._canvas.locked = not state.can_edit
        self._paths.sensitive = not self._canvas.locked
        self._canvas.redraw()
        self._start.set_label(wording.STOP if state.can_stop else wording.START)
        self._start.set_sensitive(state.can_stop or state.can_start)
        self._apply_button.set_sensitive(state.can_apply)
        self._before.set_sensitive(state.position > 0 or state.busy)
        _set_text(self._text, state.text)
        _set_text(self._hint, state.hint)
        _set_text(self._detail_text, state.detail)
        self._detail.set_visible(bool(state.detail))
        self._warning.set_visible(state.is_error)
        if state.fraction is None:
            self._bar.pulse()
        else:
            self._bar.set_fraction(min(1.0, max(0.0, state.fraction)))
        self._show_history(state)
        self._show_notices(state)
        self._show_server(state)

    def _show_history(self, state: State) -> None:
        self._history_label.set_text(f"History: {wording.history_text(state.position, state.history_length)}")
        if self._history.get_adjustment().get_upper() != max(1, state.history_length):
            self._history.set_range(0, max(1, state.history_length))
        if round(self._history.get_value()) != state.position and not state.busy:
            self._history.set_value(state.position)
        self._history.set_sensitive(state.history_length > 0 and state.can_seek)

    def _show_notices(self, state: State) -> None:
        self._question_bar.set_visible(state.question is Question.PAINTED_OVER)
        self._going_on_bar.set_visible(state.going_on and state.position == 0)
        _set_text(self._note_label, state.note)
        self._note_bar.set_visible(bool(state.note))
        self._filters_row.set_visible(state.as_visible is not None)
        self._filters_row.set_sensitive(not state.busy)
        if state.as_visible is not None:
            self._filters.set_active_id("visible" if state.as_visible else "layer")

    def _show_server(self, state: State) -> None:
        status = self._desk.status
        _set_text(self._server_label, wording.server_text(status))
        self._server_label.set_tooltip_text(
            wording.HOW_TO_GET_THE_SERVER if status.phase is ServerPhase.TROUBLE else status.hint or None
        )
        default = status.hello.default_model if status.hello is not None else ""
        kept = state.view.state.model_id if state.going_on and state.view.state is not None else ""
        self._models.show(status.models, kept or self._config.get_property("model") or "", default)
        self._models.widget.set_sensitive(state.can_choose_model)


def _notice(text: str | Gtk.Label, *actions: tuple[str, Callable[[], object]]) -> Gtk.Widget:
    """Something to know or to decide, framed, with buttons."""
    frame = Gtk.Frame()
    box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, border_width=6)
    label = text if isinstance(text, Gtk.Label) else Gtk.Label(label=text)
    label.set_line_wrap(True)
    label.set_xalign(0.0)
    label.set_max_width_chars(36)
    box.add(label)
    for name, act in actions:
        button = Gtk.Button(label=name, halign=Gtk.Align.START)
        button.connect("clicked", lambda _, act=act: act())
        box.add(button)
    frame.add(box)
    box.show_all()
    return frame


def _button(label: str, tooltip: str, clicked, name: str = "") -> Gtk.Button:
    button = Gtk.Button(label=label, tooltip_text=tooltip)
    if name:
        button.get_accessible().set_name(name)
    button.connect("clicked", lambda _: clicked())
    return button


def _labelled(text: str, widget: Gtk.Widget) -> Gtk.Widget:
    box = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
    label = Gtk.Label(label=text, xalign=0.0)
    label.set_mnemonic_widget(widget)
    box.pack_start(label, False, False, 0)
    box.pack_start(widget, True, True, 0)
    return box


def _set_text(label: Gtk.Label, text: str) -> None:
    """Only where it is another: each change lays the window out anew."""
    if label.get_text() != text:
        label.set_text(text)
    label.set_visible(bool(text))
