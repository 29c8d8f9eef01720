"""Krita's own settings files: the plugin switched on, and all that is ours taken out again."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from install.errors import InstallError
from install.files import remove, replace_file
from install.kconfig import Entry, Group, has_group, is_true, value_of, with_value, without

MODULE = "draggan"
_PYTHON: Group = ("python",)
_ENABLE = f"enable_{MODULE}"
_NEWLINE = os.linesep.encode()


@dataclass(frozen=True)
class KritaSettings:
    """Krita's main settings file, kritarc, with kritashortcutsrc beside it, and what was missing before us."""

    kind: ClassVar[str] = "krita settings"
    path: Path
    new_file: bool
    new_group: bool

    @classmethod
    def before(cls, kritarc: Path) -> KritaSettings:
        """As they are before we touch them. Raises InstallError where they cannot be read."""
        content = _content(kritarc)
        return cls(kritarc, new_file=content is None, new_group=not has_group(content or b"", _PYTHON))

    def undo(self) -> None:
        """Takes out what is ours alone, and leaves every other entry, comment and byte.

        Ours are: the switch; the group that the plugin keeps its settings in; where Krita says a group for our
        docker alone; shortcuts that the artist gave our actions. What Krita writes about all of its dockers or
        toolbars together (the main window's `State`, a workspace) stays: it is one value, and Krita passes over a
        docker in it that is no longer there.
        """
        _rewrite(self.path, _is_ours, lambda group: _is_our_group(group) or (self.new_group and group == _PYTHON))
        if self.new_file and not (_content(self.path) or b"").strip():
            remove(self.path)
        _rewrite(self.path.with_name("kritashortcutsrc"), _is_our_shortcut, lambda group: False)


def is_enabled(kritarc: Path) -> bool:
    """Whether Krita loads the plugin. Raises InstallError where the file cannot be read."""
    return is_true(value_of(_content(kritarc) or b"", _PYTHON, _ENABLE))


def enable(kritarc: Path) -> None:
    """Has Krita load the plugin at its next start; every other byte stays. Raises InstallError."""
    if not is_enabled(kritarc):
        replace_file(kritarc, with_value(_content(kritarc) or b"", _PYTHON, _ENABLE, "true", _NEWLINE))


def resource_folder(kritarc: Path) -> Path | None:
    """Another folder for its resources, plugins among them, that the artist chose in Krita. None: the usual one."""
    try:
        chosen = value_of(_content(kritarc) or b"", (), "ResourceDirectory")
    except InstallError:
        return None
    return Path(chosen) if chosen and Path(chosen).is_dir() else None


def _is_ours(entry: Entry) -> bool:
    return _is_our_group(entry.group) or (entry.group == _PYTHON and entry.key == _ENABLE)


def _is_our_group(group: Group) -> bool:
    """`[draggan]` and what is in it; a docker's own group, `[MainWindow][DockWidget draggan...]`."""
    return bool(group) and (group[0] == MODULE or group[-1].startswith(f"DockWidget {MODULE}"))


def _is_our_shortcut(entry: Entry) -> bool:
    return entry.group == ("Shortcuts",) and entry.key.startswith(f"{MODULE}_")


def _rewrite(path: Path, is_gone: Callable[[Entry], bool], groups: Callable[[Group], bool]) -> None:
    content = _content(path)
    if content is not None:
        changed = without(content, is_gone, groups)
        if changed != content:
            replace_file(path, changed)


def _content(path: Path) -> bytes | None:
    """None where there is no such file."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InstallError(
            f"{path}, which holds Krita's settings, cannot be read: {error.strerror or error}.\n"
            "Have it made readable for you, and run this again."
        ) from error
