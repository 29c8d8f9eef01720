"""The window of New Picture from Seed: seed, model, class and size, and the picture that comes of them."""

import random

from gi.repository import GdkPixbuf, Gimp, GimpUi, GLib, GObject, Gtk

from draggan_client import wording
from draggan_client.diagnostics import recent_errors
from draggan_client.editing import Editing, Phase, Problem, ServerDesk, ServerPhase
from draggan_client.messages import ModelInfo, Pixels, Preview

from ..editor import editor_name
from ..new_picture import REQUEST, Wish, make_image, wish_from
from ..slices import Slices
from .class_chooser import ClassChooser
from .hand_over import hand_over
from .model_chooser import ModelChooser
from .pixbufs import pixbuf_of

_ROLE = "draggan-new-picture"
_SIDE = 320
_SIZES = (256, 512, 1024, 2048, 4096)
_LARGEST_SEED = 2**31 - 1
_PAUSE_MS = 150
"""After the last change, before a picture is asked for."""


def run(procedure: Gimp.Procedure, config: Gimp.ProcedureConfig) -> Gimp.Image | None:
    """Show the window until it is closed; the new image, shown too, or None."""
    GimpUi.init(_ROLE)
    window = NewPictureWindow(procedure, config)
    try:
        return window.run()
    finally:
        window.close()


