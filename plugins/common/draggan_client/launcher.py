"""Finds the running server, or starts one. Two editors that do so at once end up with the same one."""

import os
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import framing
from .discovery import Home, RuntimeInfo, process_exists, read_launch, read_runtime
from .errors import (
    ConnectionBrokenError,
    ConnectionLostError,
    FramingError,
    MessageError,
    NotReachableError,
    ProtocolMismatchError,
    ServerError,
    ServerNotRunningError,
    ServerStartError,
)
from .locks import FileLock
from .messages import PROTOCOL, Hello
from .schema import from_wire, shown
from .surroundings import without_editor
from .transport import Transport

START_TIMEOUT_S = 120.0
"""The first start after a boot reads torch from a slow disk."""
_ENDING_S = 2.0
"""How long a server whose connections break off is taken to be ending."""
HELLO_TIMEOUT_S = 5.0
LOG_TAIL_LINES = 15

_OF_TOOLKITS = ("LD_", "DYLD_", "QT_", "QML", "GI_", "GIO_", "GST_", "GTK_", "GDK_", "GEGL_", "BABL_", "GIMP")
_OF_SANDBOXES = ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")
"""Which point into the editor's own corner; the server uses none but DRAGGAN_HOME."""
_HINT = "Run the installer again (python3 install/install.py), or start the server by hand: draggan-server serve."


@dataclass(frozen=True)
class Waiting:
    """What is being waited for while the server starts, and for how long by now."""

    text: str
    elapsed_s: float


OnWait = Callable[[Waiting], object]
"""Called several times a second. May raise, to give up: a server that is only starting is ended then."""


def find_or_start(
    home: Home,
    command: tuple[str, ...] | None = None,
    on_wait: OnWait = lambda waiting: None,
    timeout_s: float = START_TIMEOUT_S,
) -> tuple[RuntimeInfo, Hello]:
    """The server that answers, started if there is none: by `command`, or as the installer recorded.

    Raises ServerStartError (with the end of its log), ServerNotRunningError, ProtocolMismatchError.
    """
    found = find(home)
    if found:
        return found
    begun = time.monotonic()

    def wait(text: str) -> None:
        on_wait(Waiting(text, time.monotonic() - begun))

    with FileLock(home.start_lock) as lock:
        try:
            alone = lock.acquire(timeout_s, lambda: wait("Another program is starting the server"))
        except OSError as error:
            raise ServerNotRunningError(f"{home.folder} cannot be written ({error}).", _HINT) from None
        found = find(home)
        if found:
            return found
        if not alone:
            raise ServerNotRunningError(f"Another program has been starting the server for {timeout_s:g} s.", _HINT)
        return _start(home, _command(home, command), wait, begun + timeout_s)


def find(home: Home) -> tuple[RuntimeInfo, Hello] | None:
    """The server that answers, or None: no runtime file, or a stale one.

    Raises ProtocolMismatchError, and ServerNotRunningError for a server that lives and does not answer.
    """
    info = read_runtime(home)
    if info is None:
        return None
    deadline = time.monotonic() + _ENDING_S
    while True:
        try:
            return info, hello(Transport(info))
        except (NotReachableError, ServerError):  # gone; or its port is another program's now
            return None
        except ConnectionLostError as error:
            if not process_exists(info.pid):
                return None
            if isinstance(error, ConnectionBrokenError) and time.monotonic() < deadline:
                time.sleep(0.05)  # it may be just ending: a moment later it is gone
                continue
            raise ServerNotRunningError(
                f"The server (process {info.pid}) runs and does not answer: {error.message}",
                "Try again; if this stays, end that process.",
            ) from None


def hello(transport: Transport) -> Hello:
    """Who answers. Raises ProtocolMismatchError for another protocol, and as `Transport.ask` does."""
    packed = transport.ask_plain("GET", "/hello", None, HELLO_TIMEOUT_S)
    try:
        wire = framing.unpack_plain(packed)
        theirs = wire.get("protocol") if isinstance(wire, dict) else None
        if isinstance(theirs, int) and theirs != PROTOCOL:
            raise _mismatch(theirs, shown(wire.get("version")))
        return from_wire(Hello, wire)
    except (FramingError, MessageError) as error:
        raise ServerError("internal", f"{transport.server.url} is not a DragGAN server: {error}") from None


