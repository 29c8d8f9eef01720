"""A job on a thread of its own, beside the engine: for work that waits for the network or the disk."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from draggan_server.server.engine import Job, StopRequestedError, Work

log = logging.getLogger(__name__)

E = TypeVar("E")


class Alone(Job[E]):
    """Ends as the engine's jobs do: stopped between two steps, closed when nobody listens any more."""

    def __init__(
        self,
        name: str,
        work: Work[E],
        describe_error: Callable[[BaseException], E],
        *,
        prepare_thread: Callable[[], None] = lambda: None,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(name, work, on_end)
        self._describe_error = describe_error
        self._prepare_thread = prepare_thread
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> Alone[E]:
        """Begin."""
        self._thread.start()
        return self

    def _run(self) -> None:
        last: tuple[E, ...] = ()
        try:
            self._prepare_thread()
            while not self._abandoned.is_set():
                stops = self._stop.is_set() and self.steps > 0
                self.mailbox.put(self._work.throw(StopRequestedError()) if stops else next(self._work))
                self.steps += 1
        except StopIteration as end:
            last = (end.value,)
        except BaseException as error:
            log.info("%s ended by %s: %s", self.name, type(error).__name__, error)
            last = (self._describe_error(error),)
        try:
            self._work.close()
        except BaseException:
            log.exception("%s did not close cleanly", self.name)
        self._on_end()
        self.mailbox.close(last)
