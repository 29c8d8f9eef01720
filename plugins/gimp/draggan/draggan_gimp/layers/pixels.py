"""Pixels through GEGL's buffers: always sRGB-encoded RGBA outside, whatever precision and profile the image has."""

from collections.abc import Iterator
from dataclasses import dataclass

from gi.repository import Gegl, Gimp

from draggan_client.arrays import DType
from draggan_client.rect import Rect

from ..slices import Work

SLICE_BYTES = 1 << 20
"""Read or written at a time: some 2 ms of a slow computer."""


@dataclass(frozen=True)
class PixelKind:
    """How pixels travel: the name that GEGL knows the format by, and the bytes of a pixel of four channels."""

    depth: DType
    gegl: str
    gegl_grey: str
    channel_bytes: int

    @property
    def pixel_bytes(self) -> int:
        return 4 * self.channel_bytes


U8 = PixelKind("u8", "R'G'B'A u8", "Y u8", 1)
U16 = PixelKind("u16", "R'G'B'A u16", "Y u16", 2)
F32 = PixelKind("f32", "R'G'B'A float", "Y float", 4)

_NARROW = (Gimp.Precision.U8_NON_LINEAR, Gimp.Precision.U8_PERCEPTUAL)
_MIDDLE = (
    Gimp.Precision.U8_LINEAR,  # its 256 steps do not fit into 256 sRGB-encoded ones
    Gimp.Precision.U16_NON_LINEAR,
    Gimp.Precision.U16_PERCEPTUAL,
    Gimp.Precision.U16_LINEAR,
)
_BYTE_SELECTION = (*_NARROW, Gimp.Precision.U8_LINEAR)


def gegl_rectangle(rect: Rect) -> Gegl.Rectangle:
    """The same for GEGL."""
    return Gegl.Rectangle.new(rect.left, rect.top, rect.width, rect.height)


def strips_of(rect: Rect, pixel_bytes: int) -> Iterator[Rect]:
    """Cut into strips of whole rows, each of about SLICE_BYTES."""
    return rect.strips(SLICE_BYTES // pixel_bytes)


def kind_of(image: Gimp.Image) -> PixelKind:
    """How an image's pixels travel without losing anything that it can hold."""
    precision = image.get_precision()
    if precision in _NARROW:
        return U8
    return U16 if precision in _MIDDLE else F32


def kind_of_selection(image: Gimp.Image) -> PixelKind:
    """How its selection travels: a mask is linear, and of the image's own depth."""
    precision = image.get_precision()
    if precision in _BYTE_SELECTION:
        return U8
    return U16 if precision in _MIDDLE else F32


def read(buffer: Gegl.Buffer, rect: Rect, gegl_format: str | None, pixel_bytes: int) -> Work[list[bytes]]:
    """The pixels of `rect` (of the buffer) in strips, to be joined. Format None: the buffer's own. 0 beside it."""
    strips = []
    for strip in strips_of(rect, pixel_bytes):
        strips.append(buffer.get(gegl_rectangle(strip), 1.0, gegl_format, Gegl.AbyssPolicy.NONE))
        yield (strip.bottom - rect.top) / rect.height
    return strips


def write(buffer: Gegl.Buffer, rect: Rect, kind: PixelKind, data: bytes) -> Work[None]:
    """Put RGBA pixels into `rect` of the buffer."""
    pixels, row_bytes = memoryview(data), rect.width * kind.pixel_bytes
    for strip in strips_of(rect, kind.pixel_bytes):
        part = pixels[(strip.top - rect.top) * row_bytes : (strip.bottom - rect.top) * row_bytes]
        buffer.set(gegl_rectangle(strip), kind.gegl, part.tobytes())
        buffer.flush()  # all at once at the end would take long
        yield (strip.bottom - rect.top) / rect.height


def not_opaque(pixels: bytes, kind: PixelKind) -> bytes:
    """For each RGBA pixel: 0 where it is opaque, else 255.

    Scaling and merging leave deep pixels a hair from opaque, which nobody sees: from 0.999 on they count.
    """
    alpha = 3 * kind.channel_bytes

    def where(byte: int, table: bytes) -> int:
        return int.from_bytes(pixels[alpha + byte :: kind.pixel_bytes].translate(table), "little")

    if kind is U8:
        opaque = where(0, _FULL)
    elif kind is U16:
        opaque = where(1, _FULL) & where(0, _ALMOST)
    else:  # 0.999 is 3F 7F BE 77, the most significant byte last; 1.0 is 3F 80 00 00
        opaque = where(3, _ONE) & (where(2, _UPPER) | where(2, _BELOW_ONE) & where(1, _ALMOST))
    count = len(pixels) // kind.pixel_bytes
    return (opaque ^ ((1 << 8 * count) - 1)).to_bytes(count, "little")


def _table(first: int, last: int) -> bytes:
    """For `bytes.translate`: 255 for these values, 0 for all others."""
    return bytes(255 if first <= value <= last else 0 for value in range(256))


_FULL, _ALMOST = _table(255, 255), _table(0xBE, 255)
_ONE, _UPPER, _BELOW_ONE = _table(0x3F, 0x3F), _table(0x80, 0xFF), _table(0x7F, 0x7F)
