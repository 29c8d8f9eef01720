"""More models: what the catalogues offer, downloads, files that an editor names. Nothing here waits for the engine."""

from __future__ import annotations

import stat
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

from draggan_client.discovery import Home
from draggan_client.messages import (
    AddModelRequest,
    Catalogue,
    CatalogueEntry,
    Event,
    GetModelRequest,
    ModelAdded,
    ModelFile,
    ModelInfo,
    Progress,
)
from draggan_server.models import ModelEntry, ModelLibrary
from draggan_server.models.adding import AddedModel, add_model, check_alignment
from draggan_server.models.catalogue import Listed, read_catalogues
from draggan_server.models.dropped import DroppedFiles
from draggan_server.models.getting import Downloads, GettingStep, check_agreed, get_model
from draggan_server.server.alone import Alone
from draggan_server.server.engine import EngineBusyError, Job, Work
from draggan_server.server.errors import RefusedError, describe

AT_ONCE = 4
"""Downloads and conversions; one more is told that the server is busy."""
_TELL_EVERY_S = 0.1
_MOST_FILES = 1000
_KIB = 1024


class ModelShop:
    """Safe to use from any thread."""

    def __init__(
        self,
        library: ModelLibrary,
        home: Home,
        described: Callable[[ModelEntry], ModelInfo],
        prepare_thread: Callable[[], None] = lambda: None,
    ) -> None:
        """described: a model as clients are told of it. prepare_thread: called on each thread that works here."""
        self._library = library
        self._home = home
        self._described = described
        self._prepare_thread = prepare_thread
        self._downloads = Downloads(home.downloads)
        self._converting = threading.Lock()
        self._dropped = DroppedFiles(library, home.models, self._converting, prepare_thread)
        self._jobs: set[Job[Event]] = set()
        self._lock = threading.Lock()

    @property
    def running_jobs(self) -> int:
        """What must not be broken off by a server that ends for idleness."""
        with self._lock:
            return len(self._jobs) + self._dropped.is_converting

    def files(self) -> tuple[ModelFile, ...]:
        """The files in the models folder that are no models: foreign ones begin to be converted, damaged ones stay."""
        found = [ModelFile(_name(one.name), one.state, one.problem[:10_000]) for one in self._dropped.look()]
        found += [
            ModelFile(_name(one.path.name), "refused", f"{one.problem}. {one.remedy}."[:10_000])
            for one in self._library.problems()
        ]
        return tuple(found[:_MOST_FILES])

    def catalogue(self) -> Catalogue:
        """What can be had, and how much of it is here."""
        known = read_catalogues(self._home.catalogues)
        here = self._library.ids()
        return Catalogue(tuple(self._entry(one, here) for one in known.listed), known.problems)

    def get(self, request: GetModelRequest) -> Job[Event]:
        """Begin to download a model and to convert it. Raises UnknownEntryError and NotAgreedError."""
        entry = read_catalogues(self._home.catalogues).find(request.entry).entry
        check_agreed(entry, self._downloads, request.licence, request.unverified)
        steps = get_model(
            entry,
            self._library,
            self._home.models,
            self._downloads,
            licence=request.licence,
            unverified=request.unverified,
        )
        return self._start(f"get {entry.id}", self._getting(steps))

    def add(self, request: AddModelRequest) -> Job[Event]:
        """Begin to convert a file of this computer. Raises RefusedError for what is no file."""
        check_alignment(request.alignment)
        path = Path(request.path)
        _check_is_file(path)
        return self._start(f"add {path.name}", self._adding(path, request))

    def stop(self) -> None:
        """The server ends: downloads go on another time."""
        self._dropped.stop()
        with self._lock:
            jobs = tuple(self._jobs)
        for job in jobs:
            job.stop()

    def _start(self, name: str, work: Work[Event]) -> Job[Event]:
        def ended() -> None:
            with self._lock:
                self._jobs.discard(job)

        job = Alone(name, work, describe, prepare_thread=self._prepare_thread, on_end=ended)
        with self._lock:
            if len(self._jobs) >= AT_ONCE:
                raise EngineBusyError(f"{len(self._jobs)} models are being got already")
            self._jobs.add(job)
        return job.start()

    def _getting(self, steps: Generator[GettingStep, None, AddedModel]) -> Work[Event]:
        began = told = time.monotonic()
        stage = ""
        try:
            while True:
                try:
                    if stage == "convert":
                        with self._converting:
                            step = next(steps)
                    else:
                        step = next(steps)
                except StopIteration as end:
                    return self._added(end.value)
                now = time.monotonic()
                if step.stage != stage or now - told >= _TELL_EVERY_S:
                    stage, told = step.stage, now
                    yield (_progress(step, now - began),)
                else:
                    yield ()
        finally:
            steps.close()

    def _adding(self, path: Path, request: AddModelRequest) -> Work[Event]:
        yield (Progress("convert", 0, 0),)
        while not self._converting.acquire(timeout=_TELL_EVERY_S):
            yield ()
        try:
            added = add_model(
                path,
                self._library,
                self._home.models,
                name=request.name,
                domain=request.domain,
                licence=request.licence,
                alignment=request.alignment,
            )
        finally:
            self._converting.release()
        return self._added(added)

    def _added(self, added: AddedModel) -> ModelAdded:
        return ModelAdded(self._described(added.entry), added.format, added.remarks)

    def _entry(self, listed: Listed, here: frozenset[str]) -> CatalogueEntry:
        entry = listed.entry
        return CatalogueEntry(
            entry.id,
            entry.name,
            entry.domain,
            entry.licence,
            entry.licence_page,
            entry.resolution,
            entry.page,
            entry.address,
            entry.size,
            self._downloads.sha256(entry) or "",
            listed.origin,
            entry.id in here,
            self._downloads.bytes_here(entry),
        )


def _progress(step: GettingStep, elapsed_s: float) -> Progress:
    total = (step.total or 0) // _KIB
    return Progress(step.stage, step.done // _KIB, total, elapsed_s=elapsed_s, remaining_s=step.remaining_s)


def _check_is_file(path: Path) -> None:
    """Raises RefusedError: to open a pipe or a device would wait for ever, or bring something without end."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RefusedError("bad_request", f"{path} cannot be read: {reason}.", "Choose another file.") from None
    if not path.is_absolute():
        raise RefusedError("bad_request", f"{path} does not say in which folder.", "Give the file with its whole path.")
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "no plain file"
        raise RefusedError("bad_request", f"{path} is {kind}.", "Choose the file of a model.")


def _name(text: str) -> str:
    """A file's name as a message carries it: it may hold bytes that are no text."""
    return text.encode("utf-8", "replace").decode()[:200]
