"""Model files of other programs that somebody has put into the models folder: they become models by themselves."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from draggan_server.checkpoints import CheckpointError
from draggan_server.models.adding import ModelAddError, add_model
from draggan_server.models.library import ModelLibrary

log = logging.getLogger(__name__)

FOREIGN_SUFFIXES = frozenset({".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".bin"})
ORIGINALS = "originals"
"""The folder, inside the models folder, to which files go that have become models. Nothing needs them any more."""
_SETTLE_S = 1.5
"""A file that has not changed for so long is there whole, as far as anybody can tell."""

Stamp = tuple[int, int]


@dataclass(frozen=True)
class DroppedFile:
    """A file that is no model yet. `problem`: why it cannot become one; whole sentences."""

    name: str
    state: Literal["waiting", "converting", "refused"]
    problem: str = ""


class DroppedFiles:
    """Looks for them when asked, and converts them one after another on a thread of its own.

    A file that was refused is tried again when it has changed: it may have been copied only in part. Safe to use from
    any thread.
    """

    def __init__(
        self,
        library: ModelLibrary,
        folder: Path,
        converting: threading.Lock,
        prepare_thread: Callable[[], None] = lambda: None,
    ) -> None:
        """converting: held while a file is converted, so that memory is needed for one only."""
        self._library = library
        self._folder = folder
        self._converting = converting
        self._prepare_thread = prepare_thread
        self._refused: dict[tuple[Path, Stamp], str] = {}
        self._now: Path | None = None
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()
        self._lock = threading.Lock()

    def look(self) -> tuple[DroppedFile, ...]:
        """What lies there. Files that wait begin to be converted."""
        found = [self._described(path, stamp) for path, stamp in self._stamps().items()]
        if any(one.state == "waiting" for one in found):
            self._begin()
        return tuple(found)

    @property
    def is_converting(self) -> bool:
        """Whether there is something that waits for its turn, or has it."""
        with self._lock:
            return self._thread is not None

    def stop(self) -> None:
        """Begin with no further file."""
        self._ending.set()

    def _described(self, path: Path, stamp: Stamp) -> DroppedFile:
        if path == self._now:
            return DroppedFile(path.name, "converting")
        problem = self._refused.get((path, stamp))
        return DroppedFile(path.name, "waiting" if problem is None else "refused", problem or "")

    def _stamps(self) -> dict[Path, Stamp]:
        found = {}
        try:
            for path in sorted(self._folder.iterdir()):
                if path.suffix.lower() in FOREIGN_SUFFIXES and not path.name.startswith(".") and path.is_file():
                    status = path.stat()
                    found[path] = (status.st_size, status.st_mtime_ns)
        except OSError:
            pass  # the folder, or a file in it, has just gone
        return found

    def _begin(self) -> None:
        with self._lock:
            if self._thread is None and not self._ending.is_set():
                self._thread = threading.Thread(target=self._run, name="dropped-models", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        try:
            self._prepare_thread()
            while not self._ending.is_set():
                before = self._stamps()
                waiting = [path for path, stamp in before.items() if (path, stamp) not in self._refused]
                if not waiting:
                    break
                self._ending.wait(_SETTLE_S)
                now = self._stamps()
                for path in waiting:
                    if now.get(path) == before[path] and not self._ending.is_set():
                        self._convert(path, before[path])
        except Exception:
            log.exception("files in the models folder could not be converted")
        finally:
            with self._lock:
                self._thread = None

    def _convert(self, path: Path, stamp: Stamp) -> None:
        began = time.monotonic()
        with self._converting:
            self._now = path
            try:
                added = add_model(path, self._library, self._folder)
                originals = self._folder / ORIGINALS
                originals.mkdir(exist_ok=True)
                path.replace(originals / path.name)
                log.info("%s became the model %s in %.1f s", path.name, added.entry.id, time.monotonic() - began)
            except (CheckpointError, ModelAddError) as error:
                self._refuse(path, stamp, str(error))
            except (OSError, MemoryError, RuntimeError) as error:
                self._refuse(path, stamp, f"{path.name}: it could not be converted ({error}).")
            finally:
                self._now = None

    def _refuse(self, path: Path, stamp: Stamp, problem: str) -> None:
        log.warning("%s", problem)
        self._refused[path, stamp] = problem
