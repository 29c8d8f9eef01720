"""A result becomes a layer: one step of the undo history, directly above its source, which is never written to.

Krita's function for adding a layer waits until the whole picture has been drawn anew: 0.1 s for a large picture, and
more than a second where it has 16 bits. Its menu's "Duplicate Layer" does not wait, and undoing it draws all that the
layer covers. So in a large document that is in front of the artist, the new layer begins as a duplicate, hidden at
once and shown again with the result in it. Undo takes a layer away as a whole, and redo brings it back with all its
pixels, whenever they came. ("Add Paint Layer" would not do: its undo draws nothing, as the layer was empty then.)
"""

import re
import time
from dataclasses import dataclass
from typing import Any

from krita import Krita

from ..draggan_client.layer_rules import splice
from ..draggan_client.messages import Pixels
from ..draggan_client.rect import Rect
from ..draggan_client.views import Problem
from ..qt import own
from . import nodes
from .bounds import bounds_of
from .converter import Converter
from .converter import converter as the_converter
from .reading import STRIP_BYTES, LayerError, native, settled
from .slices import PAUSE, Job, until
from .spaces import Space, to_rgba

SUFFIX = " – dragged"
_FAR_OUT = (-(1 << 20), -(1 << 20))
_COMES_WITHIN_S = 10.0
_ACTIVE_WITHIN_S = 0.1
_DRAWN_WITHIN_S = 5.0
_CALM_TURN_S = 0.02
_CALM_TURNS = 5
_CALM_SHARE = 0.2
"""Of one processor core."""


@dataclass(frozen=True)
class Inserted:
    """A result's layer, and the source that is hidden as long as that layer is there."""

    node: Any
    layer_id: str
    hidden_id: str | None = None


@dataclass(frozen=True)
class _Part:
    """Pixels to be written, in the colour space of the layer that takes them."""

    region: Rect
    data: bytes | bytearray


def insert_edit(
    document: Any, source: Any | None, pixels: Pixels, name: str | None = None, converter: Converter = the_converter
) -> Job[Inserted]:
    """Lay pixels over a layer. Without a source (a picture from a seed): above the active layer, or on top.

    For `Slices`. Raises LayerError where the document or the source are gone, nothing is in the document then.
    """
    _check(document, source)
    parts = yield from _converted(document, pixels, Space.of(document), converter)
    name = name or result_name(document, source)
    above = source if source is not None else _place_for_a_new_one(document)
    return (yield from _inserted(document, _Plan(above, name, parts)))


