"""The real Krita, with the plugin and with a probe inside that runs what a test sends."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from install.editors import krita as installer
from install.editors.editor import Place
from install.kconfig import with_value
from install.plugin import Plugin
from install.record import Record
from tests.e2e.editors import pointer
from tests.e2e.editors.desktop import Desktop, until_ended
from tests.e2e.editors.probe import ANSWER_S, Probe, ProbeError
from tests.e2e.editors.root import CHECKOUT
from tests.tools import editors_root

START_S = 180.0
"""Krita's very first start makes its database of resources."""
_PROBE = CHECKOUT / "tests" / "e2e" / "krita" / "probe"
_DEPTHS = {"U8": np.uint8, "U16": np.uint16, "F16": np.float16, "F32": np.float32}
_SENT = CHECKOUT / "tests" / "e2e" / "editors" / "inside" / "sent.py"


@dataclass(frozen=True)
class Profile:
    """A user's home folder with Krita in use: its settings, and its plugins."""

    home: Path

    @property
    def plugins(self) -> Path:
        return self.home / ".local" / "share" / "krita" / "pykrita"

    @property
    def settings(self) -> Path:
        return self.home / ".config" / "kritarc"

    @classmethod
    def used_before(cls, home: Path, desktop: Desktop) -> Profile:
        """One that Krita has already filled, so that it starts in seconds."""
        shutil.copytree(_filled_home(desktop), home, dirs_exist_ok=True, symlinks=True)
        return cls(home)

    def add_probe(self) -> None:
        shutil.copytree(_PROBE, self.plugins, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(_SENT, self.plugins / "draggan_probe")
        self.enable("draggan_probe")

    def add_plugin(self, server_home: Path) -> None:
        """As the installer does it. Raises InstallError."""
        place = Place(self.plugins.parent, settings=self.settings)
        plugin = Plugin(CHECKOUT, Path(sys.executable), server_command="", home=server_home)
        installer.EDITOR.put_in(place, plugin, Record(server_home))

    def enable(self, plugin: str) -> None:
        """Krita must not run."""
        before = self.settings.read_bytes() if self.settings.is_file() else b""
        self.settings.parent.mkdir(parents=True, exist_ok=True)
        self.settings.write_bytes(with_value(before, ("python",), f"enable_{plugin}", "true", b"\n"))


class Krita:
    """A running Krita."""

    def __init__(self, desktop: Desktop, profile: Profile, *documents: Path, **environment: str) -> None:
        """Starts it with the probe, and returns when its window is there. Raises ProbeError."""
        self.desktop = desktop
        self.profile = profile
        profile.add_probe()
        self._probe = Probe(self._ending)
        surroundings = self._probe.environment | environment
        self.process = desktop.start("krita", "--nosplash", *documents, home=profile.home, **surroundings)
        try:
            self._probe.accept(self.process, START_S)
            self.until("app.activeWindow() is not None and window().qwindow().isVisible()", START_S)
        except BaseException:
            self.kill()
            raise
        self.run("app.notifier().setActive(True); window().qwindow().showMaximized()")

    @property
    def pointer(self) -> pointer.Pointer:
        return self.desktop.pointer

    def run(self, source: str, timeout_s: float = ANSWER_S, **arguments: Any) -> Any:
        """Runs Python on Krita's GUI thread; what its last expression, or its `return`, gives.

        `arguments` become its variables. What it can use by name: tests/e2e/krita/probe/draggan_probe/tools.py.
        Raises ProbeError.
        """
        return self._probe.run(source, timeout_s, **arguments)

    def until(self, source: str, timeout_s: float = ANSWER_S, every_s: float = 0.05, **arguments: Any) -> Any:
        """The first value of `source` that is true. Raises ProbeError when there is none in time."""
        return self._probe.until(source, timeout_s, every_s, **arguments)

    def canvas_point(self, x: float, y: float) -> pointer.Place:
        """Where a place of the active document is on the screen."""
        return pointer.Place(*self.run("canvas_point(x, y)", x=x, y=y))

    def projection(self) -> np.ndarray[Any, Any]:
        """The active document as it is shown: [H, W, 4] RGBA, 8 bits."""
        return pixels(self.run("projection()"))

    def layer(self, name: str) -> np.ndarray[Any, Any]:
        """One layer over the document, in its own format: [H, W, channels]. 8- and 16-bit colours come as BGRA."""
        sent = self.run("layer_bytes(name)", name=name)
        return np.frombuffer(sent["pixels"], _DEPTHS[sent["depth"]]).reshape(sent["height"], sent["width"], -1)

    def quit(self, timeout_s: float = 60) -> int:
        """Close all, nothing saved, by the menu's Quit; the exit code."""
        self.run("for one in app.documents(): one.setModified(False)")
        self.run("QtCore.QTimer.singleShot(0, app.action('file_quit').trigger)")
        code = until_ended(self.process, timeout_s)
        if code is None:
            self._tell_where_it_is()
            trouble = self._ending()
            self.kill()
            raise ProbeError(f"Krita does not quit.\n{trouble}")
        return code

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            subprocess.run(["kill", "-KILL", "--", f"-{self.process.pid}"], check=False, capture_output=True)
        self.process.wait(timeout=20)

    def log(self) -> str:
        return self.desktop.log("krita").read_text(errors="replace")

    def _tell_where_it_is(self) -> None:
        """Have it write to its log what its threads are doing in Python."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGUSR1)
            time.sleep(1)

    def _ending(self) -> str:
        """What helps where it does not do what it should."""
        shown = self.desktop.screenshot("krita-in-trouble")
        return f"Its screen: {shown}\nThe end of its log:\n" + "\n".join(_telling(self.log())[-25:])

    def __enter__(self) -> Krita:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()


def _telling(log: str) -> list[str]:
    """Without what newer Pythons find fault with in Krita's own plugins."""
    return [line for line in log.splitlines() if "SyntaxWarning" not in line and not line.startswith("  '")]


StartKrita = Callable[..., Krita]
"""What the fixture `start_krita` is."""


def pixels(sent: dict[str, Any]) -> np.ndarray[Any, Any]:
    """[H, W, 4] RGBA from what the probe's `rgba` gives."""
    return np.frombuffer(sent["pixels"], np.uint8).reshape(sent["height"], sent["width"], 4)


def _filled_home(desktop: Desktop) -> Path:
    """A home folder in which Krita has made its database of resources: made once for each Krita, and kept."""
    folder = editors_root.cache_folder() / f"krita-home-{_version_of(desktop)}"
    if folder.is_dir():
        return folder
    draft = folder.with_name(f"{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    profile = Profile(draft)
    with Krita(desktop, profile) as krita:
        krita.quit()
    shutil.rmtree(profile.plugins)
    profile.settings.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        draft.rename(folder)  # else somebody else has just made it
    return folder


def _version_of(desktop: Desktop) -> str:
    said = desktop.root.run("krita", "--version", environment=desktop.environment(desktop.folder)).strip()
    return hashlib.sha256(f"{desktop.root.path} {said}".encode()).hexdigest()[:12]
