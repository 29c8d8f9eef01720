"""What this installer put where, so that it can be taken off again and nothing else is."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from install.errors import InstallError

FILE_NAME = "installed.json"


@dataclass(frozen=True)
class Record:
    """A list of paths in `<home>/installed.json`.

    A path is noted before it is made, so that an installation that broke off can be undone.
    """

    home: Path

    @property
    def file(self) -> Path:
        return self.home / FILE_NAME

    def paths(self) -> tuple[Path, ...]:
        """In the order in which they were noted; none where nothing was installed."""
        try:
            return tuple(Path(text) for text in json.loads(self.file.read_text(encoding="utf-8"))["paths"])
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InstallError(
                f"{self.file} cannot be read ({error}). Delete it and install once more: that writes it anew."
            ) from error

    def note(self, path: Path) -> None:
        """Raises InstallError where the home folder cannot be written to."""
        known = self.paths()
        if path in known:
            return
        text = json.dumps({"paths": [str(each) for each in (*known, path)]}, indent=2)
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
        """Removes what was noted, newest first, then the record. Raises InstallError at what cannot go."""
        for path in reversed(self.paths()):
            remove(path)
        remove(self.file)


def remove(path: Path) -> None:
    """Removes a file or a folder with all that is in it; content where there is none."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise InstallError(
            f"{path} could not be removed: {error.strerror or error}.\n"
            "Close Krita, GIMP and whatever else uses it, and run this again."
        ) from error
