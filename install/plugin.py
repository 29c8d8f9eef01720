"""An editor's plugin as it is put down: its own files, and the client library inside."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from draggan_client.discovery import CONFIGURATION
from install.children import clean_environment
from install.errors import InstallError
from install.files import cannot_write, move, remove
from install.record import Folder, PluginPart, Record, Tree, is_link_or_not_ours

_VENDOR = Path("plugins/common/vendor.py")
_NOT_FOR_EDITORS = shutil.ignore_patterns("__pycache__", ".*", "*.py[cod]", "*.action")
"""An .action file goes into a folder of its own: Krita would find it in both."""


@dataclass(frozen=True)
class Plugin:
    """What every plugin needs: where the sources lie, and what is to be told to it."""

    checkout: Path
    python: Path
    """A Python that has MessagePack: the server's."""
    server_command: str
    """How the artist starts the server by hand."""
    home: Path | None
    """Where the plugin will find the server. None: where the plugin itself looks by default."""

    def read(self, source: Path) -> bytes:
        """A file of the checkout. Raises InstallError where it is missing."""
        try:
            return (self.checkout / source).read_bytes()
        except OSError as error:
            raise _not_whole(self.checkout / source) from error

    def write(self, source: Path, target: Path) -> None:
        """Makes `target`, which must not exist, from the folder `source` of the checkout.

        Raises InstallError where the checkout is not whole or the disk refuses.
        """
        package = self.checkout / source
        if not package.is_dir():
            raise _not_whole(package)
        try:
            shutil.copytree(package, target, ignore=_NOT_FOR_EDITORS)
            if self.home:
                text = json.dumps({"home": str(self.home)}, ensure_ascii=False)
                (target / CONFIGURATION).write_text(text + "\n", encoding="utf-8")
        except (OSError, shutil.Error) as error:
            raise _cannot_copy(target, error) from error
        self._vendor_into(target)

    def _vendor_into(self, target: Path) -> None:
        done = subprocess.run(
            [str(self.python), str(self.checkout / _VENDOR), str(target)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=clean_environment(),
            encoding="utf-8",
            errors="replace",
        )
        if done.returncode:
            raise InstallError(f"The client library could not be put into {target}:\n{done.stderr.strip()}")


def replace_folder(plugin: Plugin, source: Path, target: Path, record: Record) -> None:
    """Puts the plugin of `source` down as `target`, in place of an earlier one of ours as a whole.

    An earlier one stays until the new one is complete. Raises InstallError, and leaves `target` alone, where
    something stands there that is not ours.
    """
    refuse_what_is_not_ours(target)
    if target.is_file():
        raise InstallError(f"{target} is a file, where a folder has to go. Move it away, and run this again.")
    make_folder(target.parent, record)
    part, draft = PluginPart(target), target.with_name(f".{target.name}-new")
    for path in (draft, part.set_aside):
        record.note(Tree(path))
        remove(path)
    record.note(part)
    try:
        plugin.write(source, draft)
        if target.exists():
            move(target, part.set_aside)
        move(draft, target)
    finally:
        if part.set_aside.exists() and not target.exists():
            move(part.set_aside, target)
        remove(draft)
    remove(part.set_aside)


def make_folder(folder: Path, record: Record) -> None:
    """Makes a folder and those above it, and notes which of them were missing. Raises InstallError."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        record.note(Folder(each))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error


def refuse_what_is_not_ours(target: Path) -> None:
    """Raises InstallError where a link stands, or a folder that neither this installer nor an import made."""
    if not is_link_or_not_ours(target):
        return
    what = f"a link to {target.resolve()}" if target.is_symlink() else "there already, and not from DragGAN"
    raise InstallError(
        f"{target} is {what}: it was left alone.\n"
        "Move it away if you want the plugin installed there, and run this again."
    )


def _not_whole(missing: Path) -> InstallError:
    return InstallError(f"{missing} is missing: this copy of DragGAN is not whole. Fetch it once more.")


def _cannot_copy(target: Path, error: OSError) -> InstallError:
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list):
        error = OSError(None, "; ".join(str(reason) for _, _, reason in error.args[0]))
    return cannot_write(target, error)
