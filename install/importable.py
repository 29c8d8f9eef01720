"""The Krita plugin as a zip file, for Krita's own "Import Python Plugin from File"."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

from install.editors.krita import ACTIONS, DESKTOP, SOURCES
from install.files import cannot_write
from install.krita_settings import MODULE
from install.plugin import Plugin

_WHEN = (2025, 1, 1, 0, 0, 0)
"""The same for every file and every run: what has not changed makes the same zip file."""
_FOLDER, _FILE = 0o40755 << 16 | 0x10, 0o100644 << 16


def write_importable(plugin: Plugin, file: Path) -> None:
    """Writes what Krita's importer asks for, and no `draggan.json`: the plugin looks in the default folder.

    It asks for a .desktop file; the folder that this names, with an entry of its own, and an __init__.py in it;
    and takes an .action file of the same name to where actions belong. Raises InstallError.
    """
    with tempfile.TemporaryDirectory(prefix="draggan-zip-") as scratch:
        package = Path(scratch) / MODULE
        plugin.write(SOURCES / MODULE, package)
        contents = {source.name: plugin.read(source) for source in (DESKTOP, ACTIONS)}
        for path in (package, *sorted(package.rglob("*"))):
            name = path.relative_to(scratch).as_posix()
            contents |= {f"{name}/": b""} if path.is_dir() else {name: path.read_bytes()}
    try:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in contents.items():
                _add(archive, name, content)
    except OSError as error:
        raise cannot_write(file, error) from error


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """A file, or a folder where the name ends with a slash."""
    entry = zipfile.ZipInfo(name, _WHEN)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # Unix, wherever this runs: the same zip file everywhere
    entry.external_attr = _FOLDER if name.endswith("/") else _FILE
    archive.writestr(entry, content)
