"""What a drag changed: the soft alpha of the edit, at the model's resolution."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .errors import PictureError

UNSEEN_LEVELS = 3.0
"""A change of at most this many of 255 levels is none: the whole latent moves, and every pixel trembles."""
CLEAR_LEVELS = 12.0
"""From this change on the edit shows fully."""
MARGIN = 1 / 64
"""Part of the picture's size by which the alpha reaches past what changed, fading out on the way."""


def change_alpha(before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much of the edit shows [h, w] in [0, 1], from the model's pictures [3, h, w] in [-1, 1].

    A smooth step over the largest change of a channel, grown by a margin and blurred within that margin:
    never less than the step itself, and exactly 0 further from any change than twice the margin.
    """
    levels = np.abs(np.clip(after, -1, 1) - np.clip(before, -1, 1)).max(axis=0) * 127.5
    part = np.clip((levels - UNSEEN_LEVELS) / (CLEAR_LEVELS - UNSEEN_LEVELS), 0.0, 1.0)
    step = part * part * (3.0 - 2.0 * part)
    margin = max(1, round(max(step.shape) * MARGIN))
    return blurred(_grown(step, margin), margin).astype(np.float32)


def check_model_picture(name: str, picture: NDArray[np.float32], like: NDArray[np.float32] | None = None) -> None:
    """Raises PictureError unless `picture` is a finite [3, h, w], of the same size as `like`."""
    shape = picture.shape
    if len(shape) != 3 or shape[0] != 3 or 0 in shape:
        raise PictureError(
            f"The model's picture {name!r} must have the shape [3, h, w], not {list(shape)}.", "Give one picture only."
        )
    if like is not None and like.shape != shape:
        raise PictureError(
            f"The model's pictures differ in size: {like.shape[2]} x {like.shape[1]} px before the drag, "
            f"{shape[2]} x {shape[1]} px after.",
            "Draw both with the same model.",
        )
    if not np.isfinite(picture).all():
        raise PictureError(
            f"The model's picture {name!r} holds NaN or infinite values.",
            "Undo the last drag, and drag with a smaller step size.",
        )


def _grown(plane: NDArray[np.floating], margin: int) -> NDArray[np.floating]:
    """The largest value within `margin` px, in a square."""
    for axis in (0, 1):
        padded = np.pad(plane, [(margin, margin) if a == axis else (0, 0) for a in (0, 1)])
        plane = np.lib.stride_tricks.sliding_window_view(padded, 2 * margin + 1, axis=axis).max(axis=-1)
    return plane


def blurred(plane: NDArray[np.floating], margin: int) -> NDArray[np.floating]:
    """A box blur within `margin` px. The picture's edge is continued: a change there does not fade."""
    for axis in (0, 1):
        padded = np.pad(plane, [(margin, margin) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
        plane = np.lib.stride_tricks.sliding_window_view(padded, 2 * margin + 1, axis=axis).mean(axis=-1)
    return plane
