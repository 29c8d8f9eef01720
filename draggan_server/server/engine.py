"""The engine: one thread that owns the models and the device, and does everybody's work a step at a time.

Work is a generator. Each `next()` is one step; what it yields are the events of that step; what it returns
is its last event. Jobs take turns by step, so nobody's long job blocks another's, and a job can be ended
between any two steps. Nothing here knows HTTP, torch or a picture: tests drive it with plain generators.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any, Generic, TypeAlias, TypeVar

from draggan_server.server.mailbox import Mailbox

log = logging.getLogger(__name__)

E = TypeVar("E")
T = TypeVar("T")

Work: TypeAlias = Generator[tuple[E, ...], None, E]


class StopRequestedError(Exception):
    """Thrown into a job's work between two steps when its client asks it to stop. Work that has something
    worth keeping catches it and returns its last event; work that does not lets it pass."""


class EngineBusyError(Exception):
    """The engine has as much work waiting as it takes on."""


class EngineStoppedError(Exception):
    """The engine is shutting down, or has."""


class Job(Generic[E]):
    """Work that the engine is doing, as the thread sees it that waits for its events."""

    def __init__(self, name: str, work: Work[E], on_end: Callable[[], None]) -> None:
        self.name = name
        self.steps = 0
        """Turns taken so far."""
        self.mailbox: Mailbox[E] = Mailbox()
        self._work = work
        self._on_end = on_end
        self._stop = threading.Event()
        self._abandoned = threading.Event()

    def stop(self) -> None:
        """Asks for the end: the work keeps what it has so far, and its last event still comes."""
        self._stop.set()

    def abandon(self) -> None:
        """Nobody is listening any more: the work is closed where it stands and leaves nothing behind."""
        self._abandoned.set()


class Engine(Generic[E]):
    """Runs jobs round-robin by step, and short calls ahead of them.

    - `submit` starts a job; `EngineBusyError` when `max_jobs` are running.
    - `call` runs a short piece of work (drawing a picture) before the next step of any job, and returns what
      it returns; `EngineBusyError` when `max_calls` are waiting. Calls that arrive while calls are served
      wait for the next round, so that they cannot starve the jobs.
    - Whatever a job raises becomes its last event through `describe_error`; the thread survives it.
    """

    def __init__(
        self,
        describe_error: Callable[[BaseException], E],
        *,
        max_jobs: int,
        max_calls: int,
        prepare_thread: Callable[[], None] = lambda: None,
    ) -> None:
        self._describe_error = describe_error
        self._max_jobs = max_jobs
        self._max_calls = max_calls
        self._prepare_thread = prepare_thread
        self._jobs: deque[Job[E]] = deque()
        self._calls: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._chore: Callable[[], None] | None = None
        self._wake = threading.Condition()
        self._stopping = False
        self._is_waiting = False
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def running_jobs(self) -> int:
        with self._wake:
            return len(self._jobs)

    @property
    def is_idle(self) -> bool:
        """It does nothing, and nothing waits for it."""
        with self._wake:
            return self._is_waiting and not (self._calls or self._jobs or self._chore)

    def submit(self, name: str, work: Work[E], on_end: Callable[[], None] = lambda: None) -> Job[E]:
        """Starts a job. `on_end` is called on the engine's thread when the job has ended for whatever
        reason, before its last event is delivered: who reads that event may rely on it."""
        job = Job(name, work, on_end)
        with self._wake:
            if self._stopping:
                raise EngineStoppedError("the server is shutting down")
            if len(self._jobs) >= self._max_jobs:
                raise EngineBusyError(f"{len(self._jobs)} jobs are running, and {self._max_jobs} are the most at once")
            self._jobs.append(job)
            self._wake.notify_all()
        return job

    def call(self, function: Callable[[], T]) -> T:
        """What `function` returns (or raises), run on the engine's thread ahead of all jobs' next steps."""
        future: Future[T] = Future()
        with self._wake:
            if self._stopping:
                raise EngineStoppedError("the server is shutting down")
            if len(self._calls) >= self._max_calls:
                raise EngineBusyError(f"{len(self._calls)} requests are waiting for the engine")
            self._calls.append((function, future))
            self._wake.notify_all()
        return future.result()

    def when_idle(self, chore: Callable[[], None]) -> None:
        """Runs `chore` once there is nothing else to do; a later chore replaces one that has not begun."""
        with self._wake:
            self._chore = chore
            self._wake.notify_all()

    def stop(self, timeout_s: float) -> bool:
        """Ends every job with an error event that says so, after the step being taken, and the thread with
        them. False when the step being taken outlasted timeout_s."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._prepare_thread()
        except Exception:
            log.exception("the engine's thread could not be set up; it runs as it is")
        while self._turn():
            pass
        while self._jobs:
            self._end(self._jobs.popleft(), error=EngineStoppedError("the server is shutting down"))
        while self._calls:
            _, future = self._calls.popleft()
            future.set_exception(EngineStoppedError("the server is shutting down"))

    def _turn(self) -> bool:
        """The calls that wait now, then one step of one job. False when the engine is to stop."""
        with self._wake:
            self._is_waiting = True
            self._wake.wait_for(lambda: self._stopping or self._calls or self._jobs or self._chore)
            self._is_waiting = False
            if self._stopping:
                return False
            calls = [self._calls.popleft() for _ in range(len(self._calls))]
            job = self._jobs[0] if self._jobs else None
            chore = None
            if not calls and job is None:
                chore, self._chore = self._chore, None
        for function, future in calls:
            _serve(function, future)
        if job is not None and self._step(job):
            with self._wake:
                self._jobs.rotate(-1)
        if chore is not None:
            try:
                chore()
            except BaseException:
                log.exception("a background chore failed")
        return True

    def _step(self, job: Job[E]) -> bool:
        """One step of the job. False when that was its end; it is out of the ring then."""
        try:
            if job._abandoned.is_set():
                self._finish(job)
                log.info("%s: the client has gone; dropped after turn %d", job.name, job.steps)
                job.mailbox.close()
                return False
            # A generator that has not begun cannot catch anything: it gets its first turn first.
            stops = job._stop.is_set() and job.steps > 0
            events = job._work.throw(StopRequestedError()) if stops else next(job._work)
            job.steps += 1
            job.mailbox.put(events)
            return True
        except StopIteration as end:
            self._finish(job)
            job.mailbox.close((end.value,))
            return False
        except BaseException as error:
            if not isinstance(error, StopRequestedError):
                log.info("%s ended by %s: %s", job.name, type(error).__name__, error)
            self._end(job, error)
            return False

    def _end(self, job: Job[E], error: BaseException) -> None:
        self._finish(job)
        try:
            last: tuple[E, ...] = (self._describe_error(error),)
        except BaseException:
            log.exception("an error could not be described")
            last = ()
        job.mailbox.close(last)

    def _finish(self, job: Job[E]) -> None:
        """Takes the job out of the ring and lets go of all it holds."""
        with self._wake:
            if job in self._jobs:
                self._jobs.remove(job)
        try:
            job._work.close()
        except BaseException:
            log.exception("%s did not close cleanly", job.name)
        try:
            job._on_end()
        except BaseException:
            log.exception("%s: its end could not be recorded", job.name)


def _serve(function: Callable[[], Any], future: Future[Any]) -> None:
    try:
        future.set_result(function())
    except BaseException as error:
        future.set_exception(error)
