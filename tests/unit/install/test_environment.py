"""An environment that was damaged works again, and keeps its packages where they can stay."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from install.environment import Environment
from install.errors import InstallError


@pytest.fixture
def environment(bare_environment: Environment) -> Environment:
    """The shared one: each test leaves it working."""
    return bare_environment


def packages(environment: Environment) -> Path:
    return environment.folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"


def remove_python(environment: Environment) -> None:
    for python in environment.python.parent.glob("python*"):
        python.unlink()


def remove_pip(environment: Environment) -> None:
    shutil.rmtree(packages(environment) / "pip")


def remove_description(environment: Environment) -> None:
    """Without it the environment's Python still starts, and would fill the folder of the one it came from."""
    (environment.folder / "pyvenv.cfg").unlink()


def made_by_another_python(environment: Environment) -> None:
    remove_python(environment)
    (environment.folder / "pyvenv.cfg").write_text("home = /gone/bin\nversion = 3.8.1\n")


@pytest.mark.parametrize(
    ("damage", "keeps_packages"),
    [(remove_python, True), (remove_pip, False), (remove_description, False), (made_by_another_python, False)],
)
def test_it_is_repaired(environment, damage, keeps_packages):
    module = packages(environment) / "a_package_of_a_gigabyte.py"
    module.touch()
    damage(environment)
    assert not environment.works()
    said: list[str] = []
    environment.ensure(said.append)
    assert environment.works()
    assert module.exists() == keeps_packages
    assert "repairing" in said[0]


def test_one_that_works_is_left_alone(environment):
    said: list[str] = []
    environment.ensure(said.append)
    assert not said


def test_pips_own_words_reach_the_artist(environment, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(InstallError, match="No matching distribution found for draggan-there-is-no-such"):
        environment.pip("install", "draggan-there-is-no-such")


def test_leftovers_of_an_editor_do_not_reach_its_python(environment, monkeypatch, tmp_path):
    (tmp_path / "json.py").write_text("raise SystemExit('an editor left its modules on the path')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    environment.check("import json; json.dumps")


def test_what_does_not_start_is_told_with_its_reason(environment):
    with pytest.raises(InstallError, match="No module named 'torch_of_yesterday'"):
        environment.check("import torch_of_yesterday")
