"""The real editors, one desktop for each session of tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.root import Root
from tests.e2e.editors.server import ServerHome
from tests.tools.editors_root import NoEditorsError

_WITH_SCREEN = ("tests/e2e/krita/", "tests/e2e/gimp/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A real pointer on a real screen: on a busy computer a window may come too late for it. What fails is tried
    again, twice at most, and that is said (R in the report); what is broken fails again."""
    for item in items:
        if item.nodeid.startswith(_WITH_SCREEN):
            item.add_marker(pytest.mark.flaky(reruns=2))


@pytest.fixture(scope="session")
def editors_root() -> Root:
    """The real Krita and GIMP. In CI they have to be there; elsewhere a test without them says what to do."""
    try:
        return Root.of_the_tests()
    except NoEditorsError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def desktop(editors_root: Root, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    with Desktop(editors_root, tmp_path_factory.mktemp("desktop")) as made:
        yield made


@pytest.fixture(scope="session")
def server(editors_root: Root, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerHome]:
    """Where the plugins find the server, or start it."""
    made = ServerHome.make(tmp_path_factory.mktemp("draggan"), editors_root)
    yield made
    made.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[Any]:
    """Whoever reads that a test failed wants to see the screen."""
    report = yield
    screen = getattr(item, "funcargs", {}).get("desktop")
    if report.when == "call" and report.failed and screen is not None:
        report.sections.append(("screen", str(screen.screenshot(f"failed-{item.name}"))))
    return report
