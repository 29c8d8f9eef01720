"""How commands reach the server, follow its work, and stop it on Ctrl+C."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

from draggan_client.connection import Connection
from draggan_client.session import Session
from draggan_server.cli.progress import ProgressLine


def connect(line: ProgressLine) -> Connection:
    """To the server that runs, or to the one of this very installation, started now.

    Raises what Connection.connect does.
    """
    command = (sys.executable, "-m", "draggan_server.cli", "serve")
    connection = Connection(command=command, on_wait=line.waiting)
    connection.connect()
    return connection


@contextlib.contextmanager
def ctrl_c_stops(session: Session) -> Iterator[threading.Event]:
    """Inside, Ctrl+C asks the server to stop what it does for the session; the event tells that it did.

    A second Ctrl+C ends the command at once.
    """
    asked = threading.Event()
    before = signal.getsignal(signal.SIGINT)

    def stop(_number: int, _frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        # Not from here: this interrupts the very thread that waits for the session's events.
        threading.Thread(target=session.cancel, daemon=True).start()

    signal.signal(signal.SIGINT, stop)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)
