"""Framing: messages come out of any cutting of the stream, and nothing else does."""

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from draggan_client import framing
from draggan_client.arrays import Array
from draggan_client.errors import DragganError, FramingError, MessageError, TooLargeError
from draggan_client.framing import StreamReader, msgpack, pack, unpack
from draggan_client.messages import (
    EVENTS,
    Ack,
    Error,
    Frame,
    FromPicture,
    HandleState,
    OpenRequest,
    Preview,
    Progress,
    Result,
)

SENT = (
    Progress("drag", 1, 300, (HandleState("jaw", 1.5, 2.5, 12.0),), loss=0.25),
    Preview(1, 256, 256, "jpeg", bytes(range(256)) * 300),
    Error("busy", "All places are taken.", "Close another picture."),
    Result("s", "reached", 12, 3.5, (), b"state" * 20_000, 1, 1),
)
STREAM = b"".join(map(pack, SENT))


def read_all(chunks: list[bytes], limit: int = framing.MAX_EVENT_BYTES) -> list[Any]:
    reader = StreamReader(EVENTS, limit)
    found = [event for chunk in chunks for event in reader.feed(chunk)]
    reader.end()
    return found


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_a_stream_may_be_cut_anywhere(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    assert read_all([STREAM[a:b] for a, b in itertools.pairwise(edges)]) == list(SENT)


def test_a_picture_of_4096_px_in_floats_fits_into_a_request() -> None:
    small = OpenRequest(FromPicture(Array("f32", (1, 1, 4), bytes(16)), 100, 100, Frame(0, 0, 1)), "m" * 200)
    longer_numbers = 4 * 9
    assert len(pack(small)) - 16 + longer_numbers + 4096 * 4096 * 16 <= framing.MAX_BODY_BYTES


def test_a_stream_may_come_byte_by_byte() -> None:
    small = b"".join(map(pack, (SENT[0], SENT[2])))
    assert read_all([bytes([byte]) for byte in small]) == [SENT[0], SENT[2]]


def test_events_come_as_soon_as_they_are_complete() -> None:
    reader = StreamReader(EVENTS)
    first = pack(SENT[0])
    assert list(reader.feed(first[:-1])) == []
    assert list(reader.feed(first[-1:])) == [SENT[0]]


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_garbage_never_raises_anything_but_our_errors(garbage: bytes) -> None:
    for read in (lambda: unpack(Ack, garbage), lambda: read_all([garbage])):
        try:
            read()
        except DragganError as error:
            assert error.message
        else:
            assert garbage in (b"", pack(Ack()))


@settings(deadline=None)
@given(st.integers(1, len(STREAM) - 1))
def test_a_truncated_stream_is_noticed(length: int) -> None:
    ends = [len(b"".join(map(pack, SENT[: count + 1]))) for count in range(len(SENT))]
    if length in ends:
        return
    with pytest.raises(FramingError, match="ended inside a message"):
        read_all([STREAM[:length]])


def test_a_failed_reader_is_not_used_again() -> None:
    reader = StreamReader(EVENTS)
    with pytest.raises(FramingError):
        list(reader.feed(b"\xc1"))
    with pytest.raises(FramingError, match="already failed"):
        list(reader.feed(STREAM))


def test_a_message_of_another_kind_ends_the_stream() -> None:
    reader = StreamReader(EVENTS)
    with pytest.raises(MessageError, match="found 'ack', allowed is one of progress, preview, result, model_added"):
        list(reader.feed(pack(Ack())))
    with pytest.raises(FramingError, match="already failed"):
        list(reader.feed(STREAM))


@pytest.mark.parametrize("chunk_bytes", [100, 1 << 20])
def test_a_message_over_the_limit_is_refused(chunk_bytes: int) -> None:
    chunks = [STREAM[at : at + chunk_bytes] for at in range(0, len(STREAM), chunk_bytes)]
    with pytest.raises(TooLargeError, match="limit of 50000 bytes"):
        read_all(chunks, limit=50_000)


def test_the_limit_is_on_a_message_not_on_the_stream() -> None:
    many = pack(SENT[0]) * 2000
    assert len(many) > 100_000
    assert len(read_all([many], limit=1000)) == 2000


def test_one_message_is_exactly_one() -> None:
    packed = pack(Ack())
    with pytest.raises(FramingError, match="extra data"):
        unpack(Ack, packed + packed)
    with pytest.raises(FramingError):
        unpack(Ack, packed[:-1])
    with pytest.raises(FramingError):
        unpack(Ack, b"")
    with pytest.raises(TooLargeError):
        unpack(Ack, packed, limit=len(packed) - 1)


@pytest.mark.parametrize(
    "packed",
    [
        pytest.param(msgpack.packb(msgpack.ExtType(7, b"payload")), id="extension"),
        pytest.param(msgpack.packb(msgpack.Timestamp(1, 0)), id="timestamp"),
        pytest.param(msgpack.packb({1: 2}), id="number as key"),
        pytest.param(msgpack.packb({b"type": "ack"}), id="bytes as key"),
        pytest.param(b"\x91" * 5000, id="deeply nested"),
        pytest.param(b"\x81\xa4type\xa3\xff\xfe\xfd", id="not UTF-8"),
        pytest.param(b"\xdf\xff\xff\xff\xff", id="four billion keys"),
    ],
)
def test_what_msgpack_can_and_we_do_not_take(packed: bytes) -> None:
    with pytest.raises((FramingError, MessageError)):
        unpack(Ack, packed)
    with pytest.raises((FramingError, MessageError)):
        read_all([packed])
