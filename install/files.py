"""Files put down and taken away in whole, with errors that an artist can do something about."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from pathlib import Path

from install.errors import InstallError


def remove(path: Path) -> None:
    """Removes a file, a link, or a folder with all that is in it; content where there is none."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except NotADirectoryError:
        return
    except OSError as error:
        raise _in_use(path, "removed", error) from error


def move(path: Path, to: Path) -> None:
    """Gives a file or folder another name in the same folder; what has that name already goes."""
    remove(to)
    try:
        path.rename(to)
    except OSError as error:
        raise _in_use(path, "moved", error) from error


def _in_use(path: Path, what: str, error: OSError) -> InstallError:
    return InstallError(
        f"{path} could not be {what}: {error.strerror or error}.\n"
        "Close Krita, GIMP and whatever else uses it, and run this again."
    )


def remove_if_empty(folder: Path) -> None:
    """Removes a folder that holds nothing; one that holds something, or is a link, stays."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def replace_file(path: Path, content: bytes) -> None:
    """Writes a file in one step, its permissions kept; through a link, the file that it leads to.

    Raises InstallError; the file is then as it was.
    """
    path = path.resolve()
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        draft.write_bytes(content)
        if path.exists():
            shutil.copymode(path, draft)
        os.replace(draft, path)  # noqa: PTH105
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> InstallError:
    return InstallError(
        f"{path} cannot be written: {error.strerror or error}.\n"
        "Make room there, or have it made writable for you, and run this again."
    )
