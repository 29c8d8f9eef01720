"""What must not work: each is refused with what, where and what to do, and the server goes on serving."""

from __future__ import annotations

import dataclasses
import re
import socket
import struct
from collections.abc import Iterator

import msgpack
import numpy as np
import pytest

from draggan_client.arrays import Array
from draggan_client.edit_state import EditState, FinishedDrag, KeptMask, StatePoint
from draggan_client.framing import pack
from draggan_client.messages import (
    MEDIA_TYPE,
    DragOptions,
    DragRequest,
    Error,
    Frame,
    FromLatent,
    FromPicture,
    FromSeed,
    FromState,
    MaskData,
    Message,
    OpenRequest,
    PointPair,
    PreviewOptions,
    Result,
    ResultRequest,
    SeekRequest,
)
from draggan_client.schema import to_wire
from draggan_server.checkpoints import DragDefaults, load_checkpoint, save_checkpoint
from tests.server.conftest import BODY_LIMIT
from tests.server.harness import ServerProcess, pull, save_model


def expect(error: object, code: str, *mentions: str, hint: str = ".") -> None:
    """The error has this code, its message mentions these (patterns), and its hint says what to do."""
    assert isinstance(error, Error), error
    assert error.code == code, error
    for mention in mentions:
        assert re.search(mention, error.message, re.IGNORECASE), f"{mention!r} is not in {error}"
    assert "Traceback" not in error.message
    assert re.search(hint, error.hint), f"{hint!r} is not in the hint of {error}"
    assert error.hint not in error.message


@pytest.fixture(autouse=True)
def still_serving(server: ServerProcess, request: pytest.FixtureRequest) -> Iterator[None]:
    """After each refusal the server does the same work as before."""
    yield
    if "server" in request.fixturenames:
        assert server.process.poll() is None
        result = server.last_event("/sessions", OpenRequest(FromSeed(7), "noise"))
        assert isinstance(result, Result), result


@pytest.fixture(scope="module")
def session(server: ServerProcess) -> Result:
    result = server.last_event("/sessions", OpenRequest(FromSeed(7), "noise"))
    assert isinstance(result, Result)
    return result


def zeros(dtype: str, *shape: int) -> Array:
    size = {"u8": 1, "u16": 2, "f16": 2, "f32": 4}[dtype]
    return Array(dtype, shape, bytes(size * int(np.prod(shape))))


def open_error(server: ServerProcess, source: Message, model: str | None = "noise") -> Message:
    return server.last_event("/sessions", OpenRequest(source, model))


def drag_error(server: ServerProcess, session: Result, points, mask=None, **settings) -> Message:
    request = DragRequest(tuple(points), mask, DragOptions(**settings), None)
    return server.last_event(f"/sessions/{session.session}/drag", request)


def raw_drag(points: object, **others: object) -> bytes:
    """A drag as a client without our checks would send it."""
    wire = to_wire(DragRequest((pull(),)))
    return msgpack.packb({**wire, "points": points, **others})


def raw_point(**changes: object) -> dict:
    return {**to_wire(pull()), **changes}


# Points


@pytest.mark.parametrize(
    ("point", "which"),
    [
        (PointPair("jaw", -1, 5, 8, 8), r"handle of the point 'jaw' at \(-1, 5\)"),
        (PointPair("jaw", 5, 5, 8, 32.5), r"target of the point 'jaw' at \(8, 32.5\)"),
        (PointPair("jaw", 1e6, 5, 8, 8), "handle"),
    ],
)
def test_a_point_outside_the_picture(server: ServerProcess, session: Result, point: PointPair, which: str):
    expect(drag_error(server, session, [point]), "bad_request", which, r"\(0, 0\) to \(32, 32\)")


@pytest.mark.parametrize(
    ("points", "mention"),
    [
        ([raw_point(handle_x=float("nan"))], r"points\[0\]\.handle_x.*nan"),
        ([raw_point(target_y=float("inf"))], r"points\[0\]\.target_y.*inf"),
        ([], "points.*length 0"),
        ([raw_point(id=str(number)) for number in range(1000)], "points.*length 1000.*100"),
        ([raw_point(), raw_point()], "id"),
        ("all of them", "points"),
    ],
    ids=["nan", "infinity", "no points", "1000 points", "one id twice", "no list"],
)
def test_points_that_are_none(server: ServerProcess, session: Result, points: object, mention: str):
    answer = server.ask("POST", f"/sessions/{session.session}/drag", raw_drag(points))
    assert answer.status == 400
    expect(answer.error, "bad_request", mention)


