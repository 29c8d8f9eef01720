"""Work on another thread: outcomes come back on the editor's, one call at most for a burst, none after the end."""

import threading
import time

import pytest

from draggan_client.worker import Bell, Worker
from tests.plugins.editor_thread import EditorThread


@pytest.fixture
def editor() -> EditorThread:
    return EditorThread()


def test_jobs_are_done_in_turn_elsewhere_and_told_here(editor: EditorThread) -> None:
    worker, told = Worker("worker", editor.hand_over), []
    for number in range(5):
        worker.do(
            lambda number=number: (number, threading.current_thread().name),
            lambda got: told.append((*got, threading.current_thread())),
        )
    editor.until(lambda: len(told) == 5)
    assert [number for number, _, _ in told] == [0, 1, 2, 3, 4]
    assert {name for _, name, _ in told} == {"worker"}
    assert {thread for _, _, thread in told} == {threading.current_thread()}
    worker.close()
    assert worker.join(60)


def test_an_error_is_told_and_the_next_job_done(editor: EditorThread) -> None:
    worker, told = Worker("worker", editor.hand_over), []
    worker.do(lambda: 1 / 0, told.append, told.append)
    worker.do(lambda: 1 / 0)  # nobody wants to know
    worker.do(lambda: "done", told.append)
    editor.until(lambda: len(told) == 2)
    assert isinstance(told[0], ZeroDivisionError) and told[1] == "done"
    worker.close()


def test_nothing_is_told_after_the_end(editor: EditorThread) -> None:
    worker, told, go = Worker("worker", editor.hand_over), [], threading.Event()
    last = []
    worker.do(lambda: "told already on its way", told.append)
    while editor.waiting_most == 0:
        time.sleep(0.001)
    ended = []
    worker.do(lambda: ended.append(go.wait(10)), told.append)
    worker.do(lambda: last.append("never begun"), told.append)
    worker.close(lambda: last.append("the last"))
    assert ended == [], "it was not waited for"
    go.set()
    assert worker.join(60)
    worker.do(lambda: last.append("too late"), told.append)
    editor.rest(0.1)
    assert told == [] and last == ["the last"]


def test_closing_twice_and_unused_is_nothing(editor: EditorThread) -> None:
    worker = Worker("worker", editor.hand_over)
    worker.close()
    worker.close()
    assert worker.join(0)
    assert editor.handed_over == 0


def test_an_editor_that_is_gone_stops_nothing() -> None:
    def gone(_: object) -> None:
        raise RuntimeError("wrapped C++ object has been deleted")

    worker, done, failed = Worker("worker", gone), threading.Event(), []
    worker.do(lambda: None, failed.append)
    worker.do(done.set, failed.append)
    assert done.wait(60) and not failed
    Bell(gone, done.clear).ring()
    worker.close()
    assert worker.join(60)


def test_a_burst_of_rings_is_heard_once(editor: EditorThread) -> None:
    heard: list[int] = []
    bell = Bell(editor.hand_over, lambda: heard.append(1))
    threads = [threading.Thread(target=lambda: [bell.ring() for _ in range(1000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert editor.handed_over == 1
    editor.until(lambda: heard)
    editor.rest(0.05)
    assert len(heard) == 1
    bell.ring()
    editor.until(lambda: len(heard) == 2)
    bell.ring()
    bell.close()
    editor.rest(0.05)
    bell.ring()
    assert len(heard) == 2 and editor.handed_over == 3


def test_what_rings_while_it_is_heard_is_heard_again(editor: EditorThread) -> None:
    heard: list[int] = []

    def hear() -> None:
        heard.append(1)
        if len(heard) == 1:
            bell.ring()

    bell = Bell(editor.hand_over, hear)
    bell.ring()
    editor.until(lambda: len(heard) == 2)
