"""A folder for the server's files, a fake server there, and a connection to it."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from draggan_client import transport
from draggan_client.connection import Connection
from draggan_client.discovery import Home
from tests.plugins.fake_server import FakeServer


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def server(home: Home) -> Iterator[FakeServer]:
    server = FakeServer(home)
    yield server
    server.stop()


@pytest.fixture
def connection(home: Home, server: FakeServer) -> Connection:
    return Connection(home)


@pytest.fixture
def no_network_on_the_editors_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's own thread is the editor's: a request sent from there fails the test."""
    send, editors = transport.Transport._send, threading.current_thread()

    def checked(self: Any, *request: Any) -> Any:
        assert threading.current_thread() is not editors, f"{request[:2]} on the editor's thread"
        return send(self, *request)

    monkeypatch.setattr(transport.Transport, "_send", checked)
