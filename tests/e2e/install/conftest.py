"""One real installation, for a user who has nothing yet, with awkward names in every path."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

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
        return kept | {"HOME": str(self.user), "PIP_CACHE_DIR": _pip_cache(), "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    user = tmp_path_factory.mktemp("Zoë Müller, Künstlerin")
    fresh = Installation(user, user / "Bilder & Pläne" / "drag gan")
    _copy_checkout(fresh.checkout)
    answer = fresh.run()
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return fresh


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
