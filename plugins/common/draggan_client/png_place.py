"""Where a picture inside an edit state lies in the document: in a text chunk of its PNG, beside other facts.

The server writes and reads it with an image library; a client, which has none, only ever moves it.
"""

import json
import struct
import zlib
from collections.abc import Iterator

KEY = "draggan"
"""Of the text chunk: a JSON object whose "place" is [left, top, width, height] in document px."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_IHDR_END = 33
_PREFIX = KEY.encode("latin-1") + b"\0"


def moved(png: bytes, dx: int, dy: int) -> bytes:
    """The same PNG, its place moved. Raises ValueError where it is no PNG with a place."""
    parts = list(_chunks(png))
    if not any(_has_place(kind, data) for kind, data in parts):
        raise ValueError("it does not say where it lies")
    return _SIGNATURE + b"".join(
        _chunk(kind, _moved(data, dx, dy) if _has_place(kind, data) else data) for kind, data in parts
    )


def size_of(png: bytes) -> tuple[int, int] | None:
    """Width and height, before anything of it is unpacked; None: it is no PNG."""
    if png[:8] != _SIGNATURE or png[12:16] != b"IHDR" or len(png) < _IHDR_END:
        return None
    width, height = _u32(png, 16), _u32(png, 20)
    return width, height


def _has_place(kind: bytes, data: bytes) -> bool:
    return kind == b"tEXt" and data.startswith(_PREFIX)


def _moved(data: bytes, dx: int, dy: int) -> bytes:
    try:
        facts = json.loads(data[len(_PREFIX) :].decode("latin-1"))
        left, top, width, height = facts["place"]
        facts["place"] = [int(left) + dx, int(top) + dy, width, height]
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"its text chunk has no place ({type(error).__name__})") from None
    return _PREFIX + json.dumps(facts).encode("latin-1")


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not png.startswith(_SIGNATURE):
        raise ValueError("it is no PNG")
    at = len(_SIGNATURE)
    while at < len(png):
        if at + 12 > len(png):
            raise ValueError("it is cut short")
        length, kind = struct.unpack_from(">I4s", png, at)
        data = png[at + 8 : at + 8 + length]
        if at + 12 + length > len(png) or zlib.crc32(data, zlib.crc32(kind)) != _u32(png, at + 8 + length):
            raise ValueError("it is cut short or damaged")
        yield kind, data
        at += 12 + length


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I4s", len(data), kind) + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))


def _u32(data: bytes, at: int) -> int:
    found: int = struct.unpack_from(">I", data, at)[0]
    return found
