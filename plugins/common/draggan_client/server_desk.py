"""Everything an editor asks of the server besides editing: is it there, what can it do, start, stop, diagnostics."""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from . import diagnostics, launcher, wording
from .connection import Connection
from .diagnostics import recent_errors
from .discovery import Home, RuntimeInfo, default_home, find_home, read_runtime
from .errors import DragganError, StoppedError
from .launcher import Waiting
from .messages import Ack, Hello, ModelInfo
from .transport import Transport
from .views import Problem, ServerPhase, ServerStatus
from .worker import Bell, HandOver, Worker

_ENDING_TIMEOUT_S = 15.0
_STILL_WAITING_S = 0.5
"""Who waits for a starting server says so several times a second."""
_MAKING_S = 3.0
_MAKING_LOOKS = 10
"""The server draws thumbnails and estimates speeds when it has nothing else to do: so often it is asked again."""


class ServerDesk:
    """One for each editor, made and used on the editor's thread, which it never keeps waiting.

    Its `connection` is the one to give to every `Editing`: when one of these has to start the server, that shows here.
    After an `Editing` has LOST the server, `refresh()` tells how the server stands now.
    """

    def __init__(
        self,
        hand_over: HandOver,
        changed: Callable[[], object],
        editor: str = "",
        home: Home | None = None,
        command: tuple[str, ...] | None = None,
    ) -> None:
        """changed: called on the editor's thread whenever `status` is another.

        editor: name and version of the editor, for the diagnostics. `home` and `command` are found by themselves.
        """
        self._bell = Bell(hand_over, changed)
        self._worker = Worker("draggan-desk", hand_over)
        self._reporter = Worker("draggan-diagnostics", hand_over)
        self._editor = editor
        self._command = command
        self._lock = threading.Lock()
        self._closed = False
        self._given_up_at = 0.0
        self._waited_at = 0.0
        self._unfinished: frozenset[str] = frozenset()
        self._looks = 0
        self._next_look: threading.Timer | None = None
        self._status = ServerStatus(ServerPhase.OFF, wording.SERVER_OFF)
        if home is None:
            try:
                home = find_home()
            except DragganError as error:
                recent_errors.note("finding the server's folder", error)
                home = default_home()
                self._status = _trouble(error)
        self.connection = Connection(home, command, self._waiting)
        """For every `Editing`."""

    @property
    def home(self) -> Home:
        """Where the server's files lie."""
        return self.connection.home

    @property
    def status(self) -> ServerStatus:
        """How the server stands, as far as it is known."""
        with self._lock:
            return self._status

    def refresh(self) -> None:
        """Find out whether a server runs, and its models. Starts none."""
        self._worker.do(self._look, failed=self._fail("looking for the server"))

    def start(self) -> None:
        """Find the server, or start it. `status` says what is being waited for."""
        self._set(ServerStatus(ServerPhase.STARTING, f"{wording.SERVER_STARTING} …", models=self.status.models))
        self._worker.do(self._connect, failed=self._fail("starting the server"))

    def stop(self) -> None:
        """End the server; one that is only starting is given up. What was applied or finished is not lost."""
        self._given_up_at = time.monotonic()
        self._worker.do(self._shut_down, failed=self._fail("stopping the server"))

    def diagnostics(self, done: Callable[[str], object]) -> None:
        """The text for a bug report, for `done` on the editor's thread. Never waits for anything else here."""
        home, editor = self.home, self._editor
        self._reporter.do(lambda: diagnostics.report(home, editor), done)

    def close(self) -> None:
        """The editor ends. Returns at once; nothing is told any more; the server stays."""
        self._closed = True
        if self._next_look is not None:
            self._next_look.cancel()
        self._bell.close()
        self._worker.close()
        self._reporter.close()

    # On the worker's thread

    def _look(self) -> None:
        found = launcher.find(self.home)
        if found is not None:
            self._ready()
            return
        why_not = None if self._command else launcher.cannot_start(self.home)
        if why_not is not None:
            self._set(replace(_trouble(why_not), models=self.status.models))
        else:
            self._set(ServerStatus(ServerPhase.OFF, wording.SERVER_OFF, models=self.status.models))

    def _connect(self) -> None:
        self.connection.connect()
        self._ready()

    def _ready(self) -> None:
        hello = self.connection.hello()
        self._set(_ready_status(hello, self.status.models))
        models = self.connection.models().models
        self._set(_ready_status(hello, models))
        self._look_again(frozenset(model.id for model in models if not model.is_finished))

    def _look_again(self, unfinished: frozenset[str]) -> None:
        """In a while, as long as the server has something to make of these models, and is not long about it."""
        if not unfinished <= self._unfinished:
            self._looks = 0
        self._unfinished = unfinished
        if self._next_look is not None:
            self._next_look.cancel()
        if unfinished and self._looks < _MAKING_LOOKS and not self._closed:
            self._looks += 1
            # From a thread of its own it only hands the look to the worker's, which is there: this is it.
            self._next_look = threading.Timer(_MAKING_S, self.refresh)
            self._next_look.daemon = True
            self._next_look.start()

    def _shut_down(self) -> None:
        info = read_runtime(self.home)
        if info is not None and launcher.find(self.home) is not None:
            with contextlib.suppress(DragganError):  # it may be ending by itself
                Transport(info).ask("POST", "/shutdown", Ack)
            deadline = time.monotonic() + _ENDING_TIMEOUT_S
            while self._is_there(info):
                if time.monotonic() > deadline:
                    raise DragganError(
                        f"The server (process {info.pid}) was asked to end and has not yet.",
                        "It may be finishing a step: look again in a moment.",
                    )
                time.sleep(0.05)
        self._set(ServerStatus(ServerPhase.OFF, wording.SERVER_OFF, models=self.status.models))

    def _is_there(self, info: RuntimeInfo) -> bool:
        if read_runtime(self.home) != info:
            return False
        try:
            return launcher.find(self.home) is not None
        except DragganError:
            return True

    def _waiting(self, waiting: Waiting) -> None:
        """On whichever thread starts the server: ours, or that of an edit."""
        self._waited_at = time.monotonic()
        if self._closed or self._waited_at - waiting.elapsed_s <= self._given_up_at:
            raise StoppedError("Starting the server was given up.", "It is started again when it is needed.")
        by_an_edit = self.status.phase is not ServerPhase.STARTING
        text = f"{waiting.text} … {waiting.elapsed_s:.0f} s"
        self._set(ServerStatus(ServerPhase.STARTING, text, models=self.status.models))
        if by_an_edit:
            self._worker.do(self._see_it_start, failed=self._fail("starting the server"))

    def _see_it_start(self) -> None:
        """An edit starts the server: wait for what comes of it, and start none here."""
        while time.monotonic() - self._waited_at < _STILL_WAITING_S and not self._closed:
            time.sleep(0.1)
        self._look()

    # On any thread

    def _fail(self, doing: str) -> Callable[[Exception], None]:
        def failed(error: Exception) -> None:
            if isinstance(error, StoppedError):
                self.refresh()
                return
            recent_errors.note(doing, error)
            self._set(replace(_trouble(error), models=self.status.models))

        return failed

    def _set(self, status: ServerStatus) -> None:
        with self._lock:
            if status == self._status:
                return
            self._status = status
        self._bell.ring()


def _ready_status(hello: Hello, models: tuple[ModelInfo, ...] | None) -> ServerStatus:
    ready = ServerStatus(ServerPhase.READY, "", hello=hello, models=models)
    return replace(ready, text=wording.server_text(ready))


def _trouble(error: Exception) -> ServerStatus:
    problem = Problem.of(error)
    return ServerStatus(ServerPhase.TROUBLE, problem.message, problem.hint, problem.detail)
