"""A small server that speaks the protocol and does what a test tells it to: also the unkind things.

As a program it is a server for the launcher to start: `python fake_server.py {well|slowly|when_told|crash|mute}`.
"""

import contextlib
import dataclasses
import os
import secrets
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from draggan_client import framing
from draggan_client.arrays import Array
from draggan_client.discovery import Home, RuntimeInfo, find_home, write_runtime
from draggan_client.edit_state import EditState, FinishedDrag, Inversion
from draggan_client.messages import (
    MEDIA_TYPE,
    PROTOCOL,
    Ack,
    DragRequest,
    Error,
    Frame,
    FromPicture,
    FromState,
    Hello,
    InvertRequest,
    Models,
    OpenRequest,
    Pixels,
    Preview,
    Progress,
    Recognition,
    Result,
    SeekRequest,
)
from draggan_client.schema import Message

LATENT = Array("f16", (2, 4), struct.pack("<8e", *[0.5] * 8))
NEW = EditState("portraits", "a" * 64, 64, Frame(0, 0, 64), 0.7, "const", "seed", 7, LATENT)
PICTURE = dataclasses.replace(NEW, source="picture", seed=None)
DRAG_STEPS = 4
GO = "go"
"""A file in the home: tells the server that is started "when_told" to come up."""
STARTED = "started"
"""Another one: with a line from each server that was started."""


