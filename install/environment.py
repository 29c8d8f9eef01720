"""The server's own Python environment: made, looked at, repaired, filled by pip."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from install.children import clean_environment
from install.errors import InstallError
from install.plan import Plan

OLDEST_PIP = (24, 1)
"""24.1 reports its progress in lines that a program can read; from 23.3 a dry run downloads no packages."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment in `folder`, which need not exist yet."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def works(self) -> bool:
        """Whether its Python starts, finds its pip, and puts packages into `folder` and nowhere else."""
        return self._pip_version() is not None

    def ensure(self, say: Callable[[str], None]) -> None:
        """Makes the environment, or repairs it where it no longer works, with a pip that is new enough.

        What was installed in it stays, if this Python is of the version that it was made with.
        Raises InstallError where this Python cannot make environments, the disk refuses or pip cannot be had.
        """
        if not self.works():
            if self.folder.exists():
                say(f"The Python environment in {self.folder} no longer works: repairing it.")
            self._make()
        if (self._pip_version() or (0, 0)) < OLDEST_PIP:
            wanted = "pip>=" + ".".join(map(str, OLDEST_PIP))
            self.pip("install", "--quiet", "--upgrade", wanted)

    def plan(self, requirements: Sequence[str]) -> Plan:
        """What pip would fetch to install `requirements` here. Downloads descriptions, no packages.

        Raises InstallError with pip's own words where there is no answer.
        """
        with tempfile.TemporaryDirectory(prefix="draggan-plan-") as scratch:
            report = Path(scratch) / "report.json"
            self.pip("install", "--quiet", "--dry-run", "--report", str(report), *requirements)
            return Plan.from_report(report.read_text(encoding="utf-8"))

    def pip(self, *arguments: str, on_line: Callable[[str], None] | None = None) -> None:
        """Runs this environment's pip, each line that it prints given to `on_line`.

        Raises InstallError with pip's last words where it fails.
        """
        command = [str(self.python), "-m", "pip", *arguments]
        lines: list[str] = []
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=clean_environment(),
            encoding="utf-8",
            errors="replace",
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line.rstrip())
                if on_line:
                    on_line(lines[-1])
        if process.returncode:
            raise InstallError(_pip_failed(lines))

    def script(self, name: str) -> Path:
        """Where pip puts a package's command."""
        return self.python.with_name(f"{name}.exe" if os.name == "nt" else name)

    def check(self, code: str) -> None:
        """Runs `code` in this environment. Raises InstallError with what Python said where it fails."""
        answer = self._python("-c", code)
        if answer.returncode:
            raise InstallError(
                f"What was installed in {self.folder} does not start. Python said:\n"
                f"{_indented(answer.stderr.splitlines()[-12:])}\n"
                "Run this with --uninstall and then once more."
            )

    def _pip_version(self) -> tuple[int, int] | None:
        try:
            answer = self._python("-c", "import pip, sys; print(pip.__version__, sys.prefix)")
        except OSError:
            return None
        found = re.fullmatch(r"(\d+)\.(\d+)\S* (.+)\n", answer.stdout)
        if answer.returncode or found is None or Path(found[3]).resolve() != self.folder.resolve():
            return None
        return int(found[1]), int(found[2])

    def _python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.python), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=clean_environment(),
            encoding="utf-8",
            errors="replace",
        )

    def _make(self) -> None:
        check_for_venv()
        try:
            if self._is_of_this_version():
                self._run_venv()
                if self.works():
                    return
            if self.folder.exists():
                shutil.rmtree(self.folder)
            self.folder.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InstallError(
                f"The folder {self.folder} cannot be made: {error.strerror or error}.\n"
                "Close programs that use it, or set DRAGGAN_HOME to a folder of your own, and run this again."
            ) from error
        made = self._run_venv()
        if made.returncode:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise InstallError(
                f"Python could not make an environment in {self.folder}. It said:\n"
                + _indented(made.stdout.splitlines())
            )

    def _is_of_this_version(self) -> bool:
        """Whether packages that lie in the environment suit this Python: then only the rest needs repair."""
        try:
            described = (self.folder / "pyvenv.cfg").read_text(encoding="utf-8")
        except (OSError, ValueError):
            return False
        found = re.search(r"^version\w* *= *(\d+)\.(\d+)", described, re.MULTILINE)
        return found is not None and (int(found[1]), int(found[2])) == sys.version_info[:2]

    def _run_venv(self) -> subprocess.CompletedProcess[str]:
        """Writes what is missing of an environment, and leaves the packages in it alone."""
        return subprocess.run(
            [sys.executable, "-m", "venv", str(self.folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=clean_environment(),
            encoding="utf-8",
            errors="replace",
        )


def check_for_venv() -> None:
    """Raises InstallError where this Python lacks what makes environments, as Debian's does at first."""
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if not missing:
        return
    version = ".".join(map(str, sys.version_info[:2]))
    lines = [f"This Python ({sys.executable}) has no {' and no '.join(missing)}, and DragGAN needs it."]
    if platform.system() == "Linux":
        lines += [
            "What to do, on Debian, Ubuntu and Mint:",
            f"  sudo apt install python{version}-venv",
            "and then run this again. Other distributions have it in their own python3 package.",
        ]
    else:
        lines += ["What to do: install Python from https://www.python.org/downloads/ and run this again with it."]
    raise InstallError("\n".join(lines))


def _pip_failed(lines: Sequence[str]) -> str:
    spoken = [line for line in lines if line and not line.startswith(("WARNING", "[notice]", "Progress "))]
    text = f"pip could not install what DragGAN needs. It said:\n{_indented(spoken[-12:])}\n"
    if any("No space left" in line for line in lines):
        return text + "The disk is full: make room and run this again."
    if any(sign in line for line in lines for sign in ("No matching distribution", "ResolutionImpossible")):
        return text + (
            f"There may be none for this computer ({platform.system()} on {platform.machine()}) with Python "
            f"{platform.python_version()}: PyTorch is made for Python 3.10 to 3.14 on 64-bit computers, but "
            "no longer for Intel's Macs. If this is no such Mac, check the internet connection and try again."
        )
    return text + "Check the internet connection and run this again: what was downloaded so far is kept."


def _indented(lines: Sequence[str]) -> str:
    return "\n".join(f"    {line}" for line in lines)
