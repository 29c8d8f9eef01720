"""The zip file for Krita's own importer."""

from __future__ import annotations

import configparser
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from install.errors import InstallError
from install.importable import write_importable
from install.plugin import Plugin

CHECKOUT = Path(__file__).resolve().parents[3]
PLUGIN = Plugin(CHECKOUT, Path(sys.executable), "", home=None)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    file = tmp_path_factory.mktemp("zip é") / "draggan.zip"
    write_importable(PLUGIN, file)
    return zipfile.ZipFile(file)


def test_the_importer_finds_what_it_asks_for(archive):
    """As it goes about it: the .desktop file names a module, which is a folder with an entry, a package and actions."""
    (desktop,) = [name for name in archive.namelist() if name.endswith(".desktop")]
    described = configparser.ConfigParser()
    described.read_string(archive.read(desktop).decode("utf-8"))
    module = described["Desktop Entry"]["X-KDE-Library"]
    assert described["Desktop Entry"]["Name"]
    assert f"{module}/" in archive.namelist()
    assert f"{module}/__init__.py" in archive.namelist()
    assert [name for name in archive.namelist() if name.endswith(".action")] == [f"{module}.action"]


def test_the_client_library_is_inside_and_no_home(archive, tmp_path):
    assert "draggan/draggan_client/_vendor/msgpack/COPYING" in archive.namelist()
    assert not [name for name in archive.namelist() if name.endswith(("draggan.json", ".pyc")) or "__pycache__" in name]
    archive.extractall(tmp_path)
    code = "from draggan.draggan_client import connection, _msgpack; print(_msgpack.msgpack.__file__)"
    (tmp_path / "draggan/__init__.py").write_text("")  # the plugin's own wants Krita
    told = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)
    assert Path(told.stdout.strip()).is_relative_to(tmp_path)


def test_the_same_sources_make_the_same_file(archive, tmp_path):
    again = tmp_path / "again.zip"
    write_importable(PLUGIN, again)
    assert again.read_bytes() == Path(str(archive.filename)).read_bytes()


def test_a_place_that_refuses_is_named(tmp_path):
    with pytest.raises(InstallError, match=r"not there.*draggan\.zip cannot be written"):
        write_importable(PLUGIN, tmp_path / "not there" / "draggan.zip")
