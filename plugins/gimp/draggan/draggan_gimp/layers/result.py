"""The result as a new layer above its source, in one undo step. The source's pixels are never written to.

Everything that takes long is done on a layer that is not in the image yet; putting it in is a matter of milliseconds.
"""

import re
from dataclasses import dataclass

from gi.repository import Gegl, Gimp

from draggan_client.layer_rules import needs_copy
from draggan_client.messages import Pixels
from draggan_client.rect import Rect

from ..slices import Work
from . import records
from .origin import Origin
from .pixels import F32, U8, U16, PixelKind, gegl_rectangle, not_opaque, write
from .records import Form
from .source import SourcePixels, raster_copy
from .subject import Subject, look

_KINDS = {kind.depth: kind for kind in (U8, U16, F32)}
_CHANGED = re.compile(rb"[^\0]+")
_ROWS_AT_ONCE = 64
"""As many as GIMP's tiles have."""


@dataclass(frozen=True)
class Plan:
    """Which form the result has."""

    form: Form
    why: str = ""
    """Why it must be a copy, in plain words."""


def plan_without_pixels(subject: Subject) -> Plan | None:
    """The form, where the layer's properties alone decide it."""
    reason = needs_copy(look(subject, transparent_inside=False))
    return Plan(Form.COPY, reason) if reason else None


def plan_by_transparency(subject: Subject, touched: bool) -> Plan:
    """The form, once it is known whether the drag touches what is transparent."""
    reason = needs_copy(look(subject, transparent_inside=touched))
    return Plan(Form.COPY, reason) if reason else Plan(Form.EDIT)


def has_transparency(source: SourcePixels) -> bool:
    """Whether a pixel is not fully opaque. For any thread."""
    return any(any(not_opaque(strip, source.kind)) for strip in source.strips)


def touches_transparency(source: SourcePixels, copy: Pixels) -> bool:
    """Whether pixels that a copy changes are not fully opaque in its source. For any thread."""
    if copy.changed is None:
        return False
    height, width = copy.changed.shape
    changed, pixels = memoryview(copy.changed.data), memoryview(b"".join(source.strips))
    row_bytes = source.rect.width * source.kind.pixel_bytes
    left = copy.offset_x - source.rect.left
    for row in range(height):
        start = (copy.offset_y - source.rect.top + row) * row_bytes + left * source.kind.pixel_bytes
        part = pixels[start : start + width * source.kind.pixel_bytes].tobytes()
        flags = not_opaque(part, source.kind)
        flagged = int.from_bytes(changed[row * width : (row + 1) * width], "little")
        if int.from_bytes(flags, "little") & flagged:
            return True
    return False


def changes_nothing(pixels: Pixels) -> bool:
    """Whether the drag left everything as it was: there is nothing to apply."""
    if pixels.changed is not None:
        return not any(pixels.changed.data)
    height, width = pixels.picture.shape[:2]
    kind = _KINDS[pixels.picture.dtype]
    alpha = pixels.picture.data[3 * kind.channel_bytes : kind.pixel_bytes]
    return (height, width) == (1, 1) and not any(alpha)


@dataclass(frozen=True)
class Keepsake:
    """What the new layer keeps of the edit, and what it is called."""

    state: bytes
    origin: Origin | None
    name: str


def make_edit(subject: Subject, pixels: Pixels, keepsake: Keepsake) -> Work[Gimp.Layer]:
    """The layer to be laid over the source, with its record."""
    height, width = pixels.picture.shape[:2]
    rect = Rect(pixels.offset_x, pixels.offset_y, width, height)
    return (yield from make_layer(subject.image, pixels, rect, Form.EDIT, keepsake))


