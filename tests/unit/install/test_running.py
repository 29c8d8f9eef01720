"""The server is stopped before its files go."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from draggan_client.discovery import Home, RuntimeInfo, read_runtime, write_runtime
from draggan_client.locks import FileLock
from install import running
from install.errors import InstallError
from install.running import stop_server

NOBODY_THERE = RuntimeInfo("http://127.0.0.1:9", "no such token is known here", 2**22 + 1, "0.1.0", 1)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home é")


def test_a_real_server_ends_when_asked(home: Home):
    environment = os.environ | {"DRAGGAN_HOME": str(home.folder), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen([sys.executable, "-m", "draggan_server.cli", "serve"], env=environment) as server:
        try:
            while read_runtime(home) is None:
                assert server.poll() is None, "the server did not start"
                time.sleep(0.1)
            assert stop_server(home)
            assert server.wait(timeout=60) == 0
        finally:
            server.kill()
    assert not stop_server(home)


def test_no_server_is_no_error_and_leaves_nothing_behind(home: Home):
    assert not stop_server(home)
    assert not home.folder.exists()


def test_what_a_killed_server_left_is_no_server(home: Home):
    write_runtime(home, NOBODY_THERE)
    assert not stop_server(home)


def test_a_server_that_does_not_end_is_named(home: Home, monkeypatch):
    monkeypatch.setattr(running, "_GONE_WITHIN_S", 0.3)
    write_runtime(home, NOBODY_THERE)
    with FileLock(home.server_lock) as held:
        assert held.try_acquire()
        with pytest.raises(InstallError, match=f"process {NOBODY_THERE.pid}"):
            stop_server(home)
