"""A zip file as torch writes it: members are stored as they are, one after another, and none is ever unpacked."""

from __future__ import annotations

import stat
import struct
from dataclasses import dataclass

from .source import Blob, Reader, RefusedError, Source

_END = b"PK\x05\x06"
_END_64 = b"PK\x06\x06"
_LOCATOR_64 = b"PK\x06\x07"
_MEMBER = b"PK\x01\x02"
_LOCAL = b"PK\x03\x04"
_FULL_32 = 0xFFFFFFFF
_LARGEST_DIRECTORY = 16 << 20
_MOST_MEMBERS = 50_000


@dataclass(frozen=True)
class _Directory:
    members: int
    size: int
    offset: int
    end: int
    """Where it must end: what comes after it begins there."""


def read_archive(source: Source) -> dict[str, Blob]:
    """The members by their names.

    Raises:
        RefusedError: compressed, encrypted, overlapping or doubled members, links, names that lead elsewhere, a
            directory that does not fit the file.
    """
    directory = _directory(source)
    if directory.members > _MOST_MEMBERS or directory.size > _LARGEST_DIRECTORY:
        raise RefusedError(f"the archive has {directory.members} members, more than any model needs")
    if directory.offset + directory.size != directory.end:
        raise RefusedError("the archive's directory is not where it should be: the file is damaged")
    reader = Reader(Blob(source, directory.offset, directory.size))
    members: dict[str, Blob] = {}
    for _ in range(directory.members):
        name, blob = _member(reader, source)
        if name in members:
            raise RefusedError(f"the archive holds {name[:80]!r} twice")
        members[name] = blob
    if reader.remaining:
        raise RefusedError("the archive's directory is longer than it says")
    place = 0
    for blob in sorted(members.values(), key=lambda blob: blob.offset):
        if blob.offset < place or blob.offset + blob.length > directory.offset:
            raise RefusedError("members of the archive overlap")
        place = blob.offset + blob.length
    return members


def _directory(source: Source) -> _Directory:
    if source.size < 22:
        raise RefusedError("the archive is incomplete")
    end = source.size - 22
    record = bytes(source.read_at(end, 22))
    if record[:4] != _END or record[20:] != b"\0\0":
        raise RefusedError("the archive's end is missing: the file is incomplete, or no model")
    members, size, offset = struct.unpack("<HII", record[10:20])
    locator = bytes(source.read_at(end - 20, 20)) if end >= 20 else b""
    if locator[:4] != _LOCATOR_64:
        return _Directory(members, size, offset, end)
    (place,) = struct.unpack("<Q", locator[8:16])
    record = bytes(source.read_at(place, 56))
    if record[:4] != _END_64:
        raise RefusedError("the archive's end is damaged")
    members, size, offset = struct.unpack("<QQQ", record[32:56])
    return _Directory(members, size, offset, place)


def _member(reader: Reader, source: Source) -> tuple[str, Blob]:
    header = reader.take(46)
    if header[:4] != _MEMBER:
        raise RefusedError("the archive's directory is damaged")
    flags, method = struct.unpack("<HH", header[8:12])
    checksum, packed, size, name_length, extra_length, comment_length = struct.unpack("<IIIHHH", header[16:34])
    attributes, offset = struct.unpack("<II", header[38:46])
    raw_name = reader.take(name_length)
    name = _checked_name(raw_name)
    extra = reader.take(extra_length)
    reader.take(comment_length)
    if stat.S_ISLNK(attributes >> 16):
        raise RefusedError(f"the archive's {name[:80]!r} is a link to somewhere else")
    if flags & 1 or method:
        raise RefusedError(f"the archive's {name[:80]!r} is compressed or encrypted, which torch's own files are not")
    size, packed, offset = _sizes_64(extra, size, packed, offset)
    if size != packed:
        raise RefusedError(f"the archive's {name[:80]!r} claims to be larger than it is")
    local = bytes(source.read_at(offset, 30 + name_length))
    if local[:4] != _LOCAL or struct.unpack("<H", local[26:28])[0] != name_length or local[30:] != raw_name:
        raise RefusedError(f"the archive's {name[:80]!r} is not where it should be")
    (local_extra,) = struct.unpack("<H", local[28:30])
    start = offset + 30 + name_length + local_extra
    if start + size > source.size:
        raise RefusedError(f"the archive's {name[:80]!r} reaches beyond the file")
    return name, Blob(source, start, size, checksum or None)  # torch can write 0 for "not computed"


def _sizes_64(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """The three as the field for large files has them, where it is needed."""
    values = [size, packed, offset]
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack("<HH", extra[place : place + 4])
        field = extra[place + 4 : place + 4 + length]
        if kind == 1:
            for index in [i for i, value in enumerate(values) if value == _FULL_32]:
                if len(field) < 8:
                    raise RefusedError("the archive's directory is damaged")
                (values[index],) = struct.unpack("<Q", field[:8])
                field = field[8:]
            break
        place += 4 + length
    return values[0], values[1], values[2]


def _checked_name(raw: bytes) -> str:
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        raise RefusedError("the archive holds a name that is no text") from None
    if not name or "\\" in name or "\0" in name or ":" in name or name.startswith("/") or ".." in name.split("/"):
        raise RefusedError(f"the archive holds {name[:80]!r}, a name that leads elsewhere")
    return name
