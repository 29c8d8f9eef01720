"""Where a model came from, and what its files were then: a small file beside them.

So a file that has changed since it was added, by a failing disk or by a hand, can be told from a good one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from draggan_server.checkpoints import discriminator_file
from draggan_server.checkpoints.plain import from_plain

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Origin:
    """What was recorded when a model was added."""

    sha256: str
    """Of the model's file."""
    discriminator_sha256: str | None
    format: str
    """The layout of the file that it came from, for people."""
    source: str
    """That file's name, or the address that it was downloaded from."""
    source_sha256: str | None = None
    """Of a downloaded file."""


def origin_file(path: Path) -> Path:
    """Where the origin of the model at `path` lies."""
    return path.with_suffix(".origin.json")


def write_origin(path: Path, format_name: str, source: str, source_sha256: str | None = None) -> Origin:
    """Record what the model's files are now. Raises OSError."""
    beside = discriminator_file(path)
    second = file_sha256(beside) if beside.exists() else None
    origin = Origin(file_sha256(path), second, format_name, source, source_sha256)
    origin_file(path).write_text(json.dumps(asdict(origin), indent=1), encoding="utf-8")
    return origin


def read_origin(path: Path) -> Origin | None:
    """What was recorded of the model at `path`; None where nothing was, or the record is damaged."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        return from_plain(Origin, json.loads(origin_file(path).read_text(encoding="utf-8")))
    return None


def changes_since(path: Path, origin: Origin) -> tuple[str, ...]:
    """What differs from the record: a sentence for each file. Reads the files whole; raises OSError."""
    found = []
    beside = discriminator_file(path)
    for file, wanted in ((path, origin.sha256), (beside, origin.discriminator_sha256)):
        if wanted is None:
            continue
        if not file.exists():
            found.append(f"{file.name} is missing")
        elif (now := file_sha256(file)) != wanted:
            found.append(f"{file.name} has changed since it was added: its sha-256 is {now[:12]}…, not {wanted[:12]}…")
    return tuple(found)


def file_sha256(path: Path) -> str:
    """In hex. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
