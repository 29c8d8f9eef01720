"""The server as a process: its lock, its log, its port, its runtime file, and how it ends."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from logging.handlers import RotatingFileHandler
from types import FrameType
from typing import Any

from waitress import wasyncore
from waitress.server import BaseWSGIServer, create_server

import draggan_server
from draggan_client.discovery import Home, RuntimeInfo, find_home, read_runtime, remove_runtime, write_runtime
from draggan_client.locks import FileLock
from draggan_client.messages import PROTOCOL
from draggan_server.models import BUNDLED_MODELS, ModelLibrary
from draggan_server.server.app import create_app
from draggan_server.server.gate import guard
from draggan_server.server.limits import Limits
from draggan_server.server.local_backend import LocalBackend
from draggan_server.server.machine import choose_device, describe_device, prepare_device
from draggan_server.server.security import check_request, new_token
from draggan_server.server.speeds import Speeds
from draggan_server.server.thumbnails import Thumbnails

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
LOG_BYTES = 1 << 20
LOG_FILES = 3
FAREWELL_S = 5.0
"""For the step being taken, and for streams to deliver their last event, when the server ends."""


class ServerStartError(Exception):
    """The server cannot start; the text says why and what to do."""


def serve(home: Home | None = None, port: int = 0, limits: Limits | None = None) -> None:
    """Runs the server until SIGTERM, Ctrl+C, POST /shutdown or long idleness. For the main thread.

    port: 0 takes a free one; the runtime file says which. Raises ServerStartError when another server runs
    for this home, when the port is taken, or when the home cannot be written; nothing is left behind then.
    """
    home = home or find_home()
    limits = limits or Limits()
    lock = FileLock(home.server_lock)
    try:
        if not lock.try_acquire():
            raise ServerStartError(_already_running(home))
    except OSError as error:
        raise ServerStartError(_cannot_write(home, error)) from None
    with lock:
        _set_up_log(home)
        _Server(home, port, limits).run()


class _Server:
    """One run of the server."""

    def __init__(self, home: Home, port: int, limits: Limits) -> None:
        self._home = home
        self._limits = limits
        self._ending = threading.Event()
        self._touched = time.monotonic()
        device = choose_device()
        prepare_device(device)
        library = ModelLibrary((BUNDLED_MODELS, home.models), device=device, resident=limits.resident_models)
        thumbnails = Thumbnails(home.thumbnails)
        token = new_token()
        self._sockets: dict[int, Any] = {}
        speeds = Speeds(home.speeds_file, describe_device(device))
        self._backend = LocalBackend(library, home, thumbnails, speeds, limits, device)
        app = create_app(
            self._backend,
            port=lambda: self._port,
            token=token,
            max_body_bytes=limits.max_body_bytes,
            touch=self._touch,
            shut_down=self._end,
        )
        self._waitress = self._listen(app, port)
        self._port = int(self._waitress.effective_port)
        guard(
            self._waitress,
            lambda headers, has_body: check_request(headers, has_body=has_body, port=self._port, token=token),
            limits.max_body_bytes,
        )
        self._info = RuntimeInfo(
            f"http://{HOST}:{self._port}", token, os.getpid(), draggan_server.__version__, PROTOCOL
        )

    def run(self) -> None:
        for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._on_signal)
        try:
            write_runtime(self._home, self._info)
        except OSError as error:
            self._close()
            raise ServerStartError(_cannot_write(self._home, error)) from None
        try:
            log.info("listening at %s, process %d", self._info.url, self._info.pid)
            with contextlib.suppress(OSError, AttributeError):  # a full disk, or no standard output at all
                print(f"DragGAN server {draggan_server.__version__} at {self._info.url}", flush=True)
            while not self._ending.is_set():
                self._poll(1.0)
                if self._is_idle():
                    log.info("nobody has asked for anything for %.0f s", self._limits.server_idle_s)
                    break
        finally:
            self._close()
            log.info("ended")
            logging.shutdown()
            if not self._backend.stop(0.0):
                os._exit(0)  # torch cannot be interrupted, and does not outlive the interpreter gracefully

    def _listen(self, app: Any, port: int) -> BaseWSGIServer:
        try:
            return create_server(
                app,
                map=self._sockets,
                host=HOST,
                port=port,
                threads=self._limits.threads,
                connection_limit=self._limits.connections,
                channel_request_lookahead=1,
                # A byte over what waitress calls the maximum is refused, and so is the maximum itself.
                max_request_body_size=self._limits.max_body_bytes + 1,
                # Bodies and replies stay in memory: a temporary file fails where the disk is full.
                inbuf_overflow=self._limits.max_body_bytes + 1,
                outbuf_overflow=sys.maxsize,
                ident="draggan",
                clear_untrusted_proxy_headers=True,
            )
        except OSError as error:
            self._backend.stop(FAREWELL_S)
            raise ServerStartError(
                f"Cannot listen on port {port} of {HOST} ({error.strerror or error}). "
                "Choose another port, or none: then a free one is taken."
            ) from None

    def _poll(self, timeout_s: float) -> None:
        wasyncore.loop(timeout=timeout_s, map=self._sockets, count=1)

    def _is_idle(self) -> bool:
        if self._backend.running_jobs:
            self._touch()
        return time.monotonic() - self._touched > self._limits.server_idle_s

    def _touch(self) -> None:
        self._touched = time.monotonic()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._end()

    def _end(self) -> None:
        self._ending.set()
        self._waitress.pull_trigger()

    def _close(self) -> None:
        """Takes back what was said about this server, lets streams say their last, and closes everything."""
        remove_runtime(self._home, self._info)
        self._waitress.accepting = False
        farewell = threading.Thread(target=self._backend.stop, args=(FAREWELL_S,), daemon=True)
        farewell.start()
        until = time.monotonic() + FAREWELL_S
        while time.monotonic() < until and (farewell.is_alive() or self._has_open_requests()):
            self._poll(0.05)
        self._waitress.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self._sockets, ignore_all=True)

    def _has_open_requests(self) -> bool:
        return any(
            channel.requests or channel.total_outbufs_len for channel in list(self._waitress.active_channels.values())
        )


class _PatientLog(RotatingFileHandler):
    """A log that is not worth dying for: on a full disk its lines are lost, and nothing else."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        pass


def _set_up_log(home: Home) -> None:
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    form = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        home.logs.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = _PatientLog(
            home.logs / "server.log",
            maxBytes=LOG_BYTES,
            backupCount=LOG_FILES - 1,
            encoding="utf-8",
            delay=True,
        )
    except OSError as error:
        handler = logging.StreamHandler()
        print(f"No log file: {error}", file=sys.stderr)
    handler.setFormatter(form)
    root.addHandler(handler)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)


def _already_running(home: Home) -> str:
    info = read_runtime(home)
    where = f" It is process {info.pid} at {info.url}." if info else ""
    return (
        f"A DragGAN server is already running for {home.folder}.{where} "
        "Use that one, or end it first; with another DRAGGAN_HOME a second one can run."
    )


def _cannot_write(home: Home, error: OSError) -> str:
    return (
        f"The server's folder {home.folder} cannot be written ({error.strerror or error}). "
        "Free some space, or correct the folder's permissions; DRAGGAN_HOME names another folder."
    )
