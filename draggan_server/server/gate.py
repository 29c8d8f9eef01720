"""waitress as this server needs it: strangers are turned away before their body takes any room.

waitress reads a whole body before the application sees the request, and answers what it finds wrong itself
in plain text. Here the request is checked when its headers are complete, a refused body is read but not
kept (closing the socket on a client that is still sending would cost it the answer), and every answer is a
MessagePack error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import BaseWSGIServer
from waitress.task import ErrorTask

from draggan_client import framing
from draggan_client.messages import MEDIA_TYPE, Error
from draggan_server.server.errors import HTTP_STATUS, RefusedError

CheckHeaders = Callable[[Mapping[str, str], bool], None]
"""(headers with lower-case names, has a body) -> nothing; raises RefusedError."""


def guard(server: BaseWSGIServer, check_headers: CheckHeaders, max_body_bytes: int) -> None:
    """Makes `server` check every request's headers before it reads the body."""

    class GuardedParser(_Parser):
        check = staticmethod(check_headers)

    class GuardedErrorTask(_ErrorTask):
        body_limit = max_body_bytes

    class GuardedChannel(HTTPChannel):
        parser_class = GuardedParser
        error_task_class = GuardedErrorTask

    server.channel_class = GuardedChannel


class _Parser(HTTPRequestParser):
    check: CheckHeaders
    error: Any
    _refused: _Refusal | None = None

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        headers = {name.lower().replace("_", "-"): value for name, value in self.headers.items()}
        try:
            self.check(headers, self.body_rcv is not None)
        except RefusedError as fault:
            self._refused = _Refusal(fault.error)
            if self.body_rcv is not None:
                self.body_rcv.buf = _Sink()

    def received(self, data: bytes) -> int:
        consumed: int = super().received(data)
        if self.completed and self._refused is not None and self.error is None:
            self.error = self._refused
        return consumed


class _Sink:
    """Takes a refused body and keeps nothing of it but its length."""

    def __init__(self) -> None:
        self._length = 0

    def append(self, data: bytes) -> None:
        self._length += len(data)

    def __len__(self) -> int:
        return self._length

    def close(self) -> None:
        """There is nothing to close."""


class _Refusal:
    """What waitress's error task asks for its answer."""

    def __init__(self, error: Error) -> None:
        self._error = error

    def to_response(self, _ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        status = HTTP_STATUS[self._error.code]
        return f"{status} {self._error.code}", [("Content-Type", MEDIA_TYPE)], framing.pack(self._error)


class _ErrorTask(ErrorTask):
    """Answers faults that the application never sees in the form that clients understand."""

    body_limit: int

    def execute(self) -> None:
        if not isinstance(self.request.error, _Refusal):
            self.request.error = _Refusal(self._in_our_words(self.request.error))
        super().execute()

    def _in_our_words(self, fault: Any) -> Error:
        if fault.code == 413:
            return Error(
                "too_large",
                f"The request's body is over the limit of {self.body_limit} bytes.",
                "Send less at once: crop the picture to the frame.",
            )
        if fault.code >= 500:
            return Error("internal", f"{fault.reason}: {fault.body}", "Try again; see the server's log.")
        return Error("bad_request", f"{fault.reason}: {fault.body}", "Send a well-formed HTTP/1.1 request.")
