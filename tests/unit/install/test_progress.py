"""What is shown while pip works."""

from __future__ import annotations

import io
from types import SimpleNamespace

from install import progress
from install.progress import PipProgress

PIP_SAYS = [
    "Collecting torch==2.13.0",
    "  Downloading https://pytorch.example/whl/cpu/torch-2.13.0%2Bcpu-cp311-cp311-linux_x86_64.whl (191 MB)",
    "Progress 0 of 191794682",
    "Progress 95897341 of 191794682",
    "Progress 191794682 of 191794682",
    "  Downloading filelock-4.2.11-py3-none-any.whl (222 kB)",
    "Progress 222000 of 222000",
    "Installing collected packages: filelock, torch",
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, monkeypatch) -> str:
    """The clock goes on by a minute at each look."""
    clock = iter(range(0, 6000, 60))
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    lines = PipProgress(stream)
    for line in PIP_SAYS:
        lines.on_line(line)
    lines.close()
    return stream.getvalue()


def test_a_file_gets_whole_lines_and_only_of_what_is_large(monkeypatch):
    text = shown(io.StringIO(), monkeypatch)
    assert "Downloading torch 2.13.0+cpu: 96 MB of 192 MB\n" in text
    assert "filelock" not in text
    assert "\r" not in text
    assert text.endswith("Installing; this takes a minute ...\n")


def test_a_terminal_gets_one_line_that_is_cleared_at_the_end(monkeypatch):
    text = shown(Terminal(), monkeypatch)
    assert "\n" not in text
    assert "192 MB of 192 MB" in text
    assert text.split("\r")[-2].strip() == ""
    assert text.endswith("\r")
