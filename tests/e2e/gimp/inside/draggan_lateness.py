"""Put into the plug-in's entry file by a test: how late a 10 ms timer of the main loop is, and how long our calls take.

One line of JSON for each quarter of a second goes to the file that DRAGGAN_LATENESS names: the lateness of each tick,
and each call from the main loop into our code of more than 5 ms, with its name.
"""

import json
import os
import sys
import time
from pathlib import Path

from gi.repository import GLib

_EVERY_S = 0.010
_WORTH_TELLING_S = 0.005


class _Lateness:
    def __init__(self, path):
        self._file = Path(path).open("a")  # noqa: SIM115
        self._late, self._calls = [], []
        self._due = time.perf_counter() + _EVERY_S
        self._written = time.perf_counter()
        self._depth, self._outermost = 0, None
        GLib.timeout_add(10, self._tick, priority=GLib.PRIORITY_HIGH)
        sys.setprofile(self._profile)

    def _tick(self):
        now = time.perf_counter()
        self._late.append(round(1000 * max(0.0, now - self._due), 2))
        if now - self._written > 0.25:
            self._file.write(json.dumps({"at": time.time(), "late": self._late, "calls": self._calls}) + "\n")
            self._file.flush()
            self._late, self._calls, self._written = [], [], now
        self._due = time.perf_counter() + _EVERY_S
        return True

    def _profile(self, frame, event, _argument):
        """A call out of the main loop is one whose caller is the code that runs the window."""
        if event == "call" and self._outermost is None and frame.f_back is not None and _runs(frame.f_back):
            self._outermost, self._begun, self._cpu = frame, time.perf_counter(), time.thread_time()
        elif event == "return" and frame is self._outermost:
            took, used = time.perf_counter() - self._begun, time.thread_time() - self._cpu
            self._outermost = None
            if took > _WORTH_TELLING_S:
                code = frame.f_code
                self._calls.append([code.co_qualname, round(1000 * took, 1), round(1000 * used, 1)])


def _runs(frame):
    return frame.f_code.co_qualname in ("DragPointsWindow.run", "NewPictureWindow.run")


if os.environ.get("DRAGGAN_LATENESS"):
    _lateness = _Lateness(os.environ["DRAGGAN_LATENESS"])
