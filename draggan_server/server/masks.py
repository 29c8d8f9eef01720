"""The editable mask: what of it a session keeps, and what the model gets."""

from __future__ import annotations

import torch
from torch import Tensor

from draggan_client.messages import MaskData
from draggan_server.canvas import Frame, MaskError, mask_for_model
from draggan_server.canvas.picture import Region
from draggan_server.server.pixels import to_array, to_mask
from draggan_server.server.session import Session


def kept_mask(mask: MaskData | None, session: Session, frame: Frame) -> MaskData | None:
    """The mask cropped to the frame, beyond which it means nothing.

    Raises MaskError when it does not cover the picture there: a mask of another size is a mistake, and what
    it does not cover would silently be held fast.
    """
    if mask is None:
        return None
    values = to_mask(mask.array, mask.offset_x, mask.offset_y)
    if session.picture is not None:
        needed = Region.shared(frame, session.picture)
        fits = (
            values.x <= needed.left
            and values.y <= needed.top
            and values.x + values.width >= needed.right
            and values.y + values.height >= needed.bottom
        )
    else:
        side = int(frame.size)
        needed = Region(0, 0, side, side)
        fits = (values.x, values.y, values.width, values.height) == (0, 0, side, side)
    if not fits:
        raise MaskError(
            f"The editable mask is {values.width} x {values.height} px at ({values.x}, {values.y}); it must "
            f"be {needed.width} x {needed.height} px at ({needed.left}, {needed.top}): one value for each "
            "pixel of the picture inside the frame."
        )
    part = values.values[
        needed.top - values.y : needed.bottom - values.y, needed.left - values.x : needed.right - values.x
    ]
    return MaskData(to_array(part), needed.left, needed.top)


def model_mask(mask: MaskData | None, frame: Frame, resolution: int, device: torch.device) -> Tensor | None:
    """[R, R] in [0, 1]. Raises MaskError where nothing may change."""
    if mask is None:
        return None
    values = mask_for_model(to_mask(mask.array, mask.offset_x, mask.offset_y), frame, resolution)
    return torch.from_numpy(values).to(device)
