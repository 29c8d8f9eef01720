"""Runs a program with another folder as its root. Started by `Root.command`, in a mount namespace of its own.

    python -I enter_root.py ROOT AT SHARED[:SHARED...] PROGRAM ARGUMENT...

The program sees ROOT's top-level folders, not to be written to; this computer's devices, processes and network; the
SHARED folders at the paths that they have here; and all of this computer under /.host, so that `chroot /.host` is
the way back out. It is put together at AT, an empty folder, seen there by this program alone. Every mount is gone
when the program and its children are.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import sys
from pathlib import Path

BIND, REMOUNT, RECURSIVE, PRIVATE, READ_ONLY = 4096, 32, 16384, 1 << 18, 1
OF_THIS_COMPUTER = ("dev", "proc", "sys")
EMPTY = ("run", "root", "home", "mnt", "media", "srv", "boot", "tmp")
"""Top-level folders that the program gets empty, and may write to."""

_libc = ctypes.CDLL(None, use_errno=True)


def mount(source: Path | None, target: Path, kind: str | None = None, flags: int = 0) -> None:
    """mount(2). Raises OSError."""
    encoded = [os.fsencode(word) if word else None for word in (source, target, kind)]
    if _libc.mount(*encoded, ctypes.c_ulong(flags), None):
        number = ctypes.get_errno()
        raise OSError(number, f"mounting {source} on {target}: {os.strerror(number)}")


def bind(source: Path, target: Path) -> None:
    """Show the folder `source`, with all that is mounted in it, at `target` as well."""
    target.mkdir(parents=True, exist_ok=True)
    mount(source, target, None, BIND | RECURSIVE)


def protect(target: Path) -> None:
    """Nothing can be written to what is bound here. It only keeps the root as it is, and some computers forbid it."""
    with contextlib.suppress(OSError):
        mount(None, target, None, BIND | REMOUNT | READ_ONLY)


def enter(root: Path, new: Path, shared: list[Path]) -> None:
    """Put the new root together at `new`, and make it this process's root."""
    mount(None, Path("/"), None, PRIVATE | RECURSIVE)
    mount(Path("draggan-tests"), new, "tmpfs")
    bind(Path("/"), new / ".host")  # before the others, so that it shows this computer as it is
    for source in root.iterdir():
        target = new / source.name
        if source.is_symlink():
            target.symlink_to(source.readlink())
        elif source.is_dir() and source.name not in OF_THIS_COMPUTER + EMPTY:
            bind(source, target)
            protect(target)
    for name in OF_THIS_COMPUTER:
        bind(Path("/", name), new / name)
    for name in EMPTY:
        (new / name).mkdir(exist_ok=True)
    for folder in shared:
        bind(folder, new / folder.relative_to("/"))
    os.chroot(new)
    os.chdir("/")


if __name__ == "__main__":
    root, new, shared, *program = sys.argv[1:]
    enter(Path(root), Path(new), [Path(folder) for folder in shared.split(":") if folder])
    found = shutil.which(program[0])  # os.execvp would import what can no longer be reached
    if not found:
        sys.exit(f"There is no {program[0]} in {root}.")
    os.execv(found, program)
