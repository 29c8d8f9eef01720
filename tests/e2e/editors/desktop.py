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
        self._mark = processes.new_mark()
        processes.end_orphans()
        try:
            self.display = self._start_screen()
            self.shell = Shell(root, self.environment(folder))
            self.pointer = Pointer(self.shell)
            if window_manager:
                self.start("openbox", home=folder)
        except BaseException:
            processes.end_marked(self._mark)
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
            processes.VARIABLE: self._mark,
        }
        kept = {name: os.environ[name] for name in ("TMPDIR", "OMP_NUM_THREADS") if name in os.environ}
        screen = {"DISPLAY": self.display} if hasattr(self, "display") else {}
        return {**clean, **kept, **screen}

    def start(
        self, *arguments: str | Path, home: Path, bus: bool = False, **environment: str
    ) -> subprocess.Popen[bytes]:
        """Start a program, with a D-Bus session of its own if it needs a `bus`. Its log is FOLDER/PROGRAM.log."""
        command = ("dbus-run-session", "--", *arguments) if bus else arguments
        with self.log(str(arguments[0])).open("ab") as log:
            return self.root.start(*command, environment=self.environment(home) | environment, output=log)

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
        processes.end_marked(self._mark)

    def __enter__(self) -> Desktop:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start_screen(self) -> str:
        reading, writing = os.pipe()
        screen = ("-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp", "-noreset", "-dpi", "96")
        with self.log("Xvfb").open("ab") as log, os.fdopen(reading, "rb") as answer:
            process = self.root.start(
                "Xvfb",
                *screen,
                "-displayfd",
                str(writing),
                environment=self.environment(self.folder),
                output=log,
                fds=[writing],
            )
            os.close(writing)
            number = answer.readline().strip().decode()
        if not number:
            process.wait(timeout=10)
            raise RuntimeError(f"Xvfb did not start:\n{self.log('Xvfb').read_text(errors='replace')}")
        return f":{number}"


def until_ended(process: subprocess.Popen[bytes], timeout_s: float) -> int | None:
    """The exit code; None when it still runs."""
    deadline = time.monotonic() + timeout_s
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return process.returncode
