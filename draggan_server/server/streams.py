"""A job's events as the chunks of a reply, for as long as somebody reads them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from draggan_client import framing
from draggan_client.messages import Event, Progress
from draggan_server.server.engine import Job

POLL_S = 0.1
"""How often a stream with nothing to say looks whether its client is still there."""
KEEP_ALIVE_S = 15.0
"""A stream says its last progress again after this long, so that a client can tell slow from dead."""


class EventStream(Iterator[bytes]):
    """An iterator that the WSGI server closes when the client has gone; that ends the job within a step.

    A class and not a generator: a generator's `finally` does not run when it is closed before it began.
    """

    def __init__(self, job: Job[Event], is_disconnected: Callable[[], bool]) -> None:
        self._job = job
        self._is_disconnected = is_disconnected
        self._progress = Progress("waiting", 0, 0)
        self._said: float | None = None

    def __next__(self) -> bytes:
        if self._said is None:  # at once, so that the client knows that its job has been taken on
            return self._chunk((self._progress,))
        while not self._is_disconnected():
            try:
                events = self._job.mailbox.get(POLL_S)
            except EOFError:
                raise StopIteration from None
            if events is not None:
                return self._chunk(events)
            if time.monotonic() - self._said >= KEEP_ALIVE_S:
                return self._chunk((self._progress,))
        self.close()
        raise StopIteration

    def close(self) -> None:
        """The client has gone, or has all it wanted."""
        self._job.abandon()

    def _chunk(self, events: tuple[Event, ...]) -> bytes:
        """Events of one step go out together."""
        self._said = time.monotonic()
        for event in events:
            if isinstance(event, Progress):
                self._progress = event
        return b"".join(framing.pack(event) for event in events)
