"""The plugins of this checkout put into made-up homes, and taken off again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from install.editors import gimp, krita
from install.editors.editor import Place
from install.errors import InstallError
from install.plugin import Plugin
from install.record import Record

CHECKOUT = Path(__file__).resolve().parents[3]
SWITCH = "[python]\nenable_draggan=true\n"


@pytest.fixture
def user(tmp_path: Path) -> Path:
    return tmp_path / "Zoë Müller, Künstlerin"


@pytest.fixture
def plugin(user: Path) -> Plugin:
    return Plugin(CHECKOUT, Path(sys.executable), "'/x/draggan server' serve", user / "drag gan")


@pytest.fixture
def record(plugin: Plugin) -> Record:
    assert plugin.home is not None
    return Record(plugin.home)


@pytest.fixture
def place(user: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(krita, "krita_runs", lambda kritarc: False)
    return Place(user / ".local/share/krita", settings=user / ".config/kritarc")


@pytest.fixture
def profile(user: Path) -> Place:
    (user / ".config/GIMP/3.0").mkdir(parents=True)
    return Place(user / ".config/GIMP/3.0")


def files(folder: Path) -> dict[str, bytes]:
    """Everything below a folder; empty folders too."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
        if path.is_file() or not any(path.iterdir())
    }


def home_as_the_plugin_sees_it(package: Path) -> str:
    code = "import sys; sys.path[:0] = [sys.argv[1]]; from draggan_client import discovery, _msgpack; "
    code += "print(discovery.find_home({}).folder); print(_msgpack.msgpack.__file__)"
    told = subprocess.run([sys.executable, "-c", code, package], capture_output=True, encoding="utf-8", check=True)
    folder, vendored = told.stdout.splitlines()
    assert Path(vendored).is_relative_to(package)
    return folder


def test_krita_gets_all_that_it_looks_for(place, plugin, record, user):
    said = krita.EDITOR.put_in(place, plugin, record)
    pykrita, actions = place.folder / "pykrita", place.folder / "actions"
    assert sorted(path.name for path in pykrita.iterdir()) == ["draggan", "draggan.desktop"]
    assert [path.name for path in actions.iterdir()] == ["draggan.action"]
    assert (pykrita / "draggan/__init__.py").is_file()
    assert not list(pykrita.rglob("*.action")), "Krita would find the actions twice"
    assert not list(pykrita.rglob("__pycache__"))
    assert home_as_the_plugin_sees_it(pykrita / "draggan") == str(plugin.home)
    assert place.settings.read_text() == SWITCH
    assert str(pykrita / "draggan") in said
    assert "Settings > Dockers > DragGAN" in said
    record.undo()
    assert files(user) == {"drag gan": b""}


def test_gimp_gets_all_that_it_looks_for(profile, plugin, record, user):
    before = files(user)
    said = gimp.EDITOR.put_in(profile, plugin, record)
    folder = profile.folder / "plug-ins/draggan"
    assert os.access(folder / "draggan.py", os.X_OK)
    assert (folder / "draggan.py").stat().st_mode & 0o777 == 0o755
    assert (folder / "draggan_gimp/__init__.py").is_file()
    assert home_as_the_plugin_sees_it(folder) == str(plugin.home)
    assert str(folder) in said
    record.undo()
    assert files(user) == before | {"drag gan": b""}


@pytest.mark.parametrize("others", [(), ("GimpProcedureConfigRun-script-fu-drop-shadow.last",)])
def test_what_gimp_keeps_of_our_procedures_goes_too(profile, plugin, record, user, others):
    gimp.EDITOR.put_in(profile, plugin, record)
    settings = profile.folder / "plug-in-settings"
    settings.mkdir()
    ours = ("GimpProcedureConfigRun-draggan-drag-points.last", "GimpProcedureConfig-draggan-new-picture.default")
    for name in (*others, *ours):
        (settings / name).touch()
    record.undo()
    assert settings.exists() == bool(others)
    assert tuple(path.name for path in settings.glob("*")) == others


def test_gimp_is_made_to_ask_again_what_the_plugin_offers(profile, plugin, record):
    gimp.EDITOR.put_in(profile, plugin, record)
    entry = profile.folder / "plug-ins/draggan/draggan.py"
    os.utime(entry, (1, 1))
    gimp.EDITOR.put_in(profile, plugin, record)
    assert entry.stat().st_mtime > (CHECKOUT / gimp.SOURCE / "draggan.py").stat().st_mtime


