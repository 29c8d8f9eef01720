"""Which layer is edited, and what of it counts for the result."""

from dataclasses import dataclass

from gi.repository import Gimp

from draggan_client.errors import DragganError
from draggan_client.layer_rules import LayerLook
from draggan_client.rect import Rect

from .pixels import PixelKind, kind_of

MIN_SIDE = 8
"""A smaller picture shows the model nothing."""

_NORMAL = (Gimp.LayerMode.NORMAL, Gimp.LayerMode.NORMAL_LEGACY)
_UNCLIPPED = (Gimp.LayerCompositeMode.AUTO, Gimp.LayerCompositeMode.UNION)


class RefusedError(DragganError):
    """This layer, or this image, cannot be edited as it is; the text says why and what to do."""


@dataclass(frozen=True, eq=False)
class Subject:
    """The layer that is edited."""

    image: Gimp.Image
    layer: Gimp.Layer
    rect: Rect
    """Where the layer lies in the image."""
    as_visible: bool
    """With its non-destructive filters; else its own pixels, without them."""

    @property
    def kind(self) -> PixelKind:
        """How its pixels travel."""
        return kind_of(self.image)

    @property
    def name(self) -> str:
        return self.layer.get_name()

    @property
    def is_plain(self) -> bool:
        """A layer of pixels: no group, text, or other thing that is drawn anew from something else."""
        return type(self.layer) is Gimp.Layer

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of where it lies in the image."""
        return self.rect.box


def find_subject(image: Gimp.Image, drawables: list[Gimp.Drawable], as_visible: bool) -> Subject:
    """The layer to edit, of those selected. Raises RefusedError.

    Where a layer mask is selected, that is its layer. `as_visible` counts where the layer has filters and can be had
    without them.
    """
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
        raise RefusedError(
            "This image has indexed colours, which leave no room for what the model paints.",
            "Choose Image > Mode > RGB first.",
        )
    if image.get_floating_sel() is not None:
        raise RefusedError("There is a floating selection.", "Anchor it first (Layer > Anchor Layer).")
    if not drawables:
        raise RefusedError("No layer is selected.", "Click the layer to edit in the Layers dialog.")
    if len(drawables) > 1:
        raise RefusedError(f"{len(drawables)} layers are selected.", "Select the one to edit.")
    drawable = drawables[0]
    if drawable.is_layer_mask():
        drawable = Gimp.Layer.from_mask(drawable)
    if drawable is None or not drawable.is_layer():
        raise RefusedError("What is selected is a channel, not a layer.", "Click a layer in the Layers dialog.")
    return _checked(image, drawable, as_visible)


def has_filters(layer: Gimp.Layer) -> bool:
    """Whether non-destructive filters show on it."""
    return any(filter_.get_visible() for filter_ in layer.get_filters())


def can_do_without_filters(layer: Gimp.Layer) -> bool:
    """Whether a copy of the layer can have other pixels under the same filters."""
    return type(layer) is Gimp.Layer


def rect_of(layer: Gimp.Layer) -> Rect:
    """Where a layer lies in its image."""
    offsets = layer.get_offsets()
    return Rect(offsets.offset_x, offsets.offset_y, layer.get_width(), layer.get_height())


def look(subject: Subject, transparent_inside: bool) -> LayerLook:
    """What decides whether the result can be laid over the layer."""
    layer = subject.layer
    return LayerLook(
        mode_is_normal=layer.get_mode() in _NORMAL,
        opacity=layer.get_opacity() / 100.0,
        inherits_alpha=layer.get_composite_mode() not in _UNCLIPPED,
        has_mask=_has_mask(layer) or (has_filters(layer) and not subject.as_visible),
        transparent_inside=transparent_inside,
    )


def _has_mask(layer: Gimp.Layer) -> bool:
    return layer.get_mask() is not None and layer.get_apply_mask()


def _checked(image: Gimp.Image, layer: Gimp.Layer, as_visible: bool) -> Subject:
    name = layer.get_name()
    rect = rect_of(layer)
    if not layer.get_visible():
        raise RefusedError(
            f"The layer “{name}” is hidden, and so would be what becomes of it.",
            "Show it first (the eye in the Layers dialog).",
        )
    if layer.is_group() and layer.get_mode() == Gimp.LayerMode.PASS_THROUGH:
        raise RefusedError(
            f"The group “{name}” is in pass-through mode: its layers mix with what lies below it, so that it has no "
            "picture of its own.",
            "Give the group the mode Normal, or select one of its layers.",
        )
    if layer.is_group() and not layer.get_children():
        raise RefusedError(f"The group “{name}” is empty.", "Select a layer that has something on it.")
    if min(rect.width, rect.height) < MIN_SIDE:
        raise RefusedError(
            f"The layer “{name}” is {rect.width} x {rect.height} px, too small to show the model anything.",
            f"It takes at least {MIN_SIDE} x {MIN_SIDE} px.",
        )
    filtered = has_filters(layer)
    return Subject(image, layer, rect, filtered and (as_visible or not can_do_without_filters(layer)))
