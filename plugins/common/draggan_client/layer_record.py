"""The edit state in a document: which layer it belongs to, and how that layer is recognised later.

A layer is recognised by its pixels first and by its id second: a duplicate has a new id, and a layer that was
painted over has its old one.
"""

import base64
import binascii
import hashlib
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from . import framing
from .edit_state import MAX_STATE_BYTES
from .errors import EditStateError, EditStateVersionError, FramingError, MessageError
from .messages import Offset
from .schema import Between, Length, Message

VERSION = 1
FINGERPRINT_BYTES = 16

_MAGIC = b"DRGL"
_HEADER = struct.Struct("<4sHI")
_HINT = "Start a new edit on this layer."


@dataclass(frozen=True)
class LayerRecord(Message, type="layer_record"):
    """An edit state and the layer that shows it: its id, its pixels' fingerprint, and its place in the document (px).

    The place is where the layer was when the edit state was written: a layer moved since takes its edit along
    (`EditState.moved`).
    """

    layer_id: Annotated[str, Length(0, 200)]
    fingerprint: Annotated[bytes, Length(FINGERPRINT_BYTES, FINGERPRINT_BYTES)]
    left: Offset
    top: Offset
    width: Annotated[int, Between(0, 1_000_000)]
    height: Annotated[int, Between(0, 1_000_000)]
    state: Annotated[bytes, Length(1, MAX_STATE_BYTES)]
    """`EditState.to_bytes()`."""

    def to_bytes(self) -> bytes:
        """For a document that takes any bytes."""
        packed = framing.pack(self)
        return _HEADER.pack(_MAGIC, VERSION, zlib.crc32(packed)) + packed

    def to_ascii(self) -> str:
        """For a document that refuses bytes above 127."""
        return base64.b64encode(self.to_bytes()).decode("ascii")

    @staticmethod
    def from_bytes(data: bytes) -> "LayerRecord":
        """Reads `to_bytes()`. EditStateVersionError, or EditStateError for damaged or foreign bytes."""
        if len(data) < _HEADER.size or data[:4] != _MAGIC:
            raise EditStateError("This is not a DragGAN layer record.", _HINT)
        _, version, checksum = _HEADER.unpack_from(data)
        if version != VERSION:
            raise EditStateVersionError(
                f"This layer's edit was saved in format {version}; this plugin reads format {VERSION} only.",
                "Update the plugin, or start a new edit on this layer.",
            )
        packed = data[_HEADER.size :]
        if zlib.crc32(packed) != checksum:
            raise EditStateError("This layer's edit is damaged: its checksum is wrong.", _HINT)
        try:
            return framing.unpack(LayerRecord, packed)
        except (FramingError, MessageError) as error:
            raise EditStateError(f"This layer's edit is damaged: {error}", _HINT) from None

    @staticmethod
    def from_ascii(text: str) -> "LayerRecord":
        """Reads `to_ascii()`. Raises as `from_bytes` does."""
        try:
            data = base64.b64decode(text.strip(), validate=True)
        except (binascii.Error, ValueError):
            raise EditStateError("This layer's edit is damaged: it is not base64.", _HINT) from None
        return LayerRecord.from_bytes(data)


class Fingerprint:
    """A hash of a layer's pixels, wherever the layer lies. Feed it the rows from the top, in parts of any size."""

    def __init__(self, width: int, height: int, pixel_format: str) -> None:
        """pixel_format: what the bytes mean, as "RGBA/U8/sRGB": the same bytes of another format are another layer."""
        self._hash = hashlib.blake2b(digest_size=FINGERPRINT_BYTES, person=b"draggan-layer")
        self._hash.update(f"{width} {height} {pixel_format}\n".encode())

    def update(self, rows: bytes | bytearray | memoryview) -> None:
        """The next rows."""
        self._hash.update(rows)

    def digest(self) -> bytes:
        """FINGERPRINT_BYTES bytes."""
        return self._hash.digest()


class How(Enum):
    """By what a layer was recognised."""

    SAME = "same"
    """Its pixels and its id."""
    DUPLICATE = "duplicate"
    """Its pixels; it has another id: a copy, or loaded by a program that gives new ids."""
    PAINTED_OVER = "painted over"
    """Its id; the pixels are others. Ask the artist."""


@dataclass(frozen=True)
class Found:
    """A layer's record, and by what it was recognised."""

    record: LayerRecord
    how: How


def find(records: Iterable[LayerRecord], layer_id: str, fingerprint: bytes) -> Found | None:
    """The record of the layer that has this id and these pixels. Of several that fit alike: the last one given."""
    known = list(records)[::-1]
    same_pixels = [record for record in known if record.fingerprint == fingerprint]
    for record in same_pixels:
        if record.layer_id == layer_id:
            return Found(record, How.SAME)
    if same_pixels:
        return Found(same_pixels[0], How.DUPLICATE)
    return next((Found(record, How.PAINTED_OVER) for record in known if record.layer_id == layer_id), None)
