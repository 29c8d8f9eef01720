"""The way from a worker's thread to Krita's: a queued Qt signal."""

import contextlib
from collections.abc import Callable

from ..qt import Qt, QtCore, Signal


class HandOver(QtCore.QObject):
    """Called on any thread with a callable, runs it on the thread that made this object, once it is idle."""

    _handed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._open = True
        self._handed.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def __call__(self, job: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # Krita is closing, and Qt has taken the object away already
            self._handed.emit(job)

    def close(self) -> None:
        """From now on nothing is run any more."""
        self._open = False

    def _run(self, job: Callable[[], None]) -> None:
        if self._open:
            job()
