"""What is put in, and what is said, where there are several editors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from draggan_client.discovery import Home
from install import main
from install.editors.editor import Found, Place
from install.environment import Environment
from install.errors import InstallError
from install.krita_settings import KritaSettings
from install.record import Record


@dataclass(frozen=True)
class AnEditor:
    name: str
    found: Found
    refuses: Path | None = None

    def find(self, say):
        return self.found

    def put_in(self, place, plugin, record):
        if place.folder == self.refuses:
            raise InstallError(f"{place.folder} cannot be written: Read-only file system.")
        return f"The plugin is in {place.folder}\nStart it; server: {plugin.server_command}"


A, B, C = (Path("/somewhere") / name for name in "abc")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "drag gan")


def put_in(home: Home, *editors: AnEditor, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    monkeypatch.setattr(main, "EDITORS", editors)
    return main.put_in_plugins(home, Environment(home.folder / "environment"), Record(home.folder))


def test_one_that_refuses_does_not_keep_the_others_out(home, monkeypatch, capsys):
    krita = AnEditor("Krita", Found((Place(A), Place(B))), refuses=A)
    gimp = AnEditor("GIMP", Found((Place(C),)))
    trouble = put_in(home, krita, gimp, monkeypatch=monkeypatch)
    assert trouble == (f"Krita: {A} cannot be written: Read-only file system.",)
    said = capsys.readouterr().out
    assert f"Krita\n  The plugin is in {B}\n  Start it" in said
    assert f"GIMP\n  The plugin is in {C}\n" in said
    assert str(A) not in said


def test_an_editor_that_is_not_there_or_lacks_something_is_told(home, monkeypatch, capsys):
    found = AnEditor("Krita", Found(())), AnEditor("GIMP", Found((), "Start it once, and run this again."))
    assert put_in(home, *found, monkeypatch=monkeypatch) == ()
    assert capsys.readouterr().out == (
        "\nKrita\n  Not found on this computer. Once it is there, run this again.\n"
        "\nGIMP\n  Start it once, and run this again.\n"
    )


def test_the_servers_command_can_be_pasted_into_a_terminal(home, monkeypatch, capsys):
    put_in(home, AnEditor("Krita", Found((Place(A),))), monkeypatch=monkeypatch)
    command = Environment(home.folder / "environment").script("draggan-server")
    assert f'"{command}" serve' in capsys.readouterr().out


def test_while_krita_runs_nothing_is_removed(home, monkeypatch, capsys):
    kritarc = home.folder.parent / "kritarc"
    kritarc.write_text("[python]\nenable_draggan=true\n")
    Record(home.folder).note(KritaSettings(kritarc, new_file=False, new_group=False))
    monkeypatch.setenv("DRAGGAN_HOME", str(home.folder))
    monkeypatch.setattr(main, "krita_runs", lambda settings: settings == kritarc)
    assert main.main(["--uninstall"]) == 1
    assert "Close Krita and run this again" in capsys.readouterr().err
    assert kritarc.read_text() == "[python]\nenable_draggan=true\n"
    monkeypatch.setattr(main, "krita_runs", lambda settings: False)
    assert main.main(["--uninstall"]) == 0
    assert kritarc.read_text() == "[python]\n"


def test_the_zip_goes_by_itself(home, monkeypatch, capsys):
    for other in ("--uninstall", "--demo"):
        with pytest.raises(SystemExit):
            main.main(["--zip", "x.zip", other])
        assert "--zip goes by itself" in capsys.readouterr().err


def test_the_zip_is_written_without_an_installation(home, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("DRAGGAN_HOME", str(home.folder))
    assert main.main(["--zip", str(tmp_path / "draggan.zip")]) == 0
    assert (tmp_path / "draggan.zip").is_file()
    assert "Import Python Plugin from File" in capsys.readouterr().out
    assert not home.folder.exists()


def test_and_says_what_it_needs_where_there_is_no_messagepack(home, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("DRAGGAN_HOME", str(home.folder))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main.main(["--zip", str(tmp_path / "draggan.zip")]) == 1
    assert "install first, without --zip" in capsys.readouterr().err
