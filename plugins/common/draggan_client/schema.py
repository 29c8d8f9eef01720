"""Records checked against their own annotations, and turned into plain maps and back.

A `Record` is a frozen dataclass whose fields are checked when it is made. Sender and receiver both make
one, so both ends hold the same definition to be true. Limits stand in the annotation: `Annotated[int,
Between(1, 100)]`.

Understood annotations: bool, int, float, str, bytes, Literal, a Record, `tuple[X, ...]`, `X | None`, and a
union of Messages, which a map tells apart by its "type".
"""

import math
import types
from dataclasses import MISSING, Field, dataclass, fields
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    Protocol,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from .errors import MessageError

NONE = type(None)
WORDS = {str: "a text", bytes: "bytes", bool: "true or false", int: "a whole number", float: "a number"}
Made = TypeVar("Made", bound="Record")


class Rule(Protocol):
    """A limit in an annotation."""

    def check(self, value: Any) -> None:
        """Raise MessageError (with an empty field) when `value` breaks the rule."""


@dataclass(frozen=True)
class Between:
    """A number in [low, high]."""

    low: float
    high: float

    def check(self, value: float) -> None:
        if not self.low <= value <= self.high:
            raise MessageError("", shown(value), f"{self.low:g} to {self.high:g}")


@dataclass(frozen=True)
class Length:
    """A text, bytes or tuple of `least` to `most` items."""

    least: int
    most: int

    def check(self, value: str | bytes | tuple[Any, ...] | list[Any]) -> None:
        if not self.least <= len(value) <= self.most:
            raise MessageError("", f"length {len(value)}", f"length {self.least} to {self.most}")


class Record:
    """Base of all checked value types. Subclasses are frozen dataclasses."""

    def __post_init__(self) -> None:
        for name, kind in _kinds(type(self)).items():
            given = getattr(self, name)
            try:
                value = checked(kind, given)
            except MessageError as error:
                raise error.inside(name) from None
            if value is not given:
                object.__setattr__(self, name, value)  # a whole number where a float belongs
        self.check_together()

    def check_together(self) -> None:
        """Checks across fields. Raises MessageError."""


class Message(Record):
    """A record that says on the wire what it is: `class Ack(Message, type="ack")`."""

    TYPE: ClassVar[str]

    def __init_subclass__(cls, type: str) -> None:
        cls.TYPE = type


def to_wire(value: Any) -> Any:
    """`value` as maps, lists and scalars, ready to be packed."""
    if isinstance(value, Record):
        wire = {field.name: to_wire(getattr(value, field.name)) for field in _fields(type(value))}
        return {"type": value.TYPE, **wire} if isinstance(value, Message) else wire
    return [to_wire(item) for item in value] if isinstance(value, tuple) else value


def from_wire(expected: type[Made], wire: Any) -> Made:
    """The record of class `expected` that the map `wire` holds.

    Raises MessageError naming the field, what was found and what is allowed. Unknown fields are refused: a
    sender that means something we would drop must not be left to believe that we did it.
    """
    if not isinstance(wire, dict):
        raise MessageError("", shown(wire), f"a map ({expected.__name__})")
    names = {field.name for field in _fields(expected)}
    if issubclass(expected, Message):
        if wire.get("type") != expected.TYPE:
            raise MessageError("type", shown(wire.get("type")), repr(expected.TYPE))
        wire = {name: value for name, value in wire.items() if name != "type"}
    for name in wire:
        if name not in names:
            raise MessageError(str(name)[:64], "an unknown field", f"one of {', '.join(sorted(names)) or 'no fields'}")
    values = {}
    kinds = _kinds(expected)
    for field in _fields(expected):
        if field.name in wire:
            try:
                values[field.name] = _decoded(kinds[field.name], wire[field.name])
            except MessageError as error:
                raise error.inside(field.name) from None
        elif field.default is MISSING and field.default_factory is MISSING:
            raise MessageError(field.name, "nothing", f"a value (in {expected.__name__})")
    return expected(**values)


