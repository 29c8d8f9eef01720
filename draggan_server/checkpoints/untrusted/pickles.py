"""A pickle read by a machine of our own: what it would run is refused, by its name.

It knows the codes that model files use and no others. Nothing in it calls itself: however deep a file nests, the
stack of this program stays as it is. Counts are checked before anything is made.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from . import stand_ins
from .source import Blob, Reader, RefusedError, as_blob, printable
from .stand_ins import EmptyArray, Instance, ItemType, Name
from .tensors import Storage

_NEWEST_PROTOCOL = 5
_LONGEST_NAME = 500
_LONGEST_INT = 64
"""Bytes."""
_INLINE = 1024
"""Bytes. Longer ones stay in the file until they are read."""
_MOST_ON_STACK = 100_000
_MOST_MARKS = 1000
_MOST_MEMO = 500_000


@dataclass
class Allowance:
    """What all pickles of a file may take together."""

    codes: int = 500_000
    """A 1024 px model with its discriminator and optimiser has about a tenth."""
    bytes: int = 64 << 20
    """Of the short texts and numbers that are kept."""

    def take_codes(self, count: int) -> None:
        self.codes -= count
        if self.codes < 0:
            raise RefusedError("it holds more objects than any model needs")

    def take_bytes(self, count: int) -> None:
        self.bytes -= count
        if self.bytes < 0:
            raise RefusedError("it holds more texts than any model needs")


StorageOf = Callable[[tuple[object, ...]], Storage]
"""From a persistent id of torch to the storage that it stands for."""
NestedTorch = Callable[[Blob, Allowance], object]
"""Reads the torch file inside a pickle."""


def read_pickle(
    reader: Reader, allowance: Allowance, storage_of: StorageOf | None = None, nested: NestedTorch | None = None
) -> object:
    """The value that the pickle at the reader's place describes; the reader then stands behind it.

    Args:
        storage_of: None: persistent ids are refused.
        nested: None: torch files inside are refused.

    Raises:
        RefusedError: a name that is not allowed, or bytes that are no pickle.
    """
    return _Machine(reader, allowance, storage_of, nested).run()


class _Mark:
    """The place of a mark on the stack."""


_MARK = _Mark()


class _Machine:
    def __init__(
        self, reader: Reader, allowance: Allowance, storage_of: StorageOf | None, nested: NestedTorch | None
    ) -> None:
        self.reader = reader
        self.allowance = allowance
        self.storage_of = storage_of
        self.nested = nested
        self.stack: list[object] = []
        self.marks: list[int] = []
        self.memo: dict[int, object] = {}

    def run(self) -> object:
        while True:
            self.allowance.take_codes(1)
            code = self.reader.take(1)
            if code == b".":
                value = self.pop()
                if self.stack:
                    raise RefusedError("a pickle ends with objects left over")
                return value
            action = _ACTIONS.get(code)
            if action is None:
                raise RefusedError(_refused_code(code))
            action(self)

    # The stack

    def push(self, value: object) -> None:
        if len(self.stack) >= _MOST_ON_STACK:
            raise RefusedError("it nests deeper than any model needs")
        self.stack.append(value)

    def pop(self) -> object:
        if not self.stack or (self.marks and self.marks[-1] == len(self.stack) - 1):
            raise RefusedError("a pickle takes what is not there")
        return self.stack.pop()

    def top(self) -> object:
        value = self.pop()
        self.stack.append(value)
        return value

    def mark(self) -> None:
        if len(self.marks) >= _MOST_MARKS:
            raise RefusedError("it nests deeper than any model needs")
        self.marks.append(len(self.stack))
        self.push(_MARK)

    def pop_to_mark(self) -> list[object]:
        if not self.marks:
            raise RefusedError("a pickle takes what is not there")
        start = self.marks.pop()
        values = self.stack[start + 1 :]
        del self.stack[start:]
        return values

    # Values

    def text(self, length: int) -> None:
        raw = self.keep(length)
        if isinstance(raw, bytes):
            self.push(_decoded(raw))
        else:
            self.push(_LongText(raw))

    def data(self, length: int) -> None:
        self.push(self.keep(length))

    def keep(self, length: int) -> bytes | Blob:
        if length > _INLINE:
            return self.reader.skip(length)
        self.allowance.take_bytes(length)
        return self.reader.take(length)

    def whole_number(self, length: int) -> None:
        if length > _LONGEST_INT:
            raise RefusedError("a number has more digits than any model needs")
        self.push(int.from_bytes(self.reader.take(length), "little", signed=True))

    def tuple_of(self, count: int) -> None:
        values = [self.pop() for _ in range(count)]
        self.push(tuple(reversed(values)))

    def get(self, place: int) -> None:
        if place not in self.memo:
            raise RefusedError("a pickle refers to what is not there")
        self.push(self.memo[place])

    def put(self, place: int) -> None:
        if len(self.memo) >= _MOST_MEMO:
            raise RefusedError("it holds more objects than any model needs")
        self.memo[place] = self.top()

    def extend(self, values: list[object]) -> None:
        target = self.top()
        if not isinstance(target, list):
            raise RefusedError("a pickle appends to what is no list")
        target.extend(values)

    def add(self, values: list[object]) -> None:
        target = self.top()
        if not isinstance(target, set):
            raise RefusedError("a pickle adds to what is no set")
        target.update(_key(value) for value in values)

    def set_items(self, values: list[object]) -> None:
        target = self.top()
        if not isinstance(target, dict) or len(values) % 2:
            raise RefusedError("a pickle sets entries of what is no map")
        for key, value in zip(values[::2], values[1::2], strict=True):
            target[_key(key)] = value

    # Objects

    def name(self, module: object, name: object) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise RefusedError("a pickle names an object by what is no text")
        self.push(Name(_allowed(f"{module}.{name}")))

    def named_by_lines(self) -> None:
        module = self.reader.line(_LONGEST_NAME)
        self.name(module, self.reader.line(_LONGEST_NAME))

    def named_by_stack(self) -> None:
        name = self.pop()
        self.name(self.pop(), name)

    def old_instance(self) -> None:
        module = self.reader.line(_LONGEST_NAME)
        name = _allowed(f"{module}.{self.reader.line(_LONGEST_NAME)}")
        raise RefusedError(f"an object {name} is made in a way that no model file needs")

    def call(self) -> None:
        args, name = self.pop(), self.pop()
        if not isinstance(name, Name) or not isinstance(args, tuple):
            raise RefusedError("a pickle calls what is no function")
        self.push(self.result_of(name.text, args))

    def result_of(self, name: str, args: tuple[object, ...]) -> object:
        if name == stand_ins.LOAD_FROM_BYTES:
            return self.nested_file(args)
        if name == stand_ins.ENCODE:
            return self.encoded(args)
        if name in stand_ins.SETS:
            return self.set_of(args)
        make = stand_ins.CALLS.get(name)
        return stand_ins.new_object(name, args) if make is None else make(args)

    def nested_file(self, args: tuple[object, ...]) -> object:
        if self.nested is None:
            raise RefusedError("a torch file lies in a torch file in a pickle, which no model needs")
        if len(args) != 1 or not isinstance(args[0], (bytes, Blob)):
            raise RefusedError("a torch file inside the pickle is no bytes")
        return self.nested(as_blob(args[0]), self.allowance)

    def encoded(self, args: tuple[object, ...]) -> object:
        """How pickles of protocol 2 hold bytes: as a text of the same characters."""
        text, code = args if len(args) == 2 else (None, None)
        if code not in ("latin1", "latin-1") or not isinstance(text, (str, _LongText)):
            raise RefusedError("bytes are made from something else than a text")
        if isinstance(text, _LongText):
            raw = _encoded(_decoded(bytes(text.blob.read())))
            return as_blob(raw) if len(raw) > _INLINE else raw
        self.allowance.take_bytes(len(text))
        return _encoded(text)

    def set_of(self, args: tuple[object, ...]) -> object:
        values = args[0] if args else []
        if len(args) > 1 or not isinstance(values, (list, tuple)):
            raise RefusedError("a set is made from something else than a list")
        self.allowance.take_codes(len(values))  # one list may be used many times
        return {_key(value) for value in values}

    def new_object(self) -> None:
        args, name = self.pop(), self.pop()
        if not isinstance(name, Name) or not isinstance(args, tuple):
            raise RefusedError("a pickle makes an object of what is no class")
        self.push(stand_ins.new_object(name.text, args))

    def new_object_by_keywords(self) -> None:
        if self.pop() != {}:
            raise RefusedError("a pickle makes an object by keywords, which no model file needs")
        self.new_object()

    def build(self) -> None:
        state, target = self.pop(), self.top()
        if isinstance(target, Instance) and target.kind != stand_ins.PERSISTENT:
            target.state = state
        elif isinstance(target, ItemType):
            stand_ins.check_item_type(target, state)
        elif isinstance(target, EmptyArray):
            stand_ins.fill_array(target, state)
        elif not isinstance(target, dict):  # a map's attributes say nothing that is needed
            raise RefusedError("a pickle gives a state to what has none")

    def persistent(self) -> None:
        key = self.pop()
        if self.storage_of is None or not isinstance(key, tuple):
            raise RefusedError("a pickle refers to an object outside of itself")
        self.push(self.storage_of(key))


class _LongText:
    """A text that is still in the file."""

    def __init__(self, blob: Blob) -> None:
        self.blob = blob


def _allowed(name: str) -> str:
    if name not in stand_ins.ALLOWED:
        raise RefusedError(f"it asks for {printable(name[:120])}, which no model file needs; nothing was run")
    return name


def _key(value: object) -> object:
    # Not tuples: Python walks into them to compute a hash, as deep as they go.
    if value is None or isinstance(value, (str, int, float, bytes)):
        return value
    raise RefusedError("a map has a key that is neither a text nor a number")


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise RefusedError("a text is none: the file is damaged") from None


def _encoded(text: str) -> bytes:
    try:
        return text.encode("latin1")
    except UnicodeEncodeError:
        raise RefusedError("bytes are made from a text that holds none") from None


_FOREIGN = {
    b"o": "OBJ",
    b"\x82": "EXT1",
    b"\x83": "EXT2",
    b"\x84": "EXT4",
    b"P": "PERSID",
    b"\x97": "NEXT_BUFFER",
    b"\x98": "READONLY_BUFFER",
}


def _refused_code(code: bytes) -> str:
    named = _FOREIGN.get(code)
    if named:
        return f"it uses the pickle code {named}, which no model file needs; nothing was run"
    return f"byte {code.hex()} is no pickle code of a model file: the file is damaged, or something else"


def _protocol(machine: _Machine) -> None:
    version = machine.reader.number(1)
    if version > _NEWEST_PROTOCOL:
        raise RefusedError(f"it is a pickle of protocol {version}, which is not known")


def _signed(machine: _Machine, layout: str, length: int) -> int:
    return int(struct.unpack(layout, machine.reader.take(length))[0])


_ACTIONS: dict[bytes, Callable[[_Machine], None]] = {
    b"\x80": _protocol,
    b"\x95": lambda m: _ignore(m.reader.take(8)),
    b"(": lambda m: m.mark(),
    b"0": lambda m: _ignore(m.pop()),
    b"1": lambda m: _ignore(m.pop_to_mark()),
    b"N": lambda m: m.push(None),
    b"\x88": lambda m: m.push(True),
    b"\x89": lambda m: m.push(False),
    b"J": lambda m: m.push(_signed(m, "<i", 4)),
    b"K": lambda m: m.push(m.reader.number(1)),
    b"M": lambda m: m.push(m.reader.number(2)),
    b"\x8a": lambda m: m.whole_number(m.reader.number(1)),
    b"\x8b": lambda m: m.whole_number(m.reader.number(4)),
    b"G": lambda m: m.push(struct.unpack(">d", m.reader.take(8))[0]),
    b"X": lambda m: m.text(m.reader.number(4)),
    b"\x8c": lambda m: m.text(m.reader.number(1)),
    b"\x8d": lambda m: m.text(m.reader.number(8)),
    b"T": lambda m: m.text(m.reader.number(4)),
    b"U": lambda m: m.text(m.reader.number(1)),
    b"B": lambda m: m.data(m.reader.number(4)),
    b"C": lambda m: m.data(m.reader.number(1)),
    b"\x8e": lambda m: m.data(m.reader.number(8)),
    b"\x96": lambda m: m.data(m.reader.number(8)),
    b"}": lambda m: m.push({}),
    b"]": lambda m: m.push([]),
    b")": lambda m: m.push(()),
    b"\x8f": lambda m: m.push(set()),
    b"a": lambda m: m.extend([m.pop()]),
    b"e": lambda m: m.extend(m.pop_to_mark()),
    b"s": lambda m: m.set_items([m.pop(), m.pop()][::-1]),
    b"u": lambda m: m.set_items(m.pop_to_mark()),
    b"\x90": lambda m: m.add(m.pop_to_mark()),
    b"\x91": lambda m: m.push({_key(value) for value in m.pop_to_mark()}),
    b"t": lambda m: m.push(tuple(m.pop_to_mark())),
    b"\x85": lambda m: m.tuple_of(1),
    b"\x86": lambda m: m.tuple_of(2),
    b"\x87": lambda m: m.tuple_of(3),
    b"h": lambda m: m.get(m.reader.number(1)),
    b"j": lambda m: m.get(m.reader.number(4)),
    b"q": lambda m: m.put(m.reader.number(1)),
    b"r": lambda m: m.put(m.reader.number(4)),
    b"\x94": lambda m: m.put(len(m.memo)),
    b"c": _Machine.named_by_lines,
    b"\x93": _Machine.named_by_stack,
    b"i": _Machine.old_instance,
    b"R": _Machine.call,
    b"\x81": _Machine.new_object,
    b"\x92": _Machine.new_object_by_keywords,
    b"b": _Machine.build,
    b"Q": _Machine.persistent,
}


def _ignore(_value: object) -> None:
    """For codes whose value is of no use."""
