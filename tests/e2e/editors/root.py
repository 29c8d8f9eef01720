"""Where the editors are: a folder that is entered like a computer of its own, or this computer."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.tools import editors_root

CHECKOUT = Path(__file__).resolve().parents[3]
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin:/usr/games"
_ENTER = Path(__file__).with_name("enter_root.py")
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


@dataclass(frozen=True)
class Root:
    """Programs run in it see the checkout and the folder of temporary files at the same paths as we do."""

    path: Path

    @classmethod
    def of_the_tests(cls) -> Root:
        """The one to test in, built where it is missing. Raises editors_root.NoEditorsError."""
        return cls(editors_root.find_or_build())

    @property
    def is_this_computer(self) -> bool:
        return self.path == Path("/")

    def command(self, *arguments: str | Path) -> list[str]:
        """The command line, for this computer, that runs a program of the root's."""
        words = [str(argument) for argument in arguments]
        if self.is_this_computer:
            return words
        enter = [sys.executable, "-I", str(_ENTER), str(self.path), str(_mount_point()), ":".join(_shared())]
        as_user = [] if os.geteuid() == 0 else ["--map-root-user"]
        return ["unshare", "--mount", *as_user, *enter, *words]

    def out(self, *arguments: str | Path) -> tuple[str, ...]:
        """The command line, for a program in the root, that runs a program of this computer's."""
        way = () if self.is_this_computer else ("/usr/sbin/chroot", "/.host")
        return (*way, *map(str, arguments))

    def run(self, *arguments: str | Path, environment: Mapping[str, str], timeout_s: float = 60) -> str:
        """Runs a program to its end; its standard output. Raises CalledProcessError, TimeoutExpired."""
        command = self.command(*arguments)
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_s
        )
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
        return done.stdout

    def start(
        self,
        *arguments: str | Path,
        environment: Mapping[str, str],
        output: IO[bytes] | int = subprocess.DEVNULL,
        stdin: int = subprocess.DEVNULL,
        fds: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:
        """Starts a program, in a process group of its own. It ends when this process does."""
        return subprocess.Popen(
            self.command(*arguments),
            env=environment,
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_parent,
            pass_fds=fds,
        )


def _end_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _mount_point() -> Path:
    folder = Path(tempfile.gettempdir()) / f"draggan-tests-root-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _shared() -> list[str]:
    """The folders that the programs and we both see."""
    wanted = sorted({CHECKOUT, Path(tempfile.gettempdir()).resolve(), editors_root.cache_folder()})
    return [str(folder) for folder in wanted if folder.is_dir()]
