"""Files that differ a little from good ones, in bytes or in whole codes of their pickles."""

from __future__ import annotations

import functools
import io
import pickletools
import random
import zipfile
from collections.abc import Sequence

_PIECE = 32
"""Codes of a pickle."""


def mutated(data: bytes, words: Sequence[bytes], others: Sequence[bytes], chosen: random.Random) -> bytes:
    """A changed file: its bytes, its pickle's codes, or the pickle in its archive, whose checksums then fit again."""
    kind = chosen.randrange(4)
    found = data
    if kind == 0 and data[:2] == b"PK":
        found = _rezipped(data, words, others, chosen)
    elif kind <= 1:
        found = _recoded(data, others, chosen)
    return _changed(data, words, others, chosen) if found == data else found


def _changed(data: bytes, words: Sequence[bytes], others: Sequence[bytes], chosen: random.Random) -> bytes:
    """With bits flipped, bytes set, words put in or over, pieces doubled, cut, or taken from another."""
    file = bytearray(data)
    for _ in range(chosen.choice((1, 1, 1, 2, 4, 8))):
        if not file:
            break
        place, length = chosen.randrange(len(file)), chosen.choice((1, 2, 4, 8, 32, 256))
        kind = chosen.randrange(7)
        if kind == 0:
            file[place] ^= 1 << chosen.randrange(8)
        elif kind == 1:
            file[place] = chosen.choice((0, 1, 0x7F, 0x80, 0xFF, chosen.randrange(256)))
        elif kind == 2:
            file[place:place] = chosen.choice(words)
        elif kind == 3:
            word = chosen.choice(words)
            file[place : place + len(word)] = word
        elif kind == 4:
            file[place:place] = file[place : place + length]
        elif kind == 5:
            del file[place : place + length]
        else:
            other = chosen.choice(others)
            start = chosen.randrange(len(other))
            file[place : place + length] = other[start : start + length]
    return bytes(file)


def _recoded(data: bytes, others: Sequence[bytes], chosen: random.Random) -> bytes:
    """With a piece of whole codes doubled, cut, moved, or replaced by another file's."""
    places, other = _codes(data), chosen.choice(others)
    theirs = _codes(other)
    if len(places) < 3 or len(theirs) < 3:
        return data
    first, last = _piece(places, chosen)
    kind = chosen.randrange(4)
    if kind == 0:
        return data[:last] + data[first:last] + data[last:]
    if kind == 1:
        return data[:first] + data[last:]
    if kind == 2:
        to = chosen.choice(places)
        rest = data[:first] + data[last:]
        to -= last - first if to >= last else 0
        return rest[:to] + data[first:last] + rest[to:]
    start, end = _piece(theirs, chosen)
    return data[:first] + other[start:end] + data[last:]


def _piece(places: Sequence[int], chosen: random.Random) -> tuple[int, int]:
    first = chosen.randrange(len(places) - 1)
    last = min(first + chosen.choice((1, 1, 2, 4, _PIECE)), len(places) - 1)
    return places[first], places[last]


@functools.lru_cache(maxsize=64)
def _codes(data: bytes) -> tuple[int, ...]:
    """Where the codes of the pickles begin that the data begin with."""
    places: list[int] = []
    file = io.BytesIO(data)
    try:
        while True:
            before = len(places)
            places += (place for _, _, place in pickletools.genops(file) if place is not None)
            if len(places) == before:
                break
    except Exception:  # no pickle any more, or none at all: what was found until then will do
        pass
    return tuple(places)


def _rezipped(data: bytes, words: Sequence[bytes], others: Sequence[bytes], chosen: random.Random) -> bytes:
    """With another pickle in the archive."""
    file = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w") as new:
            for name in old.namelist():
                member = old.read(name)
                if name.endswith("data.pkl"):
                    recoded = chosen.random() < 0.5
                    changed = _recoded(member, others, chosen) if recoded else None
                    member = changed or _changed(member, words, others, chosen)
                new.writestr(zipfile.ZipInfo(name), member)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, RuntimeError, EOFError):
        return data
    return file.getvalue()
