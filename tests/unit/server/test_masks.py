"""What the drags in a picture were allowed to change, together."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from draggan_client.arrays import Array
from draggan_client.edit_state import EditState, FinishedDrag, KeptMask
from draggan_client.errors import EditStateError
from draggan_client.messages import Frame
from draggan_server.canvas import Mask
from draggan_server.server.masks import editable, editable_with, kept

LATENT = Array("f16", (2, 2), bytes(8))


def state(*masks: Mask | None) -> EditState:
    """An edit of drags with these masks."""
    drags, distinct = [], []
    for mask in masks:
        one = kept(mask)
        if one is not None and one not in distinct:
            distinct.append(one)
        drags.append(FinishedDrag(LATENT, (), "reached", 1, None if one is None else distinct.index(one)))
    history = tuple(drags)
    frame = Frame(0.0, 0.0, 8.0)
    return EditState(
        "m", "0" * 64, 8, frame, 1.0, "const", "latent", None, LATENT, history, tuple(distinct), len(history)
    )


def mask(columns: slice, value: int = 255, x: int = 0, y: int = 0) -> Mask:
    values = np.zeros((8, 8), np.uint8)
    values[:, columns] = value
    return Mask(values, x, y)


def test_the_largest_counts_and_only_those_since_the_position() -> None:
    edit = state(mask(slice(0, 2)), mask(slice(1, 4), 51), mask(slice(6, 8)))
    expected = {0: [1, 1, 0.2, 0.2, 0, 0, 1, 1], 1: [0, 0.2, 0.2, 0.2, 0, 0, 1, 1], 2: [0, 0, 0, 0, 0, 0, 1, 1]}
    for since, row in expected.items():
        together = editable(edit, since)
        assert together is not None
        np.testing.assert_allclose(together.values[3], row, atol=1e-6)
    assert editable(edit, 3) is None
    assert editable(dataclasses.replace(edit, position=1), 1) is None


def test_a_drag_without_a_mask_may_change_everything() -> None:
    edit = state(None, mask(slice(0, 2)))
    assert editable(edit, 0) is None
    assert editable(edit, 1) is not None


def test_one_more_drag_counts_as_if_it_had_ended() -> None:
    one, other = mask(slice(0, 2)), mask(slice(5, 6), 102)
    for before, more in (([one], other), ([one], None), ([None], other), ([None, one], other)):
        for since in range(len(before) + 1):
            now, then = editable_with(state(*before), since, more), editable(state(*before, more), since)
            assert (now is None) == (then is None)
            if now is not None and then is not None:
                full = 255 if now.values.dtype == np.uint8 else 1
                np.testing.assert_allclose(now.values / full, then.values, atol=1e-6)


def test_masks_that_lie_a_pixel_apart_are_put_together() -> None:
    """As after a layer was moved by half a pixel: what a mask does not cover it does not allow."""
    together = editable(state(mask(slice(0, 8)), mask(slice(0, 8), 51, x=1, y=1)))
    assert together is not None
    assert (together.x, together.y, together.width, together.height) == (0, 0, 9, 9)
    np.testing.assert_allclose(together.values[:8, :8], 1)
    np.testing.assert_allclose(together.values[8, 1:], 0.2)
    assert together.values[8, 0] == together.values[0, 8] == 0


def test_masks_in_different_corners_of_the_world_are_damage() -> None:
    edit = state(mask(slice(0, 8)))
    far = dataclasses.replace(edit.masks[0], offset_x=900_000, offset_y=-900_000)
    drags = (*edit.history, dataclasses.replace(edit.history[0], mask=1))
    damaged = dataclasses.replace(edit, masks=(edit.masks[0], far), history=drags, position=2)
    assert isinstance(far, KeptMask)
    with pytest.raises(EditStateError, match="too far apart"):
        editable(damaged)
