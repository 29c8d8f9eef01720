"""Finding the server and starting it, in processes of their own."""

import contextlib
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from draggan_client import discovery, launcher
from draggan_client.connection import Connection
from draggan_client.discovery import Home, LaunchCommand, read_runtime, write_runtime
from draggan_client.errors import ProtocolMismatchError, ServerNotRunningError, ServerStartError
from draggan_client.launcher import Waiting, clean_environment, find, find_or_start
from draggan_client.locks import FileLock
from tests.plugins.fake_server import STARTED, FakeServer

ROOT = Path(__file__).parents[2]


def command(manner: str) -> tuple[str, ...]:
    """Starts the fake server. The environment is scrubbed, so the paths go on the command line."""
    paths = f"import sys; sys.path[:0] = {[str(ROOT), str(ROOT / 'plugins/common')]!r}"
    return (sys.executable, "-c", f"{paths}; from tests.plugins.fake_server import main; main({manner!r})")


@pytest.fixture(autouse=True)
def end_what_was_started(home: Home) -> Iterator[None]:
    yield
    for line in started(home):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(line.split()[0]), signal.SIGTERM)


def started(home: Home) -> list[str]:
    """A line for each server that was started: its process, and what it saw of PYTHON*."""
    file = home.folder / STARTED
    return file.read_text().splitlines() if file.exists() else []


