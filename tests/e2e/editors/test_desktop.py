"""The desktop that the editors run on: its root is another computer's, and it leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.editors import processes
from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.pointer import Place
from tests.e2e.editors.root import CHECKOUT, Root
from tests.tools import editors_root as tool

_ABANDON = """
import sys
from pathlib import Path
from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.root import Root

desktop = Desktop(Root(Path(sys.argv[1])), Path(sys.argv[2]))
desktop.start("sh", "-c", "setsid sleep 1000 & sleep 1000", home=Path(sys.argv[2]))
print(desktop.mark, flush=True)
sys.stdin.read()
"""


def test_the_pointer_is_where_it_was_moved_to(desktop: Desktop) -> None:
    desktop.pointer.move(Place(123, 456))
    assert desktop.shell.run("xdotool", "getmouselocation").startswith("x:123 y:456 ")


def test_a_program_shares_files_and_can_go_out(desktop: Desktop, tmp_path: Path) -> None:
    (tmp_path / "ours").write_text("from outside")
    assert desktop.shell.run("cat", str(tmp_path / "ours")).strip() == "from outside"
    program = "import draggan_server, sys; sys.stdout.write(draggan_server.__file__)"
    way = desktop.root.out(sys.executable, "-c", program)
    assert desktop.shell.run(*way).endswith("draggan_server/__init__.py")


def test_the_root_is_not_written_to_and_nothing_is_mounted_outside(editors_root: Root, desktop: Desktop) -> None:
    if editors_root.is_this_computer:
        pytest.skip("the editors are this computer's own")
    with pytest.raises(subprocess.CalledProcessError):
        desktop.shell.run("touch", "/usr/bin/something-new")
    mounts = Path("/proc/self/mountinfo").read_text()
    assert str(editors_root.path) not in mounts


def test_nothing_is_left_when_the_desktop_is_closed(editors_root: Root, tmp_path: Path) -> None:
    with Desktop(editors_root, tmp_path) as made:
        made.start("sh", "-c", "setsid sleep 1000 & sleep 1000", home=tmp_path)
        assert len(processes.marked(made.mark)) >= 3
    assert not processes.marked(made.mark)


def test_what_a_killed_test_run_leaves_is_ended_by_the_next(editors_root: Root, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": f"{CHECKOUT}{os.pathsep}{CHECKOUT / 'plugins' / 'common'}"}
    run = subprocess.Popen(
        [sys.executable, "-c", _ABANDON, str(editors_root.path), str(tmp_path / "desktop")],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout
    mark = run.stdout.readline().strip()
    assert processes.marked(mark)
    run.send_signal(signal.SIGKILL)
    run.wait()
    processes.end_orphans()
    assert not processes.marked(mark)


def test_an_incomplete_root_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(tool.VARIABLE, str(tmp_path))
    with pytest.raises(tool.NoEditorsError, match="krita, gimp"):
        tool.find()


def test_who_may_not_build_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(tool.VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(tool.NoEditorsError, match=r"sudo python3 tests/tools/editors_root\.py"):
        tool.find_or_build()
    assert list(tmp_path.iterdir()) == []
