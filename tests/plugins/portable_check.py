"""Runs inside each editor's Python, with nothing installed: the client library as a plugin carries it.

The folder holds `plugin/draggan_client`. Prints CHECKED and what was checked as its last line.
"""

import contextlib
import importlib
import io
import queue
import struct
import sys
import tempfile
import threading
import time
import types
from pathlib import Path

from plugin.draggan_client import (
    arrays,
    discovery,
    edit_state,
    errors,
    framing,
    layer_record,
    layer_rules,
    look,
    messages,
    points,
    settings_table,
)

LATENT = arrays.Array("f16", (4, 8), struct.pack("<32e", *[0.25] * 32))
STATE = edit_state.EditState(
    model_id="portraits",
    model_sha256="a" * 64,
    resolution=128,
    frame=messages.Frame(0, 0, 128),
    psi=0.7,
    noise="const",
    source="seed",
    seed=7,
    start_latent=LATENT,
)
POINTS = (messages.PointPair("jaw", 1, 2.5, 3, 4),)
PICTURE = arrays.Array("f32", (100, 60, 4), struct.pack("<4f", 0.5, 0.25, -1e30, 1.0) * 6000)
EVENTS = (
    messages.Progress("drag", 1, 10, (messages.HandleState("jaw", 1, 2, 3),), loss=0.5),
    messages.Preview(1, 2, 2, "png", bytes(range(256)) * 1000),
    messages.Result("s1", "reached", 3, 1.5, (), STATE.to_bytes(), 1, 1),
)


def check_messages() -> None:
    request = messages.DragRequest(POINTS, messages.MaskData(arrays.Array("u8", (2, 2), bytes(4))))
    assert framing.unpack(messages.DragRequest, framing.pack(request)) == request
    stream = b"".join(map(framing.pack, EVENTS))
    reader = framing.StreamReader(messages.EVENTS)
    read = [event for at in range(0, len(stream), 997) for event in reader.feed(stream[at : at + 997])]
    assert tuple(read) == EVENTS
    reader.end()
    for refused in (b"\xc1", b"\x93\x01", b"\x80\x80", framing.pack(messages.Ack())[:-1]):
        try:
            framing.unpack(messages.Ack, refused)
        except (errors.FramingError, errors.MessageError):
            continue
        raise AssertionError(f"{refused!r} was taken")
    assert b"".join(framing.pack_parts(request)) == framing.pack(request)
    assert framing.read(messages.DragRequest, io.BytesIO(framing.pack(request)).read) == request
    try:
        messages.PointPair("jaw", float("nan"), 0, 0, 0)
    except errors.MessageError as error:
        assert error.field == "handle_x"
    else:
        raise AssertionError("NaN was taken")


def check_edit_state() -> None:
    assert edit_state.EditState.from_bytes(STATE.to_bytes()) == STATE
    assert edit_state.EditState.from_ascii(STATE.to_ascii()) == STATE
    assert STATE.moved(3, -4.5).frame == messages.Frame(3, -4.5, 128)
    try:
        edit_state.EditState.from_bytes(STATE.to_bytes()[:-3])
    except errors.EditStateError:
        return
    raise AssertionError("a truncated edit state was taken")


def check_discovery() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = discovery.find_home({"DRAGGAN_HOME": folder + "/größe mit lücke"})
        info = discovery.RuntimeInfo("http://127.0.0.1:4711", "t" * 32, 1, "0.1.0", messages.PROTOCOL)
        discovery.write_runtime(home, info)
        assert discovery.read_runtime(home) == info


def check_points() -> None:
    board = points.PointBoard()
    board.press(points.Spot(10, 10), look.LOOK.reach)
    board.move(points.Spot(30, 10))
    board.release(points.Spot(50, 10), look.LOOK.slop)
    assert board.wire() == (messages.PointPair("1", 10, 10, 50, 10),)
    board.follow([messages.HandleState("1", 49, 10, 1)])
    board.settle()
    assert board.pairs[0].is_pin and board.undo() and board.redo() and not board.redo()
    assert points.arrow_head(points.Spot(0, 0), points.Spot(10, 0), 4)[0] == points.Spot(10, 0)


def check_layers() -> None:
    target = bytearray(12 * 4)
    layer_rules.splice(target, b"\x07" * 24, b"\0\xff" * 3, 4, width=3, target_width=4, left=1, top=1)
    assert target.count(7) == 12
    assert layer_rules.needs_copy(layer_rules.LayerLook(opacity=0.5))
    fingerprint = layer_record.Fingerprint(2, 2, "RGBA/U8")
    fingerprint.update(memoryview(bytes(16)))
    record = layer_record.LayerRecord("layer", fingerprint.digest(), -1, 2, 2, 2, "", STATE.to_bytes())
    assert layer_record.LayerRecord.from_ascii(record.to_ascii()) == record
    found = layer_record.find([record], "copy", fingerprint.digest())
    assert found and found.how is layer_record.How.DUPLICATE


