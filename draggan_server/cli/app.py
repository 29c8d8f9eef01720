"""The commands together, and how whatever goes wrong in one becomes a line of text and an exit code."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

import click

import draggan_server
from draggan_client.discovery import find_home
from draggan_client.errors import DragganError, StoppedError
from draggan_server.cli.bench import bench
from draggan_server.cli.doctor import doctor
from draggan_server.cli.drag import drag
from draggan_server.cli.errors import system_said
from draggan_server.cli.generate import generate
from draggan_server.cli.invert import invert
from draggan_server.cli.models import models
from draggan_server.cli.serve import serve

STOPPED = 130
"""The exit code of a command that Ctrl+C ended before it had anything to keep."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(draggan_server.__version__, prog_name="draggan-server")
def commands() -> None:
    """Drag points on a picture, and the picture follows.

    The server that Krita and GIMP use is found, or started, by each command that needs it.
    """


for command in (drag, generate, invert, models, serve, bench, doctor):
    commands.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code.

    0: done. 1: it could not be done. 2: the command line asks for something that there is not. 130: stopped by
    Ctrl+C. Errors are one text on standard error, never a traceback.
    """
    for stream in (sys.stdout, sys.stderr):
        # A console may be unable to show a file's name; that must not be what ends the command.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        code = commands.main(arguments, prog_name="draggan-server", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.NoArgsIsHelpError as asked:
        click.echo(asked.format_message(), err=True)
        return asked.exit_code
    except click.ClickException as error:
        return _failed(error.format_message(), error.exit_code)
    except (KeyboardInterrupt, click.Abort, StoppedError):
        return _failed("Stopped. Nothing was written.", STOPPED)
    except DragganError as error:
        return _failed(str(error))
    except BrokenPipeError:
        sys.stderr.close()  # who reads our output has gone; there is nobody to tell
        return 1
    except OSError as error:
        return _failed(f"{error.filename or 'A file'}: {system_said(error)}.")
    except MemoryError:
        return _failed("There is not enough memory for this. Close other programs, or use a smaller picture.")
    except Exception as error:
        return _failed(f"{type(error).__name__}: {error}. This is a fault of the program. {_reported()}")


def _failed(text: str, code: int = 1) -> int:
    click.echo(f"Error: {text.strip()}", err=True)
    return code


def _reported() -> str:
    """Keeps the traceback where a bug report finds it, and says so."""
    try:
        log = find_home().logs / "command-line.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(traceback.format_exc(), encoding="utf-8")
    except (OSError, DragganError):
        return "Please report it, with what `draggan-server doctor` says."
    return f"Please report it, with {log} and what `draggan-server doctor` says."
