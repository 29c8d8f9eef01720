"""The thread of an editor, as a shell sees it: what is handed over runs here, and nowhere else, when it gets to it."""

import queue
import threading
import time
from collections.abc import Callable

PATIENCE_S = 60.0
AT_ONCE_S = 1.0
"""A call that took longer has waited for something. On a computer with other things to do a thread may stand still for
some tenths of a second; what a call must not wait for lasts longer than this in the tests that use it."""


class EditorThread:
    """The test's own thread is the editor's."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread = threading.current_thread()
        self.handed_over = 0
        self.waiting_most = 0

    def hand_over(self, call: Callable[[], None]) -> None:
        """What a toolkit's queued signal or idle_add does."""
        self.handed_over += 1
        self._queue.put(call)
        self.waiting_most = max(self.waiting_most, self._queue.qsize())

    def until(self, condition: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
        """Work off what comes in until `condition` holds."""
        assert threading.current_thread() is self._thread
        deadline = time.monotonic() + timeout_s
        while not condition():
            left = deadline - time.monotonic()
            assert left > 0, "what was waited for did not come"
            try:
                self._queue.get(timeout=min(left, 0.02))()
            except queue.Empty:
                continue

    def rest(self, seconds: float) -> None:
        """Work off what comes in for so long."""
        deadline = time.monotonic() + seconds
        self.until(lambda: time.monotonic() >= deadline)
