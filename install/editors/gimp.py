"""GIMP: one profile folder for each minor version, and GIMP sees only the plug-ins in its own."""

from __future__ import annotations

import os
import platform
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from install.editors.editor import (
    Found,
    Place,
    Say,
    application_data,
    flatpak_is_installed,
    mac_programs,
    windows_programs,
    xdg_configuration,
)
from install.files import cannot_write
from install.gimp_settings import FOLDER, GimpSettings
from install.plugin import Plugin, replace_folder
from install.programs import output
from install.record import Folder, Record

NAME = "draggan"
SOURCE = Path("plugins/gimp") / NAME

_FLATPAK = "org.gimp.GIMP"
_PROGRAMS = ("gimp-console", "gimp", "gimp-console-3.0", "gimp-3.0")
_SNAP = Path("/snap/gimp/current")
_FIRST_START_S = 180.0
_TOO_OLD = "This computer has GIMP {}, and the plug-in needs GIMP 3.0.4 or newer."
_ONCE = "GIMP was never started here. Start it once, so that it makes its own folders, and run this again."


@dataclass(frozen=True)
class _Parent:
    """A folder that holds a profile for each version."""

    folder: Path
    sandbox: str = ""

    def profiles(self) -> tuple[Place, ...]:
        """Those of GIMP 3; GIMP 2.10 has no Python 3."""
        return tuple(Place(each, self.sandbox) for each in sorted(self.folder.glob("3.*")) if each.is_dir())


class Gimp:
    name = "GIMP"

    def find(self, say: Say) -> Found:
        """All profiles of GIMP 3.

        A GIMP that was never started is started, without a window, to make its own profile: it takes over an
        older version's settings only while there is none, so that one made by us would cost the artist theirs.
        """
        lacking = _start_once(say)
        places = [place for parent in _parents() for place in parent.profiles()]
        own = Path(os.environ.get("GIMP3_DIRECTORY", ""))
        if own.is_absolute() and own.is_dir() and own not in [place.folder for place in places]:
            places.append(Place(own))
        return Found(tuple(places), lacking or ("" if places else _lacking_elsewhere()))

    def put_in(self, place: Place, plugin: Plugin, record: Record) -> str:
        target = place.folder / "plug-ins" / NAME
        replace_folder(plugin, SOURCE, target, record)
        settings = place.folder / FOLDER
        if not settings.exists():
            record.note(Folder(settings))  # GIMP will make it, for ours perhaps
        record.note(GimpSettings(settings))
        entry = target / f"{NAME}.py"
        try:
            entry.chmod(0o755)
            os.utime(entry)  # GIMP asks a plug-in what it offers only where this file's time has changed
        except OSError as error:
            raise cannot_write(entry, error) from error
        said = (
            f"The plug-in is in {target}",
            "Start GIMP, anew where it runs; it is under Filters > Distorts > Drag Points.",
        )
        return "\n".join((*said, *_in_a_sandbox(place, plugin)))


EDITOR = Gimp()


def _parents() -> tuple[_Parent, ...]:
    if platform.system() in ("Windows", "Darwin"):
        return (_Parent(application_data() / "GIMP"),)
    # From Flatpak GIMP uses the usual folder as well, where it may; without another GIMP that one is Flatpak's.
    only_flatpak = _program() is None and flatpak_is_installed(_FLATPAK)
    return (
        _Parent(xdg_configuration() / "GIMP", "Flatpak" if only_flatpak else ""),
        _Parent(Path.home() / ".var/app" / _FLATPAK / "config/GIMP", "Flatpak"),
        _Parent(Path.home() / "snap/gimp/current/.config/GIMP", "Snap"),
    )


def _start_once(say: Say) -> str:
    """Has a GIMP of this system's own make its profile; returns what the artist has to know where it did not."""
    program = _program()
    version = _version(output(program, "--version")) if program else None
    if program is None or version is None:
        return ""
    if int(version.partition(".")[0]) < 3:
        return _TOO_OLD.format(version)
    profile = xdg_configuration() / "GIMP" / version
    if not profile.is_dir() and "GIMP3_DIRECTORY" not in os.environ:
        say(f"GIMP {version} was never started: starting it once without a window, so that it makes its folders.")
        output(program, "-i", "-d", "-f", "--quit", timeout_s=_FIRST_START_S)
    return "" if profile.is_dir() or "GIMP3_DIRECTORY" in os.environ else _ONCE


def _lacking_elsewhere() -> str:
    """For a GIMP that is installed in another way and has no profile."""
    if platform.system() == "Windows":
        installed = any(file for folder in windows_programs() for file in folder.glob("GIMP 3*/bin/gimp*.exe"))
    elif platform.system() == "Darwin":
        installed = any(app for folder in mac_programs() for app in folder.glob("GIMP*.app"))
    elif flatpak_is_installed(_FLATPAK):
        version = _version(output("flatpak", "info", _FLATPAK))
        if version and int(version.partition(".")[0]) < 3:
            return _TOO_OLD.format(version)
        installed = True
    else:
        installed = _SNAP.is_dir()
    return _ONCE if installed else ""


def _program() -> str | None:
    """A GIMP of this system's own; elsewhere than on Linux it is not on the path."""
    if platform.system() != "Linux":
        return None
    return next((found for name in _PROGRAMS if (found := shutil.which(name))), None)


def _version(told: str) -> str | None:
    """Major and minor number, which a profile is named after."""
    found = re.search(r"[Vv]ersion:?\s+(\d+\.\d+)", told)
    return found[1] if found else None


def _in_a_sandbox(place: Place, plugin: Plugin) -> tuple[str, ...]:
    if not place.sandbox:
        return ()
    said = [
        f"GIMP from {place.sandbox} cannot start the server, and uses the one that runs. Before you drag, start it:",
        f"  {plugin.server_command}",
    ]
    if place.sandbox == "Snap" and plugin.home and _is_hidden(plugin.home):
        said += [
            f"But Snap keeps GIMP out of hidden folders, and the server's is one: {plugin.home}",
            "Set DRAGGAN_HOME to a folder such as draggan in your home folder, and run this again.",
        ]
    return tuple(said)


def _is_hidden(folder: Path) -> bool:
    """As Snap sees it: below a folder in the user's home whose name begins with a dot."""
    below = folder.relative_to(Path.home()).parts if folder.is_relative_to(Path.home()) else ()
    return any(name.startswith(".") for name in below[:1])
