"""Messages: what they let through and what they refuse, and how they say so."""

import inspect
import itertools
import math
import struct
import threading
import time
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from draggan_client import edit_state, framing, messages
from draggan_client.arrays import Array
from draggan_client.errors import MessageError
from draggan_client.messages import DragRequest, FromPicture, FromSeed, OpenRequest, PointPair, Progress
from draggan_client.schema import Message, Record, from_wire, to_wire
from tests.plugins.strategies import records

ALL: list[type[Record]] = [
    kind
    for module in (messages, edit_state)
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, Record) and kind not in (Record, Message)
]
POINT = PointPair("jaw", 60, 90, 60, 100)
GARBAGE: list[Any] = [None, True, -1, 2**63, 1e300, math.nan, math.inf]
GARBAGE += ["", "x" * 20_000, b"\0", [], [[]], {}, {"a": 1}]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_message_survives_the_wire(kind: type[Record], data: st.DataObject) -> None:
    record = data.draw(records(kind))
    packed = framing.msgpack.packb(to_wire(record))
    assert framing.unpack(kind, packed) == record


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_garbage_in_a_field_is_refused_by_name(kind: type[Record], data: st.DataObject) -> None:
    """Whatever stands in a field: a valid record comes out, or an error that names the field."""
    wire = to_wire(data.draw(records(kind)))
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    if not names:
        return
    name = data.draw(st.sampled_from(names))
    wire[name] = data.draw(st.sampled_from(GARBAGE))
    try:
        assert isinstance(from_wire(kind, wire), kind)
    except MessageError as error:
        assert error.field.split(".")[0].split("[")[0] in {name, *_partners(kind)}
        assert error.found and error.allowed


def _partners(kind: type[Record]) -> set[str]:
    """Fields that may be named for another one, because they have to fit it."""
    return {
        edit_state.EditState: {"position", "seed", "history"},
        edit_state.StatePoint: {"reference"},
        Array: {"data"},
        messages.PreviewOptions: {"format"},
        messages.ResultRequest: {"onto", "depth"},
        messages.Pixels: {"changed"},
    }.get(kind, set())


def test_a_missing_and_an_unknown_field_are_named() -> None:
    wire = to_wire(POINT)
    with pytest.raises(MessageError, match=r"target_y: found nothing"):
        from_wire(PointPair, {name: value for name, value in wire.items() if name != "target_y"})
    with pytest.raises(MessageError, match=r"colour: found an unknown field, allowed is one of handle_x"):
        from_wire(PointPair, {**wire, "colour": "red"})


def test_the_error_leads_to_the_place() -> None:
    wire = to_wire(DragRequest((POINT, replace(POINT, id="chin"))))
    wire["points"][1]["handle_x"] = "sixty"
    with pytest.raises(MessageError) as caught:
        from_wire(DragRequest, wire)
    assert str(caught.value) == "points[1].handle_x: found 'sixty', allowed is a number."


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 1e7, 10**400, True, "1", None])
def test_a_coordinate_is_a_finite_number(number: Any) -> None:
    with pytest.raises(MessageError, match="handle_x"):
        PointPair("jaw", number, 0, 0, 0)


