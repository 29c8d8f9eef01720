"""GIMP: one profile folder for each minor version, and GIMP sees only the plug-ins in its own."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from install.editors.editor import Editor, application_data

_SNAP = Path("snap/gimp/current/.config/GIMP")


def _profile_folders() -> tuple[Path, ...]:
    """All profiles of GIMP 3; GIMP 2.10 has no Python 3."""
    if platform.system() in ("Windows", "Darwin"):
        parents = [application_data() / "GIMP"]
    else:
        configuration = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        parents = [configuration / "GIMP", Path.home() / _SNAP]
    return tuple(sorted(folder for parent in parents for folder in parent.glob("3.*") if folder.is_dir()))


EDITOR = Editor("GIMP", _profile_folders)