def test_what_others_have_there_stays(place, profile, plugin, record, user):
    others = {
        place.folder / "pykrita/ten/__init__.py": "ten",
        place.folder / "pykrita/ten.desktop": "ten",
        place.folder / "actions/ten.action": "ten",
        profile.folder / "plug-ins/ten/ten.py": "ten",
        profile.folder / "pluginrc": "# GIMP's own",
        place.settings: "# mine\n[python]\nenable_ten=true\n[x]\ny=1",
    }
    for file, content in others.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    before = files(user)
    krita.EDITOR.put_in(place, plugin, record)
    gimp.EDITOR.put_in(profile, plugin, record)
    assert files(user).items() - before.items()
    record.undo()
    assert files(user) == before | {"drag gan": b""}


def test_put_in_again_it_is_replaced_as_a_whole(place, profile, plugin, record, user):
    for _ in range(2):
        krita.EDITOR.put_in(place, plugin, record)
        gimp.EDITOR.put_in(profile, plugin, record)
        once = files(user)
        for folder in (place.folder / "pykrita/draggan", profile.folder / "plug-ins/draggan"):
            (folder / "of_an_earlier_version.py").touch()
            (folder / "draggan_client/__init__.py").unlink()
    krita.EDITOR.put_in(place, plugin, record)
    gimp.EDITOR.put_in(profile, plugin, record)
    assert files(user) == once
    record.undo()
    assert not list(user.rglob("*draggan*"))


def test_one_that_krita_imported_from_a_zip_is_replaced(place, plugin, record):
    folder = place.folder / "pykrita/draggan"
    replace(plugin, home=None).write(krita.SOURCES / "draggan", folder)
    krita.EDITOR.put_in(place, plugin, record)
    assert json.loads((folder / "draggan.json").read_text("utf-8")) == {"home": str(plugin.home)}


@pytest.mark.parametrize("which", ["krita", "gimp"])
def test_what_is_not_ours_is_left_alone(place, profile, plugin, record, which, user):
    editor, there, folder = {
        "krita": (krita.EDITOR, place, place.folder / "pykrita/draggan"),
        "gimp": (gimp.EDITOR, profile, profile.folder / "plug-ins/draggan"),
    }[which]
    folder.mkdir(parents=True)
    (folder / "draggan.py").write_text("somebody else's")
    before = files(user)
    with pytest.raises(InstallError, match="is there already, and not from DragGAN: it was left alone"):
        editor.put_in(there, plugin, record)
    record.undo()
    assert files(user) == before


def test_a_file_where_the_folder_goes_is_left_alone(profile, plugin, record):
    (profile.folder / "plug-ins").mkdir()
    (profile.folder / "plug-ins/draggan").write_text("somebody's")
    with pytest.raises(InstallError, match="is a file, where a folder has to go"):
        gimp.EDITOR.put_in(profile, plugin, record)
    record.undo()
    assert (profile.folder / "plug-ins/draggan").read_text() == "somebody's"


def test_a_link_is_left_alone(place, plugin, record, user, tmp_path):
    (tmp_path / "sources/draggan_client").mkdir(parents=True)
    (tmp_path / "sources/draggan_client/discovery.py").touch()
    link = place.folder / "pykrita/draggan"
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "sources")
    with pytest.raises(InstallError, match=r"is a link to .*sources: it was left alone"):
        krita.EDITOR.put_in(place, plugin, record)
    record.undo()
    assert link.is_symlink()
    assert (tmp_path / "sources/draggan_client/discovery.py").exists()


@pytest.mark.parametrize("name", ["pykrita/draggan.desktop", "actions/draggan.action"])
def test_nor_is_a_file_beside_it_that_is_a_link(place, plugin, record, tmp_path, name):
    (tmp_path / "mine").write_text("mine")
    link = place.folder / name
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "mine")
    with pytest.raises(InstallError, match="is a link to"):
        krita.EDITOR.put_in(place, plugin, record)
    assert (tmp_path / "mine").read_text() == "mine"
    assert not (place.folder / "pykrita/draggan").exists()


@pytest.mark.parametrize("is_link", [True, False])
def test_what_somebody_put_in_its_place_since_stays(profile, plugin, record, tmp_path, is_link):
    gimp.EDITOR.put_in(profile, plugin, record)
    folder = profile.folder / "plug-ins/draggan"
    folder.rename(tmp_path / "thrown away")
    theirs = tmp_path / "theirs" if is_link else folder
    theirs.mkdir()
    (theirs / "draggan.py").write_text("theirs")
    if is_link:
        folder.symlink_to(theirs)
    record.undo()
    assert (folder / "draggan.py").read_text() == "theirs"


