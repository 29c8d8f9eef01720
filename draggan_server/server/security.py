"""Who may speak to the server: an editor of this user on this computer, and no web page.

A page in the artist's browser can reach the loopback interface. What keeps it out: the Host header must be
the loopback name and port (DNS rebinding comes with a foreign one), a request with Origin is refused
(browsers send it, editors never do), the token that only this user's runtime file holds, and a media type
that no HTML form can send.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from draggan_client.messages import MEDIA_TYPE
from draggan_server.server.errors import RefusedError


def new_token() -> str:
    """256 random bits, fit for a header."""
    return secrets.token_urlsafe(32)


def check_request(headers: Mapping[str, str], *, has_body: bool, port: int, token: str) -> None:
    """Raises RefusedError unless the request may pass. `headers` has lower-case names; ports are this
    server's.

    The order tells a stranger as little as possible: where the request comes from first, the token next.
    """
    _check_host(headers.get("host"), port)
    if "origin" in headers:
        raise RefusedError(
            "forbidden",
            "The request carries an Origin header, as a web page's does.",
            "Only editors and the command line may speak to this server; do not send Origin.",
        )
    _check_token(headers.get("authorization"), token)
    if has_body and headers.get("content-type", "").strip().lower() != MEDIA_TYPE:
        found = headers.get("content-type")
        raise RefusedError(
            "unsupported_media_type",
            f"The body's media type is {_shown(found)}; only {MEDIA_TYPE} is accepted.",
            f"Send MessagePack with the header Content-Type: {MEDIA_TYPE}.",
        )


def _check_host(host: str | None, port: int) -> None:
    if host not in {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}:
        raise RefusedError(
            "forbidden",
            f"The Host header is {_shown(host)}; this server answers to 127.0.0.1:{port} only.",
            "Use the address in the server's runtime file as it is.",
        )


def _check_token(authorization: str | None, token: str) -> None:
    # Bytes, since compare_digest refuses text beyond ASCII.
    given = (authorization or "").encode("utf-8", "replace")
    if not secrets.compare_digest(given, f"Bearer {token}".encode()):
        what = "no token" if authorization is None else "a token that is not this server's"
        raise RefusedError(
            "unauthorized",
            f"The request has {what} in its Authorization header.",
            "Read it again from the server's runtime file; a server that starts again makes a new one.",
        )


def _shown(value: str | None) -> str:
    return "missing" if value is None else repr(value[:80])
