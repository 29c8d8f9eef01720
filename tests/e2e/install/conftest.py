"""One real installation, for a user who has nothing yet, with awkward names in every path."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.gimp import Gimp
from tests.e2e.editors.gimp import Profile as GimpProfile
from tests.e2e.editors.krita import Krita
from tests.e2e.install.profiles import Editors

CHECKOUT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Installation:
    """A user's home folder and the checkout that they install from."""

    user: Path
    checkout: Path

    @property
    def home(self) -> Path:
        """Where it goes by default."""
        return self.user / ".local" / "share" / "draggan"

    @property
    def python(self) -> Path:
        return self.home / "environment" / "bin" / "python"

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        """The installer as the user runs it, with leftovers of an editor in its environment."""
        return self.command(sys.executable, str(self.checkout / "install" / "install.py"), *options)

    def command(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.user,
            env=self.variables(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
        )

    def variables(self) -> dict[str, str]:
        elsewhere = ("DRAGGAN_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")
        kept = {name: value for name, value in os.environ.items() if name not in elsewhere}
        ours = {"HOME": str(self.user), "PIP_CACHE_DIR": _pip_cache(), "OMP_NUM_THREADS": "1"}
        return kept | ours | {"PATH": str(self.user / "no programs")}  # this computer's editors are none of this user's


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    user = tmp_path_factory.mktemp("Zoë Müller, Künstlerin")
    fresh = Installation(user, user / "Bilder & Pläne" / "drag gan")
    _copy_checkout(fresh.checkout)
    answer = fresh.run()
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return fresh


@dataclass(frozen=True)
class Used:
    """Krita and GIMP, used before the plugins were put in, with them, and not since."""

    editors: Editors
    twin: Editors
    said: str
    """The installer, when it found the editors."""
    switch: list[tuple[str, str]]
    """What the installer added to Krita's settings."""
    dockers: list[str]
    procedures: list[str]
    kept_by_gimp: tuple[str, ...]
    """Files that it made for our procedures."""
    said_while_krita_ran: str
    uninstalled_while_krita_ran: subprocess.CompletedProcess[str]
    before_uninstalling: dict[tuple[str, str], str | None]
    """Krita's settings."""


@pytest.fixture(scope="session")
def used(installation: Installation, desktop: Desktop, tmp_path_factory: pytest.TempPathFactory) -> Used:
    """The user takes up Krita and GIMP, runs the installer again, and works with both. So does a twin, without it."""
    editors = Editors.used(installation.user, desktop)
    twin = editors.twin(tmp_path_factory.mktemp("twin"))
    before = editors.settings()
    answer = installation.run()
    assert answer.returncode == 0, answer.stdout + answer.stderr
    switch = [place for place in editors.settings() if place not in before]
    with Krita(desktop, editors.krita) as krita:
        said_while_krita_ran = installation.run().stdout
        uninstalled_while_krita_ran = installation.run("--uninstall")
        dockers = _work_in(krita)
    with Krita(desktop, twin.krita) as krita:
        _work_in(krita)
    known = procedures(desktop, editors, opens="draggan-diagnostics")
    kept = tuple(path.name for path in editors.gimp.glob("plug-in-settings/*draggan*"))
    procedures(desktop, twin)
    return Used(
        editors,
        twin,
        answer.stdout,
        switch,
        dockers,
        known,
        kept,
        said_while_krita_ran,
        uninstalled_while_krita_ran,
        editors.settings(),
    )


@pytest.fixture(scope="session")
def uninstalled(installation: Installation) -> Installation:
    """Taken off again; the artist had added a model."""
    models = installation.home / "models"
    models.mkdir(exist_ok=True)
    (models / "cats.safetensors").write_bytes(b"a model that the artist added")
    answer = installation.run("--uninstall")
    assert answer.returncode == 0, answer.stderr
    return installation


def _work_in(krita: Krita) -> list[str]:
    """Draws a little, uses our docker where it is there, ends Krita; returns the dockers."""
    krita.run("new_document(300, 200)")
    names: list[str] = krita.run("[docker.objectName() for docker in app.dockers()]")
    krita.run(
        "for docker in app.dockers():\n"
        "    if docker.objectName() == 'draggan_docker_widget':\n"
        "        docker.setVisible(True)\n"
        "        app.writeSetting('draggan', 'model', 'portraits')"
    )
    assert krita.quit() == 0
    return names


def procedures(desktop: Desktop, editors: Editors, opens: str = "") -> list[str]:
    """What GIMP knows of us, asked inside it; one of them is shown and closed; GIMP is ended."""
    with Gimp(desktop.root, GimpProfile(editors.gimp), editors.home, desktop) as gimp:
        names: list[str] = gimp.run(
            "[name for name in Gimp.get_pdb().query_procedures(*['.*'] * 8) if 'draggan' in name]"
        )
        if opens:
            closing = threading.Thread(target=_close_window, args=(desktop, "DragGAN Diagnostics"))
            closing.start()
            gimp.run("call(name, run_mode=Gimp.RunMode.INTERACTIVE)", timeout_s=90, name=opens)
            closing.join()
        gimp.quit()
    return names


def _close_window(desktop: Desktop, title: str) -> None:
    deadline = time.monotonic() + 60
    while title not in desktop.windows() and time.monotonic() < deadline:
        time.sleep(0.2)
    desktop.pointer.key("Escape")


def _copy_checkout(destination: Path) -> None:
    """What `git clone` would bring, with what is not committed yet."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=CHECKOUT, check=True, capture_output=True).stdout.decode().split("\0")
    for name in filter(None, names):
        if (CHECKOUT / name).is_file():
            (destination / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, destination / name)


def _pip_cache() -> str:
    """The downloads of whoever runs the tests: a new home would fetch them all again."""
    asked = [sys.executable, "-m", "pip", "cache", "dir"]
    return subprocess.run(asked, check=True, capture_output=True, encoding="utf-8").stdout.strip()
