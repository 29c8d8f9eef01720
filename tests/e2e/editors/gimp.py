"""The real GIMP, with a probe in its batch interpreter that runs what a test sends; with and without a screen."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from install.editors import gimp as installer
from install.editors.editor import Place
from install.plugin import Plugin
from install.record import Record
from tests.e2e.editors import processes
from tests.e2e.editors.desktop import Desktop, until_ended
from tests.e2e.editors.probe import ANSWER_S, Probe, ProbeError
from tests.e2e.editors.root import CHECKOUT, PATH, Root

START_S = 180.0
_LOOP = Path(__file__).parent / "inside" / "gimp_loop.py"
_BATCH = f"exec(compile(open({str(_LOOP)!r}).read(), {str(_LOOP)!r}, 'exec'), {{'__file__': {str(_LOOP)!r}}})"
_SETTINGS = '(show-welcome-dialog no)\n(check-updates no)\n(config-version "99.0.0")\n'


@dataclass(frozen=True)
class Profile:
    """A user's GIMP folder: its settings, and its plug-ins."""

    folder: Path

    @property
    def plugins(self) -> Path:
        return self.folder / "plug-ins"

    @property
    def environment(self) -> dict[str, str]:
        return {"GIMP3_DIRECTORY": str(self.folder)}

    @classmethod
    def make(cls, folder: Path) -> Profile:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "gimprc").write_text(_SETTINGS)
        return cls(folder)

    def add_plugin(self, server_home: Path) -> None:
        """As the installer does it. Raises InstallError."""
        plugin = Plugin(CHECKOUT, Path(sys.executable), server_command="", home=server_home)
        installer.EDITOR.put_in(Place(self.folder), plugin, Record(server_home))


class Gimp:
    """A running GIMP that takes what a test sends. With a desktop it has its windows, without it is gimp-console.

    All that is started in it has nothing of this process's environment: a venv's python in PATH would become the
    interpreter of GIMP's plug-ins.
    """

    def __init__(self, root: Root, profile: Profile, folder: Path, desktop: Desktop | None = None) -> None:
        """Starts it, and returns when it answers. `folder` is its home and holds its log. Raises ProbeError."""
        self.desktop = desktop
        self.profile = profile
        self.mark = processes.new_mark()
        self._log = folder / "gimp.log"
        folder.mkdir(parents=True, exist_ok=True)
        self._probe = Probe(self._ending)
        environment = self._environment(folder) | profile.environment | self._probe.environment
        program = ("gimp", "--no-splash") if desktop else ("gimp-console", "--no-interface", "--no-data", "--quit")
        batch = ("--batch-interpreter=python-fu-eval", "--batch", _BATCH)
        with self._log.open("wb") as log:
            self.process = root.start(*program, "--new-instance", *batch, environment=environment, output=log)
        try:
            self._probe.accept(self.process, START_S)
        except BaseException:
            self.kill()
            raise

    def run(self, source: str, timeout_s: float = ANSWER_S, **arguments: Any) -> Any:
        """Runs Python inside GIMP; what its last expression, or its `return`, gives.

        `arguments` become its variables. What it can use by name: inside/gimp_tools.py. Raises ProbeError.
        """
        return self._probe.run(source, timeout_s, **arguments)

    def until(self, source: str, timeout_s: float = ANSWER_S, every_s: float = 0.05, **arguments: Any) -> Any:
        """The first value of `source` that is true. Raises ProbeError when there is none in time."""
        return self._probe.until(source, timeout_s, every_s, **arguments)

    def quit(self, timeout_s: float = 60) -> int:
        """End it, nothing saved; the exit code."""
        if self.desktop:
            with contextlib.suppress(ProbeError):  # it need not get to answering
                self.run("call('gimp-quit', force=True)", timeout_s=5)
        self._probe.hang_up()
        code = until_ended(self.process, timeout_s)
        if code is None:
            trouble = self._ending()
            self.kill()
            raise ProbeError(f"GIMP does not quit.\n{trouble}")
        return code

    def kill(self) -> None:
        processes.end_marked(self.mark)
        self.process.wait(timeout=20)

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def _environment(self, home: Path) -> dict[str, str]:
        if self.desktop:
            return self.desktop.environment(home) | {processes.VARIABLE: self.mark}
        runtime = home / "runtime"
        runtime.mkdir(mode=0o700, exist_ok=True)
        return {
            "PATH": PATH,
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": str(runtime),
            processes.VARIABLE: self.mark,
        }

    def _ending(self) -> str:
        """What helps where it does not do what it should."""
        shown = f"Its screen: {self.desktop.screenshot('gimp-in-trouble')}\n" if self.desktop else ""
        return f"{shown}The end of its log:\n" + "\n".join(self.log().splitlines()[-25:])

    def __enter__(self) -> Gimp:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()


StartGimp = Callable[..., Gimp]
"""What the fixture `start_gimp` is."""
