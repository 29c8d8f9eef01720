"""The server as a process: one per home, how it ends, and a disk without room."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from pathlib import Path

import numpy as np
import pytest

from draggan_client.arrays import Array
from draggan_client.discovery import RuntimeInfo, write_runtime
from draggan_client.errors import ServerError
from draggan_client.messages import (
    DragOptions,
    DragRequest,
    FromPicture,
    FromSeed,
    OpenRequest,
    Progress,
    Result,
    ResultRequest,
)
from tests.server.harness import ENDLESS, PATIENT, ROOT, TIMEOUT_S, ServerProcess, pull, until

NO_ROOM = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, resource.RLIM_INFINITY))"
"""Every write that would make a file longer than so many bytes fails, as on a full disk."""


def test_the_runtime_file_is_for_this_user_alone(server: ServerProcess):
    if os.name == "posix":
        assert stat.S_IMODE(server.home.runtime_file.stat().st_mode) == 0o600
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", server.info.url)
    assert len(server.info.token) >= 32


def test_a_second_server_for_the_same_home_refuses(server: ServerProcess):
    before = server.info
    second = ServerProcess(server.home.folder)
    process = second.launch()
    output, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 1
    assert "already running" in output
    assert f"process {before.pid} at {before.url}" in output
    assert "DRAGGAN_HOME" in output
    assert "Traceback" not in output
    assert server.info == before
    assert server.connection().hello().pid == before.pid


def test_a_stale_discovery_file_is_replaced(home: Path):
    server = ServerProcess(home)
    ended = subprocess.Popen(["true"])
    ended.wait()
    stale = RuntimeInfo("http://127.0.0.1:9", "x" * 32, ended.pid, "0.0.1", 1)
    write_runtime(server.home, stale)
    connection = server.connection()
    hello = connection.hello()
    try:
        assert hello.pid != stale.pid
        assert server.info.pid == hello.pid
    finally:
        connection.shutdown()
    until(lambda: not server.home.runtime_file.exists(), "the runtime file to go")


def test_sigterm_in_the_middle_of_a_drag(home: Path):
    server = ServerProcess(home, before=PATIENT).start()
    session = server.connection().session(FromSeed(1), "slow")
    list(session.open())
    with pytest.raises(ServerError) as raised:
        for event in session.drag([pull(30, 30, 100, 100)], settings=ENDLESS):
            if isinstance(event, Progress) and event.step >= 2:
                server.process.terminate()
    assert raised.value.code == "shutting_down"
    assert server.stop() == 0
    assert not server.home.runtime_file.exists()


def test_it_ends_by_itself_when_nobody_needs_it(home: Path):
    server = ServerProcess(home, limits="server_idle_s=1.0")
    output, _ = server.launch().communicate(timeout=TIMEOUT_S)
    assert server.process.returncode == 0, output
    assert "listening at" in server.log and not server.home.runtime_file.exists()


def test_a_port_that_is_taken(server: ServerProcess, home: Path):
    port = server.info.port
    code = (
        "import sys\n"
        f"sys.path[:0] = {[str(ROOT), str(ROOT / 'plugins' / 'common')]}\n"
        "from draggan_server.server.runner import ServerStartError, serve\n"
        f"try: serve(port={port})\n"
        "except ServerStartError as error: sys.exit(str(error))\n"
    )
    other = ServerProcess(home)
    other.command = (*other.command[:2], code)
    process = other.launch()
    output, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 1
    assert f"port {port}" in output
    assert "Traceback" not in output
    assert not other.home.runtime_file.exists()


def test_a_full_disk_at_the_start_is_said_and_leaves_nothing_behind(home: Path):
    server = ServerProcess(home, before=NO_ROOM.format(0))
    process = server.launch()
    output, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 1
    assert "cannot be written" in output
    assert "Free some space" in output
    assert "Traceback" not in output
    left = [path.name for path in home.iterdir() if path.name not in ("models", "logs")]
    assert left == ["server.lock"]


def test_a_disk_that_fills_up_does_not_stop_the_work(home: Path):
    # 400 bytes are enough for the runtime file; log, thumbnails and every temporary file fail.
    server = ServerProcess(home, before=NO_ROOM.format(400)).start()
    connection = server.connection()
    session = connection.session(FromSeed(7), "noise")
    *_, result = session.drag([pull()], settings=DragOptions(max_steps=3))
    assert isinstance(result, Result)
    connection.models()
    until(lambda: all(model.thumbnail for model in connection.models().models), "thumbnails")
    # More than a megabyte each way: none of it may go through a temporary file.
    pixels = np.full((600, 600, 4), 200, np.uint8)
    pixels[100:500, 100:500, :3] = 90
    picture = connection.session(FromPicture(Array("u8", pixels.shape, pixels.tobytes())), "noise")
    *_, opened = picture.open()
    assert isinstance(opened, Result)
    assert picture.pixels(ResultRequest("picture")).picture.shape == (600, 600, 4)
    assert len(server.log.encode()) <= 400
    assert server.stop() == 0


def test_the_log_of_a_crash_names_no_secret(server: ServerProcess):
    server.last_event("/sessions", OpenRequest(FromSeed(7), "noise"))
    server.ask("POST", "/sessions/x/drag", DragRequest((pull(),)))
    assert server.info.token not in server.log
