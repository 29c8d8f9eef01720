"""Which programs are on this computer, and which of them run."""

from __future__ import annotations

import csv
import getpass
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from install.children import clean_environment

_KRITA = ("krita", "kritarunner")


def krita_runs(kritarc: Path) -> bool:
    """Whether a Krita of this user runs that keeps its settings in `kritarc`, as far as this system tells."""
    system = platform.system()
    if system == "Windows":
        listed = output("tasklist", "/FO", "CSV", "/NH", "/FI", f"USERNAME eq {getpass.getuser()}")
        return any(
            row and row[0].lower() in ("krita.exe", "kritarunner.exe") for row in csv.reader(listed.splitlines())
        )
    if system == "Linux":
        return any(_uses(process, kritarc.parent) for process in _linux_processes())
    listed = output("ps", "-x", "-o", "comm=")
    return any(Path(line.strip()).name in _KRITA for line in listed.splitlines())


def output(*command: str, timeout_s: float = 30.0) -> str:
    """What a program prints to its standard output; nothing where it is missing, fails to start or hangs."""
    program = shutil.which(command[0])
    if program is None:
        return ""
    try:
        return subprocess.run(
            [program, *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=clean_environment(),
            encoding="utf-8",
            errors="replace",
            timeout=timeout_s,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _linux_processes() -> Iterator[Path]:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.stat().st_uid == os.getuid() and (process / "comm").read_text().strip() in _KRITA:
                yield process
        except OSError:
            continue  # it has ended meanwhile


def _uses(process: Path, folder: Path) -> bool:
    """Whether a process keeps its settings in `folder`. One in a sandbox sees the folder under another name."""
    try:
        variables = (process / "environ").read_bytes().split(b"\0")
        environment = dict(variable.split(b"=", 1) for variable in variables if b"=" in variable)
        home = os.fsdecode(environment.get(b"HOME", b""))
        theirs = Path(os.fsdecode(environment.get(b"XDG_CONFIG_HOME", b"")) or f"{home}/.config")
        return (process / "root" / theirs.relative_to("/")).samefile(folder)
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True  # it does not let us look: better to take it for the one
