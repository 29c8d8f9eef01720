"""What a stranger sends takes no room."""

from __future__ import annotations

import tracemalloc
from collections.abc import Mapping
from types import SimpleNamespace

import pytest
from waitress.adjustments import Adjustments

from draggan_server.server.errors import RefusedError
from draggan_server.server.gate import guard

BODY = 4 << 20
CHUNK = bytes(1 << 16)


def parser_of(welcome: bool):
    """The parser that a guarded waitress reads a request with."""

    def check(headers: Mapping[str, str], has_body: bool) -> None:
        assert has_body
        if not welcome:
            raise RefusedError("forbidden", "Strangers are not welcome.", "Go away.")

    server = SimpleNamespace()
    guard(server, check, BODY + 1)
    return server.channel_class.parser_class(Adjustments(inbuf_overflow=BODY + 1))


@pytest.mark.parametrize("framing", [b"Content-Length: %d" % BODY, b"Transfer-Encoding: chunked"])
@pytest.mark.parametrize("welcome", [True, False])
def test_the_body_of_a_refused_request_is_not_kept(framing: bytes, welcome: bool):
    parser = parser_of(welcome)
    tracemalloc.start()
    try:
        parser.received(b"POST /sessions HTTP/1.1\r\n" + framing + b"\r\n\r\n")
        for _ in range(BODY // len(CHUNK)):
            parser.received(b"%x\r\n%b\r\n" % (len(CHUNK), CHUNK) if b"chunked" in framing else CHUNK)
        if b"chunked" in framing:
            parser.received(b"0\r\n\r\n")
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert parser.completed
    assert (parser.error is None) is welcome
    assert (held > BODY / 2) is welcome