def test_a_running_krita_is_not_switched(place, plugin, record, monkeypatch):
    monkeypatch.setattr(krita, "krita_runs", lambda kritarc: kritarc == place.settings)
    said = krita.EDITOR.put_in(place, plugin, record)
    assert not place.settings.exists()
    assert "Close Krita and run this again" in said
    assert "Python Plugin Manager" in said
    assert (place.folder / "pykrita/draggan/__init__.py").is_file()


def test_a_running_krita_that_has_it_on_is_to_be_started_anew(place, plugin, record, monkeypatch):
    krita.EDITOR.put_in(place, plugin, record)
    monkeypatch.setattr(krita, "krita_runs", lambda kritarc: True)
    assert "Close Krita and start it again; the docker is under" in krita.EDITOR.put_in(place, plugin, record)


@pytest.mark.parametrize("sandbox", ["Flatpak", "Snap"])
def test_in_a_sandbox_the_server_is_to_be_started_by_hand(place, profile, plugin, record, sandbox):
    for editor, there in ((krita.EDITOR, place), (gimp.EDITOR, profile)):
        said = editor.put_in(replace(there, sandbox=sandbox), plugin, record)
        assert f"from {sandbox} cannot start the server" in said
        assert plugin.server_command in said


@pytest.mark.parametrize(("folder", "is_told"), [(".local/share/draggan", True), ("draggan", False)])
def test_snap_and_hidden_folders(profile, plugin, user, monkeypatch, folder, is_told):
    monkeypatch.setenv("HOME", str(user))
    plugin = replace(plugin, home=user / folder)
    said = gimp.EDITOR.put_in(replace(profile, sandbox="Snap"), plugin, Record(plugin.home))
    assert ("DRAGGAN_HOME" in said) == is_told


def test_a_copy_that_breaks_off_leaves_the_earlier_one_and_can_be_undone(place, plugin, record, user, tmp_path):
    krita.EDITOR.put_in(place, plugin, record)
    before = files(user)
    with pytest.raises(InstallError, match="The client library could not be put into"):
        krita.EDITOR.put_in(place, replace(plugin, python=_failing_python(tmp_path)), record)
    assert files(user) == before
    record.undo()
    assert files(user) == {"drag gan": b""}


def test_a_process_that_was_killed_in_between_can_be_undone(place, plugin, record, user, tmp_path):
    """What was noted before is enough: nothing of the half copy stays."""
    killed = f"""
import os, pathlib, sys
sys.path[:0] = [{str(CHECKOUT)!r}, {str(CHECKOUT / "plugins/common")!r}]
from install.editors import krita
from install.editors.editor import Place
from install.plugin import Plugin
from install.record import Record
Plugin._vendor_into = lambda plugin, target: os._exit(9)
place = Place(pathlib.Path({str(place.folder)!r}), settings=pathlib.Path({str(place.settings)!r}))
plugin = Plugin(pathlib.Path({str(CHECKOUT)!r}), pathlib.Path(sys.executable), "", pathlib.Path({str(plugin.home)!r}))
krita.EDITOR.put_in(place, plugin, Record(plugin.home))
"""
    assert subprocess.run([sys.executable, "-c", killed]).returncode == 9
    assert list(place.folder.rglob("*.py")), "the half copy"
    record.undo()
    assert files(user) == {"drag gan": b""}


def test_a_removal_that_broke_off_can_be_ended(profile, plugin, record, user, monkeypatch):
    before = files(user)
    gimp.EDITOR.put_in(profile, plugin, record)

    def remove_half(folder: Path) -> None:
        for path in (folder / "draggan_client").iterdir():
            path.unlink() if path.is_file() else None
        raise OSError("the power went off")

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", remove_half)
        with pytest.raises(InstallError, match="the power went off"):
            record.undo()
    record.undo()
    assert files(user) == before | {"drag gan": b""}


def test_a_folder_that_cannot_be_written_is_named(plugin, record, tmp_path):
    (tmp_path / "krita").write_text("no folder")
    place = Place(tmp_path / "krita", settings=tmp_path / "kritarc")
    with pytest.raises(InstallError, match=r"krita/pykrita cannot be written: Not a directory"):
        krita.EDITOR.put_in(place, plugin, record)
    record.undo()
    assert (tmp_path / "krita").read_text() == "no folder"


def test_a_checkout_that_is_not_whole_is_told(place, plugin, record, tmp_path):
    with pytest.raises(InstallError, match="this copy of DragGAN is not whole"):
        krita.EDITOR.put_in(place, replace(plugin, checkout=tmp_path), record)


def _failing_python(folder: Path) -> Path:
    program = folder / "python"
    program.write_text("#!/bin/sh\necho 'the disk is full' >&2\nexit 1\n")
    program.chmod(0o755)
    return program
