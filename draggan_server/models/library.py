"""Which models this computer has: the bundled one, and the files in the user's folder."""

from __future__ import annotations

import functools
import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from draggan_server.checkpoints import (
    Alignment,
    Checkpoint,
    CheckpointError,
    DragDefaults,
    discriminator_file,
    load_checkpoint,
    read_card,
)
from draggan_server.models.memory import SPARE_BYTES, available_bytes
from draggan_server.stylegan2 import Generator, GeneratorConfig

log = logging.getLogger(__name__)

BUNDLED_MODELS = Path(__file__).parent / "bundled"
"""The folder that comes with the program."""
DEFAULT_MODEL = "portraits"
"""The bundled model's id."""

_SUFFIX = ".safetensors"
_DISCRIMINATOR_SUFFIX = ".discriminator.safetensors"


class UnknownModelError(LookupError):
    """There is no model of that name. The text lists those that there are."""


class ModelRemovalError(Exception):
    """A model cannot be removed. The text says why."""


@dataclass(frozen=True)
class ModelEntry:
    """A model file that can be loaded, as far as its header tells."""

    id: str
    """The file's name without its ending."""
    name: str
    path: Path
    config: GeneratorConfig
    drag: DragDefaults
    domain: str
    licence: str
    alignment: Alignment | None
    bundled: bool
    stamp: tuple[int, int]
    """Size in bytes and time of change in ns: another stamp is another file."""
    class_names: tuple[str, ...] = ()
    """Of each class, or none."""

    @property
    def resolution(self) -> int:
        """The longer side of its pictures in px."""
        return self.config.img_resolution

    @property
    def aspect(self) -> float:
        """Width over height of its pictures."""
        return self.config.aspect

    @property
    def classes(self) -> int:
        """How many it has, where it draws by class; else 0."""
        return self.config.c_dim

    @property
    def sha256(self) -> str:
        """Of the file, in hex. Read when first asked for. Raises OSError when the file has gone."""
        return _sha256(self.path, self.stamp)


@dataclass(frozen=True)
class ModelProblem:
    """A model file that cannot be used, and why."""

    id: str
    path: Path
    problem: str
    remedy: str


Found = dict[str, ModelEntry | ModelProblem]


