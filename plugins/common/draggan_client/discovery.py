"""Where the server's files lie, and the one that says where it listens.

The one definition of these places: the server and the installer take them from here. Needs no MessagePack.
"""

import contextlib
import json
import os
import re
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from .errors import DragganError, MessageError
from .schema import Between, Length, Made, Record, from_wire, to_wire

CONFIGURATION = "draggan.json"
"""Beside a plugin's copy of this package: {"home": FOLDER}, written by the installer.

A sandboxed editor has another data folder than the server, so a plugin cannot work the place out by itself.
"""

_LOOPBACK_URL = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\]):(\d{1,5})")


@dataclass(frozen=True)
class Home:
    """The user's data folder of DragGAN, and what lies in it."""

    folder: Path

    @property
    def runtime_file(self) -> Path:
        """Where the running server listens, and its token."""
        return self.folder / "server.json"

    @property
    def server_lock(self) -> Path:
        """Held by the server as long as it lives."""
        return self.folder / "server.lock"

    @property
    def start_lock(self) -> Path:
        """Held by a client while it starts the server."""
        return self.folder / "start.lock"

    @property
    def launch_file(self) -> Path:
        """How to start the server; see `LaunchCommand`."""
        return self.folder / "launch.json"

    @property
    def models(self) -> Path:
        """The user's own model files."""
        return self.folder / "models"

    @property
    def catalogues(self) -> Path:
        """The user's own lists of models that can be had from elsewhere."""
        return self.folder / "catalogues"

    @property
    def downloads(self) -> Path:
        """Models on their way here, and what came from where."""
        return self.folder / "downloads"

    @property
    def thumbnails(self) -> Path:
        """Small pictures of the models, made by the server."""
        return self.folder / "thumbnails"

    @property
    def inversions(self) -> Path:
        """What was found of pictures that were inverted, kept by the server."""
        return self.folder / "inversions"

    @property
    def speeds_file(self) -> Path:
        """How fast each model was on this computer, measured by the server."""
        return self.folder / "speeds.json"

    @property
    def left_by_server(self) -> tuple[Path, ...]:
        """What the server makes for itself, and makes anew where it is missing."""
        return (self.runtime_file, self.server_lock, self.start_lock, self.thumbnails, self.speeds_file, self.downloads)

    @property
    def logs(self) -> Path:
        """The logs."""
        return self.folder / "logs"

    @property
    def server_log(self) -> Path:
        """What the server did."""
        return self.logs / "server.log"

    @property
    def start_log(self) -> Path:
        """What the server that a client started last wrote to its standard output and error."""
        return self.logs / "start.log"


def find_home(environment: Mapping[str, str] = os.environ, package: Path = Path(__file__).parent) -> Home:
    """DRAGGAN_HOME where that is set; else what the installer wrote beside the plugin; else the default.

    Raises DragganError when the installer's file cannot be read.
    """
    if environment.get("DRAGGAN_HOME"):
        return Home(Path(environment["DRAGGAN_HOME"]).expanduser().absolute())
    configuration = package.parent / CONFIGURATION
    if configuration.is_file():
        try:
            return Home(Path(json.loads(configuration.read_text("utf-8"))["home"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DragganError(
                f"{configuration} cannot be read ({type(error).__name__}: {error}).",
                "Run the installer again.",
            ) from None
    return default_home(environment)


def default_home(environment: Mapping[str, str] = os.environ) -> Home:
    """Where the files lie when nobody says otherwise."""
    return Home(_data_folder(environment) / "draggan")


def _data_folder(environment: Mapping[str, str]) -> Path:
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    given = Path(environment.get("XDG_DATA_HOME", ""))
    if given.is_relative_to(Path.home() / ".var" / "app"):
        # Flatpak has given the editor a folder of its own, and says where the user's is, unless that is the usual one.
        given = Path(environment.get("HOST_XDG_DATA_HOME", ""))
    return given if given.is_absolute() else Path.home() / ".local" / "share"


@dataclass(frozen=True)
class RuntimeInfo(Record):
    """Where the running server listens, and what it asks for. Only ever a loopback address."""

    url: Annotated[str, Length(1, 100)]
    token: Annotated[str, Length(16, 200)]
    pid: Annotated[int, Between(1, 2**32)]
    version: Annotated[str, Length(1, 100)]
    protocol: Annotated[int, Between(0, 1_000_000)]

    def check_together(self) -> None:
        if not _LOOPBACK_URL.fullmatch(self.url):
            raise MessageError("url", repr(self.url), "http://127.0.0.1:PORT")

    @property
    def host(self) -> str:
        """The loopback name, without brackets."""
        return self.url.removeprefix("http://").rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port."""
        return int(self.url.rpartition(":")[2])


@dataclass(frozen=True)
class LaunchCommand(Record):
    """How to start the server: a program with its full path, and its arguments."""

    argv: Annotated[tuple[Annotated[str, Length(1, 4096)], ...], Length(1, 100)]


def write_runtime(home: Home, info: RuntimeInfo) -> None:
    """Say where the server listens, in one step, readable by this user alone.

    On Windows the folder's own access list does that. Raises OSError (disk full, ...), nothing half-written.
    """
    _write(home.runtime_file, info)


def read_runtime(home: Home) -> RuntimeInfo | None:
    """Where a server said it listens; it may be gone. None where the file is missing or damaged."""
    return _read(RuntimeInfo, home.runtime_file)


def remove_runtime(home: Home, info: RuntimeInfo) -> None:
    """Take back what `info` said; leaves the file of a newer server alone."""
    if read_runtime(home) == info:
        home.runtime_file.unlink(missing_ok=True)


def write_launch(home: Home, command: LaunchCommand) -> None:
    """Record how to start the server."""
    _write(home.launch_file, command)


def read_launch(home: Home) -> LaunchCommand | None:
    """How to start the server; None where that was never recorded, or is damaged."""
    return _read(LaunchCommand, home.launch_file)


def process_exists(pid: int) -> bool:
    """Whether a process with this id runs. From inside a sandbox the host's processes do not show."""
    if sys.platform == "win32":
        return _windows_process_exists(pid)
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _windows_process_exists(pid: int) -> bool:
    # os.kill(pid, 0) would send Ctrl+C here.
    import ctypes

    kernel: Any = ctypes.windll.kernel32  # type: ignore[attr-defined, unused-ignore]
    query_limited_information, still_active = 0x1000, 259
    process = kernel.OpenProcess(query_limited_information, False, pid)
    if not process:
        return False
    code = ctypes.c_ulong()
    known = kernel.GetExitCodeProcess(process, ctypes.byref(code))
    kernel.CloseHandle(process)
    return bool(known) and code.value == still_active


def _write(path: Path, record: Record) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(fd, "w", encoding="utf-8") as file:  # noqa: PTH123  # a descriptor
            json.dump(to_wire(record), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise


def _read(expected: type[Made], path: Path) -> Made | None:
    try:
        return from_wire(expected, json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, RecursionError, MessageError):
        return None
