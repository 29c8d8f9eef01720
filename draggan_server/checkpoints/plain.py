"""Dataclasses from plain values, as JSON holds them: each value is of the type that its field names."""

from __future__ import annotations

import functools
import math
import types
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Made = TypeVar("Made")

_WORDS = {int: "a whole number", float: "a finite number", str: "a text"}


def from_plain(kind: type[Made], value: object, where: str = "") -> Made:
    """The dataclass `kind` that the map `value` describes; what is left out has the default.

    Understood are fields of int, float, str, other dataclasses, `tuple[X, ...]` and `X | None`.

    Raises:
        ValueError: a value of another type, a field too many or too few; the text says which. And what `kind` raises.
    """
    if not isinstance(value, dict):
        raise _wrong(where, value, "a map")
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]  # it is a dataclass
    unknown = sorted(str(name)[:80] for name in value.keys() - known.keys())
    if unknown:
        raise ValueError(f"unknown settings {unknown[:3]}")
    for name, field in known.items():
        if name not in value and field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{_joint(where, name)} is missing")
    hints = _hints(kind)  # type: ignore[arg-type]  # classes have hashes
    return kind(**{name: _read(hints[name], item, _joint(where, name)) for name, item in value.items()})


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    """Once for each class: Python compiles the annotations."""
    return get_type_hints(kind)


def _read(kind: Any, value: Any, where: str) -> Any:
    if get_origin(kind) in (Union, types.UnionType):
        (kind,) = (choice for choice in get_args(kind) if choice is not type(None))
        return None if value is None else _read(kind, value, where)
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise _wrong(where, value, "a list")
        return tuple(_read(get_args(kind)[0], item, f"{where}[{place}]") for place, item in enumerate(value))
    if is_dataclass(kind):
        return from_plain(kind, value, where)  # type: ignore[arg-type]  # it is a class
    # JSON has one kind of number, and Python takes true for 1.
    fits = type(value) in (int, float) and _is_finite(value) if kind is float else type(value) is kind
    if not fits:
        raise _wrong(where, value, _WORDS[kind])
    return value


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number of hundreds of digits
        return False


def _wrong(where: str, value: object, allowed: str) -> ValueError:
    text = repr(value)
    return ValueError(f"{where or 'it'} is {text if len(text) <= 80 else f'{text[:80]}…'}, not {allowed}")


def _joint(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
