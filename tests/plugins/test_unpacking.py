"""Reading MessagePack piece by piece: the same values as MessagePack's own reader, and the same refusals."""

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draggan_client import framing
from draggan_client._msgpack import msgpack
from draggan_client.arrays import Array
from draggan_client.errors import FramingError, MessageError, TooLargeError
from draggan_client.messages import MaskData, Message, Pixels, ResultRequest
from draggan_client.unpacking import MAX_DEPTH, read_one
from tests.plugins.strategies import records

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, width=32)
    | st.text()
    | st.binary()
    | st.sampled_from(["t" * 31, "t" * 32, "t" * 300, "t" * 70_000, b"b" * 255, b"b" * 300, b"b" * 70_000]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def read(data: bytes, limit: int = 1 << 20) -> Any:
    return read_one(io.BytesIO(data).read, limit)


@given(PLAIN, st.booleans())
def test_it_reads_what_messagepack_writes(value: Any, single: bool) -> None:
    packed = msgpack.packb(value, use_bin_type=True, use_single_float=single)
    assert read(packed) == msgpack.unpackb(packed, raw=False)


@pytest.mark.parametrize("count", [15, 16, 65_535, 65_536])
def test_long_lists_and_maps(count: int) -> None:
    for value in (list(range(count)), {str(number): number for number in range(count)}):
        assert read(msgpack.packb(value), 1 << 24) == value


@given(PLAIN, st.data())
def test_what_is_cut_short_or_goes_on_is_refused(value: Any, data: st.DataObject) -> None:
    packed = msgpack.packb(value, use_bin_type=True)
    with pytest.raises(FramingError):
        read(packed[: data.draw(st.integers(0, len(packed) - 1))])
    with pytest.raises(FramingError, match="after the end"):
        read(packed + b"\xc0")


@given(st.binary(max_size=60))
def test_any_bytes_are_a_value_or_refused(data: bytes) -> None:
    try:
        read(data)
    except (FramingError, MessageError):
        return
    assert read(data) == msgpack.unpackb(data, raw=False, strict_map_key=False) or "nan" in repr(read(data))


@pytest.mark.parametrize(
    "large", [b"\xc6\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff", b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff"]
)
def test_what_claims_to_be_large_is_refused_before_it_is_read(large: bytes) -> None:
    asked: list[int] = []
    source = io.BytesIO(large + bytes(100))

    def give(size: int) -> bytes:
        asked.append(size)
        return source.read(size)

    with pytest.raises(TooLargeError, match="over the limit of 1000 bytes"):
        read_one(give, 1000)
    assert max(asked) <= 4
    with pytest.raises(TooLargeError, match="over the limit of 10 bytes"):
        read(msgpack.packb(["12345", "678901"]), 10)


def test_a_nest_is_refused() -> None:
    assert read(b"\x91" * MAX_DEPTH + b"\xc0")
    with pytest.raises(FramingError, match="nested more than"):
        read(b"\x91" * (MAX_DEPTH + 1) + b"\xc0")
    with pytest.raises(FramingError, match="nested more than"):
        read(b"\x81\xa1a" * 10_000 + b"\xc0")


@pytest.mark.parametrize("refused", [b"\xc1", b"\x81\x01\x01", b"\xa2\xff\xfe", b""])
def test_what_is_no_message_is_refused(refused: bytes) -> None:
    with pytest.raises(FramingError):
        read(refused)


@pytest.mark.parametrize("code", [0xC7, 0xC8, 0xC9, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8])
def test_extensions_are_refused(code: int) -> None:
    with pytest.raises(MessageError, match="extension"):
        read(bytes([code]) + bytes(40))


LARGE = Array("u8", (300, 300, 4), bytes(range(256)) * (300 * 300 * 4 // 256) + bytes(300 * 300 * 4 % 256))


@pytest.mark.parametrize(
    "message",
    [
        ResultRequest("copy", onto=LARGE),
        Pixels(LARGE, changed=Array("u8", (300, 300), bytes(90_000))),
        ResultRequest(),
        Pixels(Array("u8", (1, 1, 4), bytes(4))),
    ],
)
def test_a_message_in_parts_is_the_same_message(message: Message) -> None:
    parts = framing.pack_parts(message)
    assert b"".join(parts) == framing.pack(message)
    assert framing.read(type(message), io.BytesIO(b"".join(parts)).read) == message
    if isinstance(message, Pixels) and message.changed:
        assert any(part is LARGE.data for part in parts), "what is large is not copied"


@given(records(MaskData))
def test_any_record_is_read_as_it_is_unpacked(mask: MaskData) -> None:
    message = Pixels(Array("u8", (1, 1, 4), bytes(4)), mask.offset_x, mask.offset_y)
    assert framing.read(Pixels, io.BytesIO(framing.pack(message)).read) == message