def test_a_feature_block_that_the_model_has_not(server: ServerProcess, session: Result):
    error = drag_error(server, session, [pull()], feature_resolution=256)
    expect(error, "bad_request", "256", "32")


# Masks


@pytest.mark.parametrize("shape", [(16, 16), (64, 31), (31, 32)])
def test_a_mask_of_another_size(server: ServerProcess, session: Result, shape: tuple[int, int]):
    mask = MaskData(zeros("u8", *shape))
    error = drag_error(server, session, [pull()], mask)
    expect(error, "bad_request", f"{shape[1]} x {shape[0]}", "32 x 32", hint="one value for each")


def test_a_mask_that_lies_elsewhere(server: ServerProcess, session: Result):
    mask = MaskData(Array("u8", (32, 32), b"\xff" * 1024), 5, 0)
    expect(drag_error(server, session, [pull()], mask), "bad_request", r"at \(5, 0\)", hint="one value for each")


def test_a_mask_that_is_zero_everywhere(server: ServerProcess, session: Result):
    error = drag_error(server, session, [pull()], MaskData(zeros("u8", 32, 32)))
    expect(error, "bad_request", "zero everywhere", hint="^Select")


def test_a_mask_with_nan(server: ServerProcess, session: Result):
    values = np.ones((32, 32), "<f4")
    values[3, 3] = np.nan
    mask = {"array": {"dtype": "f32", "shape": [32, 32], "data": values.tobytes()}}
    answer = server.ask("POST", f"/sessions/{session.session}/drag", raw_drag([raw_point()], mask=mask))
    expect(answer.error, "bad_request", "mask.*NaN")


# Pictures


def test_a_picture_without_pixels(server: ServerProcess):
    wire = to_wire(OpenRequest(FromPicture(zeros("u8", 1, 1, 4)), "noise"))
    wire["source"]["picture"] = {"dtype": "u8", "shape": [0, 10, 4], "data": b""}
    expect(server.ask("POST", "/sessions", msgpack.packb(wire)).error, "bad_request", r"shape.*\[0, 10, 4\]")


def test_a_transparent_picture(server: ServerProcess):
    error = open_error(server, FromPicture(zeros("u8", 40, 40, 4)))
    expect(error, "bad_request", "transparent", hint="^Choose a layer")


def test_a_frame_beside_the_picture(server: ServerProcess):
    picture = Array("u8", (40, 40, 4), b"\xff" * 6400)
    error = open_error(server, FromPicture(picture, 0, 0, Frame(500.0, 0.0, 32.0)))
    expect(error, "bad_request", "beside the picture", hint="^Move the frame")


def test_a_picture_too_small_for_a_frame(server: ServerProcess):
    error = open_error(server, FromPicture(Array("u8", (3, 3, 4), b"\xff" * 36)))
    expect(error, "bad_request", "3 x 3 px", hint="larger picture")


@pytest.mark.parametrize("size", [1.0, 7.9, 1e6, 9000.0])
def test_a_drawn_picture_in_a_silly_frame(server: ServerProcess, size: float):
    for source in (FromSeed(1, frame=Frame(0.0, 0.0, size)), FromLatent(zeros("f16", 8, 16), frame=Frame(5, 5, size))):
        error = open_error(server, source)
        if size < 8:
            expect(error, "bad_request", f"{size:g} px", hint="larger part")
        else:
            expect(error, "too_large", f"{size:.0f} x {size:.0f} px", "256 MiB", hint="smaller frame")


# Results


def result_error(server: ServerProcess, session: Result, request: ResultRequest) -> Error:
    return server.ask("POST", f"/sessions/{session.session}/result", request).error


def test_a_copy_of_something_else(server: ServerProcess, session: Result):
    for shape, x in (((31, 32, 4), 0), ((32, 32, 4), 1), ((1, 1, 4), 0)):
        error = result_error(server, session, ResultRequest("copy", onto=zeros("u8", *shape), offset_x=x))
        expect(
            error, "bad_request", f"{shape[1]} x {shape[0]} px at \\({x}, 0\\)", "32 x 32 px", hint="^Give the picture"
        )


