"""A folder for the server's files, a fake server there, and a connection to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

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
