"""Installs what the tests need and runs every check: format, lint, types, imports, tests.

    python3 tests/run.py                    everything that CI runs
    python3 tests/run.py --full             the long forms of the tests as well
    python3 tests/run.py -k canvas -x       what it does not know goes to pytest

All it installs lies in the git-ignored folder build/; running it again takes only the time of the checks. The
last line is pytest's own. The exit code is 0 only if every check passed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "plugins" / "common")]

from install.children import clean_environment  # noqa: E402
from install.environment import Environment  # noqa: E402
from install.errors import InstallError  # noqa: E402
from install.progress import PipProgress  # noqa: E402
from install.torch_build import CONSTRAINTS, Computer, choose  # noqa: E402

BUILD = CHECKOUT / "build" / "tests"

CHECKS = {
    "the editors' Pythons": ("python", "tests/tools/pythons.py"),
    "Krita and GIMP": ("python", "tests/tools/editors_root.py"),
    "format": ("ruff", "format", "--check", "."),
    "lint": ("ruff", "check", "--quiet", "."),
    "types": ("mypy",),
    "imports": ("lint-imports",),
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Installs what the tests need and runs every check.")
    parser.add_argument("--full", action="store_true", help="run the long forms of the tests as well")
    options, for_pytest = parser.parse_known_args()
    try:
        environment = ready_environment()
    except InstallError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    failed = [name for name, command in CHECKS.items() if run(environment, name, command) != 0]
    if failed:
        print(f"\nFailed so far, see above: {', '.join(failed)}", flush=True)
    arguments = (*(["--full"] if options.full else []), *for_pytest)
    tests = run(environment, "tests", ("pytest", *arguments))
    return tests or (1 if failed else 0)


def ready_environment() -> Environment:
    """The environment with the project in it (editable) and the tools of the tests. Raises InstallError."""
    environment = Environment(BUILD / "environment")
    stamp = BUILD / "ready.txt"
    wanted = _fingerprint()
    if stamp.is_file() and stamp.read_text() == wanted and environment.works():
        return environment
    print(f"Installing what the tests need into {environment.folder}", flush=True)
    environment.ensure(print)
    requirements = ("--editable", f"{CHECKOUT}[test]")
    choice = choose(environment, requirements, Computer.this_one(ignore_gpu=True), print)
    print(choice.plan.sizes().described(), flush=True)
    progress = PipProgress()
    try:
        options = ("--progress-bar", "raw", *choice.source.pip_options())
        environment.pip("install", *options, *requirements, on_line=progress.on_line)
    finally:
        progress.close()
    stamp.write_text(wanted)
    return environment


def run(environment: Environment, name: str, command: tuple[str, ...]) -> int:
    """Runs a tool of the environment in the checkout, its output straight to ours; returns its exit code."""
    print(f"\n== {name}: {' '.join(command)}", flush=True)
    tool, *arguments = command
    return subprocess.run(
        [str(environment.script(tool)), *arguments],
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        env=clean_environment() | {"PATH": _path_with(environment)},
    ).returncode


def _path_with(environment: Environment) -> str:
    return os.pathsep.join((str(environment.python.parent), os.environ.get("PATH", os.defpath)))


def _fingerprint() -> str:
    """Changes whenever the environment may no longer be what the project asks for."""
    described = [platform.python_version(), str(CHECKOUT)]
    described += [file.read_text(encoding="utf-8") for file in (CHECKOUT / "pyproject.toml", CONSTRAINTS)]
    return hashlib.sha256("\0".join(described).encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
