"""The settings of a drag as widgets. What they say is kept in the procedure's configuration, which GIMP saves."""

from collections.abc import Callable

from gi.repository import Gimp, Gtk

from draggan_client.settings_table import SETTINGS, Setting

from ..settings import AUTOMATIC, argument_name, choices_of, set_value, value_of


def settings_panel(config: Gimp.ProcedureConfig) -> Gtk.Widget:
    """All settings, the rarer ones folded away."""
    box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
    box.add(_grid(config, [setting for setting in SETTINGS if not setting.advanced]))
    more = Gtk.Expander(label="More settings", label_fill=True)
    more.add(_grid(config, [setting for setting in SETTINGS if setting.advanced]))
    box.add(more)
    return box


def _grid(config: Gimp.ProcedureConfig, settings: list[Setting]) -> Gtk.Grid:
    grid = Gtk.Grid(column_spacing=6, row_spacing=4, margin_top=4)
    for row, setting in enumerate(settings):
        label = Gtk.Label(label=setting.label, xalign=0.0, tooltip_text=setting.tooltip)
        widget = _choice(config, setting) if setting.kind == "choice" else _number(config, setting)
        widget.set_tooltip_text(setting.tooltip)
        widget.set_hexpand(True)
        grid.attach(label, 0, row, 1, 1)
        grid.attach(widget, 1, row, 1, 1)
    return grid


def _choice(config: Gimp.ProcedureConfig, setting: Setting) -> Gtk.Widget:
    combo = Gtk.ComboBoxText()
    for nick, label in choices_of(setting):
        combo.append(nick, label)
    name = argument_name(setting)
    combo.get_accessible().set_name(setting.label)

    def show() -> None:
        if not combo.set_active_id(config.get_property(name)):
            combo.set_active_id(AUTOMATIC)

    def chosen(_combo: Gtk.ComboBoxText) -> None:
        if combo.get_active_id() != config.get_property(name):
            config.set_property(name, combo.get_active_id())

    _bind(config, name, show)
    combo.connect("changed", chosen)
    return combo


def _number(config: Gimp.ProcedureConfig, setting: Setting) -> Gtk.Widget:
    """A check button for "automatic", and a number that counts without it."""
    box = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
    automatic = Gtk.CheckButton(label="automatic", tooltip_text=setting.automatic_label)
    spin = Gtk.SpinButton.new_with_range(setting.minimum, setting.maximum, setting.step)
    spin.set_digits(setting.decimals)
    spin.set_value(float(setting.default))
    spin.get_accessible().set_name(setting.label)
    automatic.get_accessible().set_name(f"{setting.label}: automatic")
    unit = Gtk.Label(label=setting.unit, xalign=0.0)
    for widget in (automatic, spin, unit):
        box.add(widget)
    name = argument_name(setting)

    def show() -> None:
        value = value_of(config, setting)
        automatic.set_active(value is None)
        spin.set_sensitive(value is not None)
        if value is not None:
            spin.set_value(float(value))

    def edited(_widget: Gtk.Widget) -> None:
        value = None if automatic.get_active() else spin.get_value()
        if setting.kind == "int" and value is not None:
            value = spin.get_value_as_int()
        if value != value_of(config, setting):
            set_value(config, setting, value)

    _bind(config, name, show)
    automatic.connect("toggled", edited)
    spin.connect("value-changed", edited)
    return box


def _bind(config: Gimp.ProcedureConfig, name: str, show: Callable[[], None]) -> None:
    """Show the configuration's value now, and whenever Reset or Load changes it."""
    config.connect(f"notify::{name}", lambda *_: show())
    show()
