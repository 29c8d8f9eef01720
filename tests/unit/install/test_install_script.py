"""What `install.py` says where it cannot go on, as a real process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "install" / "install.py"

AS_OLD_PYTHON = """
import runpy, sys
sys.version_info = (3, 9, 2, "final", 0)
sys.argv = [sys.argv[1]]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
WITHOUT_VENV = """
import runpy, sys
sys.modules["ensurepip"] = None
sys.argv = [sys.argv[1]]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], env=environment, capture_output=True, encoding="utf-8")


def test_an_old_python_is_told_which_one_is_needed():
    answer = run("-c", AS_OLD_PYTHON, str(SCRIPT))
    assert answer.returncode == 1
    assert "needs Python 3.10 or newer, and this is Python 3.9" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_script_itself_can_be_read_by_old_pythons():
    """Nothing newer than Python 3.6 in the two files that it reads before it looks at the version."""
    import ast

    for file in (SCRIPT, SCRIPT.with_name("__init__.py")):
        ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 6))
        assert "__future__" not in file.read_text(encoding="utf-8")


def test_without_venv_the_missing_package_is_named(tmp_path):
    answer = run("-c", WITHOUT_VENV, str(SCRIPT), DRAGGAN_HOME=str(tmp_path / "home"), PATH="")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert answer.returncode == 1
    assert "no ensurepip" in answer.stderr
    assert not (tmp_path / "home").exists()
    assert f"sudo apt install python{version}-venv" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_home_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    answer = run(str(SCRIPT), DRAGGAN_HOME=str(tmp_path / "file" / "home"), PATH="")
    assert answer.returncode == 1
    assert str(tmp_path / "file" / "home") in answer.stderr
    assert "DRAGGAN_HOME" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_nothing_to_remove_is_no_error(tmp_path):
    answer = run(str(SCRIPT), "--uninstall", DRAGGAN_HOME=str(tmp_path / "home"))
    assert answer.returncode == 0
    assert "nothing to remove" in answer.stdout


def test_purge_alone_is_refused(tmp_path):
    answer = run(str(SCRIPT), "--purge", DRAGGAN_HOME=str(tmp_path / "home"))
    assert answer.returncode == 2
    assert "--uninstall" in answer.stderr
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("damage", ["", "{", '{"paths": 3}', "[]"])
def test_a_damaged_record_is_named_and_nothing_removed(tmp_path, damage):
    (tmp_path / "installed.json").write_text(damage)
    answer = run(str(SCRIPT), "--uninstall", DRAGGAN_HOME=str(tmp_path))
    assert answer.returncode == 1
    assert str(tmp_path / "installed.json") in answer.stderr
    assert (tmp_path / "installed.json").exists()
