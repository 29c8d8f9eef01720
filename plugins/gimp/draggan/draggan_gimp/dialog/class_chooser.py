"""Which class a model that draws by class is to draw."""

import contextlib
from collections.abc import Callable

from gi.repository import Gdk, Gtk

from draggan_client.classes import TITLE, TOOLTIP, class_from, class_text, class_texts
from draggan_client.messages import ModelInfo


class ClassChooser:
    """A list with a field: a class is chosen, or typed by name or number. There only for models that have classes."""

    def __init__(self, chosen: Callable[[int | None], object]) -> None:
        """chosen: the artist took the class of that number; None: by the seed."""
        self._chosen = chosen
        self._model: ModelInfo | None = None
        self._texts: tuple[str, ...] = ()
        self._label: int | None = None
        self.title = Gtk.Label(label=TITLE, xalign=0.0, no_show_all=True)
        self.widget = Gtk.ComboBoxText.new_with_entry()
        self.widget.set_no_show_all(True)
        self.widget.set_tooltip_text(TOOLTIP)
        self._entry = self.widget.get_child()
        self._entry.get_accessible().set_name(TITLE)
        completion = Gtk.EntryCompletion()
        completion.set_model(self.widget.get_model())
        completion.set_text_column(0)
        completion.set_inline_completion(True)
        completion.set_popup_completion(False)  # it takes the next Tab for itself
        self._entry.set_completion(completion)
        self._entry.connect("activate", lambda _: self._read())
        self._entry.connect("focus-out-event", self._left)
        self._handler = self.widget.connect("changed", self._changed)

    def show(self, model: ModelInfo | None, label: int | None) -> None:
        """Show this model's classes and the chosen one; None: there is nothing to choose."""
        texts = class_texts(model) if model is not None else ()
        anew = texts != self._texts
        said_before = self._label
        self._model, self._texts, self._label = model, texts, label
        with self.widget.handler_block(self._handler):
            if anew:
                self.widget.remove_all()
                for text in texts:
                    self.widget.append_text(text)
            if anew or label != said_before:  # else something may be being typed
                self._tidy()
        for part in (self.title, self.widget):
            part.set_visible(model is not None)

    def _changed(self, widget: Gtk.ComboBoxText) -> None:
        if widget.get_active() >= 0:  # chosen from the list, not typed
            self._read()

    def _left(self, _entry: Gtk.Entry, _event: Gdk.Event) -> bool:
        self._read()
        return False

    def _read(self) -> None:
        """What stands in the field counts; where the model has no such class, the last one goes on to count."""
        if self._model is None:
            return
        before = self._label
        with contextlib.suppress(ValueError):
            self._label = class_from(self._model, self._entry.get_text())
        with self.widget.handler_block(self._handler):
            self._tidy()
        if self._label != before:
            self._chosen(self._label)

    def _tidy(self) -> None:
        """The class that counts, as it is called."""
        if self._model is not None:
            self._entry.set_text(class_text(self._model, self._label))
