"""The data folder of DragGAN for the tests in editors, and the server that the plugins find or start there."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from draggan_client.connection import Connection
from draggan_client.discovery import Home, LaunchCommand, process_exists, read_runtime, write_launch
from draggan_client.errors import DragganError
from tests.e2e.editors.root import Root

_SERVE = ("-m", "draggan_server.cli", "serve")


@dataclass(frozen=True)
class ServerHome:
    """Made as the installer makes it, so that a plugin can start the server: on this computer, not in the root."""

    home: Home
    root: Root

    @classmethod
    def make(cls, folder: Path, root: Root) -> ServerHome:
        home = Home(folder)
        write_launch(home, LaunchCommand(root.out(sys.executable, *_SERVE)))
        return cls(home, root)

    def connection(self) -> Connection:
        """Finds the server, or starts it from here."""
        return Connection(self.home, command=(sys.executable, *_SERVE))

    @property
    def pid(self) -> int | None:
        """The process of the server that runs."""
        info = read_runtime(self.home)
        return info.pid if info and process_exists(info.pid) else None

    def kill(self) -> None:
        """The server is gone at once, as after a crash."""
        pid = self.pid
        assert pid, "no server runs"
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while _lives(pid):
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def stop(self) -> None:
        """Ask it to end, if it runs."""
        if self.pid:
            with contextlib.suppress(DragganError):
                self.connection().shutdown()


def _lives(pid: int) -> bool:
    """A dead process whose parent has not looked yet does not live."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
