"""The settings of a drag as an artist sees them: one table for Krita's docker, GIMP's dialog and its batch procedure.

Values are in the unit that is shown. None is "automatic": the model's own choice, and the method's where it has none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .errors import DragganError, MessageError
from .messages import DragOptions

Kind = Literal["float", "int", "choice", "bool"]
Value = float | int | str | bool | None


@dataclass(frozen=True)
class Choice:
    """One of the values of a setting of kind "choice"."""

    value: int | str
    label: str


@dataclass(frozen=True)
class Setting:
    """A field of DragOptions, and how it is asked for."""

    name: str
    label: str
    tooltip: str
    kind: Kind
    default: float | int | str | bool
    """Where a widget starts that leaves "automatic". A model may have a better one of its own."""
    minimum: float = 0.0
    maximum: float = 0.0
    unit: str = ""
    choices: tuple[Choice, ...] = ()
    decimals: int = 0
    step: float = 1.0
    """Of a spin button."""
    advanced: bool = False
    """For the few who know the method: further down, or folded away."""
    shown_per_wire: float = 1.0
    """What is shown is the message's number times this."""

    @property
    def automatic_label(self) -> str:
        """The entry that leaves the choice to the model: "automatic (usually 300 steps)"."""
        label = next((choice.label for choice in self.choices if choice.value == self.default), None)
        if label is not None:
            return f"automatic (usually {label.partition(' (')[0]})"
        space = "" if self.unit in ("", "%") else " "
        return f"automatic (usually {self.default}{space}{self.unit})"


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "latent_space",
        "Freedom",
        "How freely the picture may change. W+ follows your points more closely. W keeps the picture more believable, "
        "but changes more of it along the way: try it when W+ distorts things.",
        "choice",
        "w+",
        choices=(Choice("w+", "W+ (follows closely)"), Choice("w", "W (stays believable)")),
    ),
    Setting(
        "max_steps",
        "Step limit",
        "A drag ends after so many steps even if the points have not arrived. Raise it for long arrows; you can always "
        "press Stop earlier and keep what you have.",
        "int",
        300,
        1,
        10_000,
        "steps",
        step=10,
    ),
    Setting(
        "r1",
        "Radius",
        "How much around each handle point is pulled along, as a part of the frame's width. Larger moves whole shapes, "
        "smaller moves fine detail.",
        "float",
        0.6,
        0.1,
        25.0,
        "%",
        decimals=1,
        step=0.1,
        shown_per_wire=100.0,
    ),
    Setting(
        "mask_weight",
        "Hold the rest (lambda)",
        "How firmly the picture outside the editable area is held still while dragging. 0 does not hold it at all. "
        "Lower it when the points hardly move; raise it when things outside the area change. Without a selection it "
        "has no effect.",
        "float",
        20.0,
        0.0,
        1000.0,
        decimals=1,
        step=1.0,
    ),
    Setting(
        "feature_resolution",
        "Detail that is followed",
        "How fine the features are by which the points are recognised and moved. Coarser moves larger things and "
        "is faster; finer follows small details and is slower. Never finer than the model's own picture.",
        "choice",
        128,
        4,
        1024,
        choices=(
            Choice(32, "32 px (very coarse)"),
            Choice(64, "64 px (coarse)"),
            Choice(128, "128 px"),
            Choice(256, "256 px (fine)"),
            Choice(512, "512 px (very fine)"),
        ),
    ),
    Setting(
        "tolerance_px",
        "Arrived within",
        "A point has arrived when it is this near to its target, measured in pixels of the model's own picture. Larger "
        "ends drags sooner. Automatic: 1 px, with more than 5 points 2 px.",
        "float",
        1.0,
        0.1,
        1000.0,
        "px",
        decimals=1,
        step=0.5,
    ),
    Setting(
        "step_size",
        "Step size",
        "How far one step goes. Larger arrives sooner but may overshoot or distort the picture; smaller is gentler and "
        "slower.",
        "float",
        0.002,
        0.0001,
        1.0,
        decimals=4,
        step=0.0005,
        advanced=True,
    ),
    Setting(
        "r2",
        "Search radius",
        "How far around its last place a point is looked for after each step, as a part of the frame's width. Raise it "
        "when a point loses what it was put on in a fast drag; lower it when it jumps to something similar nearby.",
        "float",
        2.3,
        0.1,
        25.0,
        "%",
        decimals=1,
        step=0.1,
        advanced=True,
        shown_per_wire=100.0,
    ),
    Setting(
        "moving_resolution",
        "What may change",
        "Shapes up to which fineness may change. Coarse keeps colours and texture as they are and changes pose and "
        "shape; finer lets small detail change as well.",
        "choice",
        32,
        4,
        1024,
        choices=(
            Choice(8, "8 px (pose only)"),
            Choice(16, "16 px (large shapes)"),
            Choice(32, "32 px (shapes)"),
            Choice(64, "64 px (shapes and some detail)"),
            Choice(128, "128 px (detail)"),
            Choice(1024, "everything"),
        ),
        advanced=True,
    ),
    Setting(
        "tracking_norm",
        "Comparison",
        "How a point compares features when it looks for itself again: L2 is the usual one, L1 minds outliers less.",
        "choice",
        "l2",
        choices=(Choice("l2", "L2"), Choice("l1", "L1")),
        advanced=True,
    ),
)
BY_NAME: dict[str, Setting] = {setting.name: setting for setting in SETTINGS}


def options_from(values: Mapping[str, Value]) -> DragOptions:
    """The settings as a drag takes them, from values in the units of the table. Missing or None: automatic.

    Raises DragganError, naming the setting by its label, for a name that is none or a value that is not allowed.
    """
    wire: dict[str, Value] = {}
    for name, value in values.items():
        setting = BY_NAME.get(name)
        if setting is None:
            raise DragganError(f"There is no setting {name!r}.", f"The settings are {', '.join(BY_NAME)}.")
        if value is not None:
            wire[name] = _to_wire(setting, value)
    return DragOptions(**wire)  # type: ignore[arg-type]  # checked there, and above with better words


def values_from(options: DragOptions) -> dict[str, Value]:
    """The values of all settings in the units of the table, as `options_from` takes them. None: automatic."""
    return {setting.name: _to_shown(setting, getattr(options, setting.name)) for setting in SETTINGS}


def _to_wire(setting: Setting, value: float | int | str | bool) -> Value:
    wire: Value = value
    if setting.kind in ("float", "int"):
        allowed = f"a number from {setting.minimum:g} to {setting.maximum:g} {setting.unit}".rstrip()
        is_number = isinstance(value, float | int) and not isinstance(value, bool)
        if not is_number or not setting.minimum <= float(value) <= setting.maximum:
            raise _not_allowed(setting, value, allowed)
        if setting.kind == "int" and float(value) != int(value):
            raise _not_allowed(setting, value, "a whole number")
        wire = int(value) if setting.kind == "int" else float(value) / setting.shown_per_wire
    try:
        DragOptions(**{setting.name: wire})  # type: ignore[arg-type]
    except MessageError as error:
        raise _not_allowed(setting, value, error.allowed) from None
    return wire


def _to_shown(setting: Setting, wire: Value) -> Value:
    if setting.kind == "float" and isinstance(wire, float | int):
        return float(wire) * setting.shown_per_wire
    return wire


def _not_allowed(setting: Setting, value: object, allowed: str) -> DragganError:
    return DragganError(f"{setting.label} ({setting.name}): found {value!r:.40}, allowed is {allowed}.")
