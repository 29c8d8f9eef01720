"""The backend of one computer: one engine thread, the sessions and the models of this process."""

from __future__ import annotations

import dataclasses
import logging
import os
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import torch

import draggan_server
from draggan_client.discovery import Home
from draggan_client.messages import (
    PROTOCOL,
    AddModelRequest,
    AlignmentPoint,
    Catalogue,
    DragRequest,
    Event,
    GetModelRequest,
    Hello,
    InvertRequest,
    ModelInfo,
    Models,
    OpenRequest,
    Pixels,
    PreviewOptions,
    Result,
    ResultRequest,
)
from draggan_server.models import ModelEntry, ModelLibrary
from draggan_server.server.dragging import drag_session
from draggan_server.server.drawing import preview_now
from draggan_server.server.engine import Engine, Job, Work
from draggan_server.server.errors import describe
from draggan_server.server.forms import pixels_of
from draggan_server.server.inversion_cache import InversionCache
from draggan_server.server.inverting import invert_session
from draggan_server.server.limits import Limits
from draggan_server.server.machine import describe_device, prepare_engine_thread
from draggan_server.server.opening import open_session
from draggan_server.server.pace import Calibration, estimated_steps_per_s
from draggan_server.server.results import result
from draggan_server.server.session import Session, check_since, sought
from draggan_server.server.session_models import SessionModels
from draggan_server.server.sessions import Sessions
from draggan_server.server.shop import ModelShop
from draggan_server.server.speeds import Speeds
from draggan_server.server.thumbnails import Thumbnails

log = logging.getLogger(__name__)

T = TypeVar("T")


class LocalBackend:
    """See `backend.Backend`."""

    def __init__(
        self,
        library: ModelLibrary,
        home: Home,
        thumbnails: Thumbnails,
        speeds: Speeds,
        limits: Limits,
        device: torch.device,
    ) -> None:
        self._library = library
        self._models = SessionModels(library)
        self._cache = InversionCache(home.inversions, limits.max_inversions_bytes)
        self._thumbnails = thumbnails
        self._speeds = speeds
        self._limits = limits
        self._device = describe_device(device)
        self._shop = ModelShop(library, home, self._model_info, prepare_engine_thread)
        self._sessions = Sessions(limits)
        self._jobs: dict[str, Job[Event]] = {}
        self._jobs_lock = threading.Lock()
        self._engine: Engine[Event] = Engine(
            describe,
            max_jobs=limits.max_jobs,
            max_calls=limits.max_calls,
            prepare_thread=prepare_engine_thread,
        )
        self._engine.start()
        self._calibration = Calibration(speeds, device, self._is_idle, prepare_engine_thread)

    @property
    def running_jobs(self) -> int:
        return self._engine.running_jobs + self._shop.running_jobs

    def hello(self) -> Hello:
        return Hello(
            draggan_server.__version__,
            PROTOCOL,
            os.getpid(),
            self._device,
            self._library.default_id(),
            len(self._sessions),
            self._limits.max_sessions,
        )

    def models(self) -> Models:
        entries = self._library.entries()
        if any(self._thumbnails.get(entry) is None for entry in entries):
            self._engine.when_idle(self._draw_thumbnail)
        self._calibration.begin()
        return Models(tuple(self._model_info(entry) for entry in entries), self._shop.files())

    def catalogue(self) -> Catalogue:
        return self._shop.catalogue()

    def get_model(self, request: GetModelRequest) -> Job[Event]:
        return self._shop.get(request)

    def add_model(self, request: AddModelRequest) -> Job[Event]:
        return self._shop.add(request)

    def open(self, request: OpenRequest) -> Job[Event]:
        self._sessions.evict()
        work = open_session(request, self._models, self._sessions, self._cache)
        return self._engine.submit("open", work)

    def step(self, session_id: str, request: DragRequest) -> Job[Event]:
        return self._job(session_id, "drag", lambda session: drag_session(session, request, self._models, self._speeds))

    def invert(self, session_id: str, request: InvertRequest) -> Job[Event]:
        return self._job(
            session_id, "inversion", lambda session: invert_session(session, request, self._models, self._cache)
        )

    def cancel(self, session_id: str) -> None:
        with self._jobs_lock:
            job = self._jobs.get(session_id)
        if job is not None:
            job.stop()
        else:
            self._sessions.get(session_id)

    def seek(
        self, session_id: str, position: int | None = None, *, by: int = 0, preview: PreviewOptions | None = None
    ) -> Result:
        began = time.monotonic()

        def work(session: Session) -> Result:
            to = session.state.position + by if position is None else position
            there = dataclasses.replace(session, state=sought(session.state, to))
            drawn = None
            if preview:
                check_since(there.state, preview.since)
                drawn = preview_now(there, self._models.load(session.state).generator, preview, 0)
            session.state = there.state
            return result(session, "sought", 0, time.monotonic() - began, drawn)

        return self._call(session_id, work)

    def pixels(self, session_id: str, request: ResultRequest) -> Pixels:
        return self._call(
            session_id, lambda session: pixels_of(session, request, self._models.load(session.state).generator)
        )

    def close(self, session_id: str) -> None:
        with self._jobs_lock:
            job = self._jobs.get(session_id)
            self._sessions.remove(session_id)
        if job is not None:
            job.abandon()

    def stop(self, timeout_s: float) -> bool:
        self._shop.stop()
        self._calibration.stop(0.0)
        ended = self._engine.stop(timeout_s)
        return self._calibration.stop(timeout_s) and ended

    def _job(self, session_id: str, name: str, work: Callable[[Session], Work[Event]]) -> Job[Event]:
        """Begins `work`, with the session for itself until it ends."""
        session = self._sessions.claim(session_id)
        with self._jobs_lock:
            try:
                job = self._engine.submit(f"{name} in {session_id}", work(session), lambda: self._ended(session))
            except BaseException:
                self._sessions.release(session)
                raise
            self._jobs[session_id] = job
            return job

    def _call(self, session_id: str, work: Callable[[Session], T]) -> T:
        """Runs `work` on the engine's thread, ahead of the jobs, with the session for itself."""
        session = self._sessions.claim(session_id)
        try:
            return self._engine.call(lambda: work(session))
        finally:
            self._sessions.release(session)

    def _draw_thumbnail(self) -> None:
        """One at a time, so that whoever comes meanwhile need not wait for all of them."""
        if self._thumbnails.make_one(self._library):
            self._engine.when_idle(self._draw_thumbnail)

    def _is_idle(self) -> bool:
        return self._engine.is_idle and not self._shop.running_jobs

    def _ended(self, session: Session) -> None:
        with self._jobs_lock:
            self._jobs.pop(session.id, None)
        self._sessions.release(session)

    def _model_info(self, entry: ModelEntry) -> ModelInfo:
        points = entry.alignment.points if entry.alignment else ()
        pace = self._speeds.pace()
        return ModelInfo(
            entry.id,
            entry.name,
            entry.domain,
            entry.licence,
            entry.resolution,
            entry.sha256,
            tuple(AlignmentPoint(point.name, point.x, point.y) for point in points),
            entry.bundled,
            self._thumbnails.get(entry) or b"",
            self._speeds.get(entry.sha256),
            entry.aspect,
            entry.classes,
            estimated_steps_per_s(entry.config, entry.drag, pace) if pace else None,
            entry.class_names,
        )
