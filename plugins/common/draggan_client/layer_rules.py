"""When a result must be a complete copy of the layer, and how such a copy is made of the layer's own bytes."""

from dataclasses import dataclass

Bytes = bytes | bytearray | memoryview

_ALL_OR_NOTHING = bytes([0]) + b"\xff" * 255
_PIXELS_PER_RUN = 24
"""Shorter runs than this, on average, are faster done as one long number."""


@dataclass(frozen=True)
class LayerLook:
    """What of a layer decides how a result can be laid over it."""

    mode_is_normal: bool = True
    opacity: float = 1.0
    """0 to 1."""
    inherits_alpha: bool = False
    """Clipped to what lies below it."""
    has_mask: bool = False
    """A layer mask, or filters of its own, that work on this layer alone."""
    transparent_inside: bool = False
    """Some pixels where the drag changes something are not opaque."""


def needs_copy(look: LayerLook) -> str | None:
    """Why the result must be a copy of the layer with the edit in it; None: a layer above it will do.

    A layer above cannot erase, and with another mode or opacity it would be applied twice.
    """
    if not look.mode_is_normal:
        return "the layer has a blend mode of its own"
    if look.opacity < 1.0:
        return "the layer is not fully opaque"
    if look.inherits_alpha:
        return "the layer is clipped to what lies below it"
    if look.has_mask:
        return "the layer has a mask or filters of its own"
    if look.transparent_inside:
        return "parts of the layer that may change are transparent"
    return None


def splice(
    target: bytearray | memoryview,
    source: Bytes,
    changed: Bytes,
    pixel_bytes: int,
    *,
    width: int | None = None,
    target_width: int | None = None,
    left: int = 0,
    top: int = 0,
) -> None:
    """Copy those pixels of `source` into `target` for which `changed` is not 0; all others keep their very bytes.

    `source` has `pixel_bytes` and `changed` one byte for each pixel, row after row. With `width` (pixels in a row of
    source) and `target_width` (of target) the source lies in the target at (`left`, `top`), and must fit into it;
    without, both are the same size. Raises ValueError where they do not fit. Call it for a few rows at a time
    where a long pause would show.
    """
    count = len(changed)
    if pixel_bytes < 1 or len(source) != count * pixel_bytes:
        raise ValueError(f"{len(source)} bytes are not {count} pixels of {pixel_bytes} bytes")
    flat = memoryview(target)
    if width is None or (width == target_width and left == 0):
        start = top * (width or 0) * pixel_bytes
        if top < 0 or len(flat) < start + len(source) or (width is None and len(flat) != len(source)):
            raise ValueError(f"{count} pixels do not fit into {len(flat)} bytes of {pixel_bytes} each")
        _splice_run(flat[start : start + len(source)], memoryview(source), bytes(changed), pixel_bytes)
        return
    if target_width is None or left < 0 or top < 0 or left + width > target_width or count % width:
        raise ValueError(f"{count} pixels in rows of {width} do not fit into rows of {target_width} at {left}, {top}")
    rows = count // width
    if (top + rows) * target_width * pixel_bytes > len(flat):
        raise ValueError(f"{rows} rows from {top} on do not fit into {len(flat)} bytes")
    pixels, flags = memoryview(source), bytes(changed)
    for row in range(rows):
        begin, at = row * width, ((top + row) * target_width + left) * pixel_bytes
        _splice_run(
            flat[at : at + width * pixel_bytes],
            pixels[begin * pixel_bytes : (begin + width) * pixel_bytes],
            flags[begin : begin + width],
            pixel_bytes,
        )


def _splice_run(target: memoryview, source: memoryview, changed: bytes, pixel_bytes: int) -> None:
    flags = changed.translate(_ALL_OR_NOTHING)
    runs = flags.count(b"\0\xff") + flags.startswith(b"\xff")
    if runs * _PIXELS_PER_RUN <= len(flags):
        start = flags.find(b"\xff")
        while start >= 0:
            end = flags.find(b"\0", start)
            part = slice(start * pixel_bytes, (end if end >= 0 else len(flags)) * pixel_bytes)
            target[part] = source[part]
            start = flags.find(b"\xff", end) if end >= 0 else -1
        return
    # A speckled mask: pick bit by bit, all pixels in one step.
    picked = bytearray(len(flags) * pixel_bytes)
    for byte in range(pixel_bytes):
        picked[byte::pixel_bytes] = flags
    mask = int.from_bytes(picked, "little")
    old = int.from_bytes(target, "little")
    new = old ^ ((old ^ int.from_bytes(source, "little")) & mask)
    target[:] = new.to_bytes(len(target), "little")
