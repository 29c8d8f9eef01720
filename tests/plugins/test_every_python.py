"""The client library, as a plugin carries it, on every editor's Python, with nothing installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools import pythons

ROOT = Path(__file__).parents[2]
CHECK = Path(__file__).with_name("portable_check.py")


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds plugin/draggan_client and the check. Its path has a space and an accent."""
    folder = tmp_path_factory.mktemp("éditeur d'image")
    command = [sys.executable, str(ROOT / "plugins/common/vendor.py"), str(folder / "plugin")]
    subprocess.run(command, check=True, capture_output=True)
    (folder / "plugin/__init__.py").touch()
    shutil.copyfile(CHECK, folder / CHECK.name)
    return folder


@pytest.mark.parametrize("version", pythons.EDITOR_PYTHONS)
def test_the_client_runs_where_nothing_is_installed(version: str, plugin: Path) -> None:
    found = list(pythons.interpreters(version))
    if not found:
        missing = f"no Python {version} here; python3 tests/tools/pythons.py fetches it"
        if os.environ.get("CI") or version == f"{sys.version_info.major}.{sys.version_info.minor}":
            pytest.fail(missing)
        pytest.skip(missing)
    for interpreter in found:
        done = interpreter.run(plugin, CHECK.name)
        last_line = (done.stdout.strip().splitlines() or [""])[-1]
        assert last_line.startswith(f"CHECKED {version} "), f"{interpreter}:\n{done.stdout}\n{done.stderr}"
        assert ("conversation" in last_line) == (interpreter.kind == "native")


def test_the_vendored_copy_is_pure_and_has_its_licence(plugin: Path) -> None:
    vendored = plugin / "plugin/draggan_client/_vendor/msgpack"
    assert sorted(path.name for path in vendored.iterdir()) == [
        "COPYING",
        "__init__.py",
        "exceptions.py",
        "ext.py",
        "fallback.py",
    ]


def test_vendoring_again_replaces_the_whole_copy(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "plugins/common/vendor.py"), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    stale = tmp_path / "draggan_client/gone_in_the_next_version.py"
    stale.touch()
    subprocess.run(command, check=True, capture_output=True)
    assert not stale.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["draggan_client"]
