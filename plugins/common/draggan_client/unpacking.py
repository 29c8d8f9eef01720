"""One MessagePack value, read piece by piece from where it comes.

An editor's Python has MessagePack in pure Python only, which copies a picture three times while it holds the
interpreter's lock, and with it the editor. Read like this, each text and picture is made once, by the socket.
"""

import struct
from collections.abc import Callable
from typing import Any

from .errors import FramingError, MessageError, TooLargeError

MAX_DEPTH = 64
_NUMBERS = {0xCA + number: struct.Struct(f">{layout}") for number, layout in enumerate("fdBHIQbhiq")}
_COUNT = {1: struct.Struct(">B"), 2: struct.Struct(">H"), 4: struct.Struct(">I")}
_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
_EXT = {0xC7, 0xC8, 0xC9, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8}


def read_one(read: Callable[[int], bytes], limit: int) -> Any:
    """The one value that `read` gives, as maps, lists and scalars; `read(n)` gives n bytes, or fewer at the end.

    Raises TooLargeError over `limit` bytes, before what is too large is read; FramingError for what is not exactly
    one value; MessageError for an extension.
    """
    reader = _Reader(read, limit)
    value = reader.value(0)
    if read(1):
        raise FramingError("There is something after the end of this MessagePack message.")
    return value


class _Reader:
    def __init__(self, read: Callable[[int], bytes], limit: int) -> None:
        self._read = read
        self._limit = limit
        self._left = limit

    def value(self, depth: int) -> Any:
        code = self._take(1)[0]
        if code < 0x80:
            return code
        if code >= 0xE0:
            return code - 0x100
        if code in _NUMBERS:
            return _NUMBERS[code].unpack(self._take(_NUMBERS[code].size))[0]
        if code in _CONSTANTS:
            return _CONSTANTS[code]
        if code <= 0x8F or code in (0xDE, 0xDF):
            return self._map(code & 0x0F if code <= 0x8F else self._count(2 << (code - 0xDE)), depth)
        if code <= 0x9F or code in (0xDC, 0xDD):
            count = code & 0x0F if code <= 0x9F else self._count(2 << (code - 0xDC))
            return [self.value(self._deeper(depth)) for _ in range(self._fits(count))]
        if code <= 0xBF:
            return self._text(code & 0x1F)
        if code in (0xD9, 0xDA, 0xDB):
            return self._text(self._count(1 << (code - 0xD9)))
        if code in (0xC4, 0xC5, 0xC6):
            return self._take(self._count(1 << (code - 0xC4)))
        if code in _EXT:
            raise MessageError("", "a MessagePack extension", "maps, lists, numbers, texts and bytes")
        raise FramingError(f"This is not MessagePack: it has a byte {code:#x} where a value should begin.")

    def _map(self, count: int, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for _ in range(self._fits(count)):
            key = self.value(self._deeper(depth))
            if not isinstance(key, str):
                raise FramingError("This MessagePack message has a key that is no text.")
            made[key] = self.value(self._deeper(depth))
        return made

    def _text(self, size: int) -> str:
        try:
            return self._take(size).decode()
        except UnicodeDecodeError:
            raise FramingError("This MessagePack message has a text that is not UTF-8.") from None

    def _count(self, size: int) -> int:
        found: int = _COUNT[size].unpack(self._take(size))[0]
        return found

    def _fits(self, count: int) -> int:
        """So many values take a byte each at least."""
        self._check(count)
        return count

    def _deeper(self, depth: int) -> int:
        if depth >= MAX_DEPTH:
            raise FramingError(f"This MessagePack message is nested more than {MAX_DEPTH} deep.")
        return depth + 1

    def _take(self, size: int) -> bytes:
        self._check(size)
        self._left -= size
        taken = self._read(size) if size else b""
        if len(taken) != size:
            raise FramingError("This MessagePack message is cut short.")
        return taken

    def _check(self, size: int) -> None:
        if size > self._left:
            found = self._limit - self._left + size
            raise TooLargeError(f"A message of {found} bytes or more is over the limit of {self._limit} bytes.")
