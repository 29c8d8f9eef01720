"""A model of the catalogue becomes one of the user's: agreed to, downloaded, checked, converted."""

from __future__ import annotations

import contextlib
import json
import time
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from draggan_client.locks import FileLock
from draggan_server.checkpoints import CheckpointError
from draggan_server.models.adding import NO_ALIGNMENT, AddedModel, Downloaded, ModelAddError, add_model
from draggan_server.models.catalogue import CatalogueEntry
from draggan_server.models.downloading import DownloadLimits, Received, bytes_here, download, forget
from draggan_server.models.library import ModelLibrary

Stage = Literal["waiting", "download", "convert"]
_LOOK_S = 0.2
_RATE_S = 15.0
"""The time left is judged by what came in the last so many seconds."""


class NotAgreedError(Exception):
    """The user has to say yes to something first. The text says to what."""


class LicenceError(NotAgreedError):
    """The licence that was agreed to is not the one that the catalogue names."""


class UnverifiedError(NotAgreedError):
    """Nobody has published what the file's sha-256 is, and it was not got from there before."""


@dataclass(frozen=True)
class GettingStep:
    """How far it is."""

    stage: Stage
    done: int = 0
    """Bytes."""
    total: int | None = None
    remaining_s: float | None = None


Getting = Generator[GettingStep, None, AddedModel]


class Downloads:
    """The folder of what is being downloaded, and the sha-256 of what came from each address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def file(self, entry: CatalogueEntry) -> Path:
        """Where the entry's file comes to lie."""
        return self._folder / f"{entry.id}.download"

    def lock(self, entry: CatalogueEntry) -> FileLock:
        """Held by whoever downloads it, in whichever process."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return FileLock(self._folder / f"{entry.id}.lock")

    def bytes_here(self, entry: CatalogueEntry) -> int:
        """So much of it has come already."""
        return bytes_here(entry.address, self.file(entry)) if entry.address else 0

    def sha256(self, entry: CatalogueEntry) -> str | None:
        """What its file must have: as published, or as it had the first time; None: nobody knows."""
        return entry.sha256 or self._seen().get(entry.address)

    def remember(self, address: str, sha256: str) -> None:
        """What came from there, so that the next time the same must come. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._hashes.with_suffix(".draft")
        draft.write_text(json.dumps({**self._seen(), address: sha256}, indent=1), encoding="utf-8")
        draft.replace(self._hashes)

    @property
    def _hashes(self) -> Path:
        return self._folder / "sha256.json"

    def _seen(self) -> dict[str, str]:
        with contextlib.suppress(OSError, ValueError, RecursionError):
            known = json.loads(self._hashes.read_text(encoding="utf-8"))
            if isinstance(known, dict):
                return {str(address): str(sha256) for address, sha256 in known.items()}
        return {}


def check_agreed(entry: CatalogueEntry, downloads: Downloads, licence: str, unverified: bool) -> None:
    """Raises NotAgreedError unless the user has said yes to all there is to say yes to, and DownloadError's kin."""
    if not entry.address:
        raise ModelAddError(f"{entry.name} cannot be downloaded from here: get its file at {entry.page}, and add it.")
    if licence != entry.licence:
        raise LicenceError(f"The licence of {entry.name} is: {entry.licence}. Agree to it first.")
    if downloads.sha256(entry) is None and not unverified:
        raise UnverifiedError(
            f"Nobody has published the sha-256 of {entry.name}, so this first download cannot be checked. Say yes to "
            "that first; what comes is remembered, and the next time the same must come."
        )


def get_model(
    entry: CatalogueEntry,
    library: ModelLibrary,
    folder: Path,
    downloads: Downloads,
    *,
    licence: str,
    unverified: bool = False,
    limits: DownloadLimits | None = None,
) -> Getting:
    """Download the model and add it to the user's folder; returns what came of it.

    Closing the iterator stops it; what has come stays for the next time. While another does the same, it waits.

    Args:
        licence: what the user has agreed to, word for word.
        unverified: the user has said yes to a file whose sha-256 nobody knows.

    Raises:
        NotAgreedError: before anything is asked of anybody.
        DownloadError: see `download`.
        CheckpointError, ModelAddError: it came, and cannot be used, and was deleted; or there is such a model already.
        OSError: the disk is full. What has come stays.
    """
    check_agreed(entry, downloads, licence, unverified)
    lock = downloads.lock(entry)
    while not lock.try_acquire():
        yield GettingStep("waiting")
        time.sleep(_LOOK_S)
    with lock:
        if entry.id in library.ids():
            raise ModelAddError(f"There is a model {entry.id!r} already. Remove it first to get it anew.")
        path = downloads.file(entry)
        rate = _Rate()
        steps = download(
            entry.address, path, sha256=downloads.sha256(entry), size=entry.size, limits=limits or DownloadLimits()
        )
        sha256 = yield from _shown(steps, rate)
        downloads.remember(entry.address, sha256)
        yield GettingStep("convert", path.stat().st_size, path.stat().st_size)
        try:
            added = add_model(
                path,
                library,
                folder,
                name=entry.name,
                domain=entry.domain,
                licence=entry.licence,
                alignment=entry.alignment or NO_ALIGNMENT,
                model_id=entry.id,
                downloaded=Downloaded(entry.address, sha256),
            )
        except (CheckpointError, ModelAddError):
            forget(path)
            raise
        forget(path)
        return added


class _Rate:
    """Bytes per second of late."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def remaining_s(self, received: Received) -> float | None:
        now = time.monotonic()
        self._seen.append((now, received.done))
        while now - self._seen[0][0] > _RATE_S and len(self._seen) > 2:
            self._seen.popleft()
        began, done = self._seen[0]
        if received.total is None or now - began < 0.5 or received.done <= done:
            return None
        return (received.total - received.done) * (now - began) / (received.done - done)


def _shown(steps: Generator[Received, None, str], rate: _Rate) -> Generator[GettingStep, None, str]:
    with contextlib.closing(steps):
        while True:
            try:
                received = next(steps)
            except StopIteration as end:
                return str(end.value)
            yield GettingStep("download", received.done, received.total, rate.remaining_s(received))
