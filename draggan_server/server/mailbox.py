"""A job's events on their way from the engine to the client that waits for them.

The engine must never wait for a slow reader, and a slow reader must never lose the end of the story. So a
mailbox never blocks its writer, holds a bounded number of bundles, drops old news when it is full and never
drops the last.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

E = TypeVar("E")


class Mailbox(Generic[E]):
    """One writer, one reader. A *bundle* is what one step has to say (progress, and a preview now and
    then): its events stay together, so that a preview always arrives with the handles it belongs to."""

    def __init__(self, capacity: int = 8) -> None:
        self._capacity = capacity
        self._bundles: deque[tuple[E, ...]] = deque()
        self._closed = False
        self._changed = threading.Condition()

    def put(self, bundle: tuple[E, ...]) -> None:
        """Adds a bundle that may be dropped. When full, the oldest of the shortest goes: a bundle with a
        preview says more than one without. Silently ignored once closed."""
        if not bundle:
            return
        with self._changed:
            if self._closed:
                return
            if len(self._bundles) >= self._capacity:
                self._bundles.remove(min(self._bundles, key=len))
            self._bundles.append(bundle)
            self._changed.notify_all()

    def close(self, last: tuple[E, ...] = ()) -> None:
        """Adds the last bundle, which is never dropped, and ends the story. Only the first call counts."""
        with self._changed:
            if self._closed:
                return
            if last:
                self._bundles.append(last)
            self._closed = True
            self._changed.notify_all()

    def get(self, timeout_s: float) -> tuple[E, ...] | None:
        """The next bundle; None when nothing came within timeout_s.

        Raises EOFError when the story has ended and all of it was read.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._bundles or self._closed, timeout_s)
            if self._bundles:
                return self._bundles.popleft()
            if self._closed:
                raise EOFError
            return None
