"""The running server, which is stopped before its files are replaced or removed."""

from __future__ import annotations

import contextlib
import http.client

from draggan_client.discovery import Home, RuntimeInfo, read_runtime
from draggan_client.locks import FileLock
from install.errors import InstallError

_ANSWER_WITHIN_S = 5.0
_GONE_WITHIN_S = 20.0
_EMPTY_MESSAGE = b"\x80"
"""An empty map in MessagePack, which the installer's Python need not have."""


def stop_server(home: Home) -> bool:
    """Asks the server to end and waits for it; says whether there was one.

    Raises InstallError where it does not end in time.
    """
    running = read_runtime(home)
    if running is None or _is_gone(home, within_s=0.0):
        return False
    with contextlib.suppress(OSError, http.client.HTTPException):
        _ask_to_end(running)
    if not _is_gone(home, _GONE_WITHIN_S):
        raise InstallError(
            f"A DragGAN server (process {running.pid}) is running from {home.folder} and does not end.\n"
            "Wait for its drags to finish or end that process, then run this again."
        )
    return True


def _is_gone(home: Home, within_s: float) -> bool:
    with FileLock(home.server_lock) as lock:
        return lock.acquire(within_s)


def _ask_to_end(running: RuntimeInfo) -> None:
    connection = http.client.HTTPConnection(running.host, running.port, timeout=_ANSWER_WITHIN_S)
    headers = {"Authorization": f"Bearer {running.token}", "Content-Type": "application/vnd.msgpack"}
    try:
        connection.request("POST", "/shutdown", body=_EMPTY_MESSAGE, headers=headers)
        connection.getresponse().read()
    finally:
        connection.close()
