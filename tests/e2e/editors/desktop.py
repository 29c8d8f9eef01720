"""A screen that nobody looks at, with a window manager where one is wanted."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from types import TracebackType

from tests.e2e.editors import processes
from tests.e2e.editors.pointer import Pointer
from tests.e2e.editors.root import CHECKOUT, PATH, Root
from tests.e2e.editors.shell import Shell

SCREENSHOTS = CHECKOUT / "build" / "screenshots"
WIDTH, HEIGHT = 1400, 900


class Desktop:
    """One X server, with everything that is started on it. Nothing is left when it is closed.

    `folder` is for its programs' logs and sockets.
    """

    def __init__(self, root: Root, folder: Path, window_manager: bool = True) -> None:
        self.root = root
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.mark = processes.new_mark()
        self._screen: dict[str, str] = {}
        self._started: list[subprocess.Popen[bytes]] = []
        processes.end_orphans()
        try:
            self._screen = {"DISPLAY": self._start_screen()}
            self._screen["DBUS_SESSION_BUS_ADDRESS"] = self._start_bus()
            self.shell = Shell(root, self.environment(folder))
            self.pointer = Pointer(self.shell)
            if window_manager:
                self.start("openbox", home=folder)
        except BaseException:
            processes.end_marked(self.mark)
            raise

    def environment(self, home: Path) -> dict[str, str]:
        """For a program on this screen. Nothing of ours leaks into it: no PYTHONPATH, no virtual environment."""
        runtime = self.folder / "runtime"
        runtime.mkdir(mode=0o700, exist_ok=True)
        clean = {
            "PATH": PATH,
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": str(runtime),
            "LIBGL_ALWAYS_SOFTWARE": "1",
            processes.VARIABLE: self.mark,
        }
        kept = {"OMP_NUM_THREADS": "1"}  # for llvmpipe, which draws the editor's window, takes the other core
        kept |= {name: os.environ[name] for name in ("TMPDIR", "OMP_NUM_THREADS") if name in os.environ}
        return {**clean, **kept, **self._screen}

    def start(self, *arguments: str | Path, home: Path, **environment: str) -> subprocess.Popen[bytes]:
        """Start a program. Its log is FOLDER/PROGRAM.log, begun anew."""
        with self.log(str(arguments[0])).open("wb") as log:
            process = self.root.start(*arguments, environment=self.environment(home) | environment, output=log)
        self._started.append(process)
        return process

    def log(self, program: str) -> Path:
        return self.folder / f"{Path(program).name}.log"

    def screenshot(self, name: str) -> Path:
        """What the whole screen shows, kept as a file."""
        file = SCREENSHOTS / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        self.shell.run("import", "-window", "root", "-depth", "8", str(file))
        return file

    def windows(self) -> list[str]:
        """The titles of the windows that are shown."""
        found = subprocess.CalledProcessError
        try:
            ids = self.shell.run("xdotool", "search", "--onlyvisible", "--name", ".").split()
        except found:
            return []
        return [self.shell.run("xdotool", "getwindowname", one).strip() for one in ids]

    def close(self) -> None:
        processes.end_marked(self.mark)
        for process in self._started:
            process.wait(timeout=10)

    def __enter__(self) -> Desktop:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start_screen(self) -> str:
        screen = ("-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp", "-noreset", "-dpi", "96")
        return f":{self._start_telling('Xvfb', *screen, '-displayfd')}"

    def _start_bus(self) -> str:
        """The programs' D-Bus session: theirs alone."""
        return self._start_telling("dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address")

    def _start_telling(self, *arguments: str) -> str:
        """Start a program that writes its address to the file descriptor that is its last argument."""
        reading, writing = os.pipe()
        with self.log(arguments[0]).open("wb") as log, os.fdopen(reading, "rb") as answer:
            environment = self.environment(self.folder)
            process = self.root.start(
                *arguments[:-1],
                *_with_value(arguments[-1], writing),
                environment=environment,
                output=log,
                fds=[writing],
            )
            os.close(writing)
            address = answer.readline().strip().decode()
        if not address:
            process.wait(timeout=10)
            raise RuntimeError(f"{arguments[0]} did not start:\n{self.log(arguments[0]).read_text(errors='replace')}")
        self._started.append(process)
        return address


def _with_value(option: str, value: int) -> tuple[str, ...]:
    return (f"{option}={value}",) if option.startswith("--") else (option, str(value))


def until_ended(process: subprocess.Popen[bytes], timeout_s: float) -> int | None:
    """The exit code; None when it still runs."""
    deadline = time.monotonic() + timeout_s
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return process.returncode
