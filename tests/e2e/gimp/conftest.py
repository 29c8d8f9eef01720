"""One gimp-console for many tests, and GIMP with its windows for those that need a pointer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.gimp import Gimp, Profile, StartGimp
from tests.e2e.editors.root import Root
from tests.e2e.editors.screen_reader import ScreenReader
from tests.e2e.editors.server import ServerHome


@pytest.fixture(scope="session")
def gimp_profile(server: ServerHome, tmp_path_factory: pytest.TempPathFactory) -> Profile:
    """GIMP's folder, with the plug-in in it."""
    profile = Profile.make(tmp_path_factory.mktemp("gimp") / "profile")
    profile.add_plugin(server.home.folder)
    return profile


@pytest.fixture(scope="session")
def _consoles() -> Iterator[list[Gimp]]:
    consoles: list[Gimp] = []
    yield consoles
    for gimp in consoles:
        if gimp.process.poll() is None:
            gimp.quit()


@pytest.fixture
def gimp(
    _consoles: list[Gimp], editors_root: Root, gimp_profile: Profile, tmp_path_factory: pytest.TempPathFactory
) -> Gimp:
    """The gimp-console that the tests share, with no image open."""
    if not _consoles or _consoles[0].process.poll() is not None:
        _consoles[:] = [Gimp(editors_root, gimp_profile, tmp_path_factory.mktemp("gimp-console"))]
    gimp = _consoles[0]
    gimp.run("for image in Gimp.get_images(): image.delete()")
    return gimp


@pytest.fixture(scope="session")
def reader(desktop: Desktop) -> ScreenReader:
    """What a screen reader sees on the desktop."""
    return ScreenReader(desktop)


@pytest.fixture
def gimp_window(
    editors_root: Root, desktop: Desktop, reader: ScreenReader, gimp_profile: Profile, tmp_path: Path
) -> Iterator[Gimp]:
    """A GIMP of the test's own, with its windows."""
    with Gimp(editors_root, gimp_profile, tmp_path / "gimp-window", desktop) as gimp:
        yield gimp
        if gimp.process.poll() is None:
            gimp.quit()


@pytest.fixture
def start_gimp(editors_root: Root, gimp_profile: Profile, tmp_path: Path) -> Iterator[StartGimp]:
    """Starts a gimp-console of the test's own."""
    started: list[Gimp] = []

    def start(profile: Profile | None = None) -> Gimp:
        home = tmp_path / f"gimp-{len(started)}"
        started.append(Gimp(editors_root, profile or gimp_profile, home))
        return started[-1]

    yield start
    for gimp in started:
        if gimp.process.poll() is None:
            gimp.kill()
