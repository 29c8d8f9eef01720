"""More models: the catalogue, downloads with progress, and files of this computer; all off the editor's thread."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from . import wording
from .connection import Connection
from .diagnostics import recent_errors
from .errors import ConnectionLostError, StoppedError
from .messages import (
    AddModelRequest,
    Catalogue,
    CatalogueEntry,
    GetModelRequest,
    ModelAdded,
    ModelFile,
    ModelInfo,
    Models,
    Progress,
)
from .schema import Message
from .transport import EventStream
from .views import Problem
from .worker import Bell, HandOver, Worker

_LOOK_AGAIN_S = 1.0


class ShopPhase(Enum):
    """What a shop is doing."""

    IDLE = "idle"
    LOADING = "loading"
    """The catalogue is being got; the server may be starting."""
    GETTING = "getting"
    """A model of the catalogue is on its way here."""
    ADDING = "adding"
    """A file is being converted."""


@dataclass(frozen=True)
class ShopView:
    """How a shop stands. A new one for every change; never changed itself."""

    phase: ShopPhase = ShopPhase.IDLE
    entries: tuple[CatalogueEntry, ...] | None = None
    """None: not known yet."""
    problems: tuple[str, ...] = ()
    """Catalogues of the user's that cannot be read."""
    files: tuple[ModelFile, ...] = ()
    """What lies in the models folder and is no model yet, or cannot become one."""
    text: str = ""
    """What is being done, or what came of it."""
    fraction: float | None = None
    """How far it is, 0 to 1; None: not known."""
    entry_id: str = ""
    """Which model is being got."""
    problem: Problem | None = None
    added: ModelInfo | None = None
    """The newest model."""

    @property
    def is_busy(self) -> bool:
        """Whether something has to end before the next can begin."""
        return self.phase in (ShopPhase.GETTING, ShopPhase.ADDING)

    def entry(self, entry_id: str) -> CatalogueEntry | None:
        """The entry of that id."""
        return next((one for one in self.entries or () if one.id == entry_id), None)


class ModelShop:
    """One for each window that shows it, made and used on the editor's thread, which it never keeps waiting.

    shop = ModelShop(desk.connection, hand_over, show)
    shop.load()
    shop.get(entry, unverified=True)     # once the artist has agreed to entry.licence
    """

    def __init__(self, connection: Connection, hand_over: HandOver, changed: Callable[[], object]) -> None:
        """changed: called on the editor's thread whenever `view` is another."""
        self._connection = connection
        self._bell = Bell(hand_over, changed)
        self._worker = Worker("draggan-shop", hand_over)
        self._lock = threading.Lock()
        self._stream: EventStream[ModelAdded] | None = None
        self._stop = threading.Event()
        self._view = ShopView()

    @property
    def view(self) -> ShopView:
        """How things stand."""
        with self._lock:
            return self._view

    def load(self) -> None:
        """Get the catalogue; the server is started where none runs."""
        if not self.view.is_busy:
            self._set(phase=ShopPhase.LOADING, text=wording.SHOP_LOADING, problem=None)
        self._worker.do(self._load, failed=self._failed("getting the catalogue"))

    def get(self, entry: CatalogueEntry, unverified: bool = False) -> None:
        """Download this model, whose licence the artist has just agreed to. Nothing while something runs.

        unverified: the artist said yes to a file that cannot be checked; see `needs_a_yes`.
        """
        self._begin(ShopPhase.GETTING, "/models/get", GetModelRequest(entry.id, entry.licence, unverified), entry.id)

    def add(self, request: AddModelRequest) -> None:
        """Convert a file of this computer. Nothing while something runs."""
        self._begin(ShopPhase.ADDING, "/models/add", request, "")

    def cancel(self) -> None:
        """Stop what runs. What has come of a download is kept, and it goes on from there the next time."""
        self._stop.set()
        with self._lock:
            stream = self._stream
        if stream is not None:
            stream.interrupt()

    def close(self) -> None:
        """The window closes: as `cancel`, and nothing is told any more. Returns at once."""
        self._bell.close()
        self.cancel()
        self._worker.close()

    def wait_closed(self, timeout_s: float) -> bool:
        """After `close`, for a program that ends now: wait for what was asked of the server last; whether it came."""
        return self._worker.join(timeout_s)

    def _begin(self, phase: ShopPhase, path: str, request: Message, entry_id: str) -> None:
        if self.view.is_busy:
            return
        self._stop.clear()
        self._set(phase=phase, text=wording.SHOP_BEGINNING, fraction=None, entry_id=entry_id, problem=None, added=None)
        self._worker.do(lambda: self._run(path, request), failed=self._failed("getting a model"))

    # On the worker's thread

    def _load(self) -> None:
        found = self._connection.with_server(lambda to: to.ask("GET", "/catalogue", Catalogue), repeatable=True)
        files = self._connection.with_server(lambda to: to.ask("GET", "/models", Models), repeatable=True).files
        self._set(entries=found.entries, problems=found.problems, files=files)
        if self.view.phase is ShopPhase.LOADING:
            self._set(phase=ShopPhase.IDLE, text="")
        if any(file.state != "refused" for file in files):
            self._worker.do(self._look_again)

    def _look_again(self) -> None:
        """Until what lies in the models folder has become models, or was refused."""
        if not self._stop.wait(_LOOK_AGAIN_S):
            self._load()

    def _run(self, path: str, request: Message) -> None:
        stream = self._connection.with_server(lambda to: to.stream_model(path, request), give_up=self._stop.is_set)
        with self._lock:
            self._stream = stream
        try:
            added = self._follow(stream)
        except ConnectionLostError:
            if self._stop.is_set():
                raise StoppedError(wording.SHOP_STOPPED) from None
            raise
        finally:
            with self._lock:
                self._stream = None
            stream.close()
        self._set(phase=ShopPhase.IDLE, text=wording.added_text(added), fraction=1.0, entry_id="", added=added.model)
        self._load()

    def _follow(self, stream: EventStream[ModelAdded]) -> ModelAdded:
        events: Iterator[object] = iter(stream)
        for event in events:
            if self._stop.is_set():
                raise StoppedError(wording.SHOP_STOPPED)
            if isinstance(event, ModelAdded):
                return event
            if isinstance(event, Progress):
                done = event.step / event.total_steps if event.total_steps and event.stage == "download" else None
                self._set(text=wording.shop_text(event), fraction=done)
        raise ConnectionLostError("The server ended the job without a result.")

    # On the editor's thread

    def _failed(self, doing: str) -> Callable[[Exception], None]:
        def failed(error: Exception) -> None:
            stopped = isinstance(error, StoppedError)
            if not stopped:
                recent_errors.note(doing, error)
            self._set(
                phase=ShopPhase.IDLE,
                text=wording.SHOP_STOPPED if stopped else "",
                fraction=None,
                entry_id="",
                problem=None if stopped else Problem.of(error),
            )
            if doing != "getting the catalogue":
                self._worker.do(self._load)  # how much of it has come

        return failed

    # On any thread

    def _set(self, **changes: object) -> None:
        with self._lock:
            view = replace(self._view, **changes)  # type: ignore[arg-type]
            if view == self._view:
                return
            self._view = view
        self._bell.ring()


def can_be_got(entry: CatalogueEntry) -> bool:
    """Whether there is something to download: it has an address, and is not here yet."""
    return bool(entry.address) and not entry.is_here


def needs_a_yes(entry: CatalogueEntry) -> bool:
    """Whether nobody knows what the file's sha-256 is: the artist has to say yes to that."""
    return bool(entry.address) and not entry.sha256
