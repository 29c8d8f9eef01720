"""A file from the web into a folder: cut short it goes on where it was, and it is checked before it counts as whole.

Nothing here knows models. What has come lies in one file, and beside it a note of where it came from.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

import draggan_server
from draggan_server.checkpoints.plain import from_plain
from draggan_server.models.redirects import CarefulSession, RedirectRefusedError, Resolve, system_addresses

_MIB = 1 << 20
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_CUT = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)
_COMES_BACK = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses of servers that may answer otherwise in a while."""
_GONE = frozenset({404, 410})
_CLOSED = frozenset({401, 402, 403, 407, 451})


class DownloadError(Exception):
    """A file cannot be downloaded. The text says why, and what to do."""


class WrongFileError(DownloadError):
    """What came is not the file that was wanted. It was deleted."""


@dataclass(frozen=True)
class DownloadLimits:
    """How patient a download is, and how much it takes."""

    largest: int = 16 << 30
    """Bytes."""
    connect_s: float = 15.0
    read_s: float = 20.0
    """A connection on which nothing comes for so long is given up, and another one tried."""
    tries: int = 4
    """Connections in a row that bring nothing."""
    pause_s: float = 1.0
    """Before the second try; twice as long before each further one."""
    slowest: float = 512.0
    """Bytes per second, over `slow_s`: less is not waited for."""
    slow_s: float = 120.0
    redirects: int = 5
    spare_disk: int = 64 * _MIB
    """Left free."""


@dataclass(frozen=True)
class Received:
    """How far a download is."""

    done: int
    """Bytes, those of earlier times included."""
    total: int | None
    """None: the server does not say."""


@dataclass(frozen=True)
class _Note:
    """Of what lies in the file, where the rest of it is to be had."""

    address: str
    validator: str | None = None
    """ETag or Last-Modified: as long as it is the same, so is the file."""
    total: int | None = None
    sha256: str | None = None
    """Of the whole file, once it is whole."""


Download = Generator[Received, None, str]


def download(
    address: str,
    into: Path,
    *,
    sha256: str | None = None,
    size: int | None = None,
    limits: DownloadLimits | None = None,
    resolve: Resolve = system_addresses,
) -> Download:
    """Bring the file at `address` to `into`; returns its sha-256.

    Closing the iterator stops it; what has come stays for the next call with the same address.

    Args:
        sha256: what the file must have; in hex.
        size: what it must have, in bytes.
        resolve: tells which redirects lead where none may: see `redirects.check_redirect`.

    Raises:
        WrongFileError: it has another size or sha-256. It was deleted.
        DownloadError: it is not there, not to be had, too large, too slow, the connection breaks again and again, or
            it would have to be got from where no redirect may lead.
        OSError: it cannot be written: the disk is full. What has come stays.
    """
    running = _Download(address, into, sha256, size, limits or DownloadLimits(), resolve)
    try:
        yield from running.run()
    finally:
        running.close()
    return running.finish()


def bytes_here(address: str, into: Path) -> int:
    """So much of the file at `address` lies in `into` already."""
    note = _read_note(into)
    if note is None or note.address != address:
        return 0
    with contextlib.suppress(OSError):
        return into.stat().st_size
    return 0


def forget(into: Path) -> None:
    """Delete what has come, and the note of it."""
    for file in (into, _note_file(into)):
        file.unlink(missing_ok=True)


