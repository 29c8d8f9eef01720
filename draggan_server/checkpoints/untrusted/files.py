"""A file of any kind that models come in -> the inert value that it holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from . import stand_ins
from .archive import read_archive
from .pickles import Allowance, read_pickle
from .source import Blob, Reader, RefusedError, Source
from .tensors import ITEM_TYPES, Storage

LARGEST_FILE = 16 << 30
_MOST_STORAGES = 100_000
_TORCH_MAGIC = 0x1950A86A20F9469CFC6C
_TORCH_VERSION = 1001
_TAR_MAGIC_END = 262
_LITTLE_ENDIAN = "little"


def read_file(file: BinaryIO, size: int) -> object:
    """What a pickle or a torch file holds: maps, lists, texts, numbers, `Instance` and `StoredTensor`.

    The tensors' numbers stay in the file, which must stay open until they have been read.

    Raises:
        RefusedError: it holds something that is not allowed, is damaged, or is no such file.
    """
    if size > LARGEST_FILE:
        raise RefusedError(f"it has {size >> 30} GiB, more than any model needs")
    source = Source(file, size)
    start = bytes(source.read_at(0, min(4, size)))
    if start == b"PK\x03\x04":
        return _read_torch_archive(source)
    if size > _TAR_MAGIC_END and source.read_at(_TAR_MAGIC_END - 5, 5) == b"ustar":
        raise RefusedError("it is a tar file, as torch wrote before 2017; those are not read")
    if start[:1] != b"\x80":
        raise RefusedError("it is neither a pickle nor a torch file")
    whole = Blob(source, 0, size)
    allowance = Allowance()
    reader = Reader(whole)
    first = read_pickle(reader, allowance, nested=_nested)
    if first == _TORCH_MAGIC:
        return _read_torch_stream(whole, allowance, _nested)
    return first


def _nested(blob: Blob, allowance: Allowance) -> object:
    """The torch file inside a pickle. It holds no further one."""
    value = _read_torch_stream(blob, allowance, None)
    if not isinstance(value, Storage):
        raise RefusedError("a torch file inside the pickle holds something else than numbers")
    return value


class _Storages:
    """The storages that persistent ids have named, each once."""

    def __init__(self) -> None:
        self.by_key: dict[str, Storage] = {}

    def __call__(self, key: tuple[object, ...]) -> Storage:
        if len(key) not in (5, 6) or key[0] != "storage" or (len(key) == 6 and key[5] is not None):
            raise RefusedError("a tensor refers to something else than its numbers")
        kind, name, count = key[1], key[2], key[4]
        if not isinstance(kind, stand_ins.Name) or kind.text not in ITEM_TYPES:
            raise RefusedError("a tensor is made of something else than numbers")
        if not isinstance(name, str) or not isinstance(count, int):
            raise RefusedError("a tensor's storage has no name, or no length")
        known = self.by_key.get(name)
        if known is None:
            if len(self.by_key) >= _MOST_STORAGES:
                raise RefusedError("it holds more tensors than any model needs")
            known = self.by_key[name] = Storage(ITEM_TYPES[kind.text], count)
        if known.item_type is not ITEM_TYPES[kind.text] or known.count != count:
            raise RefusedError("two tensors disagree about the numbers that they share")
        return known


def _read_torch_archive(source: Source) -> object:
    members = read_archive(source)
    roots = [name for name in members if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(roots) != 1:
        raise RefusedError("it is a zip file, but none that torch has written")
    folder = roots[0].removesuffix("data.pkl")
    order = members.get(f"{folder}byteorder")
    if order is not None and (order.length > 10 or order.read().decode("latin1") != _LITTLE_ENDIAN):
        raise RefusedError("its numbers are big-endian")
    storages = _Storages()
    members[roots[0]].check()
    reader = Reader(members[roots[0]])
    value = read_pickle(reader, Allowance(), storages, _nested)
    for key, storage in storages.by_key.items():
        blob = members.get(f"{folder}data/{key}")
        if blob is None:
            raise RefusedError("a tensor's numbers are not in the file")
        storage.put(blob)
    return value


def _read_torch_stream(blob: Blob, allowance: Allowance, nested: Callable[[Blob, Allowance], object] | None) -> object:
    """torch's format before 1.6, which the pickles of networks still use for each tensor."""
    reader = Reader(blob)
    if read_pickle(reader, allowance) != _TORCH_MAGIC or read_pickle(reader, allowance) != _TORCH_VERSION:
        raise RefusedError("a torch file inside does not begin as one")
    system = read_pickle(reader, allowance)
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise RefusedError("its numbers are big-endian")
    storages = _Storages()
    value = read_pickle(reader, allowance, storages, nested)
    keys = read_pickle(reader, allowance)
    if not isinstance(keys, list):
        raise RefusedError("a torch file's list of tensors is missing")
    for key in keys:
        storage = storages.by_key.get(key) if isinstance(key, str) else None
        if storage is None or storage.is_placed:
            raise RefusedError("a torch file's list of tensors does not fit its tensors")
        if reader.number(8) != storage.count:
            raise RefusedError("a tensor's numbers are more or fewer than announced")
        storage.put(reader.skip(storage.count * storage.item_type.itemsize))
    if not all(storage.is_placed for storage in storages.by_key.values()):
        raise RefusedError("a tensor's numbers are not in the file")
    return value
