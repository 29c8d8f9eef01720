"""What errors become, and what a stream does when there is nothing to say or nobody to hear it."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest
import torch

from draggan_client.framing import StreamReader, pack
from draggan_client.messages import ERROR_CODES, EVENTS, Progress
from draggan_server.canvas import MaskError
from draggan_server.drag import DragInputError
from draggan_server.server import streams
from draggan_server.server.engine import EngineBusyError, Job
from draggan_server.server.errors import HTTP_STATUS, describe
from draggan_server.server.streams import EventStream


def test_every_code_has_a_status():
    assert set(HTTP_STATUS) == set(ERROR_CODES)
    assert all(400 <= status < 600 for status in HTTP_STATUS.values())


def allocate_too_much() -> None:
    torch.empty(10**15)


def allocate_too_much_in_python() -> None:
    bytearray(2**62)


@pytest.mark.parametrize("fail", [allocate_too_much, allocate_too_much_in_python])
def test_no_memory_is_said_plainly(fail: Callable[[], None]):
    with pytest.raises((RuntimeError, MemoryError)) as raised:
        fail()
    error = describe(raised.value)
    assert error.code == "out_of_memory"
    assert "smaller" in error.hint


def test_a_full_disk_is_said_plainly():
    try:
        with open("/dev/full", "w") as file:  # noqa: PTH123
            file.write("x")
    except FileNotFoundError:
        raised = OSError(errno.ENOSPC, "No space left on device", "/home/x")
    except OSError as error:
        raised = error
    assert describe(raised).code == "disk_full"
    told = describe(OSError(errno.ENOSPC, "No space left on device", "/home/x/thumbnails/a.png"))
    assert (told.code, told.message) == ("disk_full", "Could not write /home/x/thumbnails/a.png: the disk is full.")
    assert "Free some space" in told.hint


def test_what_is_wrong_with_pixels_and_what_to_do_are_told_apart():
    raised = MaskError("The mask is small.", "Make it larger.")
    assert str(raised) == "The mask is small. Make it larger."
    error = describe(raised)
    assert (error.code, error.message, error.hint) == ("bad_request", "The mask is small.", "Make it larger.")


def test_the_unforeseen_is_internal_and_names_itself():
    error = describe(ZeroDivisionError("division by zero"))
    assert error.code == "internal"
    assert "ZeroDivisionError: division by zero" in error.message
    assert "log" in error.hint


def test_the_engines_texts_become_sentences():
    error = describe(DragInputError("there are no points"))
    assert (error.code, error.message) == ("bad_request", "There are no points.")
    assert describe(EngineBusyError("3 jobs are running")).code == "busy"


def events(chunk: bytes) -> list:
    return list(StreamReader(EVENTS).feed(chunk))


@pytest.fixture
def job() -> Job:
    return Job("a", (event for event in ()), lambda: None)


def test_a_stream_speaks_at_once_keeps_a_bundle_together_and_ends(job: Job):
    stream = EventStream(job, lambda: False)
    assert [event.stage for event in events(next(stream))] == ["waiting"]
    job.mailbox.put((Progress("drag", 1, 9), Progress("drag", 2, 9)))
    job.mailbox.close((Progress("drag", 3, 9),))
    assert [event.step for event in events(next(stream))] == [1, 2]
    assert [event.step for event in events(next(stream))] == [3]
    with pytest.raises(StopIteration):
        next(stream)


def test_a_silent_stream_says_its_last_progress_again(job: Job, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(streams, "POLL_S", 0.01)
    monkeypatch.setattr(streams, "KEEP_ALIVE_S", 0.05)
    stream = EventStream(job, lambda: False)
    next(stream)
    job.mailbox.put((Progress("drag", 7, 9),))
    assert next(stream) == next(stream) == pack(Progress("drag", 7, 9))


def test_a_stream_without_a_client_abandons_its_job(job: Job):
    stream = EventStream(job, lambda: True)
    next(stream)
    with pytest.raises(StopIteration):
        next(stream)
    assert job._abandoned.is_set()


def test_a_stream_closed_before_it_began_abandons_its_job(job: Job):
    EventStream(job, lambda: False).close()
    assert job._abandoned.is_set()
