"""The way from a plugin to the server: finds it or starts it, and finds it again when it went away."""

import threading
from collections.abc import Callable
from typing import TypeVar

from .discovery import Home, find_home
from .errors import ConnectionBrokenError, NotReachableError, ServerError, StoppedError
from .launcher import OnWait, Waiting, find_or_start
from .messages import Ack, Hello, Models, NoiseMode, OpenRequest, Source
from .session import Session
from .transport import Transport

Got = TypeVar("Got")
GiveUp = Callable[[], bool]
_LOOK_EVERY_S = 0.1


class Connection:
    """A connection to the server of this computer. Connects when first used; may be shared between threads.

    `command` starts the server, where the installer's record is not to be used. `on_wait` is told several
    times a second what is being waited for while the server starts, and may raise to give up.
    """

    def __init__(
        self,
        home: Home | None = None,
        command: tuple[str, ...] | None = None,
        on_wait: OnWait = lambda waiting: None,
    ) -> None:
        self.home = home or find_home()
        self._command = command
        self._on_wait = on_wait
        self._connecting = threading.Lock()
        self.transport: Transport | None = None
        """The way to the server that answered last; it may be gone by now."""

    def connect(self, give_up: GiveUp = lambda: False) -> Hello:
        """Find the server or start it, and shake hands; StoppedError soon after `give_up` says so.

        Raises ServerStartError, ServerNotRunningError, ProtocolMismatchError; all readable as they are.
        """

        def wait(waiting: Waiting) -> None:
            self._on_wait(waiting)
            _check(give_up)

        while not self._connecting.acquire(timeout=_LOOK_EVERY_S):  # another thread of this program starts it
            _check(give_up)
        try:
            server, hello = find_or_start(self.home, self._command, wait)
            if self.transport is None or self.transport.server != server:
                self.transport = Transport(server)
            return hello
        finally:
            self._connecting.release()

    def hello(self) -> Hello:
        """Who answers, and how busy it is."""
        return self.with_server(lambda to: to.ask("GET", "/hello", Hello), repeatable=True)

    def models(self) -> Models:
        """The models that this computer has."""
        return self.with_server(lambda to: to.ask("GET", "/models", Models), repeatable=True)

    def session(self, source: Source, model: str | None = None, noise: NoiseMode = "const") -> Session:
        """A picture to edit. Nothing is sent before the session is used."""
        return Session(self, OpenRequest(source, model, noise))

    def shutdown(self) -> None:
        """Ask the server to end. It is started again when it is next needed."""
        self.with_server(lambda to: to.ask("POST", "/shutdown", Ack))

    def with_server(
        self, action: Callable[[Transport], Got], repeatable: bool = False, give_up: GiveUp = lambda: False
    ) -> Got:
        """Do `action`; when nobody is there to take it, find or start the server and do it there instead.

        An action that a server did take, and lost, is done again only where it is `repeatable`: it changes nothing.
        """
        transport = self.transport
        if transport is not None:
            try:
                return action(transport)
            except NotReachableError:
                pass
            except ConnectionBrokenError:  # a server that was just shutting down, perhaps
                if not repeatable:
                    raise
            except ServerError as error:
                if error.code != "unauthorized":  # another server has come to live at that port
                    raise
        self.connect(give_up)
        assert self.transport is not None
        return action(self.transport)


def _check(give_up: GiveUp) -> None:
    if give_up():
        raise StoppedError("Waiting for the server was given up.", "It is started again when it is needed.")
