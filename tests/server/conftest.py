"""One server for the tests that leave it as they found it; models with random weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.harness import PATIENT, ServerProcess, save_model

BODY_LIMIT = 4 << 20


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with "noise" (32 px, milliseconds a step), "brisk" (64 px) and "slow" (128 px)."""
    folder = tmp_path_factory.mktemp("models")
    save_model(folder, "noise")
    save_model(folder, "brisk", resolution=64, channels=48)
    save_model(folder, "slow", resolution=128, channels=64)
    return folder


def new_home(folder: Path, models: Path) -> Path:
    """A home whose models are these, without copying them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "models").symlink_to(models, target_is_directory=True)
    return folder


@pytest.fixture
def home(tmp_path: Path, models: Path) -> Path:
    """A home of a test's own; its name has what users' names have."""
    return new_home(tmp_path / "José Ångström", models)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[ServerProcess]:
    """A running server, whose drags never stall. A test that used it leaves it serving."""
    home = new_home(tmp_path_factory.mktemp("home"), models)
    server = ServerProcess(home, limits=f"max_body_bytes={BODY_LIMIT}", before=PATIENT)
    server.start()
    yield server
    assert server.stop() == 0