def check_settings() -> None:
    for setting in settings_table.SETTINGS:
        shown = settings_table.values_from(settings_table.options_from({setting.name: setting.default}))
        assert str(shown[setting.name])[:4] == str(setting.default)[:4], setting.name
        assert setting.automatic_label


def check_editing(home: discovery.Home) -> None:
    """As an editor does it: everything asked for on this thread, everything told on this thread."""
    editing = importlib.import_module("plugin.draggan_client.editing")
    wording = importlib.import_module("plugin.draggan_client.wording")
    told: queue.SimpleQueue = queue.SimpleQueue()

    def until(condition: object) -> None:
        deadline = time.monotonic() + 30
        while not condition():  # type: ignore[operator]
            assert time.monotonic() < deadline, edit.view
            with contextlib.suppress(queue.Empty):
                told.get(timeout=0.05)()

    desk = editing.ServerDesk(told.put, lambda: None, "a check", home)
    edit = editing.Editing(desk.connection, told.put, lambda: None)
    desk.refresh()
    until(lambda: desk.status.phase is editing.ServerPhase.READY)
    texts: list = []
    desk.diagnostics(texts.append)
    until(lambda: texts)
    assert "editor: a check" in texts[0] and "t" * 32 not in texts[0]
    edit.open(lambda: messages.FromSeed(7))
    edit.drag(POINTS, preview=messages.PreviewOptions())
    until(lambda: not edit.view.is_busy)
    view = edit.view
    assert view.problem is None and view.preview == EVENTS[1] and view.state == STATE, view
    assert wording.phase_text(view) == "All points have arrived."
    pixels: list = []
    edit.fetch(messages.ResultRequest(), pixels.append)
    until(lambda: pixels)
    assert pixels[0].picture == PICTURE
    edit.close()
    desk.close()
    assert edit.wait_closed(30)


def check_conversation() -> None:
    """A whole conversation with a server: hello, open, drag."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    connection = importlib.import_module("plugin.draggan_client.connection")
    hello = messages.Hello("0.1.0", messages.PROTOCOL, 1, "cpu", "portraits", 0, 20)
    replies = {
        "/hello": (hello,),
        "/models": (messages.Models(()),),
        "/sessions": (EVENTS[2],),
        "/sessions/s1/drag": EVENTS,
        "/sessions/s1/result": (messages.Pixels(PICTURE),),
    }

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            assert self.headers["Authorization"] == "Bearer " + "t" * 32
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"".join(map(framing.pack, replies.get(self.path, (messages.Ack(),)))))

        do_GET = do_POST = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        home = discovery.Home(Path(folder))
        locks = importlib.import_module("plugin.draggan_client.locks")
        with locks.FileLock(home.start_lock) as lock:
            assert lock.try_acquire() and not locks.FileLock(home.start_lock).try_acquire()
        url = f"http://127.0.0.1:{server.server_port}"
        discovery.write_runtime(home, discovery.RuntimeInfo(url, "t" * 32, 1, "0.1.0", messages.PROTOCOL))
        with connection.Connection(home).session(messages.FromSeed(7)) as session:
            assert tuple(session.drag(POINTS)) == EVENTS
            assert session.state() == STATE
        check_editing(home)
    server.shutdown()
    server.server_close()


check_messages()
check_edit_state()
check_discovery()
check_points()
check_layers()
check_settings()
checked = "messages, edit state, discovery, points, layers, settings"
if sys.platform == "emscripten":  # WebAssembly has no sockets and no locks; what needs them can still be read in
    sys.modules.setdefault("fcntl", types.ModuleType("fcntl"))
else:
    check_conversation()
    checked += ", conversation, editing"
for module in (
    "connection",
    "diagnostics",
    "editing",
    "launcher",
    "server_desk",
    "session",
    "transport",
    "views",
    "wording",
    "worker",
):
    importlib.import_module(f"plugin.draggan_client.{module}")
assert "msgpack" not in sys.modules, "an installed msgpack was used instead of the plugin's own"
assert "plugin.draggan_client._vendor.msgpack.fallback" in sys.modules
print("CHECKED", "%d.%d" % sys.version_info[:2], checked)  # noqa: UP031