@pytest.mark.parametrize("dtype", ["f16", "f32"])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_found_wherever_it_stands(dtype: str, bad: float) -> None:
    count = 150_000
    code = "e" if dtype == "f16" else "f"
    largest = 65504.0 if dtype == "f16" else 3.4e38
    good = struct.pack(f"<{code}", largest) * count
    assert Array(dtype, (count // 1000, 1000), good).item_count == count  # type: ignore[arg-type]
    for place in (0, 65_536, 100_000, count - 1):
        size = len(good) // count
        data = good[: place * size] + struct.pack(f"<{code}", bad) + good[(place + 1) * size :]
        with pytest.raises(MessageError, match="data: found a NaN or an infinity"):
            Array(dtype, (count // 1000, 1000), data)  # type: ignore[arg-type]


def test_a_large_picture_does_not_hold_up_other_threads() -> None:
    """One sum over all its numbers would: it keeps the interpreter's lock from begin to end, each time. A computer with
    other things to do may let a thread wait as well, now and then."""
    assert min(_longest_hold_up() for _ in range(5)) < 0.5


def _longest_hold_up() -> float:
    """While a large picture is checked: how long another thread was held up at the most, as a part of the whole."""
    seen = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.append(time.monotonic())
            time.sleep(0.001)

    watcher = threading.Thread(target=look)
    watcher.start()
    data = bytes(96 << 20)
    began = time.monotonic()
    Array("f32", (2048, 3072, 4), data)
    ended = time.monotonic()
    done.set()
    watcher.join()
    times = [began, *(moment for moment in seen if began < moment < ended), ended]
    return max(later - earlier for earlier, later in itertools.pairwise(times)) / (ended - began)


def test_whole_numbers_become_floats_where_floats_belong() -> None:
    assert [type(value) for value in (POINT.handle_x, FromSeed(7, 1).psi)] == [float, float]
    with pytest.raises(MessageError, match=r"seed: found 7\.0"):
        FromSeed(7.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [0, 101, 1000])
def test_a_drag_has_one_to_a_hundred_points(count: int) -> None:
    with pytest.raises(MessageError, match=f"points: found length {count}, allowed is length 1 to 100"):
        DragRequest(tuple(PointPair(str(index), 0, 0, 1, 1) for index in range(count)))


def test_a_long_list_is_refused_before_it_is_decoded() -> None:
    wire = {**to_wire(DragRequest((POINT,))), "points": [object()] * 1_000_000}
    with pytest.raises(MessageError, match="length 1000000"):
        from_wire(DragRequest, wire)


def test_an_edits_preview_is_a_png() -> None:
    assert messages.PreviewOptions(content="edit", format="png").since == 0
    with pytest.raises(MessageError, match="format: found 'jpeg', allowed is 'png' for the content \"edit\""):
        messages.PreviewOptions(content="edit")


def test_a_copy_is_a_copy_of_something() -> None:
    onto = Array("u16", (1, 1, 4), bytes(8))
    assert messages.ResultRequest("copy", onto=onto, depth="u16").onto == onto
    for form, sent in (("copy", None), ("edit", onto), ("picture", onto), ("model", onto)):
        with pytest.raises(MessageError, match=f"onto: found .* for the form '{form}', allowed is pixels exactly"):
            messages.ResultRequest(form, onto=sent)  # type: ignore[arg-type]
    with pytest.raises(MessageError, match="depth: found 'u8', allowed is that of `onto`, 'u16'"):
        messages.ResultRequest("copy", onto=onto, depth="u8")
    with pytest.raises(MessageError, match=r"changed: found \[2, 1\], allowed is \[1, 1\]"):
        messages.Pixels(onto, changed=Array("u8", (2, 1), bytes(2)))


def test_two_points_of_one_id_are_refused() -> None:
    with pytest.raises(MessageError, match="one id twice"):
        DragRequest((POINT, POINT))


@pytest.mark.parametrize("found", ["exec", None, 7, ["seed"], {"a": 1}])
def test_unknown_types_are_refused(found: Any) -> None:
    with pytest.raises(MessageError, match=r"source\.type: .*allowed is one of seed, latent, state, picture"):
        from_wire(OpenRequest, {"type": "open", "source": {"type": found, "seed": 1}})


@pytest.mark.parametrize(
    ("shape", "data", "said"),
    [
        ((2, 2, 4), bytes(15), r"picture\.data: found 15 bytes, allowed is 16 bytes for 2x2x4 of u8"),
        ((2, 2, 3), bytes(12), r"picture\.shape: found \[2, 2, 3\], allowed is \[height, width, 4\]"),
        ((0, 2, 4), b"", r"picture\.shape: found \[0, 2, 4\]"),
        ((-1, 2, 4), b"", r"picture\.shape\[0\]: found -1"),
        ((2, 2, 2, 2, 2), bytes(32), r"picture\.shape: found length 5"),
    ],
)
def test_a_picture_has_the_bytes_of_its_shape(shape: tuple[int, ...], data: bytes, said: str) -> None:
    wire = {"type": "picture", "picture": {"dtype": "u8", "shape": list(shape), "data": data}}
    with pytest.raises(MessageError, match=said):
        from_wire(FromPicture, wire)


@pytest.mark.parametrize("dtype", ["O", "object", "f64", "", None, 8])
def test_only_four_dtypes_travel(dtype: Any) -> None:
    with pytest.raises(MessageError, match="dtype"):
        Array(dtype, (1,), bytes(8))


@pytest.mark.parametrize(("dtype", "bad"), [("f16", b"\x00\x7c"), ("f16", b"\x01\x7e"), ("f32", b"\0\0\xc0\x7f")])
def test_an_array_holds_finite_numbers(dtype: Any, bad: bytes) -> None:
    assert Array(dtype, (3,), bytes(3 * len(bad)))
    with pytest.raises(MessageError, match="NaN or an infinity"):
        Array(dtype, (3,), bytes(len(bad)) + bad + bytes(len(bad)))


def test_opposite_infinities_do_not_hide_each_other() -> None:
    with pytest.raises(MessageError, match="infinity"):
        Array("f32", (2,), b"\0\0\x80\x7f\0\0\x80\xff")


def test_the_largest_finite_numbers_pass() -> None:
    assert Array("f32", (1000,), b"\xff\xff\x7f\x7f" * 1000)


def test_messages_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        POINT.handle_x = 1.0  # type: ignore[misc]


def test_progress_may_leave_out_what_is_not_known() -> None:
    progress = Progress("invert", 1, 0)
    assert (progress.loss, progress.remaining_s) == (None, None)
