"""The routes: HTTP on one side, the backend on the other, and nothing decided in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from draggan_client import framing
from draggan_client.messages import (
    MEDIA_TYPE,
    Ack,
    AddModelRequest,
    DragRequest,
    Error,
    Event,
    GetModelRequest,
    HistoryRequest,
    InvertRequest,
    OpenRequest,
    PreviewOptions,
    ResultRequest,
    SeekRequest,
)
from draggan_client.schema import Message, Record
from draggan_server.server.backend import Backend
from draggan_server.server.engine import Job
from draggan_server.server.errors import HTTP_STATUS, RefusedError, describe
from draggan_server.server.security import check_request
from draggan_server.server.streams import EventStream

Asked = TypeVar("Asked", bound=Record)


def create_app(
    backend: Backend,
    *,
    port: Callable[[], int],
    token: str,
    max_body_bytes: int,
    touch: Callable[[], None],
    shut_down: Callable[[], None],
) -> Flask:
    """The WSGI application.

    port: the port that the server listens on, once it does. touch: called for every request that may pass.
    """
    app = Flask("draggan_server")

    @app.before_request
    def check() -> None:
        headers = {name.lower(): value for name, value in request.headers.items()}
        has_body = bool(request.content_length) or "transfer-encoding" in headers
        check_request(headers, has_body=has_body, port=port(), token=token)
        touch()

    @app.get("/hello")
    def hello() -> Response:
        return _reply(backend.hello())

    @app.get("/models")
    def models() -> Response:
        return _reply(backend.models())

    @app.get("/catalogue")
    def catalogue() -> Response:
        return _reply(backend.catalogue())

    @app.post("/models/get")
    def get_model() -> Response:
        return _stream(backend.get_model(_asked(GetModelRequest, max_body_bytes)))

    @app.post("/models/add")
    def add_model() -> Response:
        return _stream(backend.add_model(_asked(AddModelRequest, max_body_bytes)))

    @app.post("/sessions")
    def open_session() -> Response:
        return _stream(backend.open(_asked(OpenRequest, max_body_bytes)))

    @app.post("/sessions/<session_id>/drag")
    def drag(session_id: str) -> Response:
        return _stream(backend.step(session_id, _asked(DragRequest, max_body_bytes)))

    @app.post("/sessions/<session_id>/invert")
    def invert(session_id: str) -> Response:
        return _stream(backend.invert(session_id, _asked(InvertRequest, max_body_bytes)))

    @app.post("/sessions/<session_id>/cancel")
    def cancel(session_id: str) -> Response:
        backend.cancel(session_id)
        return _reply(Ack())

    @app.post("/sessions/<session_id>/seek")
    def seek(session_id: str) -> Response:
        asked = _asked(SeekRequest, max_body_bytes)
        return _reply(backend.seek(session_id, asked.position, preview=asked.preview))

    @app.post("/sessions/<session_id>/undo")
    def undo(session_id: str) -> Response:
        return _reply(backend.seek(session_id, by=-1, preview=asked_preview()))

    @app.post("/sessions/<session_id>/redo")
    def redo(session_id: str) -> Response:
        return _reply(backend.seek(session_id, by=1, preview=asked_preview()))

    def asked_preview() -> PreviewOptions | None:
        """Undo and redo need no body: without one no preview is drawn."""
        return _asked(HistoryRequest, max_body_bytes).preview if request.content_length else None

    @app.post("/sessions/<session_id>/result")
    def pixels(session_id: str) -> Response:
        return _reply(backend.pixels(session_id, _asked(ResultRequest, max_body_bytes)))

    @app.delete("/sessions/<session_id>")
    def close(session_id: str) -> Response:
        backend.close(session_id)
        return _reply(Ack())

    @app.post("/shutdown")
    def shutdown() -> Response:
        response = _reply(Ack())
        response.call_on_close(shut_down)
        return response

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        if isinstance(error, HTTPException):
            return _refused_by_http(error)
        return _failed(describe(error))

    return app


def _asked(expected: type[Asked], limit: int) -> Asked:
    """The request's body. Raises what `describe` knows."""
    length = request.content_length
    if length is not None and length > limit:
        raise RefusedError(
            "too_large",
            f"The request's body has {length} bytes; the limit is {limit}.",
            "Send less at once: crop the picture to the frame.",
        )
    return framing.unpack(expected, request.get_data(cache=False), limit)


def _reply(message: Message, status: int = 200) -> Response:
    return Response(framing.pack(message), status, content_type=MEDIA_TYPE)


def _failed(error: Error) -> Response:
    return _reply(error, HTTP_STATUS[error.code])


def _stream(job: Job[Event]) -> Response:
    stream: Iterator[bytes] = EventStream(job, request.environ.get("waitress.client_disconnected", lambda: False))
    return Response(stream, content_type=MEDIA_TYPE)


def _refused_by_http(error: HTTPException) -> Response:
    """What Flask itself finds wrong: a path or a method that there is not."""
    where = f"{request.method} {request.path[:200]}"
    if error.code in (404, 405):
        fault = Error("not_found", f"There is nothing at {where}.", "Update the older of plugin and server.")
    else:
        fault = Error("bad_request", f"{where}: {error.description or error.name}.", "Correct the request.")
    return _reply(fault, error.code or 500)
