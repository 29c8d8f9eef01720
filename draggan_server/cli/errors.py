"""What a command cannot do, and what the system says about files."""

from __future__ import annotations

import errno
import os

import click


class CommandError(click.ClickException):
    """The command cannot be done; the text says what is wrong, where, and what to do. Exit code 1."""


def system_said(error: OSError) -> str:
    """The system's reason in words, with what to do where that is plain."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full; free some space, or choose another folder"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "you may not write there; choose another folder"
    return error.strerror or (os.strerror(error.errno) if error.errno else str(error))
