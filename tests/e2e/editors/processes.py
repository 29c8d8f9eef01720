"""Nothing that a test started is left running, however it ended."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import time
from collections.abc import Callable
from pathlib import Path

VARIABLE = "DRAGGAN_STARTED_BY_TEST"
"""In the environment of whatever a test starts, and so of its children, the server too."""


def new_mark() -> str:
    """A value for VARIABLE. It says which process runs the test."""
    return f"{os.getpid()}-{secrets.token_hex(8)}"


def marked(mark: str) -> list[int]:
    """The processes that carry this mark."""
    return [pid for pid, found in _all_marks() if found == mark]


def end_marked(mark: str) -> None:
    """End what carries this mark, until nothing does. Raises TimeoutError."""
    _end(lambda: marked(mark))


def end_orphans() -> None:
    """End what an earlier test run left that was itself killed. Raises TimeoutError."""
    _end(lambda: [pid for pid, mark in _all_marks() if not Path("/proc", mark.partition("-")[0]).exists()])


def _end(find: Callable[[], list[int]]) -> None:
    deadline = time.monotonic() + 10
    while pids := find():
        for pid in pids:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise TimeoutError(f"Processes {pids} do not end.")
        time.sleep(0.02)


def _all_marks() -> list[tuple[int, str]]:
    wanted = f"{VARIABLE}=".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            for line in (folder / "environ").read_bytes().split(b"\0"):
                if line.startswith(wanted):
                    found.append((int(folder.name), line[len(wanted) :].decode()))
    return [(pid, mark) for pid, mark in found if pid != os.getpid()]
