"""How well the model knows the picture: the layer beside what the model makes of it, a word and a number, and what can
be done about it."""

from collections.abc import Callable
from dataclasses import dataclass

from gi.repository import GdkPixbuf, Gtk, Pango

from draggan_client import wording
from draggan_client.messages import ModelInfo, Recognition

from .state import State
from .widgets import button

_SIDE = 96
_MOST_OFFERS = 3


@dataclass(frozen=True)
class InversionButtons:
    """What the buttons do."""

    faithful: Callable[[], object]
    frame: Callable[[], object]
    model: Callable[[str], object]
    """Use the model of that id."""
    more_models: Callable[[], object]


class InversionPanel:
    """The widget is `widget`."""

    def __init__(self, act: InversionButtons) -> None:
        self._act = act
        self._offered: tuple[str, ...] | None = None
        self._recognition: Recognition | None = None
        self.widget = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self._layer, self._model = Gtk.Image(), Gtk.Image()
        row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        for name, text, image in (
            ("The layer", "Layer", self._layer),
            ("What the model makes of it", "Model", self._model),
        ):
            image.set_size_request(_SIDE, _SIDE)
            image.get_accessible().set_name(name)
            image.set_tooltip_text(f"{name}.")
            frame = Gtk.Frame()
            frame.add(image)
            column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=2)
            column.add(frame)
            column.add(Gtk.Label(label=text))
            row.pack_start(column, False, False, 0)
        self._word = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=36, width_chars=36)
        self._word.get_accessible().set_name("Recognition")
        self._offers = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=4)
        self._again = button(
            "Choose the frame again",
            "Show the model another part. Drags that were not applied are given up.",
            act.frame,
        )
        self._faithful = button(
            wording.FAITHFUL,
            "Look longer, and fit the model to this very picture. It takes longer, and what you drag keeps more of it.",
            act.faithful,
        )
        actions = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, valign=Gtk.Align.CENTER)
        actions.add(self._faithful)
        actions.add(self._again)
        row.pack_start(actions, True, True, 0)
        for each in (row, self._word, self._offers):
            self.widget.add(each)
        self.widget.show_all()
        self._offers.hide()
        self.widget.set_no_show_all(True)
        self.widget.hide()

    def set_layer(self, picture: GdkPixbuf.Pixbuf | None) -> None:
        """What the frame shows of the layer."""
        _show(self._layer, picture)

    def set_model(self, picture: GdkPixbuf.Pixbuf | None) -> None:
        """What the model makes of it; None: nothing yet."""
        _show(self._model, picture)

    def show(self, state: State, models: tuple[ModelInfo, ...], model: ModelInfo | None) -> None:
        """How things stand. `model`: the one that is used, of these."""
        recognition = state.view.recognition
        self._word.set_visible(recognition is not None)
        if recognition is not None and recognition != self._recognition:
            self._recognition = recognition
            self._word.set_markup(f"<b>{_head(recognition)}</b>  {wording.recognition_text(recognition)}")
        self._faithful.set_sensitive(state.can_be_faithful)
        self._again.set_sensitive(state.can_choose_frame)
        doubtful = recognition is not None and recognition.word != "good"
        others = [each for each in models if model is None or each.id != model.id] if doubtful else []
        self._offer(others[:_MOST_OFFERS] if state.can_choose_model else [], doubtful)

    def _offer(self, models: list[ModelInfo], doubtful: bool) -> None:
        wanted = (*(model.id for model in models), str(doubtful))
        if wanted == self._offered:
            return
        self._offered = wanted
        for child in self._offers.get_children():
            child.destroy()
        self._offers.set_visible(doubtful)
        for model in models:
            text = f"Try {model.name}" + (f": {model.domain}" if model.domain else "")
            take = button(text, "Look for the picture in this model.", lambda model=model: self._act.model(model.id))
            take.get_child().set_ellipsize(Pango.EllipsizeMode.END)
            self._offers.add(take)
        if doubtful:
            more = "Get more models..."
            self._offers.add(button(more, "Models of other things, from the internet.", self._act.more_models))
        self._offers.show_all()
        self._offers.set_visible(doubtful)


def _head(recognition: Recognition) -> str:
    words = {"good": "Good", "fair": "Fair", "unknown": "Unknown"}
    return f"{words[recognition.word]} ({wording.score_text(recognition)})."


def _show(image: Gtk.Image, picture: GdkPixbuf.Pixbuf | None) -> None:
    if picture is None:
        image.clear()
        return
    scale = _SIDE / max(picture.get_width(), picture.get_height())
    width, height = round(picture.get_width() * scale), round(picture.get_height() * scale)
    image.set_from_pixbuf(picture.scale_simple(width, height, GdkPixbuf.InterpType.BILINEAR))
