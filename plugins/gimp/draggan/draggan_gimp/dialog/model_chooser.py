"""The list of models, each with its small picture, what there is to say of the chosen one, and the way to more."""

from collections.abc import Callable

from gi.repository import GdkPixbuf, GLib, Gtk, Pango

from draggan_client import wording
from draggan_client.editing import ServerDesk
from draggan_client.messages import ModelInfo

from . import model_shop
from .pixbufs import decoded
from .widgets import button

_SIDE = 32
_TOOLTIP = "What the picture is taken for: choose a model of such pictures."
_ID, _LABEL, _PICTURE = range(3)


class ModelChooser:
    """The widget is `widget`. An empty id is the default model."""

    def __init__(self, chosen: Callable[[str], object], desk: ServerDesk, compact: bool = False) -> None:
        """chosen: the artist took the model of that id. compact: what there is to say of it is cut to one line."""
        self._chosen = chosen
        self._compact = compact
        self._desk = desk
        self._models: tuple[ModelInfo, ...] | None = None
        self._wanted = ""
        self._default = ""
        self._store = Gtk.ListStore(str, str, GdkPixbuf.Pixbuf)
        self._list = Gtk.ComboBox.new_with_model(self._store)
        picture, text = Gtk.CellRendererPixbuf(), Gtk.CellRendererText()
        self._list.pack_start(picture, False)
        self._list.add_attribute(picture, "pixbuf", _PICTURE)
        self._list.pack_start(text, True)
        self._list.add_attribute(text, "text", _LABEL)
        self._list.get_accessible().set_name("Model")
        self._handler = self._list.connect("changed", self._changed)
        self._list.connect("notify::popup-shown", lambda *_: GLib.idle_add(self._fill))
        self._detail = Gtk.Label(xalign=0.0, wrap=not compact, max_width_chars=36)
        if compact:
            self._detail.set_ellipsize(Pango.EllipsizeMode.END)
        self._detail.get_style_context().add_class("dim-label")
        more = button("Get More...", "Models that can be downloaded, and files that you have.", self.get_more)
        row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        row.pack_start(self._list, True, True, 0)
        row.pack_end(more, False, False, 0)
        self.widget = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=2)
        self.widget.add(row)
        self.widget.add(self._detail)
        self._fill()

    def show(self, models: tuple[ModelInfo, ...] | None, wanted: str, default: str) -> None:
        """These models; `wanted` is the chosen one, "" the default."""
        if models == self._models and wanted == self._wanted:
            return
        self._models, self._wanted, self._default = models, wanted, default
        self._fill()

    def get_more(self, parent: Gtk.Window | None = None) -> None:
        """The window of more models. One that came is the chosen one, where one can be chosen."""
        model_shop.show(parent or self.widget.get_toplevel(), self._desk.connection, self._came)

    def allow(self, choosing: bool) -> None:
        """Whether another model can be chosen now. More can be got at any time."""
        self._list.set_sensitive(choosing)

    def _came(self, model: str) -> None:
        self._desk.refresh()
        if self._list.get_sensitive():
            self._chosen(model)

    def _fill(self) -> None:
        if self._list.get_property("popup-shown"):
            self._show_detail()
            return  # the rest waits: an open list would fold up under the pointer
        with self._list.handler_block(self._handler):
            self._store.clear()
            if not self._models:
                self._store.append([self._wanted, self._wanted or "the default model", None])
            for model in self._models or ():
                self._store.append([model.id, f"{model.name} ({model.resolution} px)", _small(model.thumbnail)])
            wanted = self._wanted or self._default
            rows = [row[_ID] for row in self._store]
            self._list.set_active(rows.index(wanted) if wanted in rows else 0)
        self._show_detail()

    def _changed(self, _combo: Gtk.ComboBox) -> None:
        row = self._list.get_active_iter()
        if row is not None:
            self._wanted = self._store[row][_ID]
            self._show_detail()
            self._chosen(self._wanted)

    def _show_detail(self) -> None:
        row = self._list.get_active_iter()
        chosen = self._store[row][_ID] if row is not None else ""
        lines = [wording.model_lines(model)[1:] for model in self._models or () if model.id == chosen]
        text = "\n".join(lines[0]) if lines else ""
        self._detail.set_text(text.replace("\n", " · ") if self._compact else text)
        self._detail.set_visible(bool(lines))
        self._list.set_tooltip_text("\n".join(part for part in (_TOOLTIP, text) if part))


def _small(png: bytes) -> GdkPixbuf.Pixbuf | None:
    picture = decoded(png) if png else None
    return picture.scale_simple(_SIDE, _SIDE, GdkPixbuf.InterpType.BILINEAR) if picture is not None else None
