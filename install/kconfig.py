"""KDE's configuration files, edited line by line: what is not asked for stays as it is, to the byte.

As KConfig reads them: lines end with a line feed; blanks round a line mean nothing; `#` begins a comment; a
header names a group, `[MainWindow][DockWidget Layers]` one inside another; later entries win over earlier ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Group = tuple[str, ...]
"""The names in a header, outermost first; empty above the first header."""

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_NAMES = re.compile(rb"(?:\[[^\]]*\])+(?!\[)")
_IMMUTABLE = b"[$i]"
_DELETED = re.compile(rb"\[\$[ie]*d[ie]*\]$")
_ESCAPE = re.compile(rb"\\(x[0-9A-Fa-f]{2}|.)")
_ESCAPED = {b"s": b" ", b"t": b"\t", b"n": b"\n", b"r": b"\r"}
_NO = ("false", "no", "off", "0")


@dataclass(frozen=True)
class Entry:
    """A key and its value, and where they stand."""

    group: Group
    key: str
    value: str | None
    """None where the line says that there is none (`key[$d]`)."""


def entries(content: bytes) -> tuple[Entry, ...]:
    """All of them, in the order of the file."""
    return tuple(line.entry for line in _read(content) if line.entry)


def value_of(content: bytes, group: Group, key: str) -> str | None:
    """The value that counts."""
    values = [entry.value for entry in entries(content) if (entry.group, entry.key) == (group, key)]
    return values[-1] if values else None


def is_true(value: str | None) -> bool:
    """As KConfig takes a value for a yes or no, where no value means no."""
    return value is not None and value.lower() not in _NO


def has_group(content: bytes, group: Group) -> bool:
    """Whether there is a header for it, entries or not."""
    return any(line.header == group for line in _read(content))


def with_value(content: bytes, group: Group, key: str, value: str, newline: bytes = b"\n") -> bytes:
    """`content` with this value of the key: in its own line, else in a new one below its group's header.

    Without a header the group goes to the end. `newline` is for a file that has no line yet. A file whose last
    line is not ended stays one, so that `without` gives back exactly what was here.
    """
    lines = list(_read(content))
    written = f"{key}={value}".encode()
    same = [index for index, line in enumerate(lines) if line.entry and (line.group, line.entry.key) == (group, key)]
    if same:
        old = lines[same[-1]].raw
        return _joined(lines, same[-1], [written + old[len(old.rstrip(b"\r\n")) :]])
    headers = [index for index, line in enumerate(lines) if line.header == group]
    newline = next((_ending(line.raw) for line in reversed(lines) if _ending(line.raw)), newline)
    if headers:
        return _joined(lines, headers[0], _added(lines[headers[0]].raw, [written], newline))
    added = [b"".join(b"[%s]" % name.encode() for name in group), written]
    if not lines:
        return b"".join(line + newline for line in added)
    return _joined(lines, len(lines) - 1, _added(lines[-1].raw, added, newline))


def without(content: bytes, is_gone: Callable[[Entry], bool], groups: Callable[[Group], bool]) -> bytes:
    """`content` without some entries, and without the headers of those `groups` that are empty then."""
    kept = [line for line in _read(content) if not (line.entry and is_gone(line.entry))]
    needed = {line.group for line in kept if line.header is None and line.raw.strip()}
    kept = [line for line in kept if line.header is None or line.header in needed or not groups(line.header)]
    raw = b"".join(line.raw for line in kept)
    if raw.endswith(b"\n") and not content.endswith(b"\n"):
        return raw.removesuffix(b"\n").removesuffix(b"\r")
    return raw


@dataclass(frozen=True)
class _Line:
    raw: bytes
    group: Group
    """That it stands in; a header stands in its own."""
    header: Group | None = None
    entry: Entry | None = None


def _read(content: bytes) -> Iterator[_Line]:
    group: Group = ()
    for found in _LINE.finditer(content):
        raw = found[0]
        bare = raw.strip()
        if bare.startswith(b"["):
            header = _header(bare)
            if header is not None:
                group = header
            yield _Line(raw, group, header)
        elif not bare or bare.startswith(b"#"):
            yield _Line(raw, group)
        else:
            yield _Line(raw, group, entry=_entry(bare, group))


def _header(bare: bytes) -> Group | None:
    """The names in a line that begins with a bracket; None where it is no header, and KConfig skips it."""
    found = _NAMES.match(bare)
    if found is None:
        return None
    names = found[0].removesuffix(_IMMUTABLE) if bare == found[0] else found[0]
    return tuple(_text(name) for name in re.findall(rb"\[([^\]]*)\]", names))


def _entry(bare: bytes, group: Group) -> Entry | None:
    left, equals, right = bare.partition(b"=")
    key = left.strip()
    name = _text(key.partition(b"[")[0])
    if not name:
        return None
    if _DELETED.search(key):
        return Entry(group, name, None)
    return Entry(group, name, _text(right.strip())) if equals else None


def _text(escaped: bytes) -> str:
    plain = _ESCAPE.sub(lambda found: _unescaped(found[1]), escaped)
    return plain.decode("utf-8", errors="replace")


def _unescaped(code: bytes) -> bytes:
    if len(code) == 3:
        return bytes([int(code[1:], 16)])
    return _ESCAPED.get(code, code)


def _ending(raw: bytes) -> bytes:
    if raw.endswith(b"\r\n"):
        return b"\r\n"
    return b"\n" if raw.endswith(b"\n") else b""


def _added(raw: bytes, added: list[bytes], newline: bytes) -> list[bytes]:
    """The line `raw` and those added below it."""
    if _ending(raw):
        return [raw, *(line + newline for line in added)]
    return [raw, *(newline + line for line in added)]


def _joined(lines: list[_Line], index: int, instead: list[bytes]) -> bytes:
    """All lines, with others in place of the one at `index`."""
    return b"".join([line.raw for line in lines[:index]] + instead + [line.raw for line in lines[index + 1 :]])