@pytest.mark.parametrize(
    ("changes", "mention"),
    [
        ({"form": "copy"}, "onto.*nothing for the form 'copy'"),
        ({"onto": to_wire(Array("u8", (1, 1, 4), b"1234"))}, "onto.*form 'edit'"),
        ({"form": "copy", "depth": "u8", "onto": to_wire(Array("u16", (1, 1, 4), bytes(8)))}, "depth.*'u8'.*'u16'"),
        ({"form": "copy", "onto": to_wire(Array("f16", (1, 1, 4), bytes(8)))}, "onto.dtype.*'f16'"),
        ({"form": "copy", "onto": to_wire(Array("u8", (1, 1), b"1"))}, r"onto.shape.*\[1, 1\]"),
        ({"form": "collage"}, "form.*'collage'.*'edit' or 'copy'"),
        ({"depth": "f64"}, "depth.*'f64'"),
        ({"since": -1}, "since.*-1"),
        ({"composited": True}, "composited.*unknown"),
    ],
)
def test_a_result_that_there_is_not(server: ServerProcess, session: Result, changes: dict, mention: str):
    body = msgpack.packb({"type": "result_request", **changes})
    expect(server.ask("POST", f"/sessions/{session.session}/result", body).error, "bad_request", mention)


def test_a_copy_with_nan(server: ServerProcess, session: Result):
    onto = {"dtype": "f32", "shape": [32, 32, 4], "data": np.full(4096, np.nan, "<f4").tobytes()}
    body = msgpack.packb({"type": "result_request", "form": "copy", "onto": onto})
    expect(server.ask("POST", f"/sessions/{session.session}/result", body).error, "bad_request", r"onto.*NaN")


def test_a_change_since_a_time_to_come(server: ServerProcess, session: Result):
    onto = zeros("u8", 32, 32, 4)
    for request in (ResultRequest(since=1), ResultRequest("copy", 5, onto=onto)):
        expect(
            result_error(server, session, request),
            "bad_request",
            "since position [15]",
            "position 0",
            hint="from 0 to 0",
        )
    preview = PreviewOptions(format="png", content="edit", since=3)
    drag = server.last_event(f"/sessions/{session.session}/drag", DragRequest((pull(),), preview=preview))
    expect(drag, "bad_request", "since position 3", hint="from 0 to 0")
    sought = server.ask("POST", f"/sessions/{session.session}/seek", SeekRequest(0, preview))
    expect(sought.error, "bad_request", "since position 3")


def test_a_result_too_large_to_be_sent(server: ServerProcess):
    session = server.last_event("/sessions", OpenRequest(FromSeed(1, frame=Frame(0.0, 0.0, 8000.0)), "noise"))
    assert isinstance(session, Result)
    error = result_error(server, session, ResultRequest("picture", depth="f32"))
    expect(error, "too_large", "8000 x 8000 px of 32 bits, 977 MiB", "256 MiB", hint="lower depth")


def test_a_preview_of_an_edit_is_no_jpeg(server: ServerProcess, session: Result):
    wire = to_wire(PreviewOptions(format="png", content="edit"))
    body = raw_drag([raw_point()], preview={**wire, "format": "jpeg"})
    answer = server.ask("POST", f"/sessions/{session.session}/drag", body)
    expect(answer.error, "bad_request", "preview.format.*'jpeg'.*'png'")


# Models, latents, edit states


def test_an_unknown_model(server: ServerProcess):
    error = open_error(server, FromSeed(1), "cats")
    expect(error, "unknown_model", "'cats'", "noise", "slow")


