"""Messages to bytes and back: one at a time, or as a stream."""

import struct
from collections.abc import Callable, Iterator
from typing import Any

from ._msgpack import msgpack
from .errors import FramingError, MessageError, TooLargeError
from .schema import Made, Message, from_wire, from_wire_any, to_wire
from .unpacking import read_one

MAX_BODY_BYTES = (256 << 20) + (1 << 16)
"""A request or a single reply: a picture of 4096 x 4096 RGBA in f32 just fits, with what is said about it."""
MAX_EVENT_BYTES = 64 << 20
"""One message of a stream: a result, with its edit state."""
_SLICE_BYTES = 1 << 16
_LARGE_BYTES = struct.Struct(">BI")
"""MessagePack's "bin 32"."""


def pack(message: Message) -> bytes:
    """`message` as MessagePack."""
    packed: bytes = msgpack.packb(to_wire(message), use_bin_type=True)
    return packed


def pack_parts(message: Message) -> list[bytes]:
    """`message` as MessagePack, in parts to be sent one after another: what is large is not copied."""
    packer = msgpack.Packer(use_bin_type=True)
    parts: list[bytes] = [b""]

    def add(wire: Any) -> None:
        if isinstance(wire, dict):
            parts[-1] += packer.pack_map_header(len(wire))
            for name, value in wire.items():
                parts[-1] += packer.pack(name)
                add(value)
        elif isinstance(wire, bytes) and len(wire) >= _SLICE_BYTES:
            parts[-1] += _LARGE_BYTES.pack(0xC6, len(wire))
            parts.extend((wire, b""))
        else:
            parts[-1] += packer.pack(wire)

    add(to_wire(message))
    return [part for part in parts if part]


def read(expected: type[Made], source: Callable[[int], bytes], limit: int = MAX_BODY_BYTES) -> Made:
    """The one message of class `expected` that `source(size)` gives bit by bit. Raises as `unpack` does."""
    return from_wire(expected, read_one(source, limit))


def unpack(expected: type[Made], data: bytes, limit: int = MAX_BODY_BYTES) -> Made:
    """The one message of class `expected` in `data`.

    Raises TooLargeError over `limit` bytes, FramingError when it is not exactly one MessagePack value, and
    MessageError when that value is not an `expected`.
    """
    return from_wire(expected, unpack_plain(data, limit))


def unpack_plain(data: bytes, limit: int = MAX_BODY_BYTES) -> Any:
    """The one MessagePack value in `data`, as maps, lists and scalars. Raises as `unpack` does."""
    if len(data) > limit:
        raise _too_large(len(data), limit)
    try:
        return msgpack.unpackb(data, raw=False, strict_map_key=True, ext_hook=_refuse_ext)
    except MessageError:
        raise
    except Exception as error:
        raise _unreadable(error) from None


class StreamReader:
    """Reads messages of a stream from chunks of any size.

    After an error the reader is spent: what follows cannot be trusted to begin where a message does.
    """

    def __init__(self, expected: tuple[type[Message], ...], limit: int = MAX_EVENT_BYTES) -> None:
        self._expected = expected
        self._limit = limit
        self._unpacker = msgpack.Unpacker(
            raw=False, strict_map_key=True, max_buffer_size=limit + _SLICE_BYTES, ext_hook=_refuse_ext
        )
        self._fed = 0
        self._done = 0
        self._spent = False

    def feed(self, chunk: bytes) -> Iterator[Message]:
        """The messages that `chunk` completes. Raises TooLargeError, FramingError or MessageError."""
        if self._spent:
            raise FramingError("This stream has already failed.", "Open a new one.")
        try:
            for start in range(0, len(chunk), _SLICE_BYTES):
                self._fed += len(chunk[start : start + _SLICE_BYTES])
                self._unpacker.feed(chunk[start : start + _SLICE_BYTES])
                yield from self._complete()
        except (GeneratorExit, FramingError, MessageError):
            self._spent = True
            raise
        except msgpack.BufferFull:
            self._spent = True
            raise _too_large(self._waiting_bytes(), self._limit) from None
        except Exception as error:
            self._spent = True
            raise _unreadable(error) from None

    def end(self) -> None:
        """Call when the stream has ended. Raises FramingError when it ended inside a message."""
        if not self._spent and self._waiting_bytes():
            raise FramingError(f"The stream ended inside a message, after {self._waiting_bytes()} bytes of it.")

    def _complete(self) -> Iterator[Message]:
        for wire in self._unpacker:
            self._done = self._unpacker.tell()
            yield from_wire_any(self._expected, wire)
        if self._waiting_bytes() > self._limit:
            raise _too_large(self._waiting_bytes(), self._limit)

    def _waiting_bytes(self) -> int:
        # tell() is exact only after a whole message: the compiled unpacker moves on inside one.
        return self._fed - self._done


def _refuse_ext(code: int, _data: bytes) -> Any:
    raise MessageError("", f"a MessagePack extension ({code})", "maps, lists, numbers, texts and bytes")


def _too_large(found: int, limit: int) -> TooLargeError:
    return TooLargeError(f"A message of {found} bytes or more is over the limit of {limit} bytes.")


def _unreadable(error: Exception) -> FramingError:
    why = str(error).rstrip(".") or type(error).__name__
    return FramingError(f"This is not one whole MessagePack message ({why[:200]}).")
