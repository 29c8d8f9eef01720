"""Watches Krita's main thread: how late its timers come, and how long Python keeps it."""

import os
import sys
import threading
import time

QT = "PyQt6" if "PyQt6.QtCore" in sys.modules else "PyQt5"
QtCore = __import__(QT + ".QtCore", fromlist=["QtCore"])

INTERVAL_MS = 10
_LOOK_S = 0.002
_WORTH_NOTING_S = 0.005
_UNSEEN = "somebody held Python's lock"


class Lateness:
    """A timer of 10 ms, and how much later than that it comes each time."""

    def __init__(self):
        self._late_ms = []
        self._timer = QtCore.QTimer()
        self._timer.setTimerType(QtCore.Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._last = time.perf_counter()
        self._timer.start(INTERVAL_MS)

    def end(self):
        """How late it came, in ms, sorted."""
        self._timer.stop()
        return sorted(self._late_ms)

    def _tick(self):
        now = time.perf_counter()
        self._late_ms.append((now - self._last) * 1000 - INTERVAL_MS)
        self._last = now


class Calls:
    """How long each call from Krita into Python takes whose outermost function lies below `folder`.

    Another thread looks every two ms where the main thread is. The time for which the main thread could have run and
    got no processor is not counted: on a busy computer it says nothing about the call. A call that lets Qt's events
    through counts as several: a timer tells when that was. Made on the main thread.
    """

    sent = None
    """What the test sends runs on the main thread, too, and is not counted."""

    def __init__(self, folder):
        self._folder = folder.rstrip(os.sep) + os.sep
        self._main = threading.get_ident()
        self._waits = _Waits(threading.get_native_id())
        self._turned_s = 0.0
        self._turns = QtCore.QTimer()
        self._turns.timeout.connect(self._turn)
        self._turns.start(1)
        self._ended = threading.Event()
        self._longest = []
        self._thread = threading.Thread(target=self._watch, name="draggan-probe-watch", daemon=True)
        self._thread.start()

    def end(self):
        """The longest twenty: [ms, where it was seen last]."""
        self._ended.set()
        self._thread.join()
        self._turns.stop()
        self._waits.close()
        return sorted(self._longest, reverse=True)[:20]

    def _turn(self):
        self._turned_s = time.perf_counter()

    def _watch(self):
        own_waits = _Waits(threading.get_native_id())
        now, waited, own_waited = time.perf_counter(), self._waits.read_s(), own_waits.read_s()
        running, where, begun, begun_waited = None, "", now, waited
        while not self._ended.wait(_LOOK_S):
            before, before_waited, before_own = now, waited, own_waited
            frame = sys._current_frames().get(self._main)
            now, waited, own_waited = time.perf_counter(), self._waits.read_s(), own_waits.read_s()
            from_test = self.sent.running or self.sent.ended_s > before
            outermost = _outermost(frame)
            if outermost is not running:
                if running is not None:
                    self._note(before - begun - (before_waited - begun_waited), where)
                # It began somewhere between this look and the one before, which saw something else. The time for
                # which this thread got no processor says nothing about when.
                starved = own_waited - before_own
                running, begun, begun_waited = outermost, before + _LOOK_S + starved, before_waited
                if from_test:
                    begun, begun_waited = max(begun, self.sent.ended_s), waited
            elif running is not None and self._turned_s > begun:
                self._note(self._turned_s - begun - (waited - begun_waited), where)
                begun, begun_waited = self._turned_s, waited
            if outermost is not None and self._is_ours(outermost):
                where = f"{outermost.f_code.co_name}: {self._innermost(frame)}"
            else:
                running = None
                gap = now - before - _LOOK_S - (own_waited - before_own)
                if not from_test and gap > _WORTH_NOTING_S:
                    self._note(gap, f"{_UNSEEN}: {self._other_threads()}")
            del frame, outermost
        own_waits.close()

    def _note(self, duration_s, where):
        if duration_s > _WORTH_NOTING_S:
            self._longest.append([duration_s * 1000, where])

    def _other_threads(self):
        """What else of ours may have had the lock."""
        frames = (frame for thread, frame in sys._current_frames().items() if thread != self._main)
        return ", ".join(filter(None, map(self._innermost, frames))) or "nothing of ours"

    def _is_ours(self, frame):
        return frame.f_code.co_filename.startswith(self._folder)

    def _innermost(self, frame):
        while frame is not None and not self._is_ours(frame):
            frame = frame.f_back
        return "" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}"


class _Waits:
    """For how long a thread has waited for a processor so far."""

    def __init__(self, thread_id):
        try:
            self._file = os.open(f"/proc/self/task/{thread_id}/schedstat", os.O_RDONLY)
        except OSError:
            self._file = None  # a kernel that does not count it: all is taken for running

    def read_s(self):
        if self._file is None:
            return 0.0
        return int(os.pread(self._file, 100, 0).split()[1]) / 1e9

    def close(self):
        if self._file is not None:
            os.close(self._file)


def _outermost(frame):
    while frame is not None and frame.f_back is not None:
        frame = frame.f_back
    return frame
