"""What stands for an object that a file asks for: plain values, by a list of names. No name leads to a function that
does anything, and no name outside the list leads anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .source import Blob, RefusedError, as_blob
from .tensors import ITEM_TYPES, NUMPY_TYPES, Storage, StoredTensor

Args = tuple[object, ...]


@dataclass(frozen=True)
class Name:
    """A name on the list, such as `collections.OrderedDict`. It is a text and nothing else."""

    text: str


@dataclass(eq=False, repr=False)
class Instance:
    """An object of which only the data is kept."""

    kind: str
    """Its class, or what was to make it."""
    args: Args = ()
    state: object = None


@dataclass(eq=False)
class ItemType:
    """A numpy dtype."""

    code: str


@dataclass(eq=False, repr=False)
class EmptyArray:
    """A numpy array whose numbers follow."""

    tensor: StoredTensor | None = None


PERSISTENT = "torch_utils.persistence._reconstruct_persistent_obj"
"""NVIDIA's networks are made by this, from a map that holds their source text and their data."""
TF_NETWORK = "dnnlib.tflib.network.Network"
LOAD_FROM_BYTES = "torch.storage._load_from_bytes"
ENCODE = "_codecs.encode"
SETS = ("builtins.set", "__builtin__.set", "builtins.frozenset", "__builtin__.frozenset")
_MAPS = ("collections.OrderedDict", "dnnlib.util.EasyDict")
_PLAIN_OBJECTS = ("argparse.Namespace", TF_NETWORK)
_NUMPY = ("numpy.core.", "numpy._core.")
"""Before numpy 2, and since."""
ARRAY_CLASS = "numpy.ndarray"


def _map(args: Args) -> object:
    if args:
        raise RefusedError("a map is made from something else than its entries")
    return {}


def _persistent(args: Args) -> object:
    return Instance(PERSISTENT, args)


def _parameter(args: Args) -> object:
    if not args or not isinstance(args[0], StoredTensor):
        raise RefusedError("a parameter is made from something else than a tensor")
    return args[0]


def _tensor(args: Args) -> object:
    if len(args) < 4 or not isinstance(args[0], Storage):
        raise RefusedError("a tensor is made from something else than a storage")
    if len(args) > 6 and args[6]:  # such as a bit that negates all numbers when they are read
        raise RefusedError("a tensor has properties that no model needs")
    return StoredTensor(args[0], args[1], args[2], args[3])


def _tensor_with_attributes(args: Args) -> object:
    """(how it is made, its class, what it is made from, its attributes): what torch writes for a tensor on which a
    program has left something."""
    made_by = args[0] if len(args) == 4 else None
    if not isinstance(made_by, Name) or made_by.text not in _TENSORS or not isinstance(args[2], tuple):
        raise RefusedError("a tensor is made from something else than a storage")
    return _TENSORS[made_by.text](args[2])


def _item_type(args: Args) -> object:
    code = args[0] if args else None
    if not isinstance(code, str) or code.lstrip("<|=") not in NUMPY_TYPES:
        raise RefusedError("an array holds something else than numbers")
    return ItemType(code.lstrip("<|="))


def _scalar(args: Args) -> object:
    if len(args) != 2 or not isinstance(args[0], ItemType) or not isinstance(args[1], bytes):
        raise RefusedError("a numpy number is made from something else than its bytes")
    if len(args[1]) != NUMPY_TYPES[args[0].code].itemsize:
        raise RefusedError("a numpy number has too many bytes or too few")
    return np.frombuffer(args[1], np.dtype(f"<{args[0].code}"))[0].item()


def _reconstructed_array(args: Args) -> object:
    if not args or not isinstance(args[0], Name) or args[0].text != ARRAY_CLASS:
        raise RefusedError("an array is made from something else than its class")
    return EmptyArray()


def _array_from_buffer(args: Args) -> object:
    if len(args) != 4:
        raise RefusedError("an array is made from something else than its bytes")
    return EmptyArray(_array(args[2], args[1], args[3] == "F", args[0]))


def fill_array(array: EmptyArray, state: object) -> None:
    """What numpy's own `__setstate__` takes: (version, shape, dtype, is Fortran's order, bytes)."""
    if array.tensor is not None or not isinstance(state, tuple) or len(state) != 5:
        raise RefusedError("an array's numbers are not where they belong")
    array.tensor = _array(state[1], state[2], state[3] is True, state[4])


def _array(shape: object, item_type: object, fortran: bool, data: object) -> StoredTensor:
    if not isinstance(item_type, ItemType) or not isinstance(data, (bytes, Blob)):
        raise RefusedError("an array holds something else than numbers")
    blob, item = as_blob(data), NUMPY_TYPES[item_type.code]
    return StoredTensor.in_rows(Storage(item, blob.length // item.itemsize, blob), shape, fortran=fortran)


def check_item_type(item_type: ItemType, state: object) -> None:
    """What numpy's dtype takes on top of its code. Raises RefusedError for big-endian numbers and for records."""
    if not isinstance(state, tuple) or len(state) < 3 or state[1] not in ("<", "|", "=") or state[2] is not None:
        raise RefusedError("an array holds big-endian numbers, or records")


_TENSORS: dict[str, Callable[[Args], object]] = {
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
}

CALLS: dict[str, Callable[[Args], object]] = {
    PERSISTENT: _persistent,
    **dict.fromkeys(_MAPS, _map),
    **_TENSORS,
    "torch._tensor._rebuild_from_type_v2": _tensor_with_attributes,
    "torch.Size": lambda args: args[0] if args and isinstance(args[0], tuple) else (),
    "torch.device": lambda args: "device",
    "numpy.dtype": _item_type,
    **{f"{module}multiarray.scalar": _scalar for module in _NUMPY},
    **{f"{module}multiarray._reconstruct": _reconstructed_array for module in _NUMPY},
    **{f"{module}numeric._frombuffer": _array_from_buffer for module in _NUMPY},
}
"""What a call of the name gives."""

_MENTIONED = ("torch.Tensor", "torch.nn.parameter.Parameter", "torch.float16", "torch.float32", "torch.float64")
"""Classes and types that are arguments and settings; nothing is made of them."""

ALLOWED = frozenset({*CALLS, *_PLAIN_OBJECTS, *SETS, *ITEM_TYPES, *_MENTIONED, LOAD_FROM_BYTES, ENCODE, ARRAY_CLASS})
"""The names that a file may use."""


def new_object(name: str, args: Args) -> object:
    """An object of the class `name`, before its state. Raises RefusedError for what is no class on the list."""
    if name in _MAPS:
        return _map(args)
    if name in _PLAIN_OBJECTS:
        return Instance(name, args)
    raise RefusedError(f"an object {name} is made in a way that no model file needs")
