"""A picture being edited, as an editor sees it. Survives evictions, crashes and restarts of the server."""

import contextlib
import threading
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from .discovery import RuntimeInfo
from .edit_state import EditState
from .errors import (
    ConnectionLostError,
    DragganError,
    DragLostError,
    InversionLostError,
    ServerError,
    StoppedError,
)
from .framing import MAX_BODY_BYTES
from .messages import (
    Ack,
    DragOptions,
    DragRequest,
    FromPicture,
    FromState,
    HistoryRequest,
    InversionMode,
    InvertRequest,
    MaskData,
    OpenRequest,
    Pixels,
    PointPair,
    Preview,
    PreviewOptions,
    Progress,
    Result,
    ResultRequest,
    SeekRequest,
)
from .schema import Made, Message
from .transport import EventStream, Transport

if TYPE_CHECKING:
    from .connection import Connection

SessionEvent = Progress | Preview | Result
CANCEL_TIMEOUT_S = 5.0
_ROOM_BYTES = 1 << 12
"""In a request, for all that is neither pixels nor edit state."""


@dataclass(frozen=True)
class _Job:
    """What runs on the server for a session."""

    stream: EventStream[Result]
    keeps: bool
    """What it has come to, when it is cancelled on the server: a drag, an inversion."""


class Session:
    """Made by `Connection.session`. One thread works with it; `cancel` may be called from any.

    It opens on the server when it is first needed, and again, from the newest edit state, whenever the server
    has lost it. What a lost server was doing just then is reported (DragLostError), never done again unasked.

        with connection.session(FromSeed(7)) as session:
            for event in session.drag([PointPair("jaw", 60, 90, 60, 100)]):
                ...
            pixels = session.pixels()
    """

    def __init__(self, connection: "Connection", request: OpenRequest) -> None:
        self._connection = connection
        self._request = request
        source = request.source
        self._pixels = source if isinstance(source, FromPicture | FromState) and source.picture is not None else None
        """What has the pixels that the edit began with: to be sent again with every edit state."""
        self._id: str | None = None
        self._server: RuntimeInfo | None = None
        self._job: _Job | None = None
        self._stop = threading.Event()
        self.result: Result | None = None
        """The newest result, and with it the newest edit state."""
        self.gave_pixels = False
        """Whether the server got the pixels of the picture that the edit began with, not only its edit state's small
        copy of them: without them, or where they were others, the result is no finer than the model draws."""

    @property
    def edit_state(self) -> bytes | None:
        """The newest edit state, to be kept in the document; None before the session was first open."""
        return self.result.edit_state if self.result else None

    def state(self) -> EditState | None:
        """The newest edit state, read."""
        return EditState.from_bytes(self.result.edit_state) if self.result else None

    def open(self) -> Iterator[SessionEvent]:
        """Open on the server now. The last event is a Result, "inverted" of a picture that needs no inversion any more.

        Yields nothing when it is open already. Raises StoppedError after `cancel`, ServerError, and
        ConnectionLostError.
        """
        self._stop.clear()
        return self._open()

    def drag(
        self,
        points: Iterable[PointPair],
        mask: MaskData | None = None,
        settings: DragOptions | None = None,
        preview: PreviewOptions | None = None,
    ) -> Iterator[SessionEvent]:
        """Pull the points, following each step. The last event is a Result. Without `preview` none is sent.

        Leaving the loop early hangs up, and the server stops within a step. Raises MessageError for bad
        points at once. While iterating: ServerError when the server refuses; DragLostError when the server
        is lost on the way (everything but this drag is still there); StoppedError when cancelled before it
        began.
        """
        request = DragRequest(tuple(points), mask, settings or DragOptions(), preview)
        self._stop.clear()
        return self._run("drag", request)

    def invert(self, mode: InversionMode = "quick", preview: PreviewOptions | None = None) -> Iterator[SessionEvent]:
        """Look for what draws the picture that the session began with, following each step: a drag needs it.

        The previews are the reconstruction; without `preview` none is sent. The last event is a Result: "inverted", or
        "stopped" after `cancel`, which keeps what it has come to. It goes on from what an earlier one has come to, and
        ends at once where nothing is left to do. Leaving the loop early hangs up, and keeps nothing of it.

        While iterating: ServerError when the server refuses, as for an edit that has drags already; InversionLostError
        when the server is lost on the way; StoppedError when cancelled before it began.
        """
        request = InvertRequest(mode, preview)
        self._stop.clear()
        return self._run("invert", request)

    def cancel(self) -> None:
        """From any thread: stop the drag or the inversion, which keep what they have come to and end with the result
        "stopped", or the opening."""
        self._stop.set()
        job = self._job  # it may end, and be gone, while we look
        if job is not None:
            self._stop_job(job)

    def undo(self, preview: PreviewOptions | None = None) -> Result:
        """Back to before the last finished drag. Raises ServerError when there is none."""
        return self._keep(self._ask("undo", Result, HistoryRequest(preview)))

    def redo(self, preview: PreviewOptions | None = None) -> Result:
        """Forward to the drag that was undone last. Raises ServerError when there is none."""
        return self._keep(self._ask("redo", Result, HistoryRequest(preview)))

    def seek(self, position: int, preview: PreviewOptions | None = None) -> Result:
        """To the picture after `position` finished drags; 0 is before the first. Without `preview` none is sent."""
        return self._keep(self._ask("seek", Result, SeekRequest(position, preview)))

    def pixels(self, request: ResultRequest | None = None) -> Pixels:
        """What the drags have come to, in the form asked for; by default the edit to be laid over the layer.

        Raises ServerError when the server refuses.
        """
        return self._ask("result", Pixels, request or ResultRequest())

    def close(self) -> None:
        """Let the server forget it. The edit state stays good, and using the session opens it again."""
        transport = self._connection.transport
        if transport is not None and transport.server == self._server and self._id is not None:
            with contextlib.suppress(DragganError):
                transport.ask("DELETE", f"/sessions/{self._id}", Ack)
        self._id = None

    def __enter__(self) -> "Session":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> Iterator[SessionEvent]:
        if self._id is not None:
            return
        try:
            yield from self._open_once()
        except ServerError as error:
            if error.code != "other_picture":
                raise
            self._pixels = None  # the edit goes on all the same
            yield from self._open_once()

    def _open_once(self) -> Iterator[SessionEvent]:
        request = self._opening()
        source = request.source
        self.gave_pixels = isinstance(source, FromPicture | FromState) and source.picture is not None
        transport, stream = self._connection.with_server(
            lambda to: (to, to.stream("/sessions", request)), give_up=self._stop.is_set
        )
        self._server = transport.server
        try:
            yield from self._follow(_Job(stream, keeps=False))
        except ConnectionLostError:
            if self._stop.is_set():
                raise StoppedError("Opening the picture was stopped.") from None
            raise

    def _opening(self) -> OpenRequest:
        """As it was asked for; later on from the newest edit state, with the pixels that the edit began with."""
        source, pixels = self._request.source, self._pixels
        if self.result is None and not isinstance(source, FromState):
            return self._request
        state = self.result.edit_state if self.result else source.state  # type: ignore[union-attr]
        model = None if self.result else self._request.model
        if pixels is None or pixels.picture is None:
            return OpenRequest(FromState(state), model)
        if len(state) + len(pixels.picture.data) > MAX_BODY_BYTES - _ROOM_BYTES:
            return OpenRequest(FromState(state), model)  # the largest pictures leave no room beside them
        return OpenRequest(FromState(state, pixels.picture, pixels.offset_x, pixels.offset_y), model)

    def _run(self, verb: Literal["drag", "invert"], request: DragRequest | InvertRequest) -> Iterator[SessionEvent]:
        try:
            stream = yield from self._begin(verb, request)
            yield from self._follow(_Job(stream, keeps=True))
        except ConnectionLostError as error:
            self._id = None
            if verb == "drag":
                raise DragLostError(
                    f"The running drag was lost: {error.message}",
                    "All before it is still there. Drag again.",
                ) from None
            raise InversionLostError(
                f"The running inversion was lost: {error.message}",
                "What an earlier one came to is still there. Begin it again.",
            ) from None

    def _begin(self, verb: str, request: Message) -> Generator[SessionEvent, None, EventStream]:
        """Start the job. A session that the server has forgotten is opened again: the job never began."""
        for last_try in (False, True):
            yield from (event for event in self._open() if not isinstance(event, Result))
            if self._stop.is_set():
                raise StoppedError("It was stopped before it began.")
            try:
                return self._connection.with_server(
                    lambda to: to.stream(self._path(to, verb), request), give_up=self._stop.is_set
                )
            except ServerError as error:
                if error.code != "unknown_session" or last_try:
                    raise
                self._id = None
        raise AssertionError("unreachable")

    def _ask(self, verb: str, expected: type[Made], body: Message | None = None) -> Made:
        """Ask; once more, from the newest edit state, when session or server turn out to be lost."""
        try:
            return self._ask_once(verb, expected, body)
        except ServerError as error:
            if error.code != "unknown_session":
                raise
        except ConnectionLostError:
            pass
        self._id = None
        return self._ask_once(verb, expected, body)

    def _ask_once(self, verb: str, expected: type[Made], body: Message | None) -> Made:
        self._stop.clear()
        for _event in self._open():
            pass
        return self._connection.with_server(lambda to: to.ask("POST", self._path(to, verb), expected, body))

    def _path(self, to: Transport, verb: str) -> str:
        """Where the server `to` takes this session's requests."""
        if self._id is None or to.server != self._server:
            raise ServerError("unknown_session", "The session was open on another server.")
        return f"/sessions/{self._id}/{verb}"

    def _follow(self, job: _Job) -> Iterator[SessionEvent]:
        self._job = job
        try:
            if self._stop.is_set():  # asked for before there was something to stop
                self._stop_job(job)
            for event in job.stream:
                if isinstance(event, Result):
                    self._keep(event)
                yield event
        finally:
            self._job = None
            job.stream.close()

    def _stop_job(self, job: _Job) -> None:
        transport = self._connection.transport
        if job.keeps and transport is not None:
            try:
                transport.ask("POST", self._path(transport, "cancel"), Ack, timeout_s=CANCEL_TIMEOUT_S)
            except DragganError:
                job.stream.interrupt()  # it cannot be asked nicely, and hanging up ends the job as well
        else:
            job.stream.interrupt()

    def _keep(self, result: Result) -> Result:
        self._id = result.session
        self.result = result
        return result
