"""Work in slices: what would take too long at once is a generator that yields how far it is (0 to 1).

A non-interactive run exhausts it. A dialog runs it from the main loop, a few milliseconds at a time, so that the
window stays alive.
"""

import time
from collections.abc import Callable, Generator
from typing import Generic, TypeVar

from gi.repository import GLib

Made = TypeVar("Made")
Work = Generator[float, None, Made]

BUDGET_S = 0.008
"""How long a slice may take before the main loop gets its turn. No single part of a work should take longer."""


def straight(work: Work[Made], on_progress: Callable[[float], object] = lambda done: None) -> Made:
    """Do all of it now."""
    while True:
        try:
            on_progress(next(work))
        except StopIteration as end:
            return end.value


class Slices(Generic[Made]):
    """Runs a work from the main loop. Calls one of `done` and `failed` at its end, neither after `cancel`."""

    def __init__(
        self,
        work: Work[Made],
        done: Callable[[Made], object],
        failed: Callable[[Exception], object],
        on_progress: Callable[[float], object] = lambda done: None,
    ) -> None:
        self._work: Work[Made] | None = work
        self._done = done
        self._failed = failed
        self._on_progress = on_progress
        GLib.idle_add(self._slice, priority=GLib.PRIORITY_DEFAULT_IDLE)

    @property
    def running(self) -> bool:
        """Whether it is still at it."""
        return self._work is not None

    def cancel(self) -> None:
        """Drop it. Its own `finally` clauses are run."""
        work, self._work = self._work, None
        if work is not None:
            work.close()

    def _slice(self) -> bool:
        if self._work is None:
            return False
        until = time.monotonic() + BUDGET_S
        try:
            done = next(self._work)
            while time.monotonic() < until:
                done = next(self._work)
        except StopIteration as end:
            self._work = None
            self._done(end.value)
            return False
        except Exception as error:
            self._work = None
            self._failed(error)
            return False
        self._on_progress(done)
        return True
