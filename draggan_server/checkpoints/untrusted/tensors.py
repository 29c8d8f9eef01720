"""Tensors that still lie in the file: what they claim is checked against the bytes that are there."""

from __future__ import annotations

import torch
from torch import Tensor

from .source import Blob, RefusedError

_MOST_DIMENSIONS = 8
_MOST_NUMBERS = 1 << 40
"""What an empty tensor would have, were it not for the index that is never reached."""

ITEM_TYPES: dict[str, torch.dtype] = {
    "torch.FloatStorage": torch.float32,
    "torch.HalfStorage": torch.float16,
    "torch.BFloat16Storage": torch.bfloat16,
    "torch.DoubleStorage": torch.float64,
    "torch.LongStorage": torch.int64,
    "torch.IntStorage": torch.int32,
    "torch.ShortStorage": torch.int16,
    "torch.CharStorage": torch.int8,
    "torch.ByteStorage": torch.uint8,
    "torch.BoolStorage": torch.bool,
}
"""By the names of torch's storages."""
NUMPY_TYPES: dict[str, torch.dtype] = {
    "f2": torch.float16,
    "f4": torch.float32,
    "f8": torch.float64,
    "i1": torch.int8,
    "i2": torch.int16,
    "i4": torch.int32,
    "i8": torch.int64,
    "u1": torch.uint8,
    "u2": torch.uint16,
    "u4": torch.uint32,
    "u8": torch.uint64,
    "b1": torch.bool,
}
"""By numpy's codes."""


class Storage:
    """A row of numbers of one type. Where it lies may become known after what lies in it."""

    def __init__(self, item_type: torch.dtype, count: int, blob: Blob | None = None) -> None:
        if type(count) is not int or count < 0:
            raise RefusedError("a storage has no sensible length")
        self.item_type = item_type
        self.count = count
        self._blob: Blob | None = None
        self._is_checked = False
        if blob is not None:
            self.put(blob)

    @property
    def is_placed(self) -> bool:
        return self._blob is not None

    def put(self, blob: Blob) -> None:
        """Where it lies. Raises RefusedError for another length than announced."""
        if blob.length != self.count * self.item_type.itemsize:
            raise RefusedError(
                f"a storage of {self.count} numbers of {self.item_type.itemsize} bytes has {blob.length} bytes"
            )
        self._blob = blob

    def read(self, start: int, count: int) -> Tensor:
        """So many numbers from `start` on, newly read. Raises RefusedError where the bytes are missing, or damaged."""
        if self._blob is None:
            raise RefusedError("a tensor's numbers are not in the file")
        if not count:
            return torch.empty(0, dtype=self.item_type)
        if count != self.count and not self._is_checked:
            self._blob.check()
            self._is_checked = True
        width = self.item_type.itemsize
        blob = self._blob if count == self.count else self._blob.part(start * width, count * width)
        if self.item_type is torch.bool:  # a byte that is neither 0 nor 1 is no boolean to torch
            return torch.frombuffer(blob.read(), dtype=torch.uint8) != 0
        return torch.frombuffer(blob.read(), dtype=self.item_type)


class StoredTensor:
    """A tensor in a file: its shape is known, its numbers are not read yet."""

    def __init__(self, storage: Storage, offset: object, shape: object, stride: object) -> None:
        """Raises RefusedError for one that does not fit its storage, or shows a number in two places."""
        self.storage = storage
        self.shape = _whole_numbers(shape, "shape")
        self._stride = _whole_numbers(stride, "stride")
        (self._offset,) = _whole_numbers((offset,), "offset")
        if len(self.shape) != len(self._stride):
            raise RefusedError(f"a tensor of shape {self.shape} has strides {self._stride}")
        count, reach = 1, 0
        for step, size in sorted(zip(self._stride, self.shape, strict=True)):
            count *= max(size, 1)
            if size > 1 and step <= reach:
                raise RefusedError(
                    f"a tensor of shape {self.shape} and strides {self._stride} shows a number in two places"
                )
            reach += max(size - 1, 0) * step
        self._span = reach + 1
        """From the first of its numbers to the last."""
        fits = count <= _MOST_NUMBERS if 0 in self.shape else self._offset + self._span <= storage.count
        if not fits:
            raise RefusedError(
                f"a tensor of shape {self.shape} and strides {self._stride} from number {self._offset} on "
                f"does not fit into its {storage.count} numbers"
            )

    @classmethod
    def in_rows(cls, storage: Storage, shape: object, *, fortran: bool = False) -> StoredTensor:
        """One that fills its storage from end to end, the last index running fastest; with `fortran` the first."""
        sizes = _whole_numbers(shape, "shape")
        strides, step = [], 1
        for size in sizes if fortran else reversed(sizes):
            strides.append(step)
            step *= max(size, 1)
        return cls(storage, 0, sizes, tuple(strides if fortran else reversed(strides)))

    def read(self) -> Tensor:
        """The numbers in float32, in memory of their own. Raises RefusedError for whole numbers, which none needs."""
        if not self.storage.item_type.is_floating_point:
            raise RefusedError("a parameter holds whole numbers")
        if 0 in self.shape:
            return torch.empty(self.shape)
        row = self.storage.read(self._offset, self._span)
        return row.as_strided(self.shape, self._stride).to(torch.float32).contiguous()


def _whole_numbers(values: object, what: str) -> tuple[int, ...]:
    if not isinstance(values, tuple) or len(values) > _MOST_DIMENSIONS:
        raise RefusedError(f"a tensor's {what} is no list of at most {_MOST_DIMENSIONS} numbers")
    for value in values:
        if type(value) is not int or not 0 <= value < 1 << 48:
            raise RefusedError(f"a tensor's {what} holds something else than a small whole number")
    return values
