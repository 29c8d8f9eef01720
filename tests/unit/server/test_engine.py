"""The engine's thread, driven with plain generators."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator

import pytest

from draggan_server.server.engine import (
    Engine,
    EngineBusyError,
    EngineStoppedError,
    Job,
    StopRequestedError,
)

TIMEOUT_S = 60.0


@pytest.fixture
def engine():
    engine: Engine[str] = Engine(lambda error: f"error: {type(error).__name__}", max_jobs=3, max_calls=2)
    engine.start()
    yield engine
    assert engine.stop(TIMEOUT_S)


def counting(log: list[str], name: str, steps: int, gate: threading.Event | None = None) -> Generator:
    """Work that notes each of its steps."""
    try:
        for step in range(steps):
            if gate is not None:
                gate.wait(TIMEOUT_S)
            log.append(name)
            yield (f"{name}{step}",)
        return f"{name} done"
    finally:
        log.append(f"{name} closed")


def read_all(job: Job[str]) -> list[str]:
    events: list[str] = []
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            events.extend(job.mailbox.get(0.05) or ())
        except EOFError:
            return events
    raise AssertionError(f"the job did not end; it said {events}")


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_a_job_says_what_its_steps_say_and_ends_with_what_it_returns(engine):
    assert read_all(engine.submit("a", counting([], "a", 3))) == ["a0", "a1", "a2", "a done"]


def test_jobs_take_turns_by_step(engine):
    log: list[str] = []
    gate = threading.Event()
    jobs = [engine.submit(name, counting(log, name, 5, gate)) for name in "abc"]
    gate.set()
    for job in jobs:
        read_all(job)
    steps = [entry for entry in log if len(entry) == 1]
    assert sorted(steps) == sorted("abc" * 5)
    for turn in range(4):  # the first turn of a may have come before b was there
        counts = [steps[: 3 * turn + 3].count(name) for name in "abc"]
        assert max(counts) - min(counts) <= 2


def test_one_job_too_many_is_refused_and_a_place_is_free_again_before_the_last_event(engine):
    gate = threading.Event()
    jobs = [engine.submit(name, counting([], name, 1, gate)) for name in "abc"]
    with pytest.raises(EngineBusyError, match="3"):
        engine.submit("d", counting([], "d", 1))
    gate.set()
    assert read_all(jobs[0])[-1] == "a done"
    engine.submit("d", counting([], "d", 1))


def test_an_abandoned_job_takes_no_further_step_and_is_closed(engine):
    log: list[str] = []
    gate = threading.Event()
    ended = threading.Event()
    job = engine.submit("a", counting(log, "a", 1000, gate), ended.set)
    job.abandon()
    gate.set()
    assert ended.wait(TIMEOUT_S)
    assert log.count("a") <= 1
    assert engine.running_jobs == 0


def test_a_stopped_job_keeps_what_it_has(engine):
    log: list[str] = []
    started = threading.Event()

    def work() -> Generator:
        try:
            while True:
                log.append("step")
                started.set()
                yield ("step",)
                time.sleep(0.005)
        except StopRequestedError:
            return f"kept {len(log)}"

    job = engine.submit("a", work())
    assert started.wait(TIMEOUT_S)
    job.stop()
    steps_when_stopped = len(log)
    assert read_all(job)[-1] == f"kept {len(log)}"
    assert len(log) <= steps_when_stopped + 1


def test_stopping_a_job_that_has_not_begun_lets_it_begin_first(engine):
    gate = threading.Event()
    engine.submit("busy", counting([], "busy", 1, gate))

    def work() -> Generator:
        try:
            yield ()
            yield ("never",)
        except StopRequestedError:
            return "kept nothing"

    job = engine.submit("a", work())
    job.stop()
    gate.set()
    assert read_all(job) == ["kept nothing"]


def test_the_engine_survives_whatever_a_job_raises(engine):
    def failing(error: BaseException) -> Generator:
        yield ()
        raise error

    for error in (ValueError("no"), MemoryError(), KeyboardInterrupt(), SystemExit(3)):
        assert read_all(engine.submit("bad", failing(error))) == [f"error: {type(error).__name__}"]
    assert read_all(engine.submit("good", counting([], "a", 1))) == ["a0", "a done"]


def test_it_survives_a_job_that_does_not_close_and_an_end_that_fails(engine):
    def clinging() -> Generator:
        try:
            yield ("here",)
            yield ("here",)
        finally:
            yield ("I stay",)

    def fails() -> None:
        raise RuntimeError("the end cannot be recorded")

    job = engine.submit("bad", clinging(), fails)
    job.abandon()
    read_all(job)
    assert read_all(engine.submit("good", counting([], "a", 1)))[-1] == "a done"


def test_a_call_goes_ahead_of_running_jobs(engine):
    log: list[str] = []
    job = engine.submit("a", counting(log, "a", 10**9))
    until(lambda: bool(log))
    assert engine.call(lambda: log.append("call") or "answer") == "answer"
    job.abandon()
    read_all(job)


def test_a_call_raises_what_it_raised_and_too_many_are_refused(engine):
    with pytest.raises(ZeroDivisionError):
        engine.call(lambda: 1 // 0)
    gate, inside = threading.Event(), threading.Event()

    def held() -> Generator:
        inside.set()
        gate.wait(TIMEOUT_S)
        yield ()

    engine.submit("a", held())
    assert inside.wait(TIMEOUT_S)
    callers = [threading.Thread(target=engine.call, args=(lambda: None,)) for _ in range(2)]
    for caller in callers:
        caller.start()
    until(lambda: len(engine._calls) == 2)
    with pytest.raises(EngineBusyError):
        engine.call(lambda: None)
    gate.set()
    for caller in callers:
        caller.join(TIMEOUT_S)


def test_a_chore_waits_until_there_is_nothing_else(engine):
    log: list[str] = []
    gate = threading.Event()
    job = engine.submit("a", counting(log, "a", 20, gate))
    engine.when_idle(lambda: log.append("chore"))
    gate.set()
    read_all(job)
    until(lambda: "chore" in log)
    assert log.index("chore") > log.index("a closed")


def test_stopping_ends_every_job_with_an_event_and_refuses_new_ones(engine):
    jobs = [engine.submit(name, counting([], name, 10**9)) for name in "ab"]
    engine.stop(TIMEOUT_S)
    for job in jobs:
        assert read_all(job)[-1] == "error: EngineStoppedError"
    with pytest.raises(EngineStoppedError):
        engine.submit("c", counting([], "c", 1))
    with pytest.raises(EngineStoppedError):
        engine.call(lambda: None)
