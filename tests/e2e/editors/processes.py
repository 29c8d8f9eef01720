"""Nothing that a test started is left running, however it ended."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import time
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
    """End what carries this mark, until nothing does."""
    deadline = time.monotonic() + 10
    while pids := marked(mark):
        _kill(pids)
        if time.monotonic() > deadline:
            raise TimeoutError(f"Processes {pids} do not end.")
        time.sleep(0.02)


def end_orphans() -> None:
    """End what an earlier test run left that was itself killed."""
    mine = [pid for pid, mark in _all_marks() if not Path(f"/proc/{mark.partition('-')[0]}").exists()]
    _kill(mine)


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


def _kill(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
