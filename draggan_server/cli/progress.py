"""What a command says on standard error while it works: one line that changes, or a few where none can."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from draggan_client.launcher import Waiting
from draggan_client.messages import Progress
from draggan_client.wording import come_text

if TYPE_CHECKING:
    from draggan_server.models import GettingStep

_BAR = 24
_EVERY_S = 0.1
_SPARSE_EVERY_S = 5.0
"""Between lines that stay: into a file, or to another program."""

_INVERSION = {
    "w": "Looking for the picture",
    "w+": "Looking for the picture",
    "tuning": "Fitting the model to the picture",
}


class ProgressLine:
    """Use with `with`. The line is left standing at its last state when the work has ended."""

    def __init__(self) -> None:
        self._stream = sys.stderr
        self._live = self._stream.isatty()
        self._shown = ""
        self._pending = ""
        self._shown_at = 0.0
        self._began_distance: float | None = None
        self._part = 0.0

    def waiting(self, waiting: Waiting) -> None:
        """For `Connection(on_wait=...)`."""
        self._say(f"{waiting.text} ... {waiting.elapsed_s:.0f} s" if self._live else f"{waiting.text} ...")

    def progress(self, event: Progress) -> None:
        """A step of a job."""
        if event.stage == "drag":
            self._say(self._drag(event))
        elif event.stage in _INVERSION:
            part = event.step / event.total_steps if event.total_steps else 0.0
            steps = f"step {event.step} of {event.total_steps}"
            self._say("  ".join([_INVERSION[event.stage], bar(part), steps, *_left(event.remaining_s)]))
        else:
            self._say("Opening the model ...")

    def getting(self, step: GettingStep) -> None:
        """A step of getting a model from elsewhere."""
        if step.stage == "waiting":
            self._say("Waiting for another program that gets the same ...")
        elif step.stage == "convert":
            self._say("Converting ...")
        else:
            part = step.done / step.total if step.total else 0.0
            self._say("  ".join(["Downloading", bar(part), come_text(step.done, step.total), *_left(step.remaining_s)]))

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finish_line()

    def _drag(self, event: Progress) -> str:
        furthest = max(point.distance for point in event.points)
        if self._began_distance is None:
            self._began_distance = max(furthest, 1e-9)
        self._part = max(self._part, 1.0 - furthest / self._began_distance)  # tracking may jump back; a bar does not
        steps = f"step {event.step} of at most {event.total_steps}"
        return "  ".join(["Dragging", bar(self._part), steps, f"{furthest:.1f} px left", *_left(event.remaining_s)])

    def _say(self, text: str) -> None:
        if text.split()[0] != (self._pending.split() or [""])[0]:
            self._finish_line()
            self._shown_at = 0.0
        self._pending = text
        now = time.monotonic()
        if now - self._shown_at >= (_EVERY_S if self._live else _SPARSE_EVERY_S):
            self._shown_at = now
            self._show(text)

    def _finish_line(self) -> None:
        """The last that was said stays standing."""
        self._show(self._pending)
        if self._live and self._shown:
            self._write("\n")
        self._shown = ""

    def _show(self, text: str) -> None:
        if text == self._shown:
            return
        if self._live:
            text = text[: shutil.get_terminal_size().columns - 1]
            self._write("\r" + text.ljust(len(self._shown)))
        else:
            self._write(text + "\n")
        self._shown = text

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def bar(part: float) -> str:
    """`[######------]`, in letters that every console has."""
    full = round(min(max(part, 0.0), 1.0) * _BAR)
    return f"[{'#' * full}{'-' * (_BAR - full)}]"


def _left(seconds: float | None) -> list[str]:
    if seconds is None:
        return []
    return [f"about {seconds:.0f} s left" if seconds < 90 else f"about {seconds / 60:.0f} min left"]