def test_a_damaged_and_a_truncated_model_file(server: ServerProcess):
    models = server.home.models
    whole = (models / "noise.safetensors").read_bytes()
    damaged = {"cut": whole[: len(whole) // 2], "garbled": b"\xff" * 5000, "empty": b""}
    for name, content in damaged.items():
        (models / f"{name}.safetensors").write_bytes(content)
    try:
        for name in damaged:
            expect(open_error(server, FromSeed(1), name), "bad_model", rf"{name}\.safetensors")
        listed = {model.id for model in server.connection().models().models}
        assert {"noise", "slow"} <= listed
        assert not listed & damaged.keys()
    finally:
        for name in damaged:
            (models / f"{name}.safetensors").unlink()


def test_a_model_with_settings_that_are_none(server: ServerProcess):
    path = save_model(server.home.models, "odd")
    try:
        checkpoint = load_checkpoint(path)
        card = dataclasses.replace(checkpoint.card, drag=DragDefaults(step_size=50.0))
        save_checkpoint(path, checkpoint.generator, card)
        session = server.last_event("/sessions", OpenRequest(FromSeed(1), "odd"))
        expect(drag_error(server, session, [pull()]), "bad_model", "file of the model 'Odd'", "step_size.*not 50")
        card = dataclasses.replace(card, drag=DragDefaults(step_size="fast"))  # type: ignore[arg-type]
        save_checkpoint(path, checkpoint.generator, card)
        expect(open_error(server, FromSeed(1), "odd"), "bad_model", r"odd\.safetensors", "step_size is 'fast'")
        assert "odd" not in {model.id for model in server.connection().models().models}
    finally:
        path.unlink()


def test_a_model_replaced_while_it_is_used(server: ServerProcess):
    path = save_model(server.home.models, "replaced")
    try:
        session = server.last_event("/sessions", OpenRequest(FromSeed(1), "replaced"))
        save_model(server.home.models, "replaced", seed=1)
        expect(drag_error(server, session, [pull()]), "bad_edit_state", "'replaced'", "replaced while")
    finally:
        path.unlink()


def test_a_latent_of_another_model(server: ServerProcess):
    error = open_error(server, FromLatent(zeros("f16", 14, 16)))
    expect(error, "bad_request", "14 x 16", "8 x 16", "another model")


def test_a_latent_with_nan(server: ServerProcess):
    wire = to_wire(OpenRequest(FromLatent(zeros("f32", 8, 16)), "noise"))
    wire["source"]["ws"]["data"] = np.full(128, np.nan, "<f4").tobytes()
    expect(server.ask("POST", "/sessions", msgpack.packb(wire)).error, "bad_request", r"ws.*NaN")


def test_an_edit_state_of_another_model(server: ServerProcess, session: Result):
    state = EditState.from_bytes(session.edit_state)
    other = dataclasses.replace(state, model_sha256="0" * 64)
    expect(open_error(server, FromState(other.to_bytes()), None), "bad_edit_state", "noise", "000000000000")
    expect(open_error(server, FromState(session.edit_state), "slow"), "bad_edit_state", "noise", "slow")
    unknown = dataclasses.replace(state, model_id="gone")
    expect(open_error(server, FromState(unknown.to_bytes()), None), "unknown_model", "'gone'", "noise")


def test_an_edit_state_whose_latents_do_not_fit_the_model(server: ServerProcess, session: Result):
    state = EditState.from_bytes(session.edit_state)
    other = dataclasses.replace(state, start_latent=zeros("f16", 14, 16))
    expect(open_error(server, FromState(other.to_bytes()), None), "bad_request", "14 x 16")


def test_an_edit_state_whose_points_do_not_fit_the_model(server: ServerProcess, session: Result):
    state = EditState.from_bytes(session.edit_state)
    point = StatePoint("p", 8, 8, 8, 8, 8, 8, zeros("f16", 5), 32)
    opened = server.last_event(
        "/sessions", OpenRequest(FromState(dataclasses.replace(state, points=(point,)).to_bytes()))
    )
    assert isinstance(opened, Result)
    expect(drag_error(server, opened, [pull()]), "bad_request", "point 1", "another model")


def test_an_edit_state_of_another_version_and_damaged_ones(server: ServerProcess, session: Result):
    state = session.edit_state
    newer = state[:4] + struct.pack("<H", 99) + state[6:]
    expect(open_error(server, FromState(newer), None), "bad_edit_state", "99")
    for damaged in (state[:-10], b"", b"no edit state", state[:20] + b"\0" * 20 + state[40:]):
        expect(open_error(server, FromState(damaged), None), "bad_edit_state", "is damaged|is not a DragGAN edit state")


def test_an_edit_state_with_a_damaged_picture(server: ServerProcess, session: Result):
    state = dataclasses.replace(
        EditState.from_bytes(session.edit_state), source="picture", seed=None, frame_picture=b"\x89PNG no"
    )
    expect(open_error(server, FromState(state.to_bytes()), None), "bad_edit_state", "picture")


def test_an_edit_state_with_a_damaged_mask(server: ServerProcess, session: Result):
    state = EditState.from_bytes(session.edit_state)
    drag = FinishedDrag(state.start_latent, (), "reached", 1, 0)
    damaged = dataclasses.replace(state, history=(drag,), masks=(KeptMask(b"\x89PNG no"),), position=1)
    expect(open_error(server, FromState(damaged.to_bytes()), None), "bad_edit_state", "mask")


# Sessions


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/drag", DragRequest((pull(),))),
        ("POST", "/cancel", None),
        ("POST", "/undo", None),
        ("POST", "/seek", SeekRequest(0)),
        ("DELETE", "", None),
    ],
)
def test_a_session_that_there_is_not(server: ServerProcess, method: str, path: str, body: Message | None):
    answer = server.ask(method, f"/sessions/nobody{path}", body)
    assert answer.status == 404
    expect(answer.error, "unknown_session", "nobody")
    assert "edit state" in answer.error.hint


