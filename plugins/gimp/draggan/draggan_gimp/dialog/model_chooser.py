"""The list of models, each with its small picture."""

from collections.abc import Callable

from gi.repository import GdkPixbuf, Gtk

from draggan_client.messages import ModelInfo

from .pixbufs import decoded

_SIDE = 32
_ID, _LABEL, _PICTURE = range(3)


class ModelChooser:
    """The widget is `widget`. An empty id is the default model."""

    def __init__(self, chosen: Callable[[str], object]) -> None:
        """chosen: the artist took the model of that id."""
        self._chosen = chosen
        self._models: tuple[ModelInfo, ...] | None = None
        self._wanted = ""
        self._store = Gtk.ListStore(str, str, GdkPixbuf.Pixbuf)
        self.widget = Gtk.ComboBox.new_with_model(self._store)
        picture, text = Gtk.CellRendererPixbuf(), Gtk.CellRendererText()
        self.widget.pack_start(picture, False)
        self.widget.add_attribute(picture, "pixbuf", _PICTURE)
        self.widget.pack_start(text, True)
        self.widget.add_attribute(text, "text", _LABEL)
        self.widget.get_accessible().set_name("Model")
        self.widget.set_tooltip_text("What the picture is taken for: choose a model of such pictures.")
        self._handler = self.widget.connect("changed", self._changed)
        self._fill(())

    def show(self, models: tuple[ModelInfo, ...] | None, wanted: str, default: str) -> None:
        """These models; `wanted` is the chosen one, "" the default."""
        if models == self._models and wanted == self._wanted:
            return
        self._models, self._wanted = models, wanted
        self._fill(models or (), default)

    def _fill(self, models: tuple[ModelInfo, ...], default: str = "") -> None:
        with self.widget.handler_block(self._handler):
            self._store.clear()
            if not models:
                self._store.append([self._wanted, self._wanted or "the default model", None])
            for model in models:
                self._store.append([model.id, f"{model.name} ({model.resolution} px)", _small(model.thumbnail)])
            wanted = self._wanted or default
            rows = [row[_ID] for row in self._store]
            self.widget.set_active(rows.index(wanted) if wanted in rows else 0)

    def _changed(self, _combo: Gtk.ComboBox) -> None:
        row = self.widget.get_active_iter()
        if row is not None:
            self._wanted = self._store[row][_ID]
            self._chosen(self._wanted)


def _small(png: bytes) -> GdkPixbuf.Pixbuf | None:
    picture = decoded(png) if png else None
    return picture.scale_simple(_SIDE, _SIDE, GdkPixbuf.InterpType.BILINEAR) if picture is not None else None
