"""The editable mask: what the model gets of it, and what a session keeps.

Each finished drag has its own, since the result shows what any of them was allowed to change; drags under
the same selection share one. Kept as PNG: raw, a dozen in a large document would outgrow the edit state.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from draggan_client.edit_state import MAX_STATE_BYTES, EditState, KeptMask
from draggan_client.errors import EditStateError
from draggan_client.messages import MaskData
from draggan_server.canvas import Frame, Mask, MaskError, Region, mask_for_model
from draggan_server.canvas.depth import from_unit, to_unit
from draggan_server.server.pixels import to_mask
from draggan_server.server.session import Session, outgrown

_MOST_PIXELS = 1 << 28


def mask_in_frame(mask: MaskData | None, session: Session, frame: Frame) -> Mask | None:
    """The mask cropped to the frame, beyond which it means nothing.

    Raises MaskError when it does not cover the picture there: a mask of another size is a mistake, and what
    it does not cover would silently be held fast.
    """
    if mask is None:
        return None
    values = to_mask(mask.array, mask.offset_x, mask.offset_y)
    needed = Region.shared(frame, session.begun_with)
    if not values.region.contains(needed):
        raise MaskError(
            f"The editable mask is {values.width} x {values.height} px at ({values.x}, {values.y}), but the picture "
            f"inside the frame is {needed.width} x {needed.height} px at ({needed.left}, {needed.top}).",
            "Send one value for each of these pixels.",
        )
    return Mask(needed.of(values.values, values.x, values.y), needed.left, needed.top)


def mask_of_model(mask: Mask | None, frame: Frame, resolution: int, device: torch.device) -> Tensor | None:
    """[R, R] in [0, 1]. Raises MaskError where nothing may change."""
    if mask is None:
        return None
    return torch.from_numpy(mask_for_model(mask, frame, resolution)).to(device)


def kept(mask: Mask | None) -> KeptMask | None:
    """For the edit state: 8 bits deep where it came so, else 16. Raises RefusedError where it is too large."""
    if mask is None:
        return None
    depth = np.dtype(np.uint8 if mask.values.dtype == np.uint8 else np.uint16)
    file = io.BytesIO()
    Image.fromarray(from_unit(to_unit(mask.values), depth)).save(file, "PNG", compress_level=1)
    png = file.getvalue()
    if len(png) > MAX_STATE_BYTES:
        raise outgrown(len(png), len(png))
    return KeptMask(png, mask.x, mask.y)


def editable(state: EditState, since: int = 0) -> Mask | None:
    """What the drags in the picture after position `since` were allowed to change: the largest of their masks at each
    pixel.

    None: everything, since one of them had no mask, or there is none. Raises EditStateError.
    """
    places = {drag.mask for drag in state.drags[since:]}
    if not places or None in places:
        return None
    return _together([_read(mask) for place, mask in enumerate(state.masks) if place in places])


def editable_with(state: EditState, since: int, mask: Mask | None) -> Mask | None:
    """As `editable`, after one more drag with this mask, as `mask_in_frame` gave it."""
    if mask is None or len(state.drags) == since:
        return mask
    before = editable(state, since)
    return None if before is None else _together([before, Mask(to_unit(mask.values), mask.x, mask.y)])


def _together(masks: Sequence[Mask]) -> Mask:
    """The largest value at each pixel; beside its array a mask is 0. After the layer was moved by parts of a pixel, the
    masks from before and after need not lie alike."""
    whole = functools.reduce(Region.union, (mask.region for mask in masks))
    if whole.width * whole.height > _MOST_PIXELS:
        raise EditStateError(
            "This edit state is damaged: its masks lie too far apart.", "Start a new edit on this layer."
        )
    together = np.zeros((whole.height, whole.width), np.float32)
    for mask in masks:
        there = mask.region.of(together, whole.left, whole.top)
        np.maximum(there, mask.values, out=there)
    return Mask(together, whole.left, whole.top)


def _read(mask: KeptMask) -> Mask:
    try:
        with Image.open(io.BytesIO(mask.png), formats=["PNG"]) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise ValueError(f"a mask of {image.width} x {image.height} px")
            values = np.asarray(image)
        if values.dtype not in (np.uint8, np.uint16):
            raise ValueError(f"a mask of {image.mode} pixels")
        return Mask(to_unit(values), mask.offset_x, mask.offset_y)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise EditStateError(
            f"This edit state is damaged: a mask of it cannot be read ({type(error).__name__}: {error}).",
            "Start a new edit on this layer.",
        ) from None