def test_it_is_started_as_the_installer_recorded(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHOME", "/nowhere")  # an editor's: a Python that sees it does not even start
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    discovery.write_launch(home, LaunchCommand(command("slowly")))
    seen: list[Waiting] = []
    connection = Connection(home, on_wait=seen.append)
    assert connection.hello().default_model == "portraits"
    assert seen and {waiting.text for waiting in seen} == {"Starting the server"}
    assert seen[-1].elapsed_s > seen[0].elapsed_s
    assert [line.split(maxsplit=1)[1] for line in started(home)] == ["[]"]


def test_two_editors_start_one_server(home: Home) -> None:
    found: list[int] = []

    def start() -> None:
        found.append(find_or_start(home, command("slowly"))[0].pid)

    editors = [threading.Thread(target=start) for _ in range(4)]
    for editor in editors:
        editor.start()
    for editor in editors:
        editor.join()
    assert len(started(home)) == 1
    assert len(found) == 4 and len(set(found)) == 1


def test_a_killed_server_is_replaced(home: Home) -> None:
    first, _ = find_or_start(home, command("well"))
    os.kill(first.pid, signal.SIGKILL)
    second, _ = find_or_start(home, command("well"))
    assert second.pid != first.pid


def test_a_server_that_crashes_is_quoted(home: Home) -> None:
    with pytest.raises(ServerStartError, match=r"(?s)exit code 1.*No module named 'torch'.*install\.py"):
        find_or_start(home, command("crash"))


def test_a_server_that_never_answers_is_given_up(home: Home) -> None:
    mute = ("/bin/sh", "-c", f"echo $$ > {STARTED}; exec sleep 300")  # here long before a Python would be
    with pytest.raises(ServerStartError, match="started and does not answer"):
        find_or_start(home, mute, timeout_s=2)
    (pid,) = map(int, started(home))
    deadline = time.monotonic() + 60
    while discovery.process_exists(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not discovery.process_exists(pid), "what was started in vain has to end"


def test_a_program_that_is_not_there_is_named(home: Home) -> None:
    with pytest.raises(ServerStartError, match="cannot be started with /not/there"):
        find_or_start(home, ("/not/there",))


def test_waiting_can_be_given_up(home: Home) -> None:
    def give_up(_: Waiting) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_or_start(home, command("slowly"), give_up)
    with FileLock(home.start_lock) as lock:
        assert lock.try_acquire()
    find_or_start(home, command("well"))
    assert started(home)


def test_a_start_that_another_editor_never_finishes(home: Home) -> None:
    with FileLock(home.start_lock) as other:
        assert other.try_acquire()
        seen: list[Waiting] = []
        with pytest.raises(ServerNotRunningError, match="Another program has been starting"):
            find_or_start(home, command("well"), seen.append, timeout_s=0.3)
    assert {waiting.text for waiting in seen} == {"Another program is starting the server"}


def test_a_stale_file_is_no_server(home: Home, server: FakeServer) -> None:
    assert find(home)
    server.stop()
    assert read_runtime(home) and find(home) is None


def test_a_port_that_is_another_servers_now_is_no_server(home: Home, server: FakeServer) -> None:
    write_runtime(home, replace(server.info, token="somebody else's token"))
    assert find(home) is None


def test_a_port_that_is_another_programs_now_is_no_server(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def greet() -> None:
            with other.accept()[0] as visitor:
                visitor.sendall(b"220 mail ready\r\n")
                visitor.recv(1000)

        threading.Thread(target=greet, daemon=True).start()
        url = f"http://127.0.0.1:{other.getsockname()[1]}"
        write_runtime(home, discovery.RuntimeInfo(url, "t" * 32, 2**31 - 1, "0.1.0", 1))
        assert find(home) is None


def test_a_server_that_lives_and_is_silent_is_not_doubled(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "HELLO_TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        write_runtime(home, discovery.RuntimeInfo(url, "t" * 32, os.getpid(), "0.1.0", 1))
        with pytest.raises(ServerNotRunningError, match=f"process {os.getpid()}.* does not answer"):
            find_or_start(home, command("well"))
    assert started(home) == []


@pytest.mark.parametrize(("protocol", "older"), [(0, "server"), (99, "plugin")])
def test_another_protocol_is_refused_readably(home: Home, protocol: int, older: str) -> None:
    server = FakeServer(home, protocol)
    try:
        said = rf"speaks protocol {protocol}, this plugin speaks 1\. The {older} is the older one: run the installer"
        with pytest.raises(ProtocolMismatchError, match=said):
            Connection(home).hello()
    finally:
        server.stop()


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ServerNotRunningError, match=r"file.* cannot be written"):
        find_or_start(Home(tmp_path / "file" / "home"), command("well"))


def test_what_an_editor_leaks_does_not_reach_the_server(home: Home) -> None:
    editor = {
        "PYTHONPATH": "/tmp/.mount_krita/lib",
        "PYTHONHOME": "/tmp/.mount_krita",
        "LD_LIBRARY_PATH": "/tmp/.mount_krita/lib",
        "LD_PRELOAD": "/somewhere/exec.so",
        "DYLD_LIBRARY_PATH": "/Applications/krita.app",
        "QT_PLUGIN_PATH": "/tmp/.mount_krita/plugins",
        "GI_TYPELIB_PATH": "/app/gimp",
        "GDK_PIXBUF_MODULE_FILE": "/app/gimp/loaders.cache",
        "GIMP3_DATADIR": "/app/gimp/share",
        "VIRTUAL_ENV": "/somebody's",
        "APPDIR": "/tmp/.mount_krita",
        "APPIMAGE": "/media/artist/krita.appimage",
        "XDG_CONFIG_HOME": "/media/artist/krita.appimage.config",
        "PATH": os.pathsep.join(["/tmp/.mount_krita/usr/bin", "/usr/bin"]),
        "HOME": "/home/artist",
        "CUDA_VISIBLE_DEVICES": "0",
    }
    assert clean_environment(editor, home) == {
        "PATH": "/usr/bin",
        "HOME": "/home/artist",
        "CUDA_VISIBLE_DEVICES": "0",
        "DRAGGAN_HOME": str(home.folder),
    }


def test_a_server_started_under_an_editor_sees_nothing_of_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = home.folder.parent / "mounted"
    bundle.mkdir()
    leaks = {
        "APPDIR": bundle,
        "LD_LIBRARY_PATH": bundle / "lib",
        "PYTHONHOME": bundle,
        "GI_TYPELIB_PATH": bundle / "girepository-1.0",
        "XDG_DATA_DIRS": f"{bundle}/share{os.pathsep}/usr/share",
        "SSL_CERT_FILE": bundle / "cacert.pem",
    }
    for name, value in leaks.items():
        monkeypatch.setenv(name, str(value))
    seen = home.folder / "seen.json"
    tell = f"import json, os, pathlib; pathlib.Path({str(seen)!r}).write_text(json.dumps(dict(os.environ)))"
    paths, _, serve = command("well")[2].partition("; ")
    find_or_start(home, (sys.executable, "-c", f"{tell}; {paths}; {serve}"))
    environment = json.loads(seen.read_text())
    assert not environment.keys() & (leaks.keys() - {"XDG_DATA_DIRS"})
    assert environment["XDG_DATA_DIRS"] == "/usr/share"
    assert not [name for name, value in environment.items() if str(bundle) in value]


def test_a_sandbox_is_known_by_what_the_system_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SNAP", "/snap/terminal/1")  # inherited from somebody's terminal: no sandbox here
    assert launcher.sandbox(tmp_path) is None
    attributes = tmp_path / "proc/self/attr"
    attributes.mkdir(parents=True)
    for confinement, named in (
        ("unconfined\n", None),
        ("snap.code.code (complain)\n", None),
        ("snap.gimp.gimp (enforce)\n", "Snap"),
    ):
        (attributes / "current").write_text(confinement)
        assert launcher.sandbox(tmp_path) == named
    (tmp_path / ".flatpak-info").touch()
    assert launcher.sandbox(tmp_path) == "Flatpak"


def test_from_a_sandbox_the_server_is_started_by_hand(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "sandbox", lambda: "Snap")
    discovery.write_launch(home, LaunchCommand(("/home/zoë/drag gan/python", "-m", "draggan_server.cli", "serve")))
    with pytest.raises(ServerNotRunningError, match="an editor from Snap cannot start it") as raised:
        find_or_start(home)
    assert "'/home/zoë/drag gan/python' -m draggan_server.cli serve" in raised.value.hint
