"""A layer's edit in a document: kept whole, and found again by pixels first and id second."""

import struct
import time
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draggan_client import layer_record
from draggan_client.errors import EditStateError, EditStateVersionError
from draggan_client.layer_record import HEAD_BYTES, MAX_BYTES, Fingerprint, Found, How, LayerRecord, RecordHead, find
from tests.plugins.strategies import records
from tests.plugins.test_edit_state import STATE

PIXELS = bytes(range(48))


def fingerprint(pixels: bytes = PIXELS, width: int = 4, height: int = 3, pixel_format: str = "RGBA/U8") -> bytes:
    made = Fingerprint(width, height, pixel_format)
    made.update(pixels)
    return made.digest()


RECORD = LayerRecord("{a-layer}", fingerprint(), -10, 20, 4, 3, "64 x 48", STATE.to_bytes())


@given(records(LayerRecord))
def test_it_survives_a_document(record: LayerRecord) -> None:
    assert LayerRecord.from_bytes(record.to_bytes()) == record
    text = record.to_ascii()
    assert text.isascii() and LayerRecord.from_ascii(f"\n{text} ") == record


@given(records(LayerRecord))
def test_its_head_is_read_alone(record: LayerRecord) -> None:
    data = record.to_bytes()
    head = RecordHead.of(data[:HEAD_BYTES], len(data))
    assert vars(record) == {**vars(head), "state": record.state}


def test_the_longest_head_fits() -> None:
    record = replace(RECORD, layer_id="\U0001f3a8" * 200, document="\U0001f3a8" * 300)
    data = record.to_bytes()
    assert vars(RecordHead.of(data[:HEAD_BYTES], len(data))) == {
        name: value for name, value in vars(record).items() if name != "state"
    }


def test_what_is_in_the_state_takes_no_time() -> None:
    """A head is read while the editor waits, and the state may be anybody's."""
    data = replace(RECORD, state=b"\x93" * (16 << 20)).to_bytes()
    begun = time.process_time()
    for _ in range(100):
        RecordHead.of(data[:HEAD_BYTES], len(data))
    assert time.process_time() - begun < 1


@pytest.mark.parametrize("size", [MAX_BYTES + 1, len(RECORD.to_bytes()) + 1, len(RECORD.to_bytes()) - 1, 60, 0])
def test_a_head_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(EditStateError, match=r"damaged|not a DragGAN"):
        RecordHead.of(RECORD.to_bytes()[: min(size, HEAD_BYTES)], size)


def test_a_head_that_is_no_place_is_refused() -> None:
    data = bytearray(RECORD.to_bytes())
    for at, bad in ((10 + 16 + 8, b"\xff" * 4), (10 + layer_record._FIXED.size, b"\xff")):
        hostile = bytearray(data)
        hostile[at : at + len(bad)] = bad
        end = len(hostile) - len(RECORD.state)
        hostile[6:10] = struct.pack("<I", zlib.crc32(bytes(hostile[10:end])))
        with pytest.raises(EditStateError, match="damaged"):
            RecordHead.of(bytes(hostile[:HEAD_BYTES]), len(hostile))


@given(st.integers(0, len(RECORD.to_bytes()) - 1))
def test_a_damaged_one_is_refused(at: int) -> None:
    whole = RECORD.to_bytes()
    with pytest.raises(EditStateError):
        LayerRecord.from_bytes(whole[:at])
    with pytest.raises(EditStateError):
        LayerRecord.from_bytes(bytes([*whole[:at], whole[at] ^ 0x55, *whole[at + 1 :]]))
    with pytest.raises(EditStateError):
        LayerRecord.from_bytes(whole + b"\0")


def test_foreign_ones_are_refused() -> None:
    with pytest.raises(EditStateError, match="not a DragGAN layer record"):
        LayerRecord.from_bytes(STATE.to_bytes())
    with pytest.raises(EditStateError, match="not base64"):
        LayerRecord.from_ascii("ä")


def test_another_version_is_refused_by_its_number() -> None:
    data = bytearray(RECORD.to_bytes())
    data[4:6] = struct.pack("<H", layer_record.VERSION + 1)
    with pytest.raises(EditStateVersionError, match="saved in format 2; this plugin reads format 1 only"):
        LayerRecord.from_bytes(bytes(data))


def test_a_fingerprint_is_of_the_pixels_and_of_what_they_mean() -> None:
    parts = Fingerprint(4, 3, "RGBA/U8")
    for start in range(0, 48, 7):
        parts.update(memoryview(PIXELS)[start : start + 7])
    assert parts.digest() == fingerprint() and len(parts.digest()) == layer_record.FINGERPRINT_BYTES
    others = [
        fingerprint(PIXELS[:-1] + b"\0"),
        fingerprint(width=3, height=4),
        fingerprint(pixel_format="RGBA/U16"),
        fingerprint(width=43),
    ]
    assert len({fingerprint(), *others}) == 5


OTHER = replace(RECORD, layer_id="{other}", fingerprint=fingerprint(bytes(48)))
NEWER = replace(RECORD, left=99)
COPY = replace(RECORD, layer_id="{copy}")


@pytest.mark.parametrize(
    ("records", "layer_id", "pixels", "found"),
    [
        ((RECORD, OTHER), "{a-layer}", PIXELS, Found(RECORD, How.SAME)),
        ((RECORD, OTHER), "{copy}", PIXELS, Found(RECORD, How.DUPLICATE)),
        ((RECORD, OTHER), "{a-layer}", bytes(range(1, 49)), Found(RECORD, How.PAINTED_OVER)),
        ((RECORD, OTHER), "{a-layer}", bytes(48), Found(OTHER, How.DUPLICATE)),  # pixels first
        ((RECORD, OTHER), "{copy}", bytes(range(1, 49)), None),
        ((), "{a-layer}", PIXELS, None),
        ((RECORD, NEWER), "{a-layer}", PIXELS, Found(NEWER, How.SAME)),
        ((COPY, NEWER), "{copy}", PIXELS, Found(COPY, How.SAME)),  # its own, though another's is newer
    ],
)
def test_a_layer_is_found_again(
    records: tuple[LayerRecord, ...], layer_id: str, pixels: bytes, found: Found[LayerRecord] | None
) -> None:
    assert find(records, layer_id, fingerprint(pixels)) == found