def clean_environment(environment: Mapping[str, str], home: Home, program: str = sys.executable) -> dict[str, str]:
    """`environment` without what an editor, whose Python is `program`, sets for its own libraries.

    A server that inherited it would load the editor's libraries and modules instead of its own.
    """
    clean = {
        name: value
        for name, value in without_editor(environment, program).items()
        if not name.startswith(_OF_TOOLKITS) and name not in _OF_SANDBOXES
    }
    return {**clean, "DRAGGAN_HOME": str(home.folder)}


def sandbox(root: Path = Path("/")) -> str | None:
    """What shuts this process up so that it cannot start a server outside: "Flatpak", "Snap", or None.

    Asked of the system, for a program outside inherits the variables of a terminal inside.
    """
    if (root / ".flatpak-info").exists():
        return "Flatpak"
    try:
        confinement = (root / "proc/self/attr/current").read_text()
    except OSError:
        return None
    return "Snap" if confinement.startswith("snap.") and "(enforce)" in confinement else None


def cannot_start(home: Home) -> ServerNotRunningError | None:
    """Why no server can be started from here, in words for the artist; None: one can."""
    launch = read_launch(home)
    shut_up_in = sandbox()
    if shut_up_in:
        by_hand = shlex.join(launch.argv) if launch else "draggan-server serve"
        return ServerNotRunningError(
            f"The DragGAN server is not running, and an editor from {shut_up_in} cannot start it.",
            f"Start it from outside: open a terminal, run {by_hand} and leave it running. "
            "(If that is not found, install it: python3 install/install.py, in the folder of DragGAN.)",
        )
    if launch is None:
        return ServerNotRunningError(
            "The DragGAN server, which does the work, is not installed on this computer.",
            "Install it: run python3 install/install.py in a terminal, in the folder of DragGAN. "
            f"Or start one by hand: draggan-server serve. ({home.launch_file} says how to start it; it is not there.)",
        )
    return None


def _command(home: Home, command: tuple[str, ...] | None) -> tuple[str, ...]:
    if command:
        return command
    why_not = cannot_start(home)
    if why_not is not None:
        raise why_not
    launch = read_launch(home)
    if launch is None:  # taken away this very moment
        raise ServerNotRunningError(f"{home.launch_file} does not say how to start the server.", _HINT)
    return launch.argv


def _start(
    home: Home, argv: tuple[str, ...], wait: Callable[[str], None], deadline: float
) -> tuple[RuntimeInfo, Hello]:
    process = _spawn(home, argv)
    while True:
        ended = process.poll()
        found = find(home)
        if found:
            return found
        if ended is not None:
            raise ServerStartError(f"The server ended while starting (exit code {ended}).{_log_tail(home)}", _HINT)
        if time.monotonic() >= deadline:
            process.terminate()
            raise ServerStartError(f"The server was started and does not answer.{_log_tail(home)}", _HINT)
        try:
            wait("Starting the server")
        except BaseException:  # given up: nobody has asked for this server any more
            process.terminate()
            raise
        time.sleep(0.1)


def _spawn(home: Home, argv: tuple[str, ...]) -> "subprocess.Popen[bytes]":
    """Start the server so that it outlives the editor."""
    try:
        home.logs.mkdir(parents=True, exist_ok=True)
        with home.start_log.open("wb") as log:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=home.folder,
                env=clean_environment(os.environ, home),
                start_new_session=True,
                creationflags=_windows_flags(),
            )
    except (OSError, ValueError) as error:
        raise ServerStartError(f"The server cannot be started with {argv[0]}: {error}.", _HINT) from None
    # Somebody has to wait for it in the end, or a dead server stays a zombie while the editor runs.
    threading.Thread(target=process.wait, name="draggan-server-reaper", daemon=True).start()
    return process


def _windows_flags() -> int:
    if sys.platform == "win32":
        return subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    return 0


def _log_tail(home: Home) -> str:
    try:
        lines = home.start_log.read_text("utf-8", errors="replace").splitlines()[-LOG_TAIL_LINES:]
    except OSError:
        lines = []
    return "\n".join(["", f"The end of {home.start_log}:", *lines, ""]) if lines else " It wrote nothing."


def _mismatch(theirs: int, version: str) -> ProtocolMismatchError:
    older = "server" if theirs < PROTOCOL else "plugin"
    return ProtocolMismatchError(
        f"The server (version {version}) speaks protocol {theirs}, this plugin speaks {PROTOCOL}.",
        f"The {older} is the older one: run the installer of the newer again. It updates both.",
    )