class FakeServer:
    """Sessions are edit states; a drag is a few steps. `faults` are taken in turn, one for each drag that begins."""

    def __init__(self, home: Home, protocol: int = PROTOCOL) -> None:
        self.protocol = protocol
        self.sessions: dict[str, EditState] = {}
        self.asked: list[str] = []
        self.opened: list[OpenRequest] = []
        self.picture: Array | None = None
        """What an edit state's picture has to be."""
        self.faults: list[Callable[[Any], object]] = []
        self.step_s = 0.0
        self.held_at: int | None = None
        """A drag or an inversion that has come to this step stays there until it is cancelled, or this is another."""
        self.cancelled = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        url = f"http://127.0.0.1:{self._http.server_port}"
        self.info = RuntimeInfo(url, secrets.token_hex(16), os.getpid(), "0.1.0", protocol)
        write_runtime(home, self.info)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """As if killed, but for open connections. The runtime file stays."""
        self.held_at = None
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def forget(self) -> None:
        """Evict every session."""
        self.sessions.clear()

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                server.asked.append(f"{self.command} {self.path}")
                if self.headers["Authorization"] != f"Bearer {server.info.token}":
                    return self.reply(Error("unauthorized", "The token is wrong.", "Read the runtime file."), 401)
                what = server.reply_to(self.command, self.path.strip("/").split("/"), body, self)
                if isinstance(what, Error):
                    self.reply(what, 404)
                elif isinstance(what, Message):
                    self.reply(what)
                elif what is not None:
                    with contextlib.suppress(ConnectionError):  # the client has left
                        self.stream(what)

            do_GET = do_POST = do_DELETE = answer  # noqa: N815

            def reply(self, message: Message, status: int = 200) -> None:
                packed = framing.pack(message)
                self.send_response(status)
                self.send_header("Content-Type", MEDIA_TYPE)
                self.send_header("Content-Length", str(len(packed)))
                self.end_headers()
                self.wfile.write(packed)

            def begin_stream(self) -> None:
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()

            def chunk(self, data: bytes) -> None:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

            def stream(self, events: Iterator[Message]) -> None:
                self.begin_stream()
                for event in events:
                    self.chunk(framing.pack(event))
                self.chunk(b"")

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        return Handler

    def reply_to(self, method: str, path: list[str], body: bytes, handler: Any) -> Any:
        """A message, the events of a stream, or None when the reply has been made already."""
        match [method, *path]:
            case ["GET", "hello"]:
                return Hello("0.1.0", self.protocol, os.getpid(), "cpu", "portraits", len(self.sessions), 20)
            case ["GET", "models"]:
                return Models(())
            case ["POST", "sessions"]:
                return self._open(framing.unpack(OpenRequest, body))
            case [_, "sessions", session, *_] if session not in self.sessions:
                return Error("unknown_session", f"There is no session {session}.", "Open it again.")
            case ["POST", "sessions", session, "drag"]:
                if self.faults:
                    self.faults.pop(0)(handler)
                    return None
                return self._drag(session, framing.unpack(DragRequest, body))
            case ["POST", "sessions", session, "invert"]:
                if self.faults:
                    self.faults.pop(0)(handler)
                    return None
                return self._invert(session, framing.unpack(InvertRequest, body))
            case ["POST", "sessions", session, "cancel"]:
                self.cancelled.set()
                return Ack()
            case ["POST", "sessions", session, "undo" | "redo" | "seek" as verb]:
                position = self.sessions[session].position + {"undo": -1, "redo": 1, "seek": 0}[verb]
                if verb == "seek":
                    position = framing.unpack(SeekRequest, body).position
                return self._seek(session, position)
            case ["POST", "sessions", session, "result"]:
                return Pixels(Array("u8", (1, 1, 4), bytes([self.sessions[session].position] * 4)))
            case ["DELETE", "sessions", session]:
                del self.sessions[session]
                return Ack()
        return Error("not_found", f"There is nothing at {path}.")

    def _open(self, request: OpenRequest) -> Iterator[Message]:
        yield Progress("open", 0, 1)
        session = secrets.token_hex(4)
        source = request.source
        self.opened.append(request)
        if isinstance(source, FromState):
            if source.picture is not None and source.picture != self.picture:
                yield Error("other_picture", "It is another picture.")
                return
            self.sessions[session] = EditState.from_bytes(source.state)
        else:
            self.sessions[session] = PICTURE if isinstance(source, FromPicture) else NEW
        yield self._result(session, "opened", 0)

    def _invert(self, session: str, request: InvertRequest) -> Iterator[Message]:
        self.cancelled.clear()
        step, total = 0, 3 * DRAG_STEPS
        while step < total and not self._is_cancelled(step):
            step += 1
            yield Progress(("w", "w+", "tuning")[(step - 1) // DRAG_STEPS], step, total, elapsed_s=1.0, remaining_s=2.0)
            if request.preview:
                yield Preview(step, 1, 1, "jpeg", b"as the model draws it %d" % step)
        state = self.sessions[session]
        inversion = Inversion(request.mode, step, total, Recognition(0.4, "unknown") if step >= DRAG_STEPS else None)
        self.sessions[session] = dataclasses.replace(state, inversion=inversion)
        last = Preview(step, 1, 1, "jpeg", b"at last") if request.preview else None
        ended = self._result(session, "stopped" if step < total else "inverted", step)
        yield dataclasses.replace(ended, preview=last, recognition=inversion.recognition)

    def _drag(self, session: str, request: DragRequest) -> Iterator[Message]:
        self.cancelled.clear()
        step = 0
        while step < DRAG_STEPS and not self._is_cancelled(step):
            step += 1
            yield Progress("drag", step, DRAG_STEPS)
            if request.preview:
                yield Preview(step, 1, 1, "png", b"png")
        state = self.sessions[session]
        history = (*state.history[: state.position], FinishedDrag(LATENT, (), "reached", step))
        self.sessions[session] = dataclasses.replace(state, history=history, position=len(history))
        yield self._result(session, "stopped" if self.cancelled.is_set() else "reached", step)

    def _is_cancelled(self, step: int) -> bool:
        """After the time that a step takes."""
        is_cancelled = self.cancelled.wait(self.step_s)
        while step == self.held_at and not is_cancelled:
            is_cancelled = self.cancelled.wait(0.005)
        return is_cancelled

    def _seek(self, session: str, position: int) -> Message:
        state = self.sessions[session]
        if not 0 <= position <= len(state.history):
            return Error("bad_request", "There is no such drag.", "Seek among the finished ones.")
        self.sessions[session] = dataclasses.replace(state, position=position)
        return self._result(session, "sought", 0)

    def _result(self, session: str, reason: Any, steps: int) -> Result:
        state = self.sessions[session]
        return Result(session, reason, steps, 0.1, (), state.to_bytes(), state.position, len(state.history))


def main(manner: str) -> None:
    """Be a server in a process of its own, until its parent's test ends it; at most a minute."""
    if manner == "crash":
        sys.exit("ModuleNotFoundError: No module named 'torch'")
    if manner == "slowly":
        time.sleep(1)
    home = find_home()
    while manner == "when_told" and not (home.folder / GO).exists():
        time.sleep(0.02)
    with (home.folder / STARTED).open("a") as started:
        started.write(f"{os.getpid()} {sorted(name for name in os.environ if name.startswith('PYTHON'))}\n")
    if manner != "mute":
        FakeServer(home)
    time.sleep(60)


if __name__ == "__main__":
    main(sys.argv[1])
