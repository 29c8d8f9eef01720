"""Where the server's files lie, and what is made of them when they are not as they should be."""

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from draggan_client import discovery
from draggan_client.discovery import Home, LaunchCommand, RuntimeInfo, find_home, read_runtime, write_runtime
from draggan_client.errors import DragganError, MessageError
from draggan_client.locks import FileLock

INFO = RuntimeInfo("http://127.0.0.1:4711", "t" * 32, 42, "0.1.0", 1)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "Ünser Ordner")


def test_the_environment_decides_then_the_installer_then_the_system(tmp_path: Path) -> None:
    package = tmp_path / "plugin" / "draggan_client"
    package.mkdir(parents=True)
    (tmp_path / "plugin" / "draggan.json").write_text(json.dumps({"home": "/from/the/installer"}))
    assert find_home({"DRAGGAN_HOME": "/from/the/user"}, package) == Home(Path("/from/the/user").absolute())
    assert find_home({}, package) == Home(Path("/from/the/installer"))
    assert find_home({}, tmp_path / "nothing" / "here").folder.name == "draggan"


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="XDG is not known there")
def test_a_relative_data_folder_is_not_used(tmp_path: Path) -> None:
    assert find_home({"XDG_DATA_HOME": str(tmp_path)}, tmp_path / "a" / "b") == Home(tmp_path / "draggan")
    default = Path.home() / ".local/share/draggan"
    assert find_home({"XDG_DATA_HOME": "relative"}, tmp_path / "a" / "b") == Home(default)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="Flatpak is not there")
def test_from_flatpak_it_is_where_the_server_has_it(tmp_path: Path) -> None:
    """A plugin that was imported from a zip file has nothing but this to go by."""
    inside = {"XDG_DATA_HOME": str(Path.home() / ".var/app/org.kde.krita/data")}
    assert find_home(inside, tmp_path / "a" / "b") == find_home({}, tmp_path / "a" / "b")
    outside = inside | {"HOST_XDG_DATA_HOME": str(tmp_path)}
    assert find_home(outside, tmp_path / "a" / "b") == Home(tmp_path / "draggan")


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"home": 7}', "\0"])
def test_a_damaged_configuration_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "draggan.json").write_text(content)
    with pytest.raises(DragganError, match=r"draggan\.json cannot be read.*Run the installer again"):
        find_home({}, tmp_path / "draggan_client")


def test_what_the_server_says_is_read_back_and_private(home: Home) -> None:
    write_runtime(home, INFO)
    assert read_runtime(home) == INFO
    assert [path.name for path in home.folder.iterdir()] == ["server.json"]
    if sys.platform != "win32":
        assert stat.S_IMODE(home.runtime_file.stat().st_mode) == 0o600


def test_a_private_file_replaces_one_that_was_open_to_all(home: Home) -> None:
    home.folder.mkdir()
    home.runtime_file.write_text("{}")
    home.runtime_file.chmod(0o666)
    write_runtime(home, INFO)
    if sys.platform != "win32":
        assert stat.S_IMODE(home.runtime_file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"url": "http://127.0.0.1:1"}',
        json.dumps({**INFO.__dict__, "pid": "42"}).encode(),
        json.dumps({**INFO.__dict__, "token": ""}).encode(),
    ],
)
def test_a_damaged_runtime_file_is_no_server(home: Home, content: bytes) -> None:
    home.folder.mkdir()
    home.runtime_file.write_bytes(content)
    assert read_runtime(home) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com:80",
        "https://127.0.0.1:1",
        "http://127.0.0.1",
        "http://127.0.0.1:1/x",
        "http://127.0.0.1.x:1",
    ],
)
def test_a_token_goes_to_this_computer_only(url: str) -> None:
    with pytest.raises(MessageError, match="url"):
        replace(INFO, url=url)


def test_a_full_disk_leaves_the_old_file_and_no_draft(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    write_runtime(home, INFO)

    def full(_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_runtime(home, replace(INFO, pid=43))
    assert [path.name for path in home.folder.iterdir()] == ["server.json"]
    assert read_runtime(home) == INFO


def test_a_server_takes_back_only_its_own_file(home: Home) -> None:
    newer = replace(INFO, pid=43)
    write_runtime(home, newer)
    discovery.remove_runtime(home, INFO)
    assert read_runtime(home) == newer
    discovery.remove_runtime(home, newer)
    assert not home.runtime_file.exists()


def test_the_launch_command_is_read_back(home: Home) -> None:
    assert discovery.read_launch(home) is None
    command = LaunchCommand(("/opt/ein Ordner/bin/python", "-m", "draggan_server.cli", "serve"))
    discovery.write_launch(home, command)
    assert discovery.read_launch(home) == command
    home.launch_file.write_text('{"argv": []}')
    assert discovery.read_launch(home) is None


def test_whether_a_process_exists() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert discovery.process_exists(child.pid)
    child.communicate(b"\n")
    assert not discovery.process_exists(child.pid)
    assert not discovery.process_exists(2**31 - 1)
    assert not discovery.process_exists(2**32)


def test_a_lock_is_one_holders(home: Home) -> None:
    with FileLock(home.start_lock) as first:
        assert first.try_acquire()
        assert first.try_acquire()
        assert not FileLock(home.start_lock).try_acquire()
        waits: list[int] = []
        assert not FileLock(home.start_lock).acquire(0.25, lambda: waits.append(1))
        assert waits
    with FileLock(home.start_lock) as second:
        assert second.try_acquire()


def test_a_lock_does_not_outlive_a_killed_holder(home: Home) -> None:
    program = (
        "import sys; from pathlib import Path; from draggan_client.locks import FileLock;"
        "lock = FileLock(Path(sys.argv[1])); print(lock.try_acquire(), flush=True); input()"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(discovery.__file__).parents[1])}
    command = [sys.executable, "-c", program, str(home.start_lock)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    assert holder.stdout and holder.stdout.readline().strip() == b"True"
    assert not FileLock(home.start_lock).try_acquire()
    holder.kill()
    holder.communicate()
    with FileLock(home.start_lock) as lock:
        assert lock.try_acquire()
