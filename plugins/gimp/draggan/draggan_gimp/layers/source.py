"""What the model is shown: the layer's pixels inside the frame."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from gi.repository import Gegl, Gimp

from draggan_client import frames
from draggan_client.arrays import Array
from draggan_client.layer_record import Fingerprint
from draggan_client.messages import Frame
from draggan_client.rect import Rect

from ..slices import Work
from .pixels import PixelKind, gegl_rectangle, read, strips_of
from .subject import RefusedError, Subject


@dataclass(frozen=True)
class SourcePixels:
    """A part of a layer: RGBA strips from the top, and where it lies in the image.

    Nothing is joined here: of a large layer that takes a moment, and belongs to another thread.
    """

    strips: tuple[bytes, ...]
    rect: Rect
    kind: PixelKind
    digest: bytes
    """A hash of these pixels, wherever they lie."""

    @property
    def byte_count(self) -> int:
        return self.rect.width * self.rect.height * self.kind.pixel_bytes

    @property
    def is_empty(self) -> bool:
        """Whether all of it is fully transparent. For any thread."""
        first = 3 * self.kind.channel_bytes
        planes = range(first, self.kind.pixel_bytes)
        return not any(strip[plane :: self.kind.pixel_bytes].strip(b"\0") for strip in self.strips for plane in planes)

    def array(self) -> Array:
        """The pixels as they travel. Takes a while for a large part: not for the main thread."""
        shape = (self.rect.height, self.rect.width, 4)
        return Array(self.kind.depth, shape, b"".join(self.strips))


def part_in(subject: Subject, frame: Frame) -> Rect:
    """The part of the layer that the frame touches, with one pixel more on each side where there is more.

    From the border the server sees whether the picture goes on beyond the frame. Raises RefusedError where the frame
    lies beside the layer.
    """
    part = subject.rect.cut(Rect.around(*frames.bounds(frame), border=1))
    if part.is_empty:
        raise RefusedError(
            f"The frame lies beside the layer “{subject.name}”, which was perhaps moved or cut since.",
            "Choose a frame that lies on the layer.",
        )
    return part


def read_source(subject: Subject, part: Rect) -> Work[SourcePixels]:
    """The layer's pixels in `part` (of the image), sRGB-encoded with straight alpha."""
    kind = subject.kind
    hashed = Fingerprint(part.width, part.height, kind.gegl)
    strips = []
    with shown_layer(subject) as layer:
        yield 0.0
        buffer, inside = layer.get_buffer(), in_layer(subject, part)
        for strip in strips_of(inside, kind.pixel_bytes):
            strips += yield from read(buffer, strip, kind.gegl, kind.pixel_bytes)
            hashed.update(strips[-1])
            yield (strip.bottom - inside.top) / part.height
    return SourcePixels(tuple(strips), part, kind, hashed.digest())


def in_layer(subject: Subject, rect: Rect) -> Rect:
    """A rectangle of the image as the layer's buffer knows it."""
    return rect.moved(-subject.rect.left, -subject.rect.top)


@contextlib.contextmanager
def shown_layer(subject: Subject) -> Iterator[Gimp.Layer]:
    """The layer whose own pixels are what the subject shows: itself, or a copy with its filters worked in."""
    if not subject.as_visible:
        yield subject.layer
        return
    scratch = _scratch_image(subject)
    try:
        yield _with_filters_worked_in(subject, scratch)
    finally:
        scratch.delete()


def raster_copy(subject: Subject) -> Work[Gimp.Layer]:
    """A new layer of pixels with those that the subject shows and all its properties; not in the image yet."""
    image, layer = subject.image, subject.layer
    kind = layer.type_with_alpha() if subject.layer.has_alpha() else layer.type()
    width, height = subject.rect.width, subject.rect.height
    copy = Gimp.Layer.new(image, subject.name, width, height, kind, layer.get_opacity(), layer.get_mode())
    try:
        with shown_layer(subject) as shown:
            yield from copy_buffer(shown.get_buffer(), copy.get_buffer(), Rect(0, 0, width, height))
        yield from _copy_properties(layer, copy, Rect(0, 0, width, height))
    except BaseException:
        copy.delete()
        raise
    return copy


def copy_buffer(source: Gegl.Buffer, target: Gegl.Buffer, rect: Rect) -> Work[None]:
    """Copy a part of a buffer to the same place of another, exactly where both have the same format."""
    for strip in strips_of(rect, 16):
        source.copy(gegl_rectangle(strip), Gegl.AbyssPolicy.NONE, target, gegl_rectangle(strip))
        target.flush()  # all at once at the end would take long
        yield (strip.bottom - rect.top) / rect.height


def _copy_properties(layer: Gimp.Layer, copy: Gimp.Layer, rect: Rect) -> Work[None]:
    copy.set_blend_space(layer.get_blend_space())
    copy.set_composite_space(layer.get_composite_space())
    copy.set_composite_mode(layer.get_composite_mode())
    copy.set_color_tag(layer.get_color_tag())
    copy.set_lock_alpha(layer.get_lock_alpha())
    offsets = layer.get_offsets()
    copy.set_offsets(offsets.offset_x, offsets.offset_y)
    mask = layer.get_mask()
    if mask is not None:
        twin = copy.create_mask(Gimp.AddMaskType.WHITE)
        copy.add_mask(twin)
        yield from copy_buffer(mask.get_buffer(), twin.get_buffer(), rect)
        copy.set_apply_mask(layer.get_apply_mask())


def _scratch_image(subject: Subject) -> Gimp.Image:
    """An image of the same kind that nobody sees. Merging filters on a copy in the artist's own would dirty it."""
    image = subject.image
    scratch = Gimp.Image.new_with_precision(
        subject.rect.width, subject.rect.height, image.get_base_type(), image.get_precision()
    )
    scratch.undo_disable()
    profile = image.get_color_profile()
    if profile is not None:
        scratch.set_color_profile(profile)
    return scratch


def _with_filters_worked_in(subject: Subject, scratch: Gimp.Image) -> Gimp.Layer:
    copy = Gimp.Layer.new_from_drawable(subject.layer, scratch)
    scratch.insert_layer(copy, None, 0)
    if subject.is_plain:
        copy.merge_filters()
        return copy
    # A group's or a text's own filters cannot be worked into it; what the image shows of it alone has them.
    if copy.get_mask() is not None:
        copy.remove_mask(Gimp.MaskApplyMode.DISCARD)
    copy.set_mode(Gimp.LayerMode.NORMAL)
    copy.set_opacity(100.0)
    copy.set_offsets(0, 0)
    shown = Gimp.Layer.new_from_visible(scratch, scratch, subject.name)
    scratch.insert_layer(shown, None, 0)
    return shown
