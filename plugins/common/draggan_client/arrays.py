"""Pictures, masks and latents on the wire: a dtype, a shape, and the bytes."""

import math
import struct
import sys
from array import array
from dataclasses import dataclass
from typing import Annotated, Literal

from .errors import MessageError
from .schema import Between, Length, Record

DType = Literal["u8", "u16", "f16", "f32"]
ITEM_SIZE: dict[str, int] = {"u8": 1, "u16": 2, "f16": 2, "f32": 4}
MAX_SIDE = 1 << 20
_CHECKED_AT_ONCE = 1 << 20
"""Bytes."""


@dataclass(frozen=True)
class Array(Record):
    """An n-dimensional array, row-major, little-endian. Nothing but these four dtypes ever travels.

    The byte count is held to the shape, and floats to being finite, when the array is made.
    """

    dtype: DType
    shape: Annotated[tuple[Annotated[int, Between(0, MAX_SIDE)], ...], Length(1, 4)]
    data: bytes

    def check_together(self) -> None:
        due = self.item_count * ITEM_SIZE[self.dtype]
        if len(self.data) != due:
            sides = "x".join(map(str, self.shape))
            raise MessageError("data", f"{len(self.data)} bytes", f"{due} bytes for {sides} of {self.dtype}")
        if self.dtype in ("f16", "f32") and not self._is_finite():
            raise MessageError("data", "a NaN or an infinity", "finite numbers only")

    @property
    def item_count(self) -> int:
        """How many numbers the array holds."""
        return math.prod(self.shape)

    def numbers(self) -> "array[int] | array[float]":
        """The numbers as a flat standard-library array, for those who have no numpy."""
        if self.dtype == "f16":
            return array("f", struct.unpack(f"<{self.item_count}e", self.data))
        flat: array[int] | array[float] = array({"u8": "B", "u16": "H", "f32": "f"}[self.dtype])
        flat.frombytes(self.data)
        if sys.byteorder == "big":
            flat.byteswap()
        return flat

    def _is_finite(self) -> bool:
        if self.dtype == "f16":
            return all(map(math.isfinite, self.numbers()))
        # A part at a time: one step over a large picture would keep the interpreter's lock, and the editor waiting.
        return all(
            _is_finite_f32(self.data[start : start + _CHECKED_AT_ONCE])
            for start in range(0, len(self.data), _CHECKED_AT_ONCE)
        )


def _is_finite_f32(data: bytes) -> bool:
    # NaN and infinity have all bits of the exponent set, seven of them in the last byte. A number that has these, but
    # not the eighth, is larger than any colour: only then is it worth a closer look.
    last = data[3::4]
    if 0x7F not in last and 0xFF not in last:
        return True
    return all(map(math.isfinite, struct.unpack(f"<{len(data) // 4}f", data)))


@dataclass(frozen=True)
class ArrayOf:
    """A rule for annotations: the dtypes allowed, and the shape, where a word stands for any size."""

    dtypes: tuple[str, ...]
    shape: tuple[str | int, ...]

    def check(self, value: Array) -> None:
        fits = len(value.shape) == len(self.shape) and all(
            found > 0 if isinstance(due, str) else found == due
            for found, due in zip(value.shape, self.shape, strict=False)
        )
        if value.dtype not in self.dtypes:
            raise MessageError("dtype", repr(value.dtype), " or ".join(map(repr, self.dtypes)))
        if not fits:
            raise MessageError("shape", str(list(value.shape)), f"[{', '.join(map(str, self.shape))}]")


PIXEL_DTYPES = ("u8", "u16", "f32")
Picture = Annotated[Array, ArrayOf(PIXEL_DTYPES, ("height", "width", 4))]
Mask = Annotated[Array, ArrayOf(PIXEL_DTYPES, ("height", "width"))]
ChangedMask = Annotated[Array, ArrayOf(("u8",), ("height", "width"))]
Latent = Annotated[Array, ArrayOf(("f16", "f32"), ("num_ws", "w_dim"))]
Feature = Annotated[Array, ArrayOf(("f16", "f32"), ("channels",))]
