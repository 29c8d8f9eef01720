"""What the installer knows of an editor."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Editor:
    name: str
    """As the artist knows it."""
    find: Callable[[], tuple[Path, ...]]
    """The editor's own folders on this computer, one for each way of installing it. Empty: it is not here."""


def application_data() -> Path:
    """Where programs of this system keep a user's data."""
    system = platform.system()
    if system == "Windows":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    if system == "Darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
