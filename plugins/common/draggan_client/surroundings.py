"""The environment variables that a program is started with: without what an editor or a shell sets for itself.

An editor from an AppImage, a snap or an application bundle puts its own libraries, modules and data on every path
that there is. Another Python that inherits this loads the wrong ones, or does not start.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

_OF_ANOTHER_PYTHON = (
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "__PYVENV_LAUNCHER__",
)
_NAMES_A_BUNDLE = ("APPDIR", "SNAP")
_OF_A_BUNDLE = (*_NAMES_A_BUNDLE, "APPIMAGE", "ARGV0", "OWD")


def without_editor(environment: Mapping[str, str], program: str = "") -> dict[str, str]:
    """`environment` for a child that is no part of the editor, whose own Python is `program`.

    Everything of another Python goes; and from every path and every list of paths, what lies in the editor's own
    bundle: a mounted AppImage, a snap, an application of macOS, on Windows the folder of `program`.
    """
    bundles = tuple(_bundles(environment, program))
    clean = {}
    for name, value in environment.items():
        if name.startswith("PYTHON") or name in _OF_ANOTHER_PYTHON or name in _OF_A_BUNDLE:
            continue
        kept = [part for part in value.split(os.pathsep) if not _is_inside(part, bundles)]
        if kept:
            clean[name] = os.pathsep.join(kept)
    return clean


def _bundles(environment: Mapping[str, str], program: str) -> Iterator[str]:
    for name in _NAMES_A_BUNDLE:
        if environment.get(name):
            yield environment[name]
    if program and os.name == "nt":
        yield str(Path(program).parent)
    yield from (str(folder) for folder in Path(program).parents if folder.suffix == ".app")


def _is_inside(part: str, folders: tuple[str, ...]) -> bool:
    place = os.path.normcase(part)
    inside = (os.path.normcase(folder).rstrip("/\\") for folder in folders)
    return any(place == folder or place.startswith((f"{folder}/", f"{folder}\\")) for folder in inside if folder)
