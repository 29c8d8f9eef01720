"""A request to the server and its reply, over the loopback interface. Knows HTTP, and nothing of sessions."""

import contextlib
import http.client
import socket
from collections.abc import Iterator
from typing import Generic, TypeVar

from . import framing
from .discovery import RuntimeInfo
from .errors import (
    ConnectionBrokenError,
    ConnectionLostError,
    DragganError,
    FramingError,
    MessageError,
    NotReachableError,
    ServerError,
    TooLargeError,
)
from .messages import EVENTS, MEDIA_TYPE, Error, ModelAdded, Preview, Progress, Result
from .schema import Made, Message

CONNECT_TIMEOUT_S = 5.0
REPLY_TIMEOUT_S = 60.0
SILENCE_TIMEOUT_S = 180.0
"""A stream that brings nothing for so long is taken for dead; to load a large model takes a while."""
_CHUNK_BYTES = 1 << 16

# What a broken connection raises, and a server that does not speak HTTP.
_BROKEN = (OSError, http.client.HTTPException)


Last = TypeVar("Last", Result, ModelAdded)


class EventStream(Generic[Last]):
    """The events of a running job as they come, its outcome last. An error event is raised as ServerError."""

    def __init__(self, response: http.client.HTTPResponse, open_socket: socket.socket, last: type[Last]) -> None:
        self._response = response
        self._socket = open_socket
        self._last: type[Last] = last

    def __iter__(self) -> Iterator[Progress | Preview | Last]:
        """Raises ConnectionLostError when the stream breaks off, and ServerError."""
        reader = framing.StreamReader(EVENTS)
        try:
            while chunk := self._response.read1(_CHUNK_BYTES):
                for event in reader.feed(chunk):
                    if isinstance(event, Error):
                        raise ServerError(event.code, event.message, event.hint)
                    if isinstance(event, Progress | Preview):
                        yield event
                    elif isinstance(event, self._last):
                        yield event
                        return
            raise ConnectionLostError("The server ended the job without a result.")
        except _BROKEN as error:
            raise _lost(error) from None
        except (FramingError, MessageError) as error:
            raise ConnectionLostError(f"The server sent something unreadable: {error}") from None
        finally:
            self.close()

    def interrupt(self) -> None:
        """Hang up, from any thread: wakes the one that waits for the next event. The server ends the job."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up. For the thread that iterates."""
        self.interrupt()
        with contextlib.suppress(*_BROKEN):
            self._response.close()
        self._socket.close()


class Transport:
    """The way to one server. A connection for each request, so that threads need not share any."""

    def __init__(self, server: RuntimeInfo) -> None:
        self.server = server

    def ask(
        self,
        method: str,
        path: str,
        expected: type[Made],
        body: Message | None = None,
        timeout_s: float = REPLY_TIMEOUT_S,
    ) -> Made:
        """Send a request, and wait for its one reply.

        Raises NotReachableError, ConnectionLostError, ServerError; TooLargeError for a body that is not sent.
        """
        response, open_socket = self._send(method, path, body, timeout_s)
        try:
            return framing.read(expected, response.read)
        except _BROKEN as error:
            raise _lost(error) from None
        except (FramingError, MessageError) as error:
            raise ConnectionLostError(f"The server's reply to {method} {path} cannot be read: {error}") from None
        finally:
            response.close()
            open_socket.close()

    def ask_plain(self, method: str, path: str, body: Message | None, timeout_s: float) -> bytes:
        """As `ask`, with the reply left packed: for a server that may speak otherwise."""
        response, open_socket = self._send(method, path, body, timeout_s)
        try:
            return response.read(framing.MAX_BODY_BYTES + 1)
        except _BROKEN as error:
            raise _lost(error) from None
        finally:
            response.close()
            open_socket.close()

    def stream(self, path: str, body: Message) -> EventStream[Result]:
        """Start a job on a session. Raises as `ask` does when it does not begin."""
        return EventStream(*self._send("POST", path, body, SILENCE_TIMEOUT_S), Result)

    def stream_model(self, path: str, body: Message) -> EventStream[ModelAdded]:
        """Start to get or to add a model. Raises as `ask` does when it does not begin."""
        return EventStream(*self._send("POST", path, body, SILENCE_TIMEOUT_S), ModelAdded)

    def _send(
        self, method: str, path: str, body: Message | None, timeout_s: float
    ) -> tuple[http.client.HTTPResponse, socket.socket]:
        packed = framing.pack_parts(body) if body is not None else []
        size = sum(map(len, packed))
        if size > framing.MAX_BODY_BYTES:
            raise TooLargeError(
                f"{size} bytes are too many for one request; the limit is {framing.MAX_BODY_BYTES}.",
                "Edit a smaller part of the picture.",
            )
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=CONNECT_TIMEOUT_S)
        try:
            connection.connect()
        except OSError as error:
            raise NotReachableError(f"No server answers at {self.server.url} ({error}).") from None
        open_socket: socket.socket = connection.sock  # http.client forgets it when the reply is to be the last
        try:
            open_socket.settimeout(timeout_s)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                # A server that refuses a body may hang up before it has read it all, and still have said why.
                connection.request(method, path, packed, self._headers(size))
            response = connection.getresponse()
            if response.status != 200:
                raise _refusal(response)
        except BaseException as error:
            connection.close()
            open_socket.close()
            if isinstance(error, _BROKEN):
                raise _lost(error) from None
            raise
        return response, open_socket

    def _headers(self, size: int) -> dict[str, str]:
        return {
            "Content-Length": str(size),
            "Authorization": f"Bearer {self.server.token}",
            "Content-Type": MEDIA_TYPE,
            "Accept": MEDIA_TYPE,
            "Connection": "close",
        }


def _refusal(response: http.client.HTTPResponse) -> ServerError:
    """What a reply that is not 200 says."""
    body = response.read(1 << 20)
    try:
        error = framing.unpack(Error, body)
    except DragganError:
        return ServerError("internal", f"The server answered HTTP {response.status} without saying why.")
    return ServerError(error.code, error.message, error.hint)


def _lost(error: BaseException) -> ConnectionLostError:
    if isinstance(error, TimeoutError):
        return ConnectionLostError("The server has not answered for too long.")
    return ConnectionBrokenError(f"The connection to the server broke off ({str(error) or type(error).__name__}).")
