"""What is being done for one document that takes time: with its pixels, on Krita's thread, or on the worker's."""

from collections.abc import Callable
from typing import Any, TypeVar

from ..draggan_client.editing import Worker
from ..layers.slices import Job, Slices

Got = TypeVar("Got")


class Work:
    """One thing at a time. `text` says what, as long as it lasts."""

    def __init__(self, worker: Worker, changed: Callable[[], None], failed: Callable[[Exception], None]) -> None:
        self._worker = worker
        self._changed = changed
        self._failed = failed
        self._slices: Slices[Any] | None = None
        self._closed = False
        self.text = ""
        """Empty: nothing, or nothing worth telling."""
        self._is_reading = False

    @property
    def is_at_pixels(self) -> bool:
        """Whether something is being done with the document's pixels: Krita may be drawing."""
        return self._slices is not None

    @property
    def can_stop(self) -> bool:
        """Whether what is being done with the pixels changes nothing, and can be left."""
        return self._slices is not None and self._is_reading

    @property
    def is_free(self) -> bool:
        """Whether nothing is being done."""
        return self._slices is None and not self.text

    def say(self, text: str) -> None:
        """Somebody else is doing this."""
        self.text = text

    def read(self, text: str, job: Job[Got], done: Callable[[Got], None]) -> None:
        """Read pixels, a few milliseconds at a time."""
        self._do(text, job, done, True)

    def write(self, text: str, job: Job[Got], done: Callable[[Got], None]) -> None:
        """The same with a job that changes the document: it is not left half done."""
        self._do(text, job, done, False)

    def think(
        self,
        text: str,
        made: Callable[[], Got],
        done: Callable[[Got], None],
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        """Compute something on the worker's thread."""
        self.text = text

        def ended(got: Got) -> None:
            self.text = ""
            if not self._closed:
                done(got)
                self._changed()

        def broke(error: Exception) -> None:
            self.text = ""
            if not self._closed:
                (failed or self._failed)(error)
                self._changed()

        self._worker.do(made, ended, broke)

    def stop(self) -> None:
        """Leave what only reads."""
        if self.can_stop:
            self.close_pixels()
            self.text = ""

    def close(self) -> None:
        """The document is no more."""
        self._closed = True
        self.close_pixels()

    def close_pixels(self) -> None:
        """Leave the pixels as they are."""
        slices, self._slices = self._slices, None
        if slices is not None:
            slices.cancel()

    def _do(self, text: str, job: Job[Got], done: Callable[[Got], None], is_reading: bool) -> None:
        self.text = text
        self._is_reading = is_reading

        def finished(got: Got) -> None:
            self._slices = None
            self.text = ""
            if not self._closed:
                done(got)
                self._changed()

        def failed(error: Exception) -> None:
            self._slices = None
            self.text = ""
            if not self._closed:
                self._failed(error)

        self._slices = Slices(job, finished, failed)
        self._changed()
