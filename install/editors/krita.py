"""Krita: one resource folder for each way of installing it."""

from __future__ import annotations

from pathlib import Path

from install.editors.editor import Editor, application_data

_FLATPAK = Path(".var/app/org.kde.krita/data/krita")


def _resource_folders() -> tuple[Path, ...]:
    candidates = (application_data() / "krita", Path.home() / _FLATPAK)
    return tuple(folder for folder in candidates if folder.is_dir())


EDITOR = Editor("Krita", _resource_folders)
