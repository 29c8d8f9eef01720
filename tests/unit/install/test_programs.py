"""Whether Krita runs: real processes that bear its name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from install.programs import krita_runs, output

SLEEP = shutil.which("sleep") or ""


@contextmanager
def running(folder: Path, name: str, **environment: str) -> Iterator[None]:
    program = folder / name
    program.symlink_to(SLEEP)
    with subprocess.Popen([program, "60"], env=environment) as process:
        try:
            of_process = Path(f"/proc/{process.pid}")  # named before it has its environment
            deadline = time.monotonic() + 60
            while (of_process / "comm").read_text().strip() != name or not (of_process / "environ").read_bytes():
                assert time.monotonic() < deadline, "it does not start"
                time.sleep(0.02)
            yield
        finally:
            process.kill()


@pytest.fixture
def kritarc(tmp_path: Path) -> Path:
    (tmp_path / ".config").mkdir()
    return tmp_path / ".config/kritarc"


def test_nothing_runs(kritarc):
    assert not krita_runs(kritarc)
    assert not krita_runs(kritarc.parent / "not there" / "kritarc")


@pytest.mark.parametrize("name", ["krita", "kritarunner"])
def test_krita_runs_with_these_settings(kritarc, tmp_path, name):
    with running(tmp_path, name, HOME=str(tmp_path)):
        assert krita_runs(kritarc)
    assert not krita_runs(kritarc)


def test_one_with_other_settings_is_another(kritarc, tmp_path):
    (tmp_path / "else").mkdir()
    with running(tmp_path, "krita", HOME=str(tmp_path), XDG_CONFIG_HOME=str(tmp_path / "else")):
        assert not krita_runs(kritarc)
        assert krita_runs(tmp_path / "else/kritarc")


def test_what_is_only_called_alike_is_none(kritarc, tmp_path):
    with running(tmp_path, "krita-helper", HOME=str(tmp_path)):
        assert not krita_runs(kritarc)


@pytest.mark.parametrize(
    ("system", "tool", "printed"),
    [
        ("Windows", "tasklist", '"krita.exe","4711","Console","1","412,000 K"'),
        ("Darwin", "ps", "/Applications/krita.app/Contents/MacOS/krita"),
    ],
)
def test_elsewhere_the_systems_own_list_is_asked(kritarc, programs, monkeypatch, system, tool, printed):
    monkeypatch.setattr("platform.system", lambda: system)
    assert not krita_runs(kritarc)
    for line, runs in ((printed, True), (printed.replace("krita", "gimp"), False)):
        (programs / tool).write_text(f"#!/bin/sh\necho '{line}'\n")
        (programs / tool).chmod(0o755)
        assert krita_runs(kritarc) == runs


def test_a_program_that_hangs_says_nothing(programs):
    (programs / "hangs").symlink_to(SLEEP)
    begun = time.monotonic()
    assert output("hangs", "30", timeout_s=0.2) == ""
    assert time.monotonic() - begun < 10


def test_a_program_is_not_given_what_this_one_inherited(monkeypatch):
    monkeypatch.setenv("PYTHONHOME", os.devnull)
    assert output(sys.executable, "-c", "print('well')") == "well\n"