def from_wire_any(expected: tuple[type[Message], ...], wire: Any) -> Message:
    """The message that `wire` holds, which must be one of the classes in `expected`."""
    found = wire.get("type") if isinstance(wire, dict) else wire
    for kind in expected:
        if isinstance(wire, dict) and found == kind.TYPE:
            return from_wire(kind, wire)
    raise MessageError("type", shown(found), f"one of {', '.join(kind.TYPE for kind in expected)}")


def checked(kind: Any, value: Any) -> Any:
    """`value` if it is what the annotation `kind` allows (whole numbers become floats), or MessageError."""
    kind, rules = _split(kind)
    if value is None and NONE in _members(kind):
        return None
    value = _of_type(kind, value)
    for rule in rules:
        rule.check(value)
    return value


def shown(value: Any) -> str:
    """`value` for an error text: short, whatever came in."""
    if isinstance(value, bytes | list | tuple | dict):
        return f"{type(value).__name__} of length {len(value)}"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _of_type(kind: Any, value: Any) -> Any:
    if get_origin(kind) is Literal:
        if value not in get_args(kind) or isinstance(value, bool):
            raise MessageError("", shown(value), " or ".join(repr(choice) for choice in get_args(kind)))
        return value
    if get_origin(kind) is tuple:
        if not isinstance(value, tuple):
            raise MessageError("", shown(value), "a list")
        return tuple(_item(index, checked, get_args(kind)[0], item) for index, item in enumerate(value))
    choices = [choice for choice in _members(kind) if choice is not NONE]
    if len(choices) == 1 and choices[0] is not kind:
        return checked(choices[0], value)
    if kind is float:
        return _finite(value)
    exact = type(value) is kind if kind in (bool, int) else isinstance(value, tuple(choices))
    if not exact:
        raise MessageError("", shown(value), _words(choices))
    return value


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MessageError("", shown(value), WORDS[float])
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise MessageError("", shown(value), "a finite number")
    return number


def _decoded(kind: Any, wire: Any) -> Any:
    """`wire` with its maps and lists turned into records and tuples; these check what is in them."""
    kind, rules = _split(kind)
    choices = tuple(choice for choice in _members(kind) if choice is not NONE)
    if wire is None and NONE in _members(kind):
        return None
    if len(choices) > 1:
        return from_wire_any(choices, wire)
    inner, more_rules = _split(choices[0])
    if get_origin(inner) is tuple and isinstance(wire, list):
        for rule in (*rules, *more_rules):
            rule.check(wire)  # before a million items are decoded
        return tuple(_item(index, _decoded, get_args(inner)[0], item) for index, item in enumerate(wire))
    return from_wire(inner, wire) if isinstance(inner, type) and issubclass(inner, Record) else wire


def _item(index: int, what: Any, kind: Any, item: Any) -> Any:
    try:
        return what(kind, item)
    except MessageError as error:
        raise error.inside(f"[{index}]") from None


def _split(kind: Any) -> tuple[Any, tuple[Rule, ...]]:
    """An annotation without its rules, and the rules."""
    return (kind.__origin__, kind.__metadata__) if get_origin(kind) is Annotated else (kind, ())


def _members(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)


def _words(choices: list[Any]) -> str:
    return " or ".join(WORDS.get(choice, getattr(choice, "__name__", str(choice))) for choice in choices)


def _fields(cls: type[Record]) -> tuple[Field[Any], ...]:
    return fields(cls)  # type: ignore[arg-type]  # every Record is a dataclass


_KINDS: dict[type[Record], dict[str, Any]] = {}


def _kinds(cls: type[Record]) -> dict[str, Any]:
    """The annotation of each field, worked out once per class."""
    if cls not in _KINDS:
        hints = get_type_hints(cls, include_extras=True)
        _KINDS[cls] = {field.name: hints[field.name] for field in _fields(cls)}
    return _KINDS[cls]
