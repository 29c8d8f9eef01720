"""`draggan-server doctor`: what a bug report needs, and what is wrong with this computer's installation."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import click

import draggan_server
from draggan_client.discovery import Home, find_home, process_exists, read_launch, read_runtime
from draggan_client.errors import DragganError
from draggan_client.launcher import find
from draggan_client.messages import PROTOCOL
from draggan_server.cli.errors import system_said
from draggan_server.cli.shapes import size_text

_LIBRARIES = ("torch", "numpy", "pillow", "flask", "waitress", "msgpack", "safetensors", "click")
_LEAST_FREE = 500 << 20
"""Bytes. A log, thumbnails and a model or two have to fit."""
_LOG_LINES = 15


class Report:
    """What was found out, printed as it is, and the problems, repeated at the end with what to do."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def heading(self, text: str) -> None:
        click.echo(f"\n{text}")

    def fact(self, name: str, value: object) -> None:
        click.echo(f"  {name + ':':<22}{value}")

    def problem(self, text: str) -> None:
        self.problems.append(text)
        click.echo(f"  PROBLEM {len(self.problems)}: {text}")


@click.command()
def doctor() -> int:
    """Say what this computer has, and what is wrong with it.

    Nothing is changed, and no server is started. What it prints holds no token: it can be put into a bug report as it
    is. The exit code is 1 when something is wrong.
    """
    report = Report()
    _program(report)
    home = _home(report)
    if home is not None:
        _server(report, home)
    _models(report, home)
    if home is not None:
        _log(report, home)
    click.echo()
    if not report.problems:
        click.echo("Nothing is wrong that could be seen from here.")
        return 0
    click.echo(f"{len(report.problems)} found to be wrong:")
    for number, problem in enumerate(report.problems, 1):
        click.echo(f"  {number}. {problem}")
    return 1


def _program(report: Report) -> None:
    report.heading("Program")
    report.fact("draggan-server", f"{draggan_server.__version__}, protocol {PROTOCOL}, in {_folder_of_program()}")
    report.fact("Python", f"{platform.python_version()}, {sys.executable}")
    report.fact("system", f"{platform.platform()}, {platform.machine()}, {os.cpu_count()} cores")
    for name in _LIBRARIES[1:]:
        try:
            report.fact(name, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            report.problem(f"The library {name} is missing. Run the installer again: python3 install/install.py")
    try:
        import torch

        from draggan_server.server.machine import choose_device, compute_threads, describe_device

        build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "without CUDA"
        report.fact("torch", f"{torch.__version__}, {build}")
        report.fact("device", describe_device(choose_device()))
        report.fact("threads", compute_threads())
    except Exception as error:  # a broken torch fails in many ways, and all of them belong into a report
        report.problem(
            f"PyTorch does not work ({type(error).__name__}: {error}). Run the installer again: "
            "python3 install/install.py"
        )


def _folder_of_program() -> Path:
    return Path(draggan_server.__file__).parent


def _home(report: Report) -> Home | None:
    report.heading("Data folder")
    try:
        home = find_home()
    except DragganError as error:
        report.problem(str(error))
        return None
    report.fact("folder", f"{home.folder}{' (from DRAGGAN_HOME)' if os.environ.get('DRAGGAN_HOME') else ''}")
    there = next(folder for folder in (home.folder, *home.folder.parents) if folder.exists())
    if not there.is_dir():
        report.problem(f"{there} is a file where a folder should be. Move it away, or set DRAGGAN_HOME.")
        return home
    if there != home.folder:
        report.fact("state", "not there yet; made when the server is first started")
    if not os.access(there, os.W_OK):
        report.problem(f"{there} cannot be written to. Correct its permissions, or set DRAGGAN_HOME.")
    free = shutil.disk_usage(there).free
    report.fact("free disk", f"{free / 1e9:.1f} GB")
    if free < _LEAST_FREE:
        report.problem(f"The disk of {there} is nearly full ({free / 1e6:.0f} MB free). Free some space.")
    return home


def _server(report: Report, home: Home) -> None:
    report.heading("Server")
    launch = read_launch(home)
    if launch is not None:
        report.fact("editors start it by", " ".join(launch.argv))
        if not Path(launch.argv[0]).exists():
            report.problem(f"{launch.argv[0]}, which starts the server, is gone. Run the installer again.")
    elif home.launch_file.exists():
        report.problem(f"{home.launch_file} cannot be read. Run the installer again.")
    else:
        report.fact("editors start it by", f"not recorded in {home.launch_file}; the installer does that")
    info = read_runtime(home)
    if info is None:
        if home.runtime_file.exists():
            report.fact("runtime file", f"{home.runtime_file} cannot be read; the next server writes it anew")
        report.fact("running", "no; it is started when it is needed")
        return
    report.fact("runtime file", f"{home.runtime_file}: {info.url}, process {info.pid}, version {info.version}")
    try:
        found = find(home)
    except DragganError as error:
        report.problem(str(error))
        return
    if found is not None:
        _, hello = found
        report.fact("running", f"yes: version {hello.version}, protocol {hello.protocol}, {hello.device}")
        report.fact("sessions", f"{hello.sessions} of at most {hello.max_sessions}")
    elif process_exists(info.pid):
        report.fact("running", f"no: process {info.pid} is something else; the next server writes the file anew")
    else:
        report.fact("running", f"no: process {info.pid} has ended; the next server writes the file anew")


def _models(report: Report, home: Home | None) -> None:
    report.heading("Models")
    try:
        from draggan_server.checkpoints import CheckpointError
        from draggan_server.models import BUNDLED_MODELS, ModelLibrary
    except ImportError:
        return  # without torch, which was said above
    folders = (BUNDLED_MODELS, *([home.models] if home else []))
    for folder in folders:
        report.fact("folder", f"{folder}{'' if folder.is_dir() else ' (not there)'}")
    library = ModelLibrary(folders, resident=1)
    entries = library.entries()
    for entry in entries:
        try:
            library.load(entry.id)
            report.fact(entry.id, f"{size_text(entry.resolution, entry.aspect)}, sha-256 {entry.sha256}")
        except CheckpointError as error:
            report.problem(f"{error.path}: {error.problem}. {error.remedy}, or remove it.")
        except OSError as error:
            report.problem(f"{entry.path}: {system_said(error)}.")
    for problem in library.problems():
        report.problem(f"{problem.path}: {problem.problem}. {problem.remedy}, or remove it.")
    if not entries:
        report.problem(f"There is no model that can be used. Run the installer again, or put one into {folders[-1]}.")


def _log(report: Report, home: Home) -> None:
    for file in (home.logs / "server.log", home.start_log, home.logs / "command-line.log"):
        lines = list(_last_lines(file))
        if lines:
            report.heading(f"The end of {file}")
            for text in lines:
                click.echo(f"  {text}")


def _last_lines(file: Path) -> Iterator[str]:
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            yield from (line.rstrip() for line in deque(lines, _LOG_LINES))
    except OSError:
        return
