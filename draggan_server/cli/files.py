"""Files that a command writes: looked at before the work begins, written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from draggan_server.cli.errors import CommandError, system_said


@dataclass
class Outputs:
    """The files that a command has been asked for, and those that it has written."""

    written: dict[str, str] = field(default_factory=dict)
    """What each shows -> where it lies, in full."""
    failed: list[str] = field(default_factory=list)

    def write(self, what: str, path: Path | None, content: Callable[[], bytes]) -> None:
        """Writes the file, if it was asked for. One that cannot be written does not keep the others from it."""
        if path is None:
            return
        try:
            write_whole(path, content())
            self.written[what] = str(path.absolute())
        except OSError as error:
            self.failed.append(f"{path} could not be written: {system_said(error)}.")

    def check(self) -> None:
        """Raises CommandError when a file could not be written, naming those that were."""
        if self.failed:
            kept = f" Written: {', '.join(self.written.values())}." if self.written else ""
            raise CommandError(" ".join(self.failed) + kept)


def check_writable(outputs: Iterable[Path | None], inputs: Iterable[Path | None] = ()) -> None:
    """Raises CommandError where an output cannot be made, would lie on another one, or on an input."""
    sources = {path.resolve() for path in inputs if path is not None}
    taken: set[Path] = set()
    for path in outputs:
        if path is None:
            continue
        place = path.resolve()
        if place in sources:
            raise CommandError(f"{path} would be overwritten by the result. Choose another name for the result.")
        if place in taken:
            raise CommandError(f"{path} is asked for twice. Choose a different name for each file.")
        taken.add(place)
        _check_place(path)


def write_whole(path: Path, content: bytes) -> None:
    """Who looks at the same time sees the old file or the new one, never half of one. Raises OSError."""
    draft = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise


def _check_place(path: Path) -> None:
    if path.is_dir():
        raise CommandError(f"{path} is a folder. Give the name of a file in it.")
    if path.exists() and not os.access(path, os.W_OK):
        raise CommandError(f"{path} is write-protected. Choose another name.")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise CommandError(f"{path} cannot be written: there is no folder {folder}. Make it first.")
    probe = folder / f".draggan.{secrets.token_hex(4)}.part"
    try:
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {system_said(error)}.") from None
