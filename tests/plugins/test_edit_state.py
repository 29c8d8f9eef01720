"""The edit state: whole or refused."""

import random
import struct
import tracemalloc
import zlib
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from draggan_client import edit_state, framing, schema
from draggan_client.arrays import Array
from draggan_client.edit_state import EditState, FinishedDrag, KeptMask
from draggan_client.errors import EditStateError, EditStateVersionError, MessageError
from draggan_client.messages import Frame, HandleState, Preview, Result
from tests.plugins.strategies import edit_states

SLOW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@SLOW
@given(edit_states())
def test_it_survives_a_document(state: EditState) -> None:
    assert EditState.from_bytes(state.to_bytes()) == state
    text = state.to_ascii()
    assert text.isascii()
    assert EditState.from_ascii(f"  {text}\n") == state


@SLOW
@given(edit_states(), st.data())
def test_a_damaged_one_is_refused(state: EditState, data: st.DataObject) -> None:
    whole = state.to_bytes()
    length = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(EditStateError):
        EditState.from_bytes(whole[:length])
    at = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytes([*whole[:at], whole[at] ^ 0x55, *whole[at + 1 :]])
    with pytest.raises(EditStateError):
        EditState.from_bytes(flipped)
    with pytest.raises(EditStateError):
        EditState.from_bytes(whole + b"\0")


@given(st.binary(max_size=100))
def test_foreign_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(EditStateError, match="not a DragGAN edit state"):
        EditState.from_bytes(data)


@given(st.text(max_size=50))
def test_foreign_text_is_refused(text: str) -> None:
    with pytest.raises(EditStateError):
        EditState.from_ascii(text)


@SLOW
@given(edit_states(), st.integers(0, 65535).filter(lambda version: version != edit_state.VERSION))
def test_another_version_is_refused_by_its_number(state: EditState, version: int) -> None:
    data = bytearray(state.to_bytes())
    data[4:6] = struct.pack("<H", version)
    with pytest.raises(EditStateVersionError, match=f"format {version};.* reads format {edit_state.VERSION} only"):
        EditState.from_bytes(bytes(data))


def test_a_small_file_cannot_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edit_state, "MAX_STATE_BYTES", 1 << 20)
    bomb = b"DRGN" + struct.pack("<H", edit_state.VERSION) + zlib.compress(bytes(1 << 24))
    tracemalloc.start()
    try:
        with pytest.raises(EditStateError, match="damaged"):
            EditState.from_bytes(bomb)
        assert tracemalloc.get_traced_memory()[1] < 1 << 22
    finally:
        tracemalloc.stop()


def test_another_message_in_its_place_is_refused() -> None:
    packed = framing.msgpack.packb({"type": "seed", "seed": 7, "psi": 0.7})
    data = b"DRGN" + struct.pack("<H", edit_state.VERSION) + zlib.compress(packed)
    with pytest.raises(EditStateError, match="'edit_state'"):
        EditState.from_bytes(data)


@SLOW
@given(edit_states())
def test_its_parts_fit_each_other(state: EditState) -> None:
    with pytest.raises(MessageError, match="position"):
        replace(state, position=len(state.history) + 1)
    with pytest.raises(MessageError, match="seed"):
        replace(state, seed=None if state.source == "seed" else 7)


LATENT = Array("f16", (2, 3), bytes(12))
STATE = EditState("portraits", "0" * 64, 32, Frame(0, 0, 32), 0.7, "const", "seed", 7, LATENT)


def test_a_drag_has_one_of_the_states_masks_or_none() -> None:
    masks = KeptMask(b"one"), KeptMask(b"another", 3, 4)
    with_mask, without = FinishedDrag(LATENT, (), "reached", 1, 1), FinishedDrag(LATENT, (), "reached", 1)
    state = replace(STATE, history=(with_mask, without), masks=masks)
    assert state.mask_of(with_mask) == masks[1]
    assert state.mask_of(without) is None
    with pytest.raises(MessageError, match=r"history\[0\]\.mask: found 1, .* one of the 1 masks"):
        replace(state, masks=masks[:1])
    with pytest.raises(MessageError, match="mask"):
        FinishedDrag(LATENT, (), "reached", 1, -1)
    # What another program wrote is held to the same.
    wire = schema.to_wire(state)
    wire["masks"] = wire["masks"][:1]
    data = b"DRGN" + struct.pack("<H", edit_state.VERSION) + zlib.compress(framing.msgpack.packb(wire))
    with pytest.raises(EditStateError, match=r"damaged: history\[0\]\.mask"):
        EditState.from_bytes(data)


def test_the_largest_state_fits_into_a_result_with_the_largest_preview() -> None:
    noise = random.Random(1).randbytes
    state = replace(STATE, frame_picture=noise(edit_state.MAX_STATE_BYTES - 1000))
    points = tuple(HandleState("p" * 200, 0.0, 0.0, float(number)) for number in range(100))
    preview = Preview(300, 2048, 2048, "png", noise(2048 * 2048 * 3 + 10_000))
    result = Result("s" * 16, "reached", 300, 60.0, points, state.to_bytes(), 1, 1, preview)
    assert len(framing.pack(result)) <= framing.MAX_EVENT_BYTES
    assert EditState.from_bytes(result.edit_state) == state
