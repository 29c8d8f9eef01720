"""What a bug report needs, as plain text: no picture, no token, and no name of the user's home folder."""

import os
import platform
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from . import __version__, launcher
from .discovery import CONFIGURATION, Home, process_exists, read_launch, read_runtime
from .errors import DragganError
from .messages import PROTOCOL, Models
from .transport import Transport

_LOG_LINES = 20
_ERRORS_KEPT = 10


class RecentErrors:
    """The newest errors of this editor, for the report. For any thread."""

    def __init__(self) -> None:
        self._errors: deque[str] = deque(maxlen=_ERRORS_KEPT)

    def note(self, doing: str, error: BaseException) -> None:
        """Keep an error: what was being done, and for a fault of the program where it happened."""
        text = str(error)
        if not isinstance(error, DragganError):
            text = "".join(traceback.format_exception(type(error), error, error.__traceback__, limit=-8)).strip()
        self._errors.append(f"{time.strftime('%H:%M:%S')} {doing}: {type(error).__name__}: {text}")

    def texts(self) -> tuple[str, ...]:
        """Oldest first."""
        return tuple(self._errors)


recent_errors = RecentErrors()
"""Of this process: an editor has one plugin of ours."""


def report(home: Home, editor: str = "") -> str:
    """The whole text. Asks the server that runs, if one does; starts none. Takes seconds where one does not answer.

    editor: name and version of the editor, and whatever else its shell knows.
    """
    lines = ["DragGAN diagnostics", ""]
    for heading, facts in (
        ("Plugin", lambda: _program(editor)),
        ("Data folder", lambda: _folder(home)),
        ("Server", lambda: _server(home)),
        ("Errors of this session", recent_errors.texts),
        ("Logs", lambda: _logs(home)),
    ):
        lines += [heading, *(f"  {line}" for fact in _kept(facts) for line in fact.splitlines()), ""]
    return _without_secrets("\n".join(lines), home)


def _kept(facts: Callable[[], Iterator[str] | tuple[str, ...]]) -> list[str]:
    """A part that cannot be made out must not take the others with it."""
    found: list[str] = []
    try:
        found.extend(facts())
    except Exception as error:
        found.append(f"could not be found out ({type(error).__name__}: {error})")
    return found or ["none"]


def _program(editor: str) -> Iterator[str]:
    yield f"client library {__version__}, protocol {PROTOCOL}, in {Path(__file__).parent}"
    yield f"editor: {editor or 'not told'}"
    yield f"sandbox: {launcher.sandbox() or 'none'}"
    yield f"Python: {platform.python_version()} ({platform.python_implementation()}), {sys.executable or 'embedded'}"
    yield f"system: {platform.platform()}, {platform.machine()}, {os.cpu_count()} cores"


def _folder(home: Home) -> Iterator[str]:
    configuration = Path(__file__).parents[1] / CONFIGURATION
    if os.environ.get("DRAGGAN_HOME"):
        source = "DRAGGAN_HOME"
    else:
        source = "the installer's record" if configuration.is_file() else "the system's default"
    yield f"folder: {home.folder} (from {source}){'' if home.folder.is_dir() else ', not there'}"
    launch = read_launch(home)
    if launch is not None:
        gone = "" if Path(launch.argv[0]).exists() else "  (GONE)"
        yield f"starts the server by: {' '.join(launch.argv)}{gone}"
    else:
        state = "cannot be read" if home.launch_file.exists() else "not there"
        yield f"starts the server by: {home.launch_file} is {state}"
    if home.models.is_dir():
        yield f"models of your own: {', '.join(sorted(path.name for path in home.models.iterdir())) or 'none'}"


def _server(home: Home) -> Iterator[str]:
    info = read_runtime(home)
    if info is None:
        yield "not running" + (", and its file cannot be read" if home.runtime_file.exists() else "")
        return
    yield f"file: {info.url}, process {info.pid}, version {info.version}, protocol {info.protocol}"
    try:
        found = launcher.find(home)
    except DragganError as error:
        yield f"PROBLEM: {error}"
        return
    if found is None:
        state = "is something else now" if process_exists(info.pid) else "has ended"
        yield f"not running: process {info.pid} {state}"
        return
    hello = found[1]
    yield f"running: version {hello.version}, protocol {hello.protocol}, on {hello.device}"
    yield f"sessions: {hello.sessions} of at most {hello.max_sessions}"
    for model in Transport(info).ask("GET", "/models", Models).models:
        speed = f", {model.steps_per_s:.1f} steps/s" if model.steps_per_s else ""
        yield f"model: {model.id}, {model.resolution} px, sha-256 {model.sha256[:12]}{speed}"


def _logs(home: Home) -> Iterator[str]:
    for file in (home.server_log, home.start_log):
        try:
            with file.open(encoding="utf-8", errors="replace") as lines:
                last = deque((line.rstrip()[:500] for line in lines), _LOG_LINES)
        except OSError:
            continue
        yield "\n".join([f"the end of {file}:", *(f"  {line}" for line in last)])


def _without_secrets(text: str, home: Home) -> str:
    info = read_runtime(home)
    if info is not None:
        text = text.replace(info.token, "(token)")
    own = str(Path.home())
    return text.replace(own, "~") if len(own) > 1 else text