class ModelLibrary:
    """The models in some folders, the first folder's winning where two have the same id.

    The folders are looked at anew each time, so that a file put there is found at once. Loaded models are
    kept, the last `resident` of them, fewer where memory is short; who holds one goes on with it. Safe to use from any
    thread; loading is for the thread that owns the device.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        *,
        device: torch.device | str = "cpu",
        resident: int = 2,
        available: Callable[[torch.device], int | None] = available_bytes,
    ) -> None:
        """available: bytes of memory for models on the device; None: not known."""
        self._folders = tuple(folders)
        self._device = torch.device(device)
        self._resident = resident
        self._available = available
        self._headers: dict[tuple[Path, tuple[int, int]], ModelEntry | ModelProblem] = {}
        self._loaded: OrderedDict[tuple[Path, tuple[int, int]], Checkpoint] = OrderedDict()
        self._lock = threading.RLock()

    def entries(self) -> tuple[ModelEntry, ...]:
        """The models that can be used, the first folder's first. A damaged file hides none of the others."""
        return tuple(found for found in self._found().values() if isinstance(found, ModelEntry))

    def problems(self) -> tuple[ModelProblem, ...]:
        """The model files that cannot be used."""
        return tuple(found for found in self._found().values() if isinstance(found, ModelProblem))

    def ids(self) -> frozenset[str]:
        """Of all the model files, those that cannot be used included."""
        return frozenset(self._found())

    def entry(self, model_id: str) -> ModelEntry:
        """The model of that id.

        Raises UnknownModelError, which names those that there are, and CheckpointError for a damaged file.
        """
        all_found = self._found()
        found = self._known(all_found, model_id)
        if isinstance(found, ModelProblem):
            raise CheckpointError(found.path, found.problem, found.remedy)
        return found

    def remove(self, model_id: str) -> Path:
        """Delete the model's files; also those of one that cannot be used. Returns where it was.

        Raises UnknownModelError, ModelRemovalError for a model that comes with the program, and OSError.
        """
        path = self._known(self._found(), model_id).path
        if path.parent == BUNDLED_MODELS:
            raise ModelRemovalError(f"{model_id} comes with the program and goes with it. It cannot be removed alone.")
        path.unlink()
        discriminator_file(path).unlink(missing_ok=True)
        path.with_suffix(".origin.json").unlink(missing_ok=True)
        return path

    def _known(self, all_found: Found, model_id: str) -> ModelEntry | ModelProblem:
        found = all_found.get(model_id)
        if found is None:
            known = ", ".join(name for name, other in all_found.items() if isinstance(other, ModelEntry))
            raise UnknownModelError(
                f"There is no model {model_id[:80]!r}. The models are: {known or 'none'}. "
                f"They lie in {' and '.join(str(folder) for folder in self._folders)}."
            )
        return found

    def default_id(self) -> str:
        """The bundled model's id; without it the first model's; without any model still the bundled one's."""
        ids = [entry.id for entry in self.entries()]
        return DEFAULT_MODEL if DEFAULT_MODEL in ids or not ids else ids[0]

    def load(self, model_id: str, *, keep: bool = True) -> Checkpoint:
        """The model, on the device. Raises UnknownModelError and CheckpointError.

        keep: False: for once; nothing that is kept makes room for it, unless memory is short.
        """
        entry = self.entry(model_id)
        key = (entry.path, entry.stamp)
        with self._lock:
            if key in self._loaded:
                self._loaded.move_to_end(key)
                return self._loaded[key]
            self._make_room(entry.path, self._resident if keep else self._resident + 1)
        checkpoint = load_checkpoint(entry.path)
        checkpoint.generator.to(self._device)
        if checkpoint.discriminator is not None:
            checkpoint.discriminator.to(self._device)
        if keep:
            with self._lock:
                self._loaded[key] = checkpoint
        return checkpoint

    def is_loaded(self, model_id: str) -> bool:
        """Whether `load` would return at once. Raises as `entry` does."""
        entry = self.entry(model_id)
        with self._lock:
            return (entry.path, entry.stamp) in self._loaded

    def holds(self, generator: Generator) -> bool:
        """Whether this one is kept; otherwise only whoever asks keeps it in memory."""
        with self._lock:
            return any(kept.generator is generator for kept in self._loaded.values())

    def _make_room(self, path: Path, at_most: int) -> None:
        """Let go of what was used least recently before the next one comes, or there is one more at the peak.

        The last model that there is room for is loaded even where memory seems short: a system may give more than it
        says, and an error can still be told.
        """
        while self._loaded and (len(self._loaded) >= at_most or not self._has_room(path)):
            (gone, _), _ = self._loaded.popitem(last=False)
            log.info("%s makes room for %s", gone.name, path.name)

    def _has_room(self, path: Path) -> bool:
        free = self._available(self._device)
        beside = discriminator_file(path)
        needed = path.stat().st_size + (beside.stat().st_size if beside.exists() else 0)
        return free is None or free >= needed + SPARE_BYTES

    def _found(self) -> Found:
        found: Found = {}
        for folder in self._folders:
            for path in sorted(folder.glob(f"*{_SUFFIX}")):
                if not path.name.endswith(_DISCRIMINATOR_SUFFIX):
                    found.setdefault(path.name.removesuffix(_SUFFIX), self._header(path))
        return found

    def _header(self, path: Path) -> ModelEntry | ModelProblem:
        model_id = path.name.removesuffix(_SUFFIX)
        try:
            status = path.stat()
        except OSError as error:
            reason = error.strerror or str(error)
            return ModelProblem(model_id, path, f"the file cannot be read ({reason})", "Look at its permissions")
        stamp = (status.st_size, status.st_mtime_ns)
        if (path, stamp) not in self._headers:
            self._headers[path, stamp] = self._read_header(model_id, path, stamp)
        return self._headers[path, stamp]

    def _read_header(self, model_id: str, path: Path, stamp: tuple[int, int]) -> ModelEntry | ModelProblem:
        try:
            card, config = read_card(path)
        except CheckpointError as error:
            log.warning("%s", error)
            return ModelProblem(model_id, path, error.problem, error.remedy)
        return ModelEntry(
            model_id,
            card.name,
            path,
            config,
            card.drag,
            card.domain,
            card.licence,
            card.alignment,
            bundled=path.parent == BUNDLED_MODELS,
            stamp=stamp,
            class_names=card.class_names,
        )


@functools.lru_cache(maxsize=256)
def _sha256(path: Path, _stamp: tuple[int, int]) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
