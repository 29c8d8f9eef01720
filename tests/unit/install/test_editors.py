"""Which editors are found: by the folders that they leave in a user's home, or by their programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from install.editors import EDITORS, editor, gimp, krita
from install.editors.editor import Found, Place

VARIABLES = ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "GIMP3_DIRECTORY", "APPDATA", "LOCALAPPDATA", "ProgramFiles")


@pytest.fixture
def linux(tmp_path: Path, programs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Linux user's empty home, on a computer without a program."""
    monkeypatch.setattr("platform.system", lambda: "Linux")
    home = tmp_path / "Zoë Müller"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(gimp, "_SNAP", tmp_path / "snap/gimp/current")
    for module in (krita, gimp):
        monkeypatch.setattr(module, "flatpak_is_installed", lambda application: False)
    return home


@pytest.fixture
def flatpak(linux: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home on a computer where Flatpak has both, and nothing was started."""
    for module in (krita, gimp):
        monkeypatch.setattr(module, "flatpak_is_installed", lambda application: True)
    return linux


def made(*folders: Path) -> tuple[Path, ...]:
    for folder in folders:
        folder.mkdir(parents=True)
    return folders


def program(folder: Path, name: str, script: str = "") -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def found(of: editor.Editor) -> Found:
    return of.find(lambda text: None)


def folders(of: editor.Editor) -> tuple[Path, ...]:
    return tuple(place.folder for place in found(of).places)


def test_an_empty_home_has_no_editor(linux):
    assert [found(each) for each in EDITORS] == [Found(()), Found(())]
    assert not list(linux.iterdir())


def test_krita_is_found_however_it_was_installed(linux):
    made(linux / ".local/share/krita", linux / ".var/app/org.kde.krita/data/krita")
    assert found(krita.EDITOR).places == (
        Place(linux / ".local/share/krita", "", linux / ".config/kritarc"),
        Place(linux / ".var/app/org.kde.krita/data/krita", "Flatpak", linux / ".var/app/org.kde.krita/config/kritarc"),
    )


def test_a_krita_that_was_never_started_is_found_by_its_program(linux, programs):
    program(programs, "krita")
    assert folders(krita.EDITOR) == (linux / ".local/share/krita",)


def test_and_by_its_appimage(linux):
    made(linux / "Downloads")
    (linux / "Downloads/krita-5.2.9-x86_64.appimage").touch()
    assert folders(krita.EDITOR) == (linux / ".local/share/krita",)


def test_and_by_flatpak(flatpak):
    assert folders(krita.EDITOR) == (flatpak / ".var/app/org.kde.krita/data/krita",)


def test_what_flatpak_has_is_seen_in_its_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert not editor.flatpak_is_installed("org.draggan.NotThere")
    made(tmp_path / "flatpak/app/org.draggan.NotThere")
    assert editor.flatpak_is_installed("org.draggan.NotThere")


def test_the_resource_folder_that_the_artist_chose_in_krita(linux):
    made(linux / ".local/share/krita", linux / "art/krita", linux / ".config")
    (linux / ".config/kritarc").write_text(f"ResourceDirectory={linux / 'art/krita'}\n")
    assert folders(krita.EDITOR) == (linux / "art/krita",)


def test_every_gimp_3_is_found_and_no_gimp_2(linux):
    flatpak = ".var/app/org.gimp.GIMP/config/GIMP/3.0"
    snap = "snap/gimp/current/.config/GIMP/3.2"
    own = made(linux / ".config/GIMP/3.0", linux / ".config/GIMP/3.2", linux / flatpak, linux / snap)
    made(linux / ".config/GIMP/2.10")
    assert found(gimp.EDITOR).places == tuple(map(Place, own, ("", "", "Flatpak", "Snap")))


def test_the_usual_folder_is_flatpaks_where_there_is_no_other_gimp(flatpak, programs):
    made(flatpak / ".config/GIMP/3.0")
    assert [place.sandbox for place in found(gimp.EDITOR).places] == ["Flatpak"]
    program(programs, "gimp", "echo GNU Image Manipulation Program version 3.0.4")
    assert [place.sandbox for place in found(gimp.EDITOR).places] == [""]


def test_a_gimp_that_was_never_started_makes_its_own_profile(linux, programs):
    made_by_gimp = 'case "$1" in --version) echo "GNU Image Manipulation Program version 3.0.4";; '
    made_by_gimp += '*) echo "$@" > "$HOME/started"; /bin/mkdir -p "$HOME/.config/GIMP/3.0";; esac'
    program(programs, "gimp", made_by_gimp)
    said: list[str] = []
    assert gimp.EDITOR.find(said.append) == Found((Place(linux / ".config/GIMP/3.0"),))
    assert "GIMP 3.0 was never started" in said[0]
    assert "-i" in (linux / "started").read_text().split()
    (linux / "started").unlink()
    gimp.EDITOR.find(said.append)
    assert not (linux / "started").exists()


def test_where_it_makes_none_the_artist_is_told(linux, programs):
    program(programs, "gimp", "echo GNU Image Manipulation Program version 3.0.4")
    assert "Start it once" in found(gimp.EDITOR).lacking
    assert not (linux / ".config").exists()


def test_a_gimp_in_flatpak_that_was_never_started_has_to_be(flatpak, programs):
    assert "Start it once" in found(gimp.EDITOR).lacking
    program(programs, "flatpak", "echo Version: 2.10.38")
    assert "GIMP 3.0.4 or newer" in found(gimp.EDITOR).lacking


def test_a_gimp_from_snap_that_was_never_started_has_to_be(linux):
    made(gimp._SNAP)
    assert "Start it once" in found(gimp.EDITOR).lacking


def test_an_old_gimp_is_told_to_be_too_old(linux, programs):
    program(programs, "gimp", "echo GNU Image Manipulation Program version 2.10.34")
    assert found(gimp.EDITOR) == Found((), gimp._TOO_OLD.format("2.10"))


def test_a_profile_named_by_its_own_variable(linux, monkeypatch):
    (own,) = made(linux / "profile")
    monkeypatch.setenv("GIMP3_DIRECTORY", str(own))
    assert folders(gimp.EDITOR) == (own,)


def test_where_the_user_keeps_their_data_is_heeded(linux, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(linux / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(linux / "configuration"))
    expected = made(linux / "data/krita", linux / "configuration/GIMP/3.0")
    assert (*folders(krita.EDITOR), *folders(gimp.EDITOR)) == expected
    assert found(krita.EDITOR).places[0].settings == linux / "configuration/kritarc"


def test_on_windows(linux, monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Windows")
    monkeypatch.setenv("APPDATA", str(linux / "AppData/Roaming"))
    monkeypatch.setenv("LOCALAPPDATA", str(linux / "AppData/Local"))
    store = linux / "AppData/Local/Packages/49800Krita_x/LocalCache"
    expected = made(linux / "AppData/Roaming/krita", linux / "AppData/Roaming/GIMP/3.0")
    made(store)
    assert (*folders(krita.EDITOR), *folders(gimp.EDITOR)) == (expected[0], store / "Roaming/krita", expected[1])
    settings = [place.settings for place in found(krita.EDITOR).places]
    assert settings == [linux / "AppData/Local/kritarc", store / "Local/kritarc"]


def test_never_started_on_windows(linux, monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Windows")
    monkeypatch.setenv("ProgramFiles", str(linux / "Program Files"))
    made(linux / "Program Files/Krita (x64)/bin", linux / "Program Files/GIMP 3/bin")
    (linux / "Program Files/Krita (x64)/bin/krita.exe").touch()
    (linux / "Program Files/GIMP 3/bin/gimp-3.0.exe").touch()
    assert folders(krita.EDITOR) == (linux / "AppData/Roaming/krita",)
    assert "Start it once" in found(gimp.EDITOR).lacking


def test_on_a_mac(linux, monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    support = linux / "Library/Application Support"
    expected = made(support / "krita", support / "GIMP/3.0")
    assert (*folders(krita.EDITOR), *folders(gimp.EDITOR)) == expected
    assert found(krita.EDITOR).places[0].settings == linux / "Library/Preferences/kritarc"


def test_never_started_on_a_mac(linux, monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    made(linux / "Applications/krita.app", linux / "Applications/GIMP.app")
    assert folders(krita.EDITOR) == (linux / "Library/Application Support/krita",)
    assert "Start it once" in found(gimp.EDITOR).lacking
