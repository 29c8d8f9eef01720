"""What can be edited, and how a result must be laid over it."""

from typing import Any

from ..draggan_client.layer_rules import LayerLook
from ..draggan_client.views import Problem
from . import nodes
from .bounds import bounds_of

_CHOOSE = "Choose a layer with a picture in the Layers docker."
_REFUSED = {
    "filterlayer": "a filter layer, which has no picture of its own",
    "referenceimageslayer": "the reference images, which are no part of the picture",
}


def why_not(document: Any, node: Any) -> Problem | None:
    """Why this layer cannot be edited, in an artist's words; None: it can.

    A locked layer can: it is never written to.
    """
    if document is None:
        return Problem("No picture is open.", "Open one, or make a new one.")
    if node is None:
        return Problem("No layer is active.", _CHOOSE)
    kind, name = node.type(), node.name()
    if kind.endswith("mask"):
        return Problem(f"“{name}” is a mask.", "Choose the layer that it belongs to.")
    if kind in _REFUSED:
        return Problem(f"“{name}” is {_REFUSED[kind]}.", _CHOOSE)
    if not node.visible():
        return Problem(f"The layer “{name}” is hidden.", "Make it visible, or choose another layer.")
    for group in nodes.ancestors(node):
        if not group.visible():
            return Problem(f"The group “{group.name()}”, which the layer is in, is hidden.", "Make it visible.")
        if group.locked():
            return Problem(
                f"The group “{group.name()}”, which the layer is in, is locked.",
                "Unlock it: the result is put into it as a new layer.",
            )
    if kind == "grouplayer" and node.passThroughMode():
        return Problem(
            f"The group “{name}” is set to pass through, and so has no picture of its own.",
            "Turn Pass Through off in the Layers docker, or choose one of its layers.",
        )
    if bounds_of(node).is_empty:
        return Problem(f"The layer “{name}” is empty.", "Paint or paste something on it, or choose another layer.")
    return None


def look(node: Any, is_opaque: bool) -> LayerLook:
    """What decides how a result can be laid over the layer. `is_opaque`: see `Reading.is_opaque`."""
    return LayerLook(
        mode_is_normal=node.blendingMode() == "normal",
        opacity=node.opacity() / 255,
        inherits_alpha=node.inheritAlpha(),
        has_mask=any(mask.type() != "selectionmask" for mask in nodes.masks(node)) or bool(node.layerStyleToAsl()),
        transparent_inside=not is_opaque,
    )