class _Download:
    def __init__(
        self,
        address: str,
        into: Path,
        sha256: str | None,
        size: int | None,
        limits: DownloadLimits,
        resolve: Resolve,
    ) -> None:
        self._into = into
        self._sha256 = sha256
        self._size = size
        self._limits = limits
        self._host = urlsplit(address).hostname or address
        self._note = _Note(address)
        self._done = 0
        self._digest = hashlib.sha256()
        self._file: Any = None
        self._session = CarefulSession(resolve)
        self._session.max_redirects = limits.redirects
        self._session.headers.update(
            {"User-Agent": f"draggan-server/{draggan_server.__version__}", "Accept-Encoding": "identity"}
        )

    def run(self) -> Generator[Received, None, None]:
        self._into.parent.mkdir(parents=True, exist_ok=True)
        self._begin()
        yield Received(self._done, self._note.total)
        failed = 0
        while not self._is_whole():
            before = self._done
            try:
                yield from self._connection()
            except _Cut as cut:
                failed = 1 if self._done > before else failed + 1
                if failed >= self._limits.tries:
                    raise DownloadError(f"{cut} {self._kept()}") from cut
                yield from self._pause(self._limits.pause_s * 2 ** (failed - 1))
        self._check_size(self._done)

    def finish(self) -> str:
        """The sha-256, once all is there. Raises WrongFileError."""
        found = self._digest.hexdigest()
        if self._sha256 is not None and found != self._sha256:
            forget(self._into)
            raise WrongFileError(
                f"What came from {self._host} is damaged, or another file: its sha-256 is {found}, not {self._sha256}. "
                "It was deleted. Try again; if it stays so, tell whoever keeps the catalogue."
            )
        self._write_note(replace(self._note, total=self._done, sha256=found))
        return found

    def close(self) -> None:
        self._session.close()
        if self._file is not None:
            self._file.close()

    def _begin(self) -> None:
        """Go on from what is there, if the rest of it can be had."""
        note = _read_note(self._into)
        goes_on = note is not None and note.address == self._note.address and self._into.is_file()
        # Without a validator nothing but the hash would tell that the file has changed meanwhile.
        if goes_on and note is not None and (note.validator or note.sha256 or self._sha256):
            self._note = note
        else:
            forget(self._into)
        self._file = self._into.open("ab")
        with self._into.open("rb") as file:
            while block := file.read(_MIB):
                self._digest.update(block)
                self._done += len(block)

    def _restart(self) -> None:
        self._file.truncate(0)
        self._done, self._digest = 0, hashlib.sha256()

    def _is_whole(self) -> bool:
        if self._note.sha256 is not None:
            if self._note.sha256 == self._digest.hexdigest():
                return True
            self._restart()  # it was whole once, and something has been at it
            self._note = _Note(self._note.address)
        return self._note.total is not None and self._done >= self._note.total

    def _connection(self) -> Generator[Received, None, None]:
        """Read until the end, which is either all there is or a _Cut."""
        headers = {}
        if self._done:
            headers["Range"] = f"bytes={self._done}-"
            if self._note.validator:
                headers["If-Range"] = self._note.validator
        timeout = (self._limits.connect_s, self._limits.read_s)
        try:
            response = self._session.get(self._note.address, headers=headers, stream=True, timeout=timeout)
        except RedirectRefusedError as error:
            raise DownloadError(str(error)) from None
        except requests.TooManyRedirects:
            raise DownloadError(f"{self._host} sends from address to address without end.") from None
        except requests.exceptions.SSLError as error:
            raise DownloadError(f"{self._host} cannot prove that it is who it says ({_short(error)}).") from None
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
            raise DownloadError(f"{self._host} sends to an address that is none ({_short(error)}).") from None
        except _CUT as error:
            raise _Cut(f"{self._host} cannot be reached ({_short(error)}).") from error
        with response:
            if self._accept(response):
                yield from self._read(response)

    def _accept(self, response: requests.Response) -> bool:
        """Whether the reply brings what is missing. Raises DownloadError, and _Cut for what may pass."""
        status, headers = response.status_code, response.headers
        if status in _GONE:
            raise DownloadError(
                f"{self._host} has no such file any more (HTTP {status}). Look at the model's own page."
            )
        if status in _CLOSED:
            raise DownloadError(f"{self._host} does not give the file to everybody (HTTP {status}). Look at its page.")
        if status in _COMES_BACK:
            raise _Cut(f"{self._host} cannot give the file just now (HTTP {status}).")
        if status == 416 and self._done:
            self._restart()
            return False
        if status not in (200, 206):
            raise DownloadError(
                f"{self._host} answers HTTP {status} instead of the file. Look at the model's own page."
            )
        if headers.get("Content-Type", "").lower().startswith("text/html"):
            raise DownloadError(
                f"{self._host} answers with a web page instead of the file. Open it in a browser, download the file "
                "there, and add it."
            )
        if headers.get("Content-Encoding", "identity").lower() not in ("identity", ""):
            raise DownloadError(f"{self._host} sends the file packed in a way that was not asked for.")
        self._place(status, headers)
        return True

    def _place(self, status: int, headers: Mapping[str, str]) -> None:
        """Where in the file the reply begins, and how long the whole is."""
        length = headers.get("Content-Length", "")
        total = int(length) if length.isdecimal() else None
        if status == 206:
            found = _RANGE.fullmatch(headers.get("Content-Range", "").strip())
            if found is None or int(found[1]) != self._done:
                raise DownloadError(f"{self._host} sends another part of the file than was asked for.")
            total = None if found[3] == "*" else int(found[3])
        elif self._done:  # it has changed, or the server cannot go on in the middle
            self._restart()
        if total is not None:
            self._check_size(total, announced=True)
            free = shutil.disk_usage(self._into.parent).free
            if total - self._done + self._limits.spare_disk > free:
                needed = (total - self._done) / _MIB
                raise OSError(
                    errno.ENOSPC, f"{needed:.0f} MiB are still to come, {free / _MIB:.0f} are free", str(self._into)
                )
        etag = headers.get("ETag", "")
        validator = etag if etag and not etag.startswith("W/") else headers.get("Last-Modified") or None
        self._write_note(_Note(self._note.address, validator, total))

    def _read(self, response: requests.Response) -> Generator[Received, None, None]:
        window_began, window_done = time.monotonic(), self._done
        while not self._is_whole():
            try:
                block = response.raw.read1(_MIB)
            except _CUT as error:
                raise _Cut(f"The connection to {self._host} broke off ({_short(error)}).") from error
            if not block:
                if self._note.total is None:
                    self._note = replace(self._note, total=self._done)
                    return
                raise _Cut(f"The connection to {self._host} ended too soon.")
            self._file.write(block)
            self._file.flush()
            self._digest.update(block)
            self._done += len(block)
            self._check_size(self._done, is_part=True)
            yield Received(self._done, self._note.total)
            now = time.monotonic()
            if now - window_began >= self._limits.slow_s:
                if (self._done - window_done) / (now - window_began) < self._limits.slowest:
                    raise DownloadError(f"{self._host} sends next to nothing. {self._kept()}")
                window_began, window_done = now, self._done

    def _pause(self, seconds: float) -> Generator[Received, None, None]:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            yield Received(self._done, self._note.total)  # so that it can be stopped
            time.sleep(min(0.1, seconds))

    def _check_size(self, found: int, *, announced: bool = False, is_part: bool = False) -> None:
        """Raises WrongFileError or DownloadError, with nothing left of what came."""
        if self._size is not None and (found > self._size if is_part else found != self._size):
            self._drop()
            what = "announces" if announced else "sent"
            raise WrongFileError(
                f"{self._host} {what} {found} bytes{' or more' if is_part else ''}, and the file has {self._size}: it "
                "is damaged, or another one. It was deleted."
            )
        if found > self._limits.largest:
            self._drop()
            raise DownloadError(f"The file has {found >> 20} MiB or more, more than any model needs. It was deleted.")

    def _drop(self) -> None:
        self._file.close()
        forget(self._into)

    def _kept(self) -> str:
        if not self._done:
            return "Try again later."
        return f"What has come ({self._done / _MIB:.0f} MiB) is kept: try again later, and it goes on from there."

    def _write_note(self, note: _Note) -> None:
        self._note = note
        file = _note_file(self._into)
        draft = file.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(note)), encoding="utf-8")
        draft.replace(file)


class _Cut(Exception):  # noqa: N818  # no error yet: another try may do
    """A connection that ended too soon. The text says how."""


def _note_file(into: Path) -> Path:
    return into.with_name(f"{into.name}.json")


def _read_note(into: Path) -> _Note | None:
    with contextlib.suppress(OSError, ValueError, RecursionError):
        return from_plain(_Note, json.loads(_note_file(into).read_text(encoding="utf-8")))
    return None


def _short(error: BaseException) -> str:
    """What the system said, without the objects that the libraries name."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno and not isinstance(seen, requests.RequestException):
            return os.strerror(seen.errno) if seen.errno > 0 else str(seen.strerror)
        inner = [one for one in seen.args if isinstance(one, BaseException)]
        reason = getattr(seen, "reason", None)
        seen = reason if isinstance(reason, BaseException) else inner[0] if inner else seen.__cause__
    if "timed out" in str(error).lower() or "timeout" in type(error).__name__.lower():
        return "nothing came for too long"
    return type(error).__name__
