"""What was found of pictures, kept in the user's data folder: the next edit of the same layer begins at once."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from draggan_client import framing
from draggan_client.arrays import Latent
from draggan_client.edit_state import EditState, Inversion
from draggan_client.errors import FramingError, MessageError
from draggan_client.messages import InversionMode
from draggan_client.schema import Message
from draggan_server.canvas import ModelPicture

log = logging.getLogger(__name__)

_MAGIC = b"DRGI1"
"""With the form's version: files of another are damaged to us, and go."""
_DRAFT = ".part"
_LARGEST_BYTES = 64 << 20


@dataclass(frozen=True)
class KeptInversion(Message, type="kept_inversion"):
    """What a finished inversion has come to."""

    latent: Latent
    inversion: Inversion

    @staticmethod
    def of(state: EditState) -> KeptInversion:
        """Of an edit that was inverted."""
        assert state.inversion is not None
        return KeptInversion(state.start_latent, state.inversion)


def picture_key(state: EditState, seen: ModelPicture) -> str:
    """A name for what an inversion depends on: the model, its noise, and what it sees. Where in the document the
    frame lies, and how large it is there, is no part of it."""
    digest = hashlib.sha256(f"{state.model_sha256} {state.noise} {seen.rgb.shape}".encode())
    for values in ((seen.rgb + 1.0) * 0.5, seen.alpha):
        # Rounded: where a layer was moved, the last bits of the averages are others.
        digest.update(np.rint(values * 65535.0).astype("<u2").tobytes())
    return digest.hexdigest()


class InversionCache:
    """Files of at most `most_bytes` together; the one unused for longest goes first.

    A damaged file is removed, one that cannot be written is not kept: it costs the time to invert once more, nothing
    else. For one thread.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    def get(self, key: str, mode: InversionMode) -> KeptInversion | None:
        """What an inversion of that mode came to."""
        file = self._file(key, mode)
        try:
            if file.stat().st_size > _LARGEST_BYTES:
                raise ValueError("it is too large")
            data = file.read_bytes()
            found = _unpacked(data)
            with contextlib.suppress(OSError):
                os.utime(file)
            return found
        except FileNotFoundError:
            return None
        except (OSError, ValueError, FramingError, MessageError) as error:
            log.warning("%s cannot be read, and is removed: %s", file.name, error)
            self.remove(key, mode)
            return None

    def put(self, key: str, found: KeptInversion) -> None:
        """Keeps it, and lets others go where that takes too much room."""
        packed = framing.pack(found)
        data = _MAGIC + hashlib.sha256(packed).digest() + packed
        if len(data) > min(self._most_bytes, _LARGEST_BYTES):
            return
        file = self._file(key, found.inversion.mode)
        draft = file.with_suffix(_DRAFT)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(data)
            draft.replace(file)
            self._let_go()
        except OSError as error:
            log.warning("an inversion is not kept: %s", error)
            with contextlib.suppress(OSError):
                draft.unlink()

    def remove(self, key: str, mode: InversionMode) -> None:
        """Forgets it."""
        with contextlib.suppress(OSError):
            self._file(key, mode).unlink()

    def _file(self, key: str, mode: InversionMode) -> Path:
        return self._folder / f"{key}.{mode}"

    def _let_go(self) -> None:
        files = []
        for file in self._folder.iterdir():
            if file.suffix == _DRAFT:  # of a server that ended in the middle
                file.unlink(missing_ok=True)
            else:
                status = file.stat()
                files.append((status.st_mtime_ns, status.st_size, file))
        size = sum(size for _, size, _ in files)
        for _, each, file in sorted(files):
            if size <= self._most_bytes:
                break
            file.unlink(missing_ok=True)
            size -= each


def _unpacked(data: bytes) -> KeptInversion:
    start = len(_MAGIC)
    digest, packed = data[start : start + 32], data[start + 32 :]
    if not data.startswith(_MAGIC) or hashlib.sha256(packed).digest() != digest:
        raise ValueError("it is damaged, or of another version")
    return framing.unpack(KeptInversion, packed, _LARGEST_BYTES)
