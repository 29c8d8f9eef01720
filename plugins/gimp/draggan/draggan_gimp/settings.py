"""The settings of a drag as arguments of a GIMP procedure, and back. The settings themselves are in `draggan_client`.

GIMP's numbers cannot be "not given": one below what is allowed means automatic.
"""

from collections.abc import Iterator

from gi.repository import Gimp, GObject

from draggan_client.messages import DragOptions
from draggan_client.settings_table import SETTINGS, Setting, Value, options_from

AUTOMATIC = "automatic"
AUTOMATIC_NUMBER = -1
READWRITE = GObject.ParamFlags.READWRITE


def argument_name(setting: Setting) -> str:
    """As GIMP spells it: "latent-space"."""
    return setting.name.replace("_", "-")


def add_arguments(procedure: Gimp.Procedure) -> None:
    """Give the procedure an argument for each setting."""
    for setting in SETTINGS:
        name, label = argument_name(setting), setting.label
        if setting.kind == "choice":
            choice = Gimp.Choice.new()
            for number, (nick, text) in enumerate(choices_of(setting)):
                choice.add(nick, number, text, "")
            procedure.add_choice_argument(name, label, setting.tooltip, choice, AUTOMATIC, READWRITE)
            continue
        about = f"{setting.tooltip} {AUTOMATIC_NUMBER}: automatic."
        lowest, highest, default = AUTOMATIC_NUMBER, setting.maximum, AUTOMATIC_NUMBER
        if setting.kind == "int":
            procedure.add_int_argument(name, label, about, lowest, int(highest), default, READWRITE)
        else:
            procedure.add_double_argument(name, label, about, lowest, highest, default, READWRITE)


def choices_of(setting: Setting) -> Iterator[tuple[str, str]]:
    """Of a choice: what the procedure calls each value, and its label. "automatic" first."""
    yield AUTOMATIC, setting.automatic_label
    for choice in setting.choices:
        yield str(choice.value), choice.label


def value_of(config: Gimp.ProcedureConfig, setting: Setting) -> Value:
    """A setting as the procedure was given it, in the table's unit; None: automatic."""
    value = config.get_property(argument_name(setting))
    if setting.kind == "choice":
        return next((choice.value for choice in setting.choices if str(choice.value) == value), None)
    return None if value < 0 else value


def set_value(config: Gimp.ProcedureConfig, setting: Setting, value: Value) -> None:
    """The other way round."""
    if setting.kind == "choice":
        config.set_property(argument_name(setting), AUTOMATIC if value is None else str(value))
    else:
        config.set_property(argument_name(setting), AUTOMATIC_NUMBER if value is None else value)


def options_of(config: Gimp.ProcedureConfig) -> DragOptions:
    """All settings as a drag takes them. Raises DragganError, naming the setting that is out of range."""
    return options_from({setting.name: value_of(config, setting) for setting in SETTINGS})
