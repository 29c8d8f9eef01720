"""Small widgets that several parts of the windows are made of."""

from collections.abc import Callable

from gi.repository import Gtk


def button(label: str, tooltip: str, clicked: Callable[[], object], name: str = "") -> Gtk.Button:
    """A button; `name` is what a screen reader says where the label is a sign."""
    made = Gtk.Button(label=label, tooltip_text=tooltip)
    if name:
        made.get_accessible().set_name(name)
    made.connect("clicked", lambda _: clicked())
    return made


def labelled(text: str, widget: Gtk.Widget) -> Gtk.Box:
    """A widget with its name before it."""
    box = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
    label = Gtk.Label(label=text, xalign=0.0)
    label.set_mnemonic_widget(widget)
    box.pack_start(label, False, False, 0)
    box.pack_start(widget, True, True, 0)
    return box


def notice(text: str | Gtk.Label, *actions: tuple[str, Callable[[], object]]) -> Gtk.Widget:
    """Something to know or to decide, framed, with buttons."""
    frame = Gtk.Frame()
    box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, border_width=6)
    label = text if isinstance(text, Gtk.Label) else Gtk.Label(label=text)
    label.set_line_wrap(True)
    label.set_xalign(0.0)
    label.set_max_width_chars(36)
    box.add(label)
    for name, act in actions:
        made = Gtk.Button(label=name, halign=Gtk.Align.START)
        made.connect("clicked", lambda _, act=act: act())
        box.add(made)
    frame.add(box)
    box.show_all()
    return frame


def set_text(label: Gtk.Label, text: str) -> None:
    """Only where it is another: each change lays the window out anew."""
    if label.get_text() != text:
        label.set_text(text)
    label.set_visible(bool(text))
