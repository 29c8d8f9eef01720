"""Work of this process's own: GIMP's in slices on the main thread, computing on another thread."""

from collections.abc import Callable
from typing import Any

from draggan_client.editing import Worker

from ..slices import Slices, Work
from .hand_over import hand_over


class Tasks:
    """Used on the main thread; everything is told there. After `close` nothing is."""

    def __init__(self, changed: Callable[[], object], failed: Callable[[Exception], object]) -> None:
        """changed: `doing` or `done` is another. failed: a work has raised this."""
        self._changed = changed
        self._failed = failed
        self._worker = Worker("draggan-gimp", hand_over)
        self._slices: list[Slices] = []
        self.doing = ""
        """What is being done, for the artist; empty: nothing."""
        self.done: float | None = None
        """How much of it; None: not known."""

    def do(self, doing: str, work: Work, done: Callable[..., object]) -> None:
        """Do a work in slices. Without `doing` nobody needs to know."""
        if doing:
            self.busy(doing, 0.0)

        def ended(value: object) -> None:
            self._slices.remove(slices)
            if doing:
                self.idle()
            done(value)
            self._changed()

        def failed(error: Exception) -> None:
            self._slices.remove(slices)
            self._failed(error)

        def progress(fraction: float) -> None:
            if doing:
                self.done = fraction
                self._changed()

        slices: Slices = Slices(work, ended, failed, progress)
        self._slices.append(slices)

    def beside(
        self,
        job: Callable[[], Any],
        done: Callable[..., object],
        failed: Callable[[Exception], object] | None = None,
    ) -> None:
        """Compute on another thread, where nothing of GIMP's may be touched. One after another."""
        self._worker.do(job, done, failed or self._failed)

    def busy(self, doing: str, done: float | None = None) -> None:
        """From now on this is being done."""
        self.doing, self.done = doing, done
        self._changed()

    def idle(self) -> None:
        """It is over."""
        self.doing, self.done = "", 0.0

    def cancel(self) -> None:
        """Drop the works that run in slices."""
        for slices in self._slices:
            slices.cancel()
        self._slices.clear()

    def close(self) -> None:
        """Drop everything."""
        self.cancel()
        self._worker.close()
