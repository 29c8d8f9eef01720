"""One Krita for many tests: it is started once, and again after a test that ended it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.krita import Krita, Profile, StartKrita
from tests.e2e.editors.server import ServerHome


@pytest.fixture(scope="session")
def krita_profile(desktop: Desktop, server: ServerHome, tmp_path_factory: pytest.TempPathFactory) -> Profile:
    """The home of the Krita that the tests share, with the plugin in it."""
    profile = Profile.used_before(tmp_path_factory.mktemp("krita"), desktop)
    profile.add_plugin(server.home.folder)
    return profile


@pytest.fixture(scope="session")
def _running() -> Iterator[list[Krita]]:
    running: list[Krita] = []
    yield running
    for krita in running:
        if krita.process.poll() is None:
            krita.quit()


@pytest.fixture
def krita(_running: list[Krita], desktop: Desktop, krita_profile: Profile) -> Iterator[Krita]:
    """The Krita that the tests share, with no document open. Nothing may be raised in it that nobody catches."""
    if not _running or _running[0].process.poll() is not None:
        _running[:] = [Krita(desktop, krita_profile)]
    krita = _running[0]
    krita.run("close_documents()")
    raised = krita.log().count("Traceback")
    yield krita
    log = krita.log()
    assert log.count("Traceback") == raised, log[log.rindex("Traceback") :]


@pytest.fixture
def start_krita(desktop: Desktop, server: ServerHome, tmp_path: Path, _running: list[Krita]) -> Iterator[StartKrita]:
    """Starts a Krita of the test's own: `start_krita(*documents, profile=...)`. The shared one is ended before."""
    started: list[Krita] = []

    def start(*documents: Path, profile: Profile | None = None, **environment: str) -> Krita:
        for krita in _running:
            if krita.process.poll() is None:
                krita.quit()
        if profile is None:
            profile = Profile.used_before(tmp_path / "home", desktop)
            profile.add_plugin(server.home.folder)
        started.append(Krita(desktop, profile, *documents, **environment))
        return started[-1]

    yield start
    for krita in started:
        if krita.process.poll() is None:
            krita.kill()
