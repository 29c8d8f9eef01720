"""Colour spaces, and the order in which Krita keeps the channels of a pixel."""

from dataclasses import dataclass
from typing import Any, Literal

Depth = Literal["u8", "u16", "f32"]

_SRGB_PROFILE = "sRGB-elle-V2-srgbtrc.icc"
"""Comes with every Krita; what it takes a picture without a profile for."""
_SRGB_ALIKE = (_SRGB_PROFILE, "sRGB-elle-V4-srgbtrc.icc", "sRGB built-in")
_DEPTHS: dict[str, Depth] = {"U8": "u8", "U16": "u16", "F16": "f32", "F32": "f32"}
_DEPTH_BYTES = {"U8": 1, "U16": 2, "F16": 2, "F32": 4}
_BYTES = {"u8": 1, "u16": 2, "f32": 4}


@dataclass(frozen=True)
class Space:
    """A colour model, a depth and a profile, by Krita's names: "RGBA", "U16", "sRGB-elle-V2-g10.icc"."""

    model: str
    depth: str
    profile: str

    @staticmethod
    def of(thing: Any) -> "Space":
        """Of a node or a document. A group's is that of its projection."""
        return Space(thing.colorModel(), thing.colorDepth(), thing.colorProfile())

    @staticmethod
    def srgb(depth: Depth) -> "Space":
        """What travels to the server and back."""
        return Space("RGBA", {"u8": "U8", "u16": "U16", "f32": "F32"}[depth], _SRGB_PROFILE)

    @property
    def wire_depth(self) -> Depth:
        """The depth in which nothing of this one is lost on the way to the server."""
        return _DEPTHS.get(self.depth, "f32")

    def is_as_good_as(self, other: "Space") -> bool:
        """Whether the bytes of a pixel mean the same in both."""
        alike = self.model == "RGBA" and self.profile in _SRGB_ALIKE and other.profile in _SRGB_ALIKE
        return self == other or (alike and (self.model, self.depth) == (other.model, other.depth))

    def alpha_of(self, pixel: bytes) -> bytes:
        """The bytes of a pixel's alpha: the last channel in every colour model of Krita's."""
        return pixel[-_DEPTH_BYTES.get(self.depth, 4) :]

    def __str__(self) -> str:
        return f"{self.model}/{self.depth}/{self.profile}"


def pixel_bytes(depth: Depth) -> int:
    """Of an RGBA pixel."""
    return 4 * _BYTES[depth]


def to_rgba(pixels: bytes | bytearray, depth: Depth) -> bytes:
    """Krita's RGBA bytes (of a whole-number depth: blue, green, red, alpha) as red, green, blue, alpha; and back."""
    if depth == "f32":
        return bytes(pixels)
    size, item = pixel_bytes(depth), _BYTES[depth]
    swapped = bytearray(pixels)
    for byte in range(item):
        swapped[byte::size] = pixels[2 * item + byte :: size]
        swapped[2 * item + byte :: size] = pixels[byte::size]
    return bytes(swapped)


def is_opaque(rgba: bytes, depth: Depth) -> bool:
    """Whether no pixel lets anything through."""
    size = pixel_bytes(depth)
    count = len(rgba) // size
    if count == 0:
        return True
    if depth == "f32":  # 1.0 is 00 00 80 3f, and whatever begins so is not less
        return rgba[size - 1 :: size].count(0x3F) == count and min(rgba[size - 2 :: size]) >= 0x80
    return all(rgba[size - 1 - byte :: size].count(0xFF) == count for byte in range(_BYTES[depth]))


def is_clear(rgba: bytes, depth: Depth) -> bool:
    """Whether nothing at all is seen: no pixel has any alpha."""
    size = pixel_bytes(depth)
    alpha = size - size // 4
    return all(not any(rgba[byte::size]) for byte in range(alpha, size))