def make_layer(image: Gimp.Image, pixels: Pixels, rect: Rect, form: Form, keepsake: Keepsake) -> Work[Gimp.Layer]:
    """A new layer of the image's own kind with these pixels and this record; not in the image yet."""
    is_grey = image.get_base_type() == Gimp.ImageBaseType.GRAY
    kind = Gimp.ImageType.GRAYA_IMAGE if is_grey else Gimp.ImageType.RGBA_IMAGE
    layer = Gimp.Layer.new(image, keepsake.name, rect.width, rect.height, kind, 100.0, Gimp.LayerMode.NORMAL)
    try:
        layer.set_offsets(rect.left, rect.top)
        whole = Rect(0, 0, rect.width, rect.height)
        yield from write(layer.get_buffer(), whole, _KINDS[pixels.picture.dtype], pixels.picture.data)
        yield from records.write(layer, keepsake.state, form, rect, keepsake.origin)
    except BaseException:
        layer.delete()
        raise
    return layer


def make_copy(subject: Subject, pixels: Pixels, keepsake: Keepsake) -> Work[Gimp.Layer]:
    """A copy of the source with its properties and the edit in it, and its record.

    Only pixels that changed are written: all others keep their very values.
    """
    if subject.is_plain and not subject.as_visible:
        copy = subject.layer.copy()
    else:
        copy = yield from raster_copy(subject)
    try:
        copy.set_name(keepsake.name)
        yield from _splice(subject, copy, pixels)
        yield from records.write(copy, keepsake.state, Form.COPY, subject.rect, keepsake.origin)
    except BaseException:
        copy.delete()
        raise
    return copy


def put_in(subject: Subject, layer: Gimp.Layer, hide_source: bool) -> None:
    """Insert the finished layer above its source, as one step for undo."""
    image, source = subject.image, subject.layer
    image.undo_group_start()
    try:
        image.insert_layer(layer, source.get_parent(), image.get_item_position(source))
        if hide_source:
            source.set_visible(False)
    finally:
        image.undo_group_end()
    image.set_selected_layers([layer])
    Gimp.displays_flush()


def _splice(subject: Subject, copy: Gimp.Layer, pixels: Pixels) -> Work[None]:
    """Copy the changed pixels, and no others, into the layer."""
    assert pixels.changed is not None
    height, width = pixels.changed.shape
    kind: PixelKind = _KINDS[pixels.picture.dtype]
    whole = Rect(0, 0, width, height)
    # A layer of the image itself has the copy's very format, so that from it pixels are copied without conversion.
    scratch = Gimp.Layer.new(subject.image, "", width, height, copy.type_with_alpha(), 100.0, Gimp.LayerMode.NORMAL)
    try:
        edited, target = scratch.get_buffer(), copy.get_buffer()
        yield from write(edited, whole, kind, pixels.picture.data)
        dx, dy = pixels.offset_x - subject.rect.left, pixels.offset_y - subject.rect.top
        for top in range(0, height, _ROWS_AT_ONCE):
            rows = pixels.changed.data[top * width : (top + _ROWS_AT_ONCE) * width]
            for run in runs(rows, width):
                part = run.moved(0, top)
                edited.copy(gegl_rectangle(part), Gegl.AbyssPolicy.NONE, target, gegl_rectangle(part.moved(dx, dy)))
                yield part.top / height
            target.flush()  # all at once at the end would take long
            yield top / height
    finally:
        scratch.delete()


def runs(changed: bytes, width: int) -> list[Rect]:
    """The pixels that are not 0, as rectangles; equal runs of rows below each other are one."""
    found: list[Rect] = []
    open_runs: dict[tuple[int, int], int] = {}
    for top in range(len(changed) // width):
        row = changed[top * width : (top + 1) * width]
        now: dict[tuple[int, int], int] = {}
        for match in _CHANGED.finditer(row):
            now[match.span()] = open_runs.pop(match.span(), top)
        found += [Rect(left, since, right - left, top - since) for (left, right), since in open_runs.items()]
        open_runs = now
    height = len(changed) // width
    found += [Rect(left, since, right - left, height - since) for (left, right), since in open_runs.items()]
    return found
