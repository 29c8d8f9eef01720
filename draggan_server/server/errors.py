"""What the server answers when something cannot be done: from exceptions to errors to HTTP statuses.

Every error says what was wrong and where (`message`), and what to do about it (`hint`).
"""

from __future__ import annotations

import errno
import logging

import torch

from draggan_client import errors as client_errors
from draggan_client.messages import Error, ErrorCode
from draggan_server.canvas.errors import CanvasError
from draggan_server.checkpoints import CheckpointError
from draggan_server.drag import DragInputError
from draggan_server.drag.loop import DragDivergedError
from draggan_server.inversion import InversionError
from draggan_server.models import ModelAddError, UnknownModelError
from draggan_server.models.catalogue import UnknownEntryError
from draggan_server.models.downloading import DownloadError
from draggan_server.models.getting import NotAgreedError
from draggan_server.server.engine import EngineBusyError, EngineStoppedError, StopRequestedError

log = logging.getLogger(__name__)

HTTP_STATUS: dict[ErrorCode, int] = {
    "bad_request": 400,
    "bad_edit_state": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "unknown_model": 404,
    "unknown_session": 404,
    "protocol_mismatch": 409,
    "other_picture": 409,
    "too_large": 413,
    "unsupported_media_type": 415,
    "bad_model": 422,
    "unknown_entry": 404,
    "licence": 409,
    "download_failed": 502,
    "internal": 500,
    "busy": 503,
    "shutting_down": 503,
    "out_of_memory": 507,
    "disk_full": 507,
}

OUT_OF_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class RefusedError(Exception):
    """Something the server will not or cannot do, already in the words that the client gets."""

    def __init__(self, code: ErrorCode, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.error = Error(code, message, hint)


def describe(error: BaseException) -> Error:
    """The error message for whatever was raised. What nobody foresaw is logged with its traceback."""
    if isinstance(error, RefusedError):
        return error.error
    if isinstance(error, client_errors.EditStateError):
        return Error("bad_edit_state", error.message, error.hint)
    if isinstance(error, client_errors.TooLargeError):
        return Error("too_large", error.message, "Send less at once: crop the picture to the frame.")
    if isinstance(error, client_errors.MessageError):
        return Error("bad_request", error.message, "Correct that field and send the request again.")
    if isinstance(error, client_errors.FramingError):
        return Error("bad_request", error.message, "Send one whole MessagePack map as the body.")
    if isinstance(error, CanvasError):
        return Error("bad_request", error.message, error.hint)
    if isinstance(error, (DragInputError, InversionError)):
        return Error("bad_request", _sentence(error), "Correct it, and try again.")
    if isinstance(error, DragDivergedError):
        return Error("bad_request", _sentence(error), "Choose a smaller step size.")
    if isinstance(error, UnknownModelError):
        return Error("unknown_model", str(error), "Choose one of these, or add the model's file.")
    if isinstance(error, CheckpointError):
        return Error("bad_model", f"{error.path}: {error.problem}.", f"{error.remedy}, or choose another model.")
    if isinstance(error, ModelAddError):
        return Error("bad_model", str(error))
    if isinstance(error, UnknownEntryError):
        return Error("unknown_entry", str(error))
    if isinstance(error, NotAgreedError):
        return Error("licence", str(error))
    if isinstance(error, DownloadError):
        return Error("download_failed", str(error))
    if isinstance(error, EngineBusyError):
        return Error("busy", f"The server is busy: {error}.", "Wait until one has finished, then try again.")
    if isinstance(error, EngineStoppedError):
        return Error("shutting_down", "The server is shutting down.", "Start it again, then go on.")
    if isinstance(error, StopRequestedError):
        return Error("bad_request", "Stopped before there was anything to keep.")
    if _is_out_of_memory(error):
        log.error("out of memory: %s", error)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return Error(
            "out_of_memory",
            "There was not enough memory for this step; nothing of the picture was lost.",
            "Close other programs or other edits, or choose a smaller model, then try again.",
        )
    if isinstance(error, OSError) and error.errno in OUT_OF_DISK:
        log.error("disk full: %s", error)
        return Error(
            "disk_full",
            f"Could not write {error.filename or 'a file'}: the disk is full.",
            "Free some space.",
        )
    log.error("unexpected: %s", error, exc_info=error)
    return Error(
        "internal",
        f"The server failed unexpectedly: {type(error).__name__}: {str(error)[:500]}",
        "Try again. If it happens again, report it with the server's log.",
    )


def _sentence(error: BaseException) -> str:
    """The engine's texts begin small and end open, to be part of a sentence."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _is_out_of_memory(error: BaseException) -> bool:
    """torch raises its own class on a GPU and a plain RuntimeError on the CPU."""
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or (
        isinstance(error, RuntimeError) and ("allocate memory" in str(error) or "out of memory" in str(error))
    )
