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
from typing import Annotated, Generic, TypeVar

from .edit_state import MAX_STATE_BYTES
from .errors import EditStateError, EditStateVersionError, MessageError
from .messages import Offset
from .schema import Between, Length, Record

VERSION = 1
FINGERPRINT_BYTES = 16

_MAGIC = b"DRGL"
_START = struct.Struct("<4sHI")
"""Magic word, version, and the checksum of the rest of the head: `_FIXED` and the two texts."""
_FIXED = struct.Struct(f"<{FINGERPRINT_BYTES}siiIIHHII")
"""The head's fields in their order, for texts their sizes; then size and checksum of the state."""
_MOST_ID, _MOST_DOCUMENT = 200, 300
HEAD_BYTES = _START.size + _FIXED.size + 4 * (_MOST_ID + _MOST_DOCUMENT)
"""A head is not longer, whatever its texts are."""
MAX_BYTES = HEAD_BYTES + MAX_STATE_BYTES
_HINT = "Start a new edit on this layer."


@dataclass(frozen=True)
class RecordHead(Record):
    """The layer that shows an edit state: its id, its pixels' fingerprint, and its place in the document (px).

    The place is where the layer was when the edit state was written: a layer moved since takes its edit along
    (`EditState.moved`).
    """

    layer_id: Annotated[str, Length(0, _MOST_ID)]
    fingerprint: Annotated[bytes, Length(FINGERPRINT_BYTES, FINGERPRINT_BYTES)]
    left: Offset
    top: Offset
    width: Annotated[int, Between(0, 1_000_000)]
    height: Annotated[int, Between(0, 1_000_000)]
    document: Annotated[str, Length(0, _MOST_DOCUMENT)]
    """What the document was like then, in the editor's own words; empty: it does not keep that."""

    @staticmethod
    def of(first: bytes, size: int) -> "RecordHead":
        """Reads the head of a record of `size` bytes from the `first` HEAD_BYTES of it, and looks at nothing else.

        That takes no time, however large the state is, and whatever it holds. Raises as `LayerRecord.from_bytes`.
        """
        return _read_head(first, size)[0]


@dataclass(frozen=True)
class LayerRecord(RecordHead):
    """An edit state and the layer that shows it."""

    state: Annotated[bytes, Length(1, MAX_STATE_BYTES)]
    """`EditState.to_bytes()`."""

    def to_bytes(self) -> bytes:
        """For a document that takes any bytes."""
        layer_id, document = self.layer_id.encode(), self.document.encode()
        fixed = _FIXED.pack(
            self.fingerprint,
            self.left,
            self.top,
            self.width,
            self.height,
            len(layer_id),
            len(document),
            len(self.state),
            zlib.crc32(self.state),
        )
        head = fixed + layer_id + document
        return _START.pack(_MAGIC, VERSION, zlib.crc32(head)) + head + self.state

    def to_ascii(self) -> str:
        """For a document that refuses bytes above 127."""
        return base64.b64encode(self.to_bytes()).decode("ascii")

    @staticmethod
    def from_bytes(data: bytes) -> "LayerRecord":
        """Reads `to_bytes()`. EditStateVersionError, or EditStateError for damaged or foreign bytes.

        The state is compared with its checksum, and not unpacked.
        """
        head, start, checksum = _read_head(data[:HEAD_BYTES], len(data))
        state = data[start:]
        if zlib.crc32(state) != checksum:
            raise _damaged("its checksum is wrong")
        try:
            return LayerRecord(**vars(head), state=state)
        except MessageError as error:
            raise _damaged(str(error)) from None

    @staticmethod
    def from_ascii(text: str) -> "LayerRecord":
        """Reads `to_ascii()`. Raises as `from_bytes` does."""
        if len(text) > 2 * MAX_BYTES:
            raise _damaged("it is too large")
        try:
            data = base64.b64decode(text.strip(), validate=True)
        except (binascii.Error, ValueError):
            raise _damaged("it is not base64") from None
        return LayerRecord.from_bytes(data)


def _read_head(first: bytes, size: int) -> tuple[RecordHead, int, int]:
    """The head, where the state starts, and the state's checksum."""
    if len(first) < _START.size or first[:4] != _MAGIC:
        raise EditStateError("This is not a DragGAN layer record.", _HINT)
    _, version, checksum = _START.unpack_from(first)
    if version != VERSION:
        raise EditStateVersionError(
            f"This layer's edit was saved in format {version}; this plugin reads format {VERSION} only.",
            "Update the plugin, or start a new edit on this layer.",
        )
    if size > MAX_BYTES:
        raise _damaged("it is too large")
    texts = _START.size + _FIXED.size
    if len(first) < texts:
        raise _damaged("it is cut short")
    fixed = _FIXED.unpack_from(first, _START.size)
    fingerprint, left, top, width, height, id_size, document_size, state_size, state_checksum = fixed
    start = texts + id_size + document_size
    if start > len(first) or start + state_size != size:
        raise _damaged("it is cut short, or too long")
    if zlib.crc32(first[_START.size : start]) != checksum:
        raise _damaged("its checksum is wrong")
    try:
        layer_id, document = first[texts : texts + id_size].decode(), first[texts + id_size : start].decode()
        return RecordHead(layer_id, fingerprint, left, top, width, height, document), start, state_checksum
    except (UnicodeDecodeError, MessageError) as error:
        raise _damaged(str(error)) from None


def _damaged(why: str) -> EditStateError:
    return EditStateError(f"This layer's edit is damaged: {why}.", _HINT)


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


Known = TypeVar("Known", bound=RecordHead)


@dataclass(frozen=True)
class Found(Generic[Known]):
    """A layer's record, and by what it was recognised."""

    record: Known
    how: How


def find(records: Iterable[Known], layer_id: str, fingerprint: bytes) -> Found[Known] | None:
    """The record of the layer that has this id and these pixels. Of several that fit alike: the last one given."""
    known = list(records)[::-1]
    same_pixels = [record for record in known if record.fingerprint == fingerprint]
    for record in same_pixels:
        if record.layer_id == layer_id:
            return Found(record, How.SAME)
    if same_pixels:
        return Found(same_pixels[0], How.DUPLICATE)
    return next((Found(record, How.PAINTED_OVER) for record in known if record.layer_id == layer_id), None)
