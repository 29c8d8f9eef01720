"""Work off the editor's thread, and the way of its outcome back there."""

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

Got = TypeVar("Got")
HandOver = Callable[[Callable[[], None]], None]
"""Given by the editor's shell: runs a callable later on the editor's thread. Called from any thread."""
Job = Callable[[], Any]


class Bell:
    """Tells the editor's thread that there is something new: however often it rings, one call is on its way at most.

    So a burst of news costs the editor one repaint, and a busy editor is not buried under them.
    """

    def __init__(self, hand_over: HandOver, heard: Callable[[], object]) -> None:
        self._hand_over = hand_over
        self._heard = heard
        self._lock = threading.Lock()
        self._is_on_its_way = False
        self._closed = False

    def ring(self) -> None:
        """From any thread."""
        with self._lock:
            if self._closed or self._is_on_its_way:
                return
            self._is_on_its_way = True
        with contextlib.suppress(Exception):  # the editor is ending: there is nobody left to tell
            self._hand_over(self._arrive)

    def close(self) -> None:
        """Nothing is heard any more. From the editor's thread."""
        with self._lock:
            self._closed = True

    def _arrive(self) -> None:
        with self._lock:
            self._is_on_its_way = False
            if self._closed:
                return
        self._heard()


class Worker:
    """One thread that does jobs one after another, and tells the editor's thread what came of each.

    The thread begins with the first job, and never keeps the editor from ending.
    """

    def __init__(self, name: str, hand_over: HandOver) -> None:
        self._name = name
        self._hand_over = hand_over
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    def do(
        self,
        job: Callable[[], Got],
        done: Callable[[Got], object] | None = None,
        failed: Callable[[Exception], object] | None = None,
    ) -> None:
        """Do `job` on the thread, then one of the others on the editor's. From the editor's thread; returns at once."""
        if self._closed:
            return

        def whole() -> None:
            if self._closed:
                return
            try:
                got = job()
            except Exception as error:
                failure = error  # `error` itself is gone when the block ends
                if failed is not None:
                    self.tell(lambda: failed(failure))
            else:
                if done is not None:
                    self.tell(lambda: done(got))

        self._begin(whole)

    def tell(self, tell: Callable[[], object]) -> None:
        """Do `tell` on the editor's thread, unless this is closed before it gets there. From any thread."""

        def on_the_editors_thread() -> None:
            if not self._closed:
                tell()

        with contextlib.suppress(Exception):  # the editor is ending
            self._hand_over(on_the_editors_thread)

    def close(self, last: Callable[[], object] | None = None) -> None:
        """From the editor's thread; returns at once. What has not begun is dropped, and nothing is told any more.

        `last` is still done on the thread, after the job that runs.
        """
        if self._closed:
            return
        self._closed = True
        if last is not None:
            self._begin(last)
        self._jobs.put(None)

    def join(self, timeout_s: float) -> bool:
        """After `close`: wait for the thread's end; whether it came. For a program that ends with its editor window."""
        if self._thread is not None:
            self._thread.join(timeout_s)
        return self._thread is None or not self._thread.is_alive()

    def _begin(self, job: Job) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        self._jobs.put(job)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            with contextlib.suppress(Exception):  # only `last` can fail here, and nobody is left to be told
                job()