class NewPictureWindow:
    """The window; it has a picture drawn for each wish, and makes the image of the last one."""

    def __init__(self, procedure: Gimp.Procedure, config: Gimp.ProcedureConfig) -> None:
        self._config = config
        self._image: Gimp.Image | None = None
        self._shown_wish: Wish | None = None
        self._due = 0
        self._making = False
        self._closed = False
        self._trouble: Problem | None = None
        self._desk = ServerDesk(hand_over, self._refresh, editor_name())
        self._editing = Editing(self._desk.connection, hand_over, self._refresh, self._previewed)
        self._models = ModelChooser(self._choose_model, self._desk)
        self._classes = ClassChooser(self._choose_class)
        self._dialog = GimpUi.ProcedureDialog.new(procedure, config, "New Picture from Seed")
        self._build()
        self._kept = config.get_property("model")
        """What GIMP remembers of another time."""
        for name in ("seed", "psi", "model", "size", "class"):
            config.connect(f"notify::{name}", lambda *_: self._changed())
        self._desk.start()
        self._draw()

    def run(self) -> Gimp.Image | None:
        """Until the window is closed, or the image is made."""
        self._dialog.run()
        return self._image

    def close(self) -> None:
        """The window is gone then."""
        self._closed = True
        if self._due:
            GLib.source_remove(self._due)
        self._editing.close()
        self._desk.close()
        self._dialog.destroy()
        self._editing.wait_closed(2.0)

    def _build(self) -> None:
        dialog = self._dialog
        dialog.set_ok_label("Cre_ate")
        self._picture = Gtk.Image()
        self._picture.set_size_request(_SIDE, _SIDE)
        self._picture.get_accessible().set_name("Preview")
        frame = Gtk.Frame(halign=Gtk.Align.CENTER)
        frame.add(self._picture)
        seeds = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        self._seed = Gtk.SpinButton.new_with_range(0, _LARGEST_SEED, 1)
        self._seed.set_tooltip_text("Each number makes another picture; the same number always the same.")
        self._seed.get_accessible().set_name("Seed")
        dice = Gtk.Button(label="Another one")
        dice.set_tooltip_text("Take a seed by chance.")
        dice.connect("clicked", lambda _: self._config.set_property("seed", random.randrange(100_000)))
        seeds.pack_start(self._seed, True, True, 0)
        seeds.pack_start(dice, False, False, 0)
        self._size = Gtk.ComboBoxText()
        self._size.set_tooltip_text("Width and height of the image. Larger than the model draws is enlarged.")
        self._size.get_accessible().set_name("Size")
        self._size.append("0", "as the model draws it")
        for size in _SIZES:
            self._size.append(str(size), f"{size} x {size} px")
        self._text = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=48, selectable=True)
        self._text.set_can_focus(False)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=8)
        box.add(frame)
        dialog.fill(["psi"])  # it brings what loads and saves the settings
        psi = dialog.get_widget("psi", GObject.TYPE_NONE)
        psi.get_parent().remove(psi)
        grid = Gtk.Grid(column_spacing=8, row_spacing=6)
        rows = (
            (Gtk.Label(label="Model", xalign=0.0), self._models.widget),
            (self._classes.title, self._classes.widget),
            (Gtk.Label(label="Seed", xalign=0.0), seeds),
            (Gtk.Label(label="Size", xalign=0.0), self._size),
        )
        for row, (title, widget) in enumerate(rows):
            widget.set_hexpand(True)
            grid.attach(title, 0, row, 1, 1)
            grid.attach(widget, 1, row, 1, 1)
        box.add(grid)
        box.add(psi)
        box.add(self._text)
        content = dialog.get_content_area()
        content.pack_start(box, True, True, 0)
        content.reorder_child(box, 0)
        box.show_all()
        self._bind()
        dialog.get_widget_for_response(Gtk.ResponseType.HELP).destroy()  # GIMP has no manual page of ours
        self._ok = dialog.get_widget_for_response(Gtk.ResponseType.OK)
        dialog.connect("response", self._response)

    def _bind(self) -> None:
        config = self._config

        def show(*_: object) -> None:
            self._seed.set_value(config.get_property("seed"))
            size = str(config.get_property("size"))
            if not self._size.set_active_id(size):
                self._size.append(size, f"{size} x {size} px")
                self._size.set_active_id(size)

        def edited(*_: object) -> None:
            for name, value in (("seed", self._seed.get_value_as_int()), ("size", int(self._size.get_active_id()))):
                if config.get_property(name) != value:
                    config.set_property(name, value)

        show()
        config.connect("notify::seed", show)
        config.connect("notify::size", show)
        self._seed.connect("value-changed", edited)
        self._size.connect("changed", edited)

    def _choose_model(self, model: str) -> None:
        self._choose_class(None)  # another model's classes are others
        self._config.set_property("model", model)

    def _choose_class(self, label: int | None) -> None:
        self._config.set_property("class", -1 if label is None else label)

    # Drawing

    def _changed(self) -> None:
        if self._due:
            GLib.source_remove(self._due)
        self._due = GLib.timeout_add(_PAUSE_MS, self._draw)
        self._refresh()

    def _draw(self) -> bool:
        self._due = 0
        if self._editing.view.is_busy:
            self._due = GLib.timeout_add(_PAUSE_MS, self._draw)  # one at a time: only the newest counts
            return False
        self._trouble = None
        self._shown_wish = wish_from(self._config)
        self._editing.open(self._shown_wish.source(), self._shown_wish.model)
        return False

    def _previewed(self, preview: Preview) -> None:
        picture = pixbuf_of(preview)
        if picture is not None:
            self._picture.set_from_pixbuf(picture.scale_simple(_SIDE, _SIDE, GdkPixbuf.InterpType.BILINEAR))

    def _refresh(self) -> None:
        if self._closed:
            return
        view, status = self._editing.view, self._desk.status
        problem = self._trouble or (view.problem if not view.is_busy else None)
        if problem is not None:
            text = str(problem)
        elif status.phase is ServerPhase.STARTING:
            text = status.text
        elif self._making:
            text = "Making the image …"
        elif view.is_busy:
            text = wording.phase_text(view)
        else:
            text = "Drag Points in Filters > Distorts then pulls this picture into shape."
        self._text.set_text(text)
        default = status.hello.default_model if status.hello is not None else ""
        wanted = self._config.get_property("model") or ""
        if wanted and wanted == self._kept and status.models and wanted not in [model.id for model in status.models]:
            self._choose_model("")  # gone since: the default, which is drawn at once
            return
        self._models.show(status.models, wanted, default)
        self._show_classes(next((model for model in status.models or () if model.id == (wanted or default)), None))
        ready = view.phase is Phase.READY and self._shown_wish == wish_from(self._config)
        self._ok.set_sensitive(ready and not self._making)

    def _show_classes(self, model: ModelInfo | None) -> None:
        label = wish_from(self._config).label
        if model is not None and label is not None and label >= model.classes:
            self._choose_class(None)  # kept from another time, when another model was the default
            label = None
        self._classes.show(model if model is not None and model.classes else None, label)

    # Making

    def _response(self, dialog: Gtk.Dialog, response: int) -> None:
        if response != Gtk.ResponseType.OK or self._image is not None:
            return
        dialog.stop_emission_by_name("response")  # the window stays open until the image is there
        if self._ok.get_sensitive():
            self._making = True
            self._editing.fetch(REQUEST, self._fetched, self._refused)
            self._refresh()

    def _fetched(self, pixels: Pixels) -> None:
        state, wish = self._editing.view.edit_state, self._shown_wish
        assert state is not None and wish is not None
        Slices(make_image(wish, pixels, state), self._made, self._failed)

    def _made(self, image: Gimp.Image) -> None:
        if self._closed:
            image.delete()
            return
        self._image = image
        Gimp.Display.new(image)
        self._dialog.response(Gtk.ResponseType.OK)

    def _failed(self, error: Exception) -> None:
        recent_errors.note("making the image", error)
        self._refused(Problem.of(error))

    def _refused(self, problem: Problem) -> None:
        self._making = False
        self._trouble = problem
        self._refresh()
