"""Which results fit into a message."""

from __future__ import annotations

import numpy as np
import pytest

from draggan_client.arrays import Array
from draggan_client.framing import MAX_BODY_BYTES, pack
from draggan_client.messages import Pixels
from draggan_server.canvas import Region
from draggan_server.server.errors import RefusedError
from draggan_server.server.forms import check_size

U8, F32 = np.dtype(np.uint8), np.dtype(np.float32)


def test_what_fits_is_let_through_and_the_next_larger_is_not() -> None:
    for depth, with_changed, side in ((U8, False, 8192), (F32, False, 4096), (U8, True, 7327)):
        check_size(Region(-5, 7, side - 5, side + 7), depth, with_changed)
        with pytest.raises(RefusedError, match=f"{side + 1} x {side + 1} px of {depth.itemsize * 8} bits"):
            check_size(Region(-5, 7, side - 4, side + 8), depth, with_changed)


def test_the_room_that_is_left_holds_all_that_is_not_pixels() -> None:
    small = Pixels(Array("u8", (1, 1, 4), bytes(4)), 1_000_000, -1_000_000, Array("u8", (1, 1), bytes(1)))
    assert len(pack(small)) < 1 << 16
    assert MAX_BODY_BYTES - (1 << 16) == 256 << 20
