"""Where bytes come from: a file that is opened once, parts of it, and a reader that walks through a part."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from typing import BinaryIO

_WINDOW = 4096
_PIECE = 1 << 20
_SMALL_READS = 1 << 20
"""Bytes. What all may be read twice without being counted as an attempt at filling the memory."""


class RefusedError(Exception):
    """A file holds what is not allowed, or does not fit together. The text says what."""


def printable(text: str) -> str:
    """For a message of one line: what cannot be shown becomes a question mark."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


class Source:
    """A file, or bytes in memory. What is read as `Blob` is at most twice the file, however often parts are named."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self.size = size
        self._left = 2 * size + _SMALL_READS

    def read_at(self, offset: int, length: int) -> bytearray:
        """Raises RefusedError where the file ends before."""
        if offset < 0 or length < 0 or offset + length > self.size:
            raise RefusedError("the file ends before what it announces")
        buffer = bytearray(length)
        self._file.seek(offset)
        view, done = memoryview(buffer), 0
        while done < length:
            count = self._file.readinto(view[done:])  # type: ignore[attr-defined]  # every binary file has it
            if not count:
                raise RefusedError("the file became shorter while it was read")
            done += count
        return buffer

    def spend(self, length: int) -> None:
        """Counts bytes that are about to be held. Raises RefusedError for more than the file can need."""
        self._left -= length
        if self._left < 0:
            raise RefusedError("the same bytes are used again and again, which would fill the memory")


@dataclass(frozen=True, eq=False)
class Blob:
    """A part of a source, not read yet."""

    source: Source
    offset: int
    length: int
    checksum: int | None = None
    """CRC-32, where it is known."""

    def read(self) -> bytearray:
        """Raises RefusedError where the bytes are not those of the checksum."""
        self.source.spend(self.length)
        data = self.source.read_at(self.offset, self.length)
        self._compare(zlib.crc32(data))
        return data

    def part(self, start: int, length: int) -> Blob:
        """So many of its bytes; they lie inside."""
        return Blob(self.source, self.offset + start, length)

    def check(self) -> None:
        """Raises RefusedError where the bytes are not those of the checksum; keeps none of them."""
        found = 0
        for start in range(0, self.length, _PIECE):
            found = zlib.crc32(self.source.read_at(self.offset + start, min(_PIECE, self.length - start)), found)
        self._compare(found)

    def _compare(self, found: int) -> None:
        if self.checksum is not None and found != self.checksum:
            raise RefusedError("a checksum does not fit: the file is damaged")


def as_blob(data: bytes | Blob) -> Blob:
    """Bytes in memory as a part of a source of their own; what is one already, as it is."""
    return data if isinstance(data, Blob) else Blob(Source(io.BytesIO(data), len(data)), 0, len(data))


class Reader:
    """Walks from the start of a blob to its end."""

    def __init__(self, blob: Blob) -> None:
        self._source = blob.source
        self.position = blob.offset
        self._end = blob.offset + blob.length
        self._window = bytearray()
        self._window_start = 0

    @property
    def remaining(self) -> int:
        return self._end - self.position

    def take(self, length: int) -> bytes:
        """The next bytes. Raises RefusedError where there are not so many."""
        self._check(length)
        first = self.position - self._window_start
        if not 0 <= first <= len(self._window) - length:
            self._window = self._source.read_at(self.position, min(max(length, _WINDOW), self.remaining))
            self._window_start, first = self.position, 0
        self.position += length
        return bytes(self._window[first : first + length])

    def number(self, length: int) -> int:
        """An unsigned little-endian number of so many bytes."""
        return int.from_bytes(self.take(length), "little")

    def line(self, longest: int) -> str:
        """Text up to the next line feed, which is left out."""
        text = bytearray()
        while (byte := self.take(1)) != b"\n":
            text += byte
            if len(text) > longest:
                raise RefusedError(f"a name is longer than {longest} characters")
        try:
            return text.decode()
        except UnicodeDecodeError:
            raise RefusedError("a name is no text") from None

    def skip(self, length: int) -> Blob:
        """The next bytes, without reading them."""
        self._check(length)
        blob = Blob(self._source, self.position, length)
        self.position += length
        return blob

    def _check(self, length: int) -> None:
        if length > self.remaining:
            raise RefusedError("the file ends too early: it is incomplete, or damaged")
