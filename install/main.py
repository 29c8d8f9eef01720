"""The installer's steps, in their order, and what the artist is told."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import shutil
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from draggan_client.discovery import Home, LaunchCommand, find_home, write_launch
from draggan_client.errors import DragganError
from install.demo import run_demo
from install.editors import EDITORS, Editor
from install.environment import Environment, check_for_venv
from install.errors import InstallError
from install.files import remove
from install.importable import write_importable
from install.krita_settings import KritaSettings
from install.plan import Sizes, megabytes
from install.plugin import Plugin
from install.programs import krita_runs
from install.progress import PipProgress
from install.record import Record, Tree
from install.running import stop_server
from install.torch_build import Choice, Computer, choose

CHECKOUT = Path(__file__).resolve().parents[1]

_UNPACKED = 4.5
"""Disk needed for a byte that travels: 191 MB of PyTorch unpack to 0.7 GB, and both lie there for a while."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Does what the command line asks; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A Windows console may be unable to show a folder's name; that must not end the installation.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.purge and not options.uninstall:
        parser.error("--purge belongs to --uninstall")
    if options.zip and (options.uninstall or options.demo):
        parser.error("--zip goes by itself")
    try:
        home = find_home()
        if options.uninstall:
            uninstall(home, purge=options.purge)
        elif options.zip:
            make_zip(home, options.zip)
        else:
            install(home, ignore_gpu=options.cpu, demo=options.demo)
    except (InstallError, DragganError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Run this again to go on where it was, or with --uninstall.", file=sys.stderr)
        return 130
    return 0


def install(home: Home, ignore_gpu: bool, demo: bool) -> None:
    """Installs into `home`, or brings what is there up to date. Raises InstallError."""
    record = Record(home.folder)
    environment = Environment(home.folder / "environment")
    _say(f"Installing DragGAN into {home.folder}")
    if not environment.works():
        check_for_venv()
        _stop_server(home)
    record.note(Tree(environment.folder))
    environment.ensure(_say)
    computer = Computer.this_one(ignore_gpu)
    _say(computer.described())
    _say("Asking what is to be downloaded ...")
    choice = choose(environment, (str(CHECKOUT),), computer, _say)
    sizes = choice.plan.sizes()
    _say(f"PyTorch comes from {choice.source.name}.\n{sizes.described()}")
    _check_disk(home.folder, sizes)
    _stop_server(home)
    _fill(environment, choice)
    record.note(Tree(home.launch_file))
    write_launch(home, LaunchCommand((str(environment.python), "-m", "draggan_server.cli", "serve")))
    _say(f"The server is installed. On the command line: {environment.script('draggan-server')}")
    trouble = put_in_plugins(home, environment, record)
    if demo:
        pictures = home.folder / "demo"
        record.note(Tree(pictures))
        _say(run_demo(environment.python, home.folder, pictures).described())
    if trouble:
        raise InstallError("\n\n".join(("The server is installed, but not every plugin is:", *trouble)))


def put_in_plugins(home: Home, environment: Environment, record: Record) -> tuple[str, ...]:
    """Puts a plugin into every editor that is found, and tells of each; returns what went wrong with others."""
    server = f'"{environment.script("draggan-server")}" serve'
    plugin = Plugin(CHECKOUT, environment.python, server, home.folder)
    trouble = []
    for editor in EDITORS:
        found = editor.find(_say)
        if not found.places and not found.lacking:
            _say_of(editor, "Not found on this computer. Once it is there, run this again.")
        for place in found.places:
            try:
                _say_of(editor, editor.put_in(place, plugin, record))
            except InstallError as error:
                trouble.append(f"{editor.name}: {error}")
        if found.lacking:
            _say_of(editor, found.lacking)
    return tuple(trouble)


def make_zip(home: Home, file: Path) -> None:
    """Writes what Krita can import by itself, on a computer of the reader's own. Raises InstallError."""
    environment = Environment(home.folder / "environment")
    python = environment.python if environment.works() else Path(sys.executable)
    if python == Path(sys.executable) and importlib.util.find_spec("msgpack") is None:
        raise InstallError(
            "The zip file carries MessagePack, which comes with the server: install first, without --zip."
        )
    write_importable(Plugin(CHECKOUT, python, "", home=None), file)
    _say(f"Written: {file}\nIn Krita: Tools > Scripts > Import Python Plugin from File, then start Krita anew.")


def uninstall(home: Home, purge: bool) -> None:
    """Takes off what was installed; with `purge` added models and the logs as well. Raises InstallError."""
    record = Record(home.folder)
    if not home.folder.is_dir():
        _say(f"There is nothing to remove: {home.folder} does not exist.")
        return
    _check_that_krita_is_closed(record)
    _stop_server(home)
    record.undo()
    for path in home.left_by_server:
        remove(path)
    if purge:
        remove(home.models)
        remove(home.logs)
    with contextlib.suppress(OSError):
        home.folder.rmdir()
    _say("DragGAN was removed.")
    if home.folder.exists():
        kept = ", ".join(sorted(path.name for path in home.folder.iterdir()))
        _say(f"Kept in {home.folder}: {kept}." + ("" if purge else " To remove your models and logs too: --purge"))


def _stop_server(home: Home) -> None:
    if stop_server(home):
        _say("The running DragGAN server was stopped, so that no file is taken from under it.")


def _fill(environment: Environment, choice: Choice) -> None:
    progress = PipProgress()
    try:
        environment.pip(
            "install",
            "--progress-bar",
            "raw",
            *choice.source.pip_options(),
            str(CHECKOUT),
            on_line=progress.on_line,
        )
    finally:
        progress.close()
    environment.check("import torch, draggan_server, draggan_client")


def _check_that_krita_is_closed(record: Record) -> None:
    if any(isinstance(made, KritaSettings) and krita_runs(made.path) for made in record.made()):
        raise InstallError(
            "Krita is running, and may write its settings over ours when it ends. Nothing was removed.\n"
            "Close Krita and run this again."
        )


def _check_disk(folder: Path, sizes: Sizes) -> None:
    needed = sizes.known_bytes * _UNPACKED
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise InstallError(
            f"The disk of {folder} has {megabytes(free)} free, and about {megabytes(needed)} are needed.\n"
            "Make room, or set DRAGGAN_HOME to a folder on a larger disk, and run this again."
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="install.py", description="Installs DragGAN for Krita and GIMP, for the user who runs it."
    )
    parser.add_argument("--demo", action="store_true", help="then drag a portrait, and say where the pictures lie")
    parser.add_argument("--cpu", action="store_true", help="leave the graphics card out, and save its gigabytes")
    parser.add_argument("--zip", type=Path, metavar="FILE", help="only write the plugin as Krita imports it itself")
    parser.add_argument("--uninstall", action="store_true", help="take off what was installed; added models stay")
    parser.add_argument("--purge", action="store_true", help="with --uninstall: remove added models and logs too")
    return parser


def _say_of(editor: Editor, text: str) -> None:
    _say(f"\n{editor.name}\n{textwrap.indent(text, '  ')}")


def _say(text: str) -> None:
    print(text, flush=True)
