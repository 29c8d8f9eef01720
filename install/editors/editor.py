"""What the installer knows of an editor."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from install.plugin import Plugin
from install.record import Record

Say = Callable[[str], None]


@dataclass(frozen=True)
class Place:
    """A folder of the editor's that takes plugins: one for each way of installing it, and each version."""

    folder: Path
    sandbox: str = ""
    """What the editor is shut up in there, "Flatpak" or "Snap": it cannot start a server then. Empty: nothing."""
    settings: Path | None = None
    """The file that it keeps its settings in, where the installer has business there."""


@dataclass(frozen=True)
class Found:
    """What there is of an editor on this computer."""

    places: tuple[Place, ...]
    lacking: str = ""
    """Why there is no place for one that is installed, and what to do."""


class Editor(Protocol):
    name: str
    """As the artist knows it."""

    def find(self, say: Say) -> Found:
        """Where its plugins go on this computer. `say` is told of what takes long."""

    def put_in(self, place: Place, plugin: Plugin, record: Record) -> str:
        """Puts the plugin in, in place of an earlier one; returns what the artist has to know and do.

        Raises InstallError where that cannot be, and leaves an earlier plugin as it was.
        """


def application_data() -> Path:
    """Where programs of this system keep a user's data."""
    system = platform.system()
    if system == "Windows":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    if system == "Darwin":
        return Path.home() / "Library" / "Application Support"
    return _xdg("XDG_DATA_HOME", ".local/share")


def configuration() -> Path:
    """Where programs of this system keep a user's settings, as Qt has it."""
    system = platform.system()
    if system == "Windows":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if system == "Darwin":
        return Path.home() / "Library" / "Preferences"
    return xdg_configuration()


def xdg_configuration() -> Path:
    """Where programs made for Linux keep a user's settings."""
    return _xdg("XDG_CONFIG_HOME", ".config")


def windows_programs() -> tuple[Path, ...]:
    """The folders that Windows installs programs into."""
    named = ("ProgramFiles", "ProgramW6432", "ProgramFiles(x86)")
    folders = [Path(os.environ[name]) for name in named if os.environ.get(name)]
    return tuple(dict.fromkeys((*folders, configuration() / "Programs")))


def mac_programs() -> tuple[Path, ...]:
    return (Path("/Applications"), Path.home() / "Applications")


def flatpak_is_installed(application: str) -> bool:
    """Whether Flatpak has an application, for this user or for all."""
    folders = (_xdg("XDG_DATA_HOME", ".local/share") / "flatpak", Path("/var/lib/flatpak"))
    return any((folder / "app" / application).is_dir() for folder in folders)


def _xdg(variable: str, usual: str) -> Path:
    """The specification has relative paths ignored."""
    given = Path(os.environ.get(variable, ""))
    return given if given.is_absolute() else Path.home() / usual