def test_nothing_to_undo_or_redo(server: ServerProcess, session: Result):
    for verb in ("undo", "redo"):
        expect(server.ask("POST", f"/sessions/{session.session}/{verb}").error, "bad_request", "0 finished drags")


# The door


@pytest.mark.parametrize(
    ("headers", "status", "code", "mention"),
    [
        ({"Authorization": None}, 401, "unauthorized", "no token"),
        ({"Authorization": "Bearer wrong"}, 401, "unauthorized", "not this server's"),
        ({"Authorization": "Bearer \xff\xfe"}, 401, "unauthorized", "not this server's"),
        ({"Host": None}, 403, "forbidden", "Host.*missing"),
        ({"Host": "evil.example"}, 403, "forbidden", "evil.example"),
        ({"Host": "127.0.0.1"}, 403, "forbidden", "Host"),
        ({"Host": "127.0.0.1:1"}, 403, "forbidden", "Host"),
        ({"Host": "localhost.evil.example:{port}"}, 403, "forbidden", "evil.example"),
        ({"Origin": "http://127.0.0.1:{port}"}, 403, "forbidden", "Origin"),
        ({"Origin": "null"}, 403, "forbidden", "Origin"),
        ({"Content-Type": None}, 415, "unsupported_media_type", "missing"),
        ({"Content-Type": "text/plain"}, 415, "unsupported_media_type", "text/plain"),
        ({"Content-Type": "application/json"}, 415, "unsupported_media_type", MEDIA_TYPE),
        ({"Content-Type": "multipart/form-data"}, 415, "unsupported_media_type", "multipart"),
    ],
)
@pytest.mark.parametrize("path", ["/sessions", "/shutdown"])
def test_strangers(server: ServerProcess, path: str, headers, status: int, code: str, mention: str):
    filled = {name: value and value.replace("{port}", str(server.info.port)) for name, value in headers.items()}
    answer = server.ask("POST", path, OpenRequest(FromSeed(1), "noise"), filled)
    assert answer.status == status
    expect(answer.error, code, mention)


def test_a_strangers_large_body_is_heard_out_and_refused(server: ServerProcess):
    body = bytes(BODY_LIMIT - 1)
    answer = server.ask("POST", "/sessions", body, {"Origin": "http://evil.example", "Authorization": None})
    assert answer.status == 403
    expect(answer.error, "forbidden", "Origin")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_the_loopback_names_are_welcome(server: ServerProcess, host: str):
    answer = server.ask("GET", "/hello", headers={"Host": f"{host}:{server.info.port}"})
    assert answer.status == 200


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT", "OPTIONS", "HEAD"])
def test_no_route_answers_without_the_token(server: ServerProcess, method: str):
    for path in ("/", "/hello", "/models", "/sessions", "/sessions/x", "/sessions/x/drag", "/static/x"):
        assert server.ask(method, path, headers={"Authorization": None}).status == 401


def test_two_hosts_are_none(server: ServerProcess):
    info = server.info
    answer = server.say(
        f"GET /hello HTTP/1.1\r\nHost: 127.0.0.1:{info.port}\r\nHost: evil.example\r\n"
        f"Authorization: Bearer {info.token}\r\n\r\n".encode()
    )
    expect(answer.error, "forbidden", "evil.example")


def test_a_path_or_method_that_there_is_not(server: ServerProcess):
    expect(server.ask("GET", "/nothing").error, "not_found", "GET /nothing")
    expect(server.ask("GET", "/sessions").error, "not_found", "GET /sessions")


# Bodies


def head(server: ServerProcess, *lines: str) -> bytes:
    info = server.info
    usual = (f"Host: 127.0.0.1:{info.port}", f"Authorization: Bearer {info.token}")
    return "\r\n".join(("POST /sessions HTTP/1.1", *usual, f"Content-Type: {MEDIA_TYPE}", *lines, "", "")).encode()


def test_a_body_that_says_it_is_too_large(server: ServerProcess):
    for size in (BODY_LIMIT + 1, 10**15):
        answer = server.say(head(server, f"Content-Length: {size}"))
        assert answer.status == 413
        expect(answer.error, "too_large", str(BODY_LIMIT))


