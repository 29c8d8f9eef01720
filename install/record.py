"""What this installer put where, so that it can be taken off again and nothing else is."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from install.errors import InstallError
from install.files import move, remove, remove_if_empty
from install.gimp_settings import GimpSettings
from install.krita_settings import KritaSettings

FILE_NAME = "installed.json"

_IN_EVERY_PLUGIN = Path("draggan_client/discovery.py")


@dataclass(frozen=True)
class Tree:
    """A file or folder of ours, with all that is in it. Where a link stands now, only the link goes."""

    kind: ClassVar[str] = "tree"
    path: Path

    def undo(self) -> None:
        remove(self.path)


@dataclass(frozen=True)
class Folder:
    """A folder that was missing; it stays where somebody else has put something into it."""

    kind: ClassVar[str] = "folder"
    path: Path

    def undo(self) -> None:
        remove_if_empty(self.path)


@dataclass(frozen=True)
class PluginPart:
    """A plugin's folder in an editor, or a file that goes with it.

    Put in whole, or not at all; so what stands there now and is a link, or a folder of somebody else's, is not it.
    """

    kind: ClassVar[str] = "plugin"
    path: Path

    @property
    def set_aside(self) -> Path:
        """Its name while it is replaced or removed: what breaks off then is known for ours."""
        return self.path.with_name(f".{self.path.name}-old")

    def undo(self) -> None:
        if is_link_or_not_ours(self.path):
            return
        if self.path.is_dir():
            move(self.path, self.set_aside)
            remove(self.set_aside)
        else:
            remove(self.path)


def is_link_or_not_ours(path: Path) -> bool:
    """Whether a link stands there, or a folder that neither this installer nor Krita's importer made."""
    return path.is_symlink() or (path.is_dir() and not (path / _IN_EVERY_PLUGIN).is_file())


Made = Tree | Folder | PluginPart | KritaSettings | GimpSettings
"""What was made on this computer. Undoing is content where it was never made, or is gone already."""

_KINDS: dict[str, Callable[..., Made]] = {
    made.kind: made for made in (Tree, Folder, PluginPart, KritaSettings, GimpSettings)
}


@dataclass(frozen=True)
class Record:
    """A list in `<home>/installed.json`.

    A thing is noted before it is made, so that an installation that broke off can be undone.
    """

    home: Path

    @property
    def file(self) -> Path:
        return self.home / FILE_NAME

    def made(self) -> tuple[Made, ...]:
        """In the order in which it was noted; nothing where nothing was installed."""
        try:
            return tuple(_from_json(each) for each in json.loads(self.file.read_text(encoding="utf-8"))["made"])
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InstallError(
                f"{self.file} cannot be read ({error}). Delete it and install once more: that writes it anew."
            ) from error

    def note(self, made: Made) -> None:
        """Once for each thing: what was noted first stays. Raises InstallError where home cannot be written."""
        known = self.made()
        if any((each.kind, each.path) == (made.kind, made.path) for each in known):
            return
        text = json.dumps({"made": [_to_json(each) for each in (*known, made)]}, indent=2)
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            half = self.file.with_suffix(".new")
            half.write_text(text, encoding="utf-8")
            half.replace(self.file)
        except OSError as error:
            raise InstallError(
                f"{self.home} cannot be written to: {error.strerror or error}.\n"
                "Make room there, or set DRAGGAN_HOME to a folder that you may write to, and run this again."
            ) from error

    def undo(self) -> None:
        """Undoes what was noted, newest first, then removes the record. Raises InstallError at what cannot go."""
        for made in reversed(self.made()):
            made.undo()
        remove(self.file)


def _to_json(made: Made) -> dict[str, object]:
    return {"kind": made.kind} | dataclasses.asdict(made) | {"path": str(made.path)}


def _from_json(read: dict[str, Any]) -> Made:
    return _KINDS[read.pop("kind")](path=Path(read.pop("path")), **read)
