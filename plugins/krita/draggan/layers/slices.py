"""Long work on Krita's own thread, where all of its Python functions belong, without Krita standing still.

A job is a generator that yields after every call that takes time. `Slices` runs it from a timer, for a few
milliseconds at a time.
"""

import time
from collections.abc import Callable, Generator
from typing import Any, ClassVar, Generic, TypeVar

from ..qt import QtCore

Got = TypeVar("Got")


class _Pause:
    """See `PAUSE`."""


PAUSE = _Pause()
"""Yielded by a job that waits for something: there is no use in going on before the next turn."""

Job = Generator[_Pause | None, None, Got]


class Slices(Generic[Got]):
    """Runs a job until it ends, then calls `done` with what it returned, or `failed` with what it raised.

    Lives by itself until then; nobody needs to keep it.
    """

    _running: ClassVar[set[Any]] = set()

    def __init__(
        self,
        job: Job[Got],
        done: Callable[[Got], object] | None = None,
        failed: Callable[[Exception], object] | None = None,
        budget_ms: float = 8.0,
    ) -> None:
        self._job = job
        self._done = done
        self._failed = failed
        self._budget_s = budget_ms / 1000
        self._is_inside = False
        self.longest_ms = 0.0
        """The longest time between two yields so far."""
        self._timer = QtCore.QTimer()
        self._timer.timeout.connect(self._turn)
        self._timer.start(1)
        self._running.add(self)

    @property
    def is_running(self) -> bool:
        """Whether it has neither ended nor been cancelled."""
        return self in self._running

    def cancel(self) -> None:
        """End it now. The job may tidy up (GeneratorExit is raised in it); nothing is called any more."""
        if self.is_running:
            self._end()
            if self._is_inside:  # cancelled by what the job itself has set off
                return
            self._job.close()

    def _turn(self) -> None:
        if self._is_inside:  # a function of Krita that lets Qt's events through
            return
        self._is_inside = True
        begun = time.perf_counter()
        try:
            while self.is_running:
                called = time.perf_counter()
                pause = next(self._job)
                now = time.perf_counter()
                self.longest_ms = max(self.longest_ms, (now - called) * 1000)
                if pause is PAUSE or now - begun >= self._budget_s:
                    break
            if not self.is_running:
                self._job.close()
        except StopIteration as end:
            if self.is_running:
                self._end()
                if self._done is not None:
                    self._done(end.value)
        except Exception as error:
            if self.is_running:
                self._end()
                if self._failed is None:
                    raise
                self._failed(error)
        finally:
            self._is_inside = False

    def _end(self) -> None:
        self._timer.stop()
        self._running.discard(self)


def until(is_so: Callable[[], bool], seconds: float) -> Job[bool]:
    """Waits until `is_so()`, for so long at most; whether it came about."""
    latest = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > latest:
            return False
        yield PAUSE
    return True