def test_a_body_at_the_limit_is_read(server: ServerProcess):
    answer = server.ask("POST", "/sessions", b"\xc1" * BODY_LIMIT)
    expect(answer.error, "bad_request", "MessagePack")


def test_a_chunked_body_that_turns_out_too_large(server: ServerProcess):
    chunk = b"%x\r\n%s\r\n" % (65536, bytes(65536))
    with socket.create_connection(("127.0.0.1", server.info.port), timeout=60) as open_socket:
        open_socket.sendall(head(server, "Transfer-Encoding: chunked"))
        reply = b""
        try:
            for _ in range(2 * BODY_LIMIT // 65536):
                open_socket.sendall(chunk)
            reply = open_socket.recv(65536)
        except (BrokenPipeError, ConnectionResetError):
            # It hung up while we were still talking; what it said may have been lost with that.
            return
    assert not reply or b" 413 " in reply.split(b"\r\n")[0]


@pytest.mark.parametrize(
    ("body", "mention"),
    [
        (pack(OpenRequest(FromSeed(1)))[:-3], "MessagePack"),
        (b"\xc1\xff\x00garbage", "MessagePack"),
        (b"", "MessagePack"),
        (b"\x91" * 100_000, "MessagePack"),
        (b"\xdd\xff\xff\xff\xff", "MessagePack"),
        (msgpack.packb({"type": "open"}) + b"more", "MessagePack"),
        (msgpack.packb([1, 2, 3]), "list"),
        (msgpack.packb({"type": "drag"}), "type.*'drag'.*'open'"),
        (msgpack.packb({"type": "open"}), "source.*nothing"),
        (msgpack.packb({"type": "open", "source": {"type": "seed", "seed": -1}}), r"source\.seed.*-1"),
        (msgpack.packb({"type": "open", "source": {"type": "seed", "seed": 1}, "colour": 1}), "colour"),
        (msgpack.packb(msgpack.ExtType(5, b"x")), "extension"),
        (msgpack.packb({1: 2}), "map key"),
    ],
    ids=[
        "truncated", "garbage", "empty", "deep", "huge list", "trailing", "no map", "another message",
        "without its source", "negative seed", "unknown field", "extension", "number as key",
    ],
)  # fmt: skip
def test_a_body_that_is_no_request(server: ServerProcess, body: bytes, mention: str):
    answer = server.ask("POST", "/sessions", body)
    assert answer.status == 400
    expect(answer.error, "bad_request", mention)


@pytest.mark.parametrize(
    ("array", "mention"),
    [
        ({"dtype": "u8", "shape": [32, 32], "data": b"\xff" * 1000}, "1000 bytes.*1024 bytes for 32x32"),
        ({"dtype": "f32", "shape": [32, 32], "data": bytes(1024)}, "1024 bytes.*4096"),
        ({"dtype": "u8", "shape": [1 << 20, 1 << 20], "data": b""}, "bytes"),
        ({"dtype": "u8", "shape": [-32, -32], "data": bytes(1024)}, "shape"),
        ({"dtype": "O", "shape": [32, 32], "data": bytes(1024)}, "dtype.*'O'"),
        ({"dtype": "f16", "shape": [32, 32], "data": bytes(2048)}, "f16"),
        ({"dtype": "u8", "shape": [32, 32, 1], "data": bytes(1024)}, "shape"),
        ({"dtype": "u8", "shape": [32, 32], "data": "text"}, "data"),
    ],
)
def test_an_array_that_does_not_match_its_bytes(server: ServerProcess, session: Result, array, mention: str):
    answer = server.ask("POST", f"/sessions/{session.session}/drag", raw_drag([raw_point()], mask={"array": array}))
    assert answer.status == 400
    expect(answer.error, "bad_request", mention, "mask")


@pytest.mark.parametrize(
    "raw",
    [
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"POST /sessions HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"GET /hello HTTP/1.1\r\nX: " + b"y" * 300_000 + b"\r\n\r\n",
    ],
    ids=["no HTTP", "TLS", "negative length", "huge header"],
)
def test_what_is_no_http_is_refused_in_our_words(server: ServerProcess, raw: bytes):
    expect(server.say(raw).error, "bad_request")


def test_a_client_that_hangs_up_inside_its_request(server: ServerProcess):
    for part in (b"POST /sess", head(server, "Content-Length: 1000") + b"half"):
        with socket.create_connection(("127.0.0.1", server.info.port)) as open_socket:
            open_socket.sendall(part)
