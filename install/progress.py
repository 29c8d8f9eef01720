"""Shows how far pip is, from what it prints with `--progress-bar raw`."""

from __future__ import annotations

import re
import sys
import time
from typing import TextIO
from urllib.parse import unquote

from install.plan import LARGE_BYTES, megabytes

_DOWNLOADING = re.compile(r"\s*Downloading (\S*/)?(?P<name>[A-Za-z0-9_.]+)-(?P<version>[^-/\s]+)")
_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")
_REDRAW_S = 0.2
_REPORT_S = 20.0
_COLUMNS = 79


class PipProgress:
    """Give it pip's lines. A terminal sees one line that changes; a file gets a line for what takes long."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._redraws = self._stream.isatty()
        self._package = ""
        self._shown_at = time.monotonic()

    def on_line(self, line: str) -> None:
        if found := _DOWNLOADING.match(line):
            self._package = f"{found['name']} {unquote(found['version'])}"
        elif found := _PROGRESS.match(line):
            self._on_bytes(int(found[1]), int(found[2]))
        elif line.startswith("Installing collected packages"):
            self._show("Installing; this takes a minute ...")

    def close(self) -> None:
        """Clears the line that changes."""
        if self._redraws:
            self._stream.write("\r" + " " * _COLUMNS + "\r")
            self._stream.flush()

    def _on_bytes(self, done: int, total: int) -> None:
        pause = _REDRAW_S if self._redraws else _REPORT_S
        if total < LARGE_BYTES or time.monotonic() - self._shown_at < pause:
            return
        self._show(f"Downloading {self._package}: {megabytes(done)} of {megabytes(total)}")

    def _show(self, text: str) -> None:
        self._shown_at = time.monotonic()
        self._stream.write("\r" + text[:_COLUMNS].ljust(_COLUMNS) if self._redraws else f"{text}\n")
        self._stream.flush()