def insert_copy(
    document: Any, source: Any, pixels: Pixels, name: str | None = None, converter: Converter = the_converter
) -> Job[Inserted]:
    """Put a copy of the source with the pixels in it above it, and hide the source.

    Only where `pixels.changed` says so are they taken; all others keep their very bytes. The copy of a paint layer has
    all that the source has: masks, blend mode, opacity, layer style. That of a group, or of another kind of layer, is a
    paint layer that looks the same, with its layer style. For `Slices`; raises as `insert_edit` does.
    """
    _check(document, source)
    space = Space.of(source)
    is_duplicate = nodes.has_own_pixels(source)
    target = space if is_duplicate else Space.of(document)
    parts = []
    if not is_duplicate:
        for strip in _strips(bounds_of(source), 16):
            own = native(source, strip)
            yield
            parts.append(_Part(strip, (yield from converter.convert(own, space, target))))
    changed = pixels.changed.data if pixels.changed is not None else b"\xff" * pixels.picture.item_count
    width = pixels.picture.shape[1]
    for part in (yield from _converted(document, pixels, target, converter)):
        row = part.region.top - pixels.offset_y
        flags = changed[row * width : (row + part.region.height) * width]
        if not any(flags):
            continue
        own = native(source, part.region)
        yield
        spliced = bytearray((yield from converter.convert(own, space, target)))
        splice(spliced, part.data, flags, len(spliced) // len(flags))
        parts.append(_Part(part.region, spliced))
        yield
    name = name or result_name(document, source)
    return (yield from _inserted(document, _Plan(source, name, tuple(parts), source, is_duplicate, converter)))


def result_name(document: Any, source: Any | None) -> str:
    """ "Face" becomes "Face – dragged", then "Face – dragged 2"."""
    base = re.sub(rf"{SUFFIX}( \d+)?$", "", source.name()) if source is not None else "Picture"
    taken = {node.name() for node in nodes.tree(document)}
    first = f"{base}{SUFFIX}" if source is not None else base
    number = 2
    name = first
    while name in taken:
        name = f"{first} {number}"
        number += 1
    return name


@dataclass(frozen=True)
class _Plan:
    """A layer to be added. `copied`: the source whose place it takes, `duplicate`: with everything it has."""

    above: Any | None
    name: str
    parts: tuple[_Part, ...]
    copied: Any | None = None
    duplicate: bool = False
    converter: Converter = the_converter


def _place_for_a_new_one(document: Any) -> Any | None:
    """What a layer of its own is put above: where Krita's own new layers would come."""
    active = document.activeNode()
    if active is None:
        return None
    locked = [group for group in nodes.ancestors(active) if group.locked()]
    if locked:
        return locked[-1]
    return active.parentNode() if active.type().endswith("mask") else active


def _converted(document: Any, pixels: Pixels, target: Space, converter: Converter) -> Job[tuple[_Part, ...]]:
    """Pixels from the server in a colour space of Krita's, in strips of whole rows."""
    height, width = pixels.picture.shape[:2]
    depth = pixels.picture.dtype
    assert depth != "f16"
    size = len(pixels.picture.data) // (width * height)
    source = Space.srgb(depth)
    if not source.is_as_good_as(target):
        converter.learn(document)
        yield
    parts = []
    for strip in _strips(Rect(pixels.offset_x, pixels.offset_y, width, height), 16):
        start = (strip.top - pixels.offset_y) * width * size
        rgba = pixels.picture.data[start : start + strip.width * strip.height * size]
        in_order = to_rgba(rgba, depth)
        yield
        parts.append(_Part(strip, (yield from converter.convert(in_order, source, target))))
    return tuple(parts)


def _strips(region: Rect, pixel_size: int) -> list[Rect]:
    return list(region.strips(STRIP_BYTES // pixel_size))


def _inserted(document: Any, plan: _Plan) -> Job[Inserted]:
    """Add the layer; nothing before this has changed the document."""
    yield from settled(document)
    _check(document, plan.above)
    by_hand = plan.duplicate or _can_begin_with(plan.above, Space.of(document))
    if by_hand and not nodes.is_small(document) and _selected_alone(document, plan.above):
        node = yield from _added_by_hand(document, plan)
    else:
        node = yield from _added_by_function(document, plan)
        yield PAUSE
        document.setActiveNode(node)
    hidden = nodes.id_of(plan.copied) if plan.copied is not None else None
    return Inserted(node, nodes.id_of(node), hidden)


def _selected_alone(document: Any, layer: Any) -> bool:
    """Make a layer of the document in front the active one, and no other selected; whether that came about."""
    if not _is_in_front(document):
        return False
    if len(_selected()) > 1:  # making the active layer active would leave the others selected
        other = next((node for node in nodes.tree(document) if not nodes.same(node, layer)), layer)
        document.setActiveNode(other)
    document.setActiveNode(layer)
    selected = _selected()
    return len(selected) == 1 and nodes.same(selected[0], layer)


def _selected() -> list[Any]:
    return own(Krita.instance().activeWindow().activeView().selectedNodes())


def _can_begin_with(layer: Any | None, space: Space) -> bool:
    """Whether an empty layer can be made of its duplicate, by what makes no step of the undo history."""
    return (
        layer is not None
        and layer.type() == "paintlayer"
        and layer.blendingMode() == "normal"
        and not layer.animated()
        and not layer.layerStyleToAsl()
        and not nodes.children(layer)
        and Space.of(layer) == space
        and not any(space.alpha_of(bytes(layer.pixelData(*_FAR_OUT, 1, 1))))  # what goes on for ever cannot be emptied
    )


def _added_by_hand(document: Any, plan: _Plan) -> Job[Any]:
    node = yield from _duplicate_above(document, plan.above)
    try:
        node.setVisible(False)
        node.setName(plan.name)
        node.setLocked(False)
        if not plan.duplicate:
            yield from _emptied(node)
        yield from _written(node, plan.parts)
        yield from _activated(document, node)
        yield from _shown(document, node, plan.copied)
    except BaseException:  # GeneratorExit, too: half a result is none
        if document.width() > 0:
            node.remove()
            if plan.copied is not None:
                plan.copied.setVisible(True)
        raise
    return node


def _emptied(node: Any) -> Job[None]:
    """Make an ordinary, empty layer of a duplicate."""
    node.setOpacity(255)
    node.setInheritAlpha(False)
    node.setAlphaLocked(False)
    node.setColorLabel(0)
    size = len(node.pixelData(0, 0, 1, 1))
    for strip in bounds_of(node).strips(STRIP_BYTES // size):
        node.setPixelData(bytes(strip.width * strip.height * size), strip.left, strip.top, strip.width, strip.height)
        yield


def _activated(document: Any, node: Any) -> Job[None]:
    """Krita makes a new layer the active one itself, some turns later; before, it does not take it well from us."""

    def is_active() -> bool:
        active = document.activeNode()
        return active is not None and nodes.same(active, node)

    if not (yield from until(is_active, _ACTIVE_WITHIN_S)):
        _check(document, node)
        document.setActiveNode(node)


def _shown(document: Any, node: Any, instead_of: Any | None) -> Job[None]:
    """Have the active layer drawn into the picture, and another no longer.

    What scripts change of a layer is not drawn by itself, and `refreshProjection` stops Krita until all of the picture
    is. Hidden and shown by Krita's own action, the layer is drawn on other threads, and the two steps of the undo
    history cancel out. That action, too, stops Krita where it is still drawing, and so is used when it is not.
    """
    node.setVisible(True)  # nobody sees that yet
    yield from _calm()
    for step in ("hide", "show"):
        _check(document, node)  # undone meanwhile?
        if not _selected_alone(document, node):
            raise LayerError(Problem("Another document was opened meanwhile.", "Apply again."))
        yield
        if step == "show" and instead_of is not None:
            instead_of.setVisible(False)
        Krita.instance().action("toggle_layer_visibility").trigger()
        yield from _calm()
        yield from settled(document)  # before, Krita takes no undo, and whoever shows a preview keeps it


def _calm() -> Job[None]:
    """Waits until Krita's threads have nothing to draw.

    To ask Krita itself is to wait for what it is drawing just now, and for some seconds after a layer was duplicated it
    counts as busy anyway, in case more of the kind follows. But drawing takes all the processor time that there is.
    """
    latest = time.monotonic() + _DRAWN_WITHIN_S
    calm = 0
    while calm < _CALM_TURNS and time.monotonic() < latest:
        begun, spent = time.perf_counter(), time.process_time()
        while time.perf_counter() - begun < _CALM_TURN_S:
            yield PAUSE
        share = (time.process_time() - spent) / (time.perf_counter() - begun)
        calm = calm + 1 if share < _CALM_SHARE else 0


def _added_by_function(document: Any, plan: _Plan) -> Job[Any]:
    copied = plan.copied
    if copied is None:
        node = document.createNode(plan.name, "paintlayer")
    elif plan.duplicate:
        node = copied.duplicate()
    else:
        node = plan.converter.loose_layer(Space.of(document))
        node.setBlendingMode(copied.blendingMode())
        _dress(node, copied)
        yield
    node.setName(plan.name)
    node.setLocked(False)
    yield from _written(node, plan.parts)
    if copied is not None and not plan.duplicate:
        node = node.clone()
    parent = plan.above.parentNode() if plan.above is not None else document.rootNode()
    if copied is not None:
        copied.setVisible(False)
    if not parent.addChildNode(node, plan.above):
        if copied is not None:
            copied.setVisible(True)
        raise LayerError(Problem("Krita would not add the layer.", "Try again."))
    return document.nodeByUniqueID(node.uniqueId())  # a layer from elsewhere does not know its new document


def _dress(node: Any, source: Any) -> None:
    """What of a layer can be set without a step of the undo history."""
    node.setOpacity(source.opacity())
    node.setInheritAlpha(source.inheritAlpha())
    node.setColorLabel(source.colorLabel())
    style = source.layerStyleToAsl()
    if not style:
        return
    node.setLayerStyleFromAsl(style)  # in a document that nobody sees
    if not node.layerStyleToAsl():
        raise LayerError(
            Problem(
                f"Krita cannot copy the layer style of “{source.name()}”: the result would look different.",
                "Flatten the layer first: Layer, Flatten Layer.",
            )
        )


def _written(node: Any, parts: tuple[_Part, ...]) -> Job[None]:
    for part in parts:
        node.setPixelData(bytes(part.data), part.region.left, part.region.top, part.region.width, part.region.height)
        yield


def _duplicate_above(document: Any, source: Any) -> Job[Any]:
    """What Krita's action puts directly above `source`."""
    parent = source.parentNode()
    known = {nodes.id_of(child) for child in nodes.children(parent)}

    def found() -> Any:
        return next((child for child in nodes.children(parent) if nodes.id_of(child) not in known), None)

    Krita.instance().action("duplicatelayer").trigger()
    # Krita draws on other threads: a duplicate that is found at once has been seen by nobody yet.
    if found() is None:
        yield from until(lambda: found() is not None, _COMES_WITHIN_S)
    node = found()
    if node is None:
        raise LayerError(Problem("Krita did not add the layer.", "Try again."))
    return node


def _is_in_front(document: Any) -> bool:
    """Whether Krita's actions work on this document now."""
    front = Krita.instance().activeDocument()
    return front is not None and front == document and document.activeNode() is not None


def _check(document: Any, node: Any | None) -> None:
    """Raises LayerError unless both are still there."""
    if document.width() <= 0:
        raise LayerError(Problem("The document was closed."))
    if node is not None and document.nodeByUniqueID(node.uniqueId()) is None:
        raise LayerError(Problem("The layer is no longer there.", "Undo until it is back, or choose another layer."))
