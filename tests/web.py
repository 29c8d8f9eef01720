"""A web server on this computer, with files that come as badly as a test asks."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """A file, and how it is given."""

    data: bytes = b""
    status: int = 200
    etag: str | None = '"one"'
    ranges: bool = True
    """Parts can be asked for."""
    says_length: bool = True
    """Otherwise it comes in chunks."""
    cut_after: list[int] = field(default_factory=list)
    """The connection breaks after so many bytes of the reply, one number for each."""
    silent_after: int | None = None
    """Nothing more comes after so many bytes, and the connection stays."""
    bytes_per_s: float | None = None
    redirect: str | None = None
    content_type: str = "application/octet-stream"
    failures: list[int] = field(default_factory=list)
    """Statuses of the first replies."""


@dataclass
class Web:
    """The server and what was asked of it."""

    url: str
    files: dict[str, Served]
    asked: list[tuple[str, str | None]]
    """Path and Range of each request."""
    sent: int = 0
    """Bytes of files, all replies together."""


@contextlib.contextmanager
def serving() -> Iterator[Web]:
    """Use with `with`; put files into `.files`, by path: "/cats.pkl"."""
    web = Web("", {}, [])
    ending = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:  # the library's name
            web.asked.append((self.path, self.headers.get("Range")))
            served = web.files.get(self.path)
            self.close_connection = True
            if served is None:
                self._head(404, {"Content-Length": "0"})
            elif served.failures:
                self._head(served.failures.pop(0), {"Content-Length": "0"})
            elif served.redirect is not None:
                self._head(302, {"Location": served.redirect, "Content-Length": "0"})
            else:
                with contextlib.suppress(OSError):
                    self._give(served)

        def _give(self, served: Served) -> None:
            start, status = 0, served.status
            headers = {"Content-Type": served.content_type}
            if served.etag:
                headers["ETag"] = served.etag
            wanted = self.headers.get("Range")
            fits = self.headers.get("If-Range") in (None, served.etag)
            if wanted and served.ranges and fits:
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
                if start >= len(served.data):
                    self._head(416, {"Content-Range": f"bytes */{len(served.data)}", "Content-Length": "0"})
                    return
                status = 206
                headers["Content-Range"] = f"bytes {start}-{len(served.data) - 1}/{len(served.data)}"
            body = served.data[start:]
            if served.says_length:
                headers["Content-Length"] = str(len(body))
            else:
                headers["Transfer-Encoding"] = "chunked"
            self._head(status, headers)
            cut = served.cut_after.pop(0) if served.cut_after else None
            self._body(served, body, cut)

        def _body(self, served: Served, body: bytes, cut: int | None) -> None:
            block = 1 << 16 if served.bytes_per_s is None else max(1, int(served.bytes_per_s / 20))
            for place in range(0, len(body), block):
                part = body[place : place + block]
                for stop in (cut, served.silent_after):
                    if stop is not None:
                        part = part[: max(0, stop - place)]
                if part:
                    self.wfile.write(part if served.says_length else b"%x\r\n%s\r\n" % (len(part), part))
                    web.sent += len(part)
                if len(part) < len(body[place : place + block]):
                    if served.silent_after is not None:
                        ending.wait(60)
                    return
                if served.bytes_per_s is not None:
                    time.sleep(0.05)
            if not served.says_length:
                self.wfile.write(b"0\r\n\r\n")

        def _head(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            self.send_header("Connection", "close")
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    web.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield web
    finally:
        ending.set()
        server.shutdown()
        server.server_close()
