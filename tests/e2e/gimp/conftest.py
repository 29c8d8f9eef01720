"""One gimp-console for many tests, and GIMP with its windows for those that need a pointer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.gimp import Gimp, Profile, StartGimp
from tests.e2e.editors.root import Root
from tests.e2e.editors.screen_reader import ScreenReader
from tests.e2e.editors.server import ServerHome
from tests.e2e.gimp.pictures import prepare
from tests.e2e.gimp.windows import CANVAS, Window


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


@pytest.fixture(scope="module")
def shared_window(
    editors_root: Root,
    desktop: Desktop,
    reader: ScreenReader,
    gimp_profile: Profile,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Window]:
    """One GIMP with its windows for the tests of a file."""
    with Gimp(editors_root, gimp_profile, tmp_path_factory.mktemp("gimp-window"), desktop) as gimp:
        prepare(gimp).run("portrait()", timeout_s=180)
        yield Window(gimp, desktop, reader)
        gimp.quit()
        assert "Traceback" not in gimp.log()


@pytest.fixture
def window(shared_window: Window) -> Iterator[Window]:
    """The GIMP of a file's tests, with no image and no window of ours open, before and after."""
    shared_window.close_image()
    yield shared_window
    for _ in range(3):
        if shared_window.reader.find(name=CANVAS):
            shared_window.pointer.key("Escape")
            time.sleep(0.5)
    shared_window.close_image()


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
