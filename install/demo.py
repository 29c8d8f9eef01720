"""One drag of the bundled model through the server, to see that everything works together."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from install.children import clean_environment
from install.errors import InstallError

SEED = 4
POINT = "64,109:64,117"
"""Handle and target in the bundled model's 128 x 128 pixels: the chin, pulled down."""


@dataclass(frozen=True)
class Demo:
    """What came of the drag."""

    reason: str
    steps: int
    seconds: float
    files: dict[str, str]
    """What each file shows -> where it lies."""

    def described(self) -> str:
        how = self.reason.replace("_", " ")
        lines = [f"A portrait's jaw was dragged: {how} after {self.steps} steps, {self.seconds:.1f} s. Look at"]
        return "\n".join(lines + [f"  {name + ':':<11}{path}" for name, path in self.files.items()])


def run_demo(python: Path, home: Path, pictures: Path) -> Demo:
    """Drags the portrait of `SEED`; its progress bar goes to this process's standard error.

    Raises InstallError where the drag fails.
    """
    pictures.mkdir(parents=True, exist_ok=True)
    command = [str(python), "-m", "draggan_server.cli", "drag", "--seed", str(SEED), "--point", POINT]
    command += ["--before", str(pictures / "before.png"), "--out", str(pictures / "after.png")]
    command += ["--animation", str(pictures / "drag.gif"), "--json"]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env=clean_environment() | {"DRAGGAN_HOME": os.fspath(home)},
        encoding="utf-8",
        errors="replace",
    )
    try:
        answer = json.loads(done.stdout.strip().splitlines()[-1])
        return Demo(answer["reason"], answer["steps"], answer["seconds"], answer["files"])
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise InstallError(
            "The server is installed, but its first drag failed; what it said is above.\n"
            f"Its log lies in {home / 'logs'}. To look for the cause: {python} -m draggan_server.cli doctor"
        ) from error
