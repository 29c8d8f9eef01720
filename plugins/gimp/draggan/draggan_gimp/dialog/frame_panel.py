"""The widgets by which the frame is chosen, beside the canvas: whole frames, landmarks, size and angle as numbers."""

from collections.abc import Callable
from dataclasses import dataclass

from gi.repository import Gtk

from draggan_client import frames
from draggan_client.frame_choice import FrameChoice
from draggan_client.messages import AlignmentPoint

from .widgets import button, labelled

_HELP = (
    "The model sees only what lies in the frame: put it round what is to be dragged. Pull it about, pull its corners, "
    "turn it by its knob, or draw another one beside it."
)
_KEYS = (
    "Arrows move it (with Shift by 10 px), with Ctrl they turn and size it; Shift turns it in steps of 15 degrees; "
    "Ctrl+Z takes a change back."
)


@dataclass(frozen=True)
class FrameButtons:
    """What the buttons do."""

    layer: Callable[[], object]
    selection: Callable[[], object]
    landmarks: Callable[[], object]
    reset: Callable[[], object]
    changed: Callable[[], object]
    """A number was typed."""


class FramePanel:
    """The widget is `widget`."""

    def __init__(self, act: FrameButtons) -> None:
        self._changed = act.changed
        self._choice: FrameChoice | None = None
        self._refreshing = False
        self.widget = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        text = Gtk.Label(label=_HELP, xalign=0.0, wrap=True, max_width_chars=36, width_chars=36)
        text.set_tooltip_text(_KEYS)
        self._whole = button("Whole layer", "The smallest frame that holds all of the layer.", act.layer)
        self._selection = button("Selection", "The smallest frame that holds what is selected.", act.selection)
        reset = button("Reset frame", "The selection's bounds, or the largest frame in the layer's middle.", act.reset)
        self._landmarks = button("Click eyes and mouth", "", act.landmarks)
        row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        for each in (self._whole, self._selection, reset):
            row.pack_start(each, True, True, 0)
        self._size = _number(
            frames.SMALLEST_PX, 100_000, "Size of the frame", "Its longer side, in pixels of the image."
        )
        self._angle = _number(-180, 180, "Angle of the frame", "Degrees, clockwise.")
        self._angle.set_wrap(True)
        self._size.connect("value-changed", self._size_typed)
        self._angle.connect("value-changed", self._angle_typed)
        numbers = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=12)
        numbers.pack_start(labelled("Size (px)", self._size), True, True, 0)
        numbers.pack_start(labelled("Angle (°)", self._angle), True, True, 0)
        for each in (text, row, self._landmarks, numbers):
            self.widget.add(each)
        self.widget.show_all()
        self.widget.set_no_show_all(True)

    def show(self, choice: FrameChoice | None, landmarks: tuple[AlignmentPoint, ...], has_selection: bool) -> None:
        """The frame that is being chosen; None: none is."""
        self._choice = choice
        self.widget.set_visible(choice is not None)
        if choice is None:
            return
        self._selection.set_sensitive(has_selection)
        self._landmarks.set_visible(len(landmarks) > 1)
        self._landmarks.set_label("Stop clicking" if choice.landmarks else _clicks_text(landmarks))
        self._landmarks.set_tooltip_text(
            "This model was made with faces, or other things, that all lie alike in the picture. Show where "
            f"{len(landmarks)} landmarks are, and the frame is put so that yours lies like that."
        )
        self._refreshing = True
        try:
            for spin, value in ((self._size, choice.frame.size), (self._angle, choice.frame.angle)):
                if abs(spin.get_value() - value) > 0.05:
                    spin.set_value(value)
        finally:
            self._refreshing = False

    def _size_typed(self, spin: Gtk.SpinButton) -> None:
        if not self._refreshing and self._choice is not None:
            self._choice.resize(spin.get_value())
            self._changed()

    def _angle_typed(self, spin: Gtk.SpinButton) -> None:
        if not self._refreshing and self._choice is not None:
            self._choice.turn(spin.get_value())
            self._changed()


def _clicks_text(landmarks: tuple[AlignmentPoint, ...]) -> str:
    names = {point.name.lower().replace("-", "_").split("_")[0] for point in landmarks}
    return "Click eyes and mouth" if names == {"eye", "mouth"} else f"Click {len(landmarks)} landmarks"


def _number(lowest: float, highest: float, name: str, tooltip: str) -> Gtk.SpinButton:
    spin = Gtk.SpinButton.new_with_range(lowest, highest, 1.0)
    spin.set_digits(1)
    spin.set_width_chars(7)
    spin.set_tooltip_text(tooltip)
    spin.get_accessible().set_name(name)
    return spin
