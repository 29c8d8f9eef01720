"""Which editors are found: by the folders that they leave in a user's home."""

from __future__ import annotations

from pathlib import Path

import pytest

from install.editors import EDITORS, gimp, krita


@pytest.fixture
def linux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Linux user's empty home."""
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


def made(*folders: Path) -> tuple[Path, ...]:
    for folder in folders:
        folder.mkdir(parents=True)
    return folders


def test_an_empty_home_has_no_editor(linux):
    assert [editor.find() for editor in EDITORS] == [(), ()]


def test_krita_is_found_however_it_was_installed(linux):
    expected = made(linux / ".local/share/krita", linux / ".var/app/org.kde.krita/data/krita")
    assert krita.EDITOR.find() == expected


def test_every_gimp_3_is_found_and_no_gimp_2(linux):
    expected = made(linux / ".config/GIMP/3.0", linux / ".config/GIMP/3.2")
    made(linux / ".config/GIMP/2.10")
    assert gimp.EDITOR.find() == expected


def test_where_the_user_keeps_their_data_is_heeded(linux, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(linux / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(linux / "configuration"))
    expected = made(linux / "data/krita", linux / "configuration/GIMP/3.0")
    assert (*krita.EDITOR.find(), *gimp.EDITOR.find()) == expected


def test_on_windows(linux, monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Windows")
    monkeypatch.setenv("APPDATA", str(linux / "AppData/Roaming"))
    expected = made(linux / "AppData/Roaming/krita", linux / "AppData/Roaming/GIMP/3.0")
    assert (*krita.EDITOR.find(), *gimp.EDITOR.find()) == expected


def test_on_a_mac(linux, monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    support = linux / "Library/Application Support"
    expected = made(support / "krita", support / "GIMP/3.0")
    assert (*krita.EDITOR.find(), *gimp.EDITOR.find()) == expected
