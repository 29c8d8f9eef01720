"""The real Krita and GIMP for the end-to-end tests: this computer's own, or those of a Debian 13 folder.

    python3 tests/tools/editors_root.py

prints the root folder that holds them, and builds one (2 GB, some minutes, once) where there is none. Looked at in
this order:

1. `DRAGGAN_EDITORS_ROOT`: a prepared root, with other versions perhaps; `/` is this computer itself;
2. this computer, where its editors are new enough and all that drives them is there;
3. the one that was built into the user's cache folder before;
4. a new one, made by mmdebstrap from this computer's own Debian mirror. For root on Linux only.

Needs only the standard library, and no Debian.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "DRAGGAN_EDITORS_ROOT"
SUITE = "trixie"
DEFAULT_MIRROR = "http://deb.debian.org/debian"
KEYRING = Path("/usr/share/keyrings/debian-archive-trixie-stable.gpg")

EDITORS = ("krita", "gimp", "gir1.2-gimp-3.0")
BINDINGS = (
    "python3",
    "python3-pyqt5",
    "python3-pyqt5.sip",
    "python3-gi",
    "python3-gi-cairo",
    "gir1.2-gtk-3.0",
    "gir1.2-atspi-2.0",
)
SCREEN = (
    "xvfb",
    "xauth",
    "xdotool",
    "x11-utils",
    "x11-xserver-utils",
    "openbox",
    "dbus",
    "dbus-x11",
    "at-spi2-core",
    "libgl1-mesa-dri",
    "imagemagick",
)
SURROUNDINGS = ("procps", "ca-certificates", "fonts-dejavu-core", "adwaita-icon-theme")
PACKAGES = (*EDITORS, *BINDINGS, *SCREEN, *SURROUNDINGS)

_APT = ('APT::Install-Recommends "false"', 'Acquire::Languages "none"', 'Acquire::Retries "3"')
_DPKG = (
    "force-unsafe-io",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/doc/*",
    "path-exclude=/usr/share/locale/*",
)
OPTIONS = (
    "--variant=apt",
    "--format=directory",
    *(f"--aptopt={option}" for option in _APT),
    *(f"--dpkgopt={option}" for option in _DPKG),
)

PROGRAMS = ("krita", "gimp", "gimp-console", "Xvfb", "xdotool", "openbox", "dbus-run-session", "import")
"""What a root has to hold."""
OLDEST = {"krita": (5, 2), "gimp": (3, 0, 4)}
"""Older ones lack what the plugins need."""


class NoEditorsError(Exception):
    """There are no editors here to test in. The text says why, and what to do."""


@dataclass(frozen=True)
class Build:
    """Where the root is built, and where it then lies."""

    root: Path

    @property
    def draft(self) -> Path:
        return self.root.with_name(f"{self.root.name}.draft")

    @property
    def lock(self) -> Path:
        return self.root.with_name(f"{self.root.name}.lock")


def cache_folder() -> Path:
    """Where the tests keep what takes long to make."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "draggan-tests"


def find() -> Path | None:
    """The root that is there already. Raises NoEditorsError where the one that was asked for is incomplete."""
    given = os.environ.get(VARIABLE)
    if given:
        root = Path(given).absolute()
        missing = _missing(root)
        if missing:
            raise NoEditorsError(f"{VARIABLE}={given} lacks {', '.join(missing)}.")
        return root
    if not _missing(Path("/")) and all(_version(program) >= oldest for program, oldest in OLDEST.items()):
        return Path("/")
    built = _build().root
    return built if built.is_dir() else None


def find_or_build() -> Path:
    """The root, built where there is none. Raises NoEditorsError."""
    found = find()
    if found:
        return found
    build = _build()
    _can_build()
    build.root.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(build.lock):
        if not build.root.is_dir():  # somebody else may have built it just now
            _make(build)
    return build.root


def _build() -> Build:
    described = "\n".join((SUITE, platform.machine(), *OPTIONS, *PACKAGES))
    return Build(cache_folder() / f"editors-{hashlib.sha256(described.encode()).hexdigest()[:12]}")


def _missing(root: Path) -> list[str]:
    places = (os.environ.get("PATH", os.defpath)) if root == Path("/") else None
    if places:
        return [program for program in PROGRAMS if not shutil.which(program, path=places)]
    folders = [root / "usr" / "local" / "bin", root / "usr" / "bin"]
    # A link may lead to an absolute path of the root, so that it need not be a file seen from here.
    return [name for name in PROGRAMS if not any(os.path.lexists(folder / name) for folder in folders)]


def _version(program: str) -> tuple[int, ...]:
    """(0,) where it does not say."""
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, env=environment)
    except (OSError, subprocess.TimeoutExpired):
        return (0,)
    found = re.search(r"\d+(?:\.\d+)+", done.stdout)
    return tuple(map(int, found.group().split("."))) if found else (0,)


def _can_build() -> None:
    advice = (
        f"Install Krita 5.2 and GIMP 3.0.4 or newer with {', '.join(PROGRAMS[3:])}, or name a root folder that has "
        f"them in {VARIABLE}."
    )
    if platform.system() != "Linux":
        raise NoEditorsError(f"The tests in the real editors run on Linux only. {advice}")
    if os.geteuid() != 0:
        raise NoEditorsError(
            "There is no Krita 5.2 and GIMP 3 here to test in, and only root can build a Debian folder with them: "
            f"sudo python3 tests/tools/editors_root.py. {advice}"
        )
    if not shutil.which("mmdebstrap") and not shutil.which("apt-get"):
        raise NoEditorsError(f"mmdebstrap is missing, and there is no apt-get to install it. {advice}")


def _make(build: Build) -> None:
    begun = time.monotonic()
    _install_builder()
    _clear(build.draft)
    source = f"deb {_mirror()} {SUITE} main"
    print(f"Building a Debian root with Krita and GIMP: {source}", flush=True)
    command = ["mmdebstrap", *OPTIONS, f"--include={','.join(PACKAGES)}", SUITE, str(build.draft), source]
    # A mount namespace of its own: whatever happens, nothing stays mounted.
    done = subprocess.run(["unshare", "--mount", *command], stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        _clear(build.draft)
        raise NoEditorsError(f"mmdebstrap failed (exit code {done.returncode}), see above.")
    missing = _missing(build.draft)
    if missing:
        raise NoEditorsError(f"The new root {build.draft} lacks {', '.join(missing)}.")
    build.draft.rename(build.root)
    print(f"Built {build.root} in {time.monotonic() - begun:.0f} s", flush=True)


def _install_builder() -> None:
    """mmdebstrap, and Debian's keys."""
    wanted = [] if shutil.which("mmdebstrap") else ["mmdebstrap"]
    wanted += [] if KEYRING.is_file() else ["debian-archive-keyring"]
    if not wanted:
        return
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *wanted]):
        done = subprocess.run(["apt-get", "--quiet", *command], stdin=subprocess.DEVNULL, env=environment, check=False)
        if done.returncode:
            raise NoEditorsError(f"apt-get {' '.join(command)} failed (exit code {done.returncode}), see above.")


def _mirror() -> str:
    """Where this computer takes its own Debian packages from."""
    form = "$(ORIGIN)|$(LABEL)|$(REPO_URI)"
    command = ["apt-get", "indextargets", "--format", form, "Created-By: Packages"]
    with contextlib.suppress(OSError):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        for line in done.stdout.splitlines():
            origin, label, address = line.split("|", 2)
            if origin == "Debian" and label == "Debian" and address.startswith(("http:", "https:", "file:")):
                return address.rstrip("/")
    return DEFAULT_MIRROR


def _clear(folder: Path) -> None:
    """Remove what a broken build has left."""
    mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    inside = [place for place in mounted if place.startswith(f"{folder}/")]
    if inside:
        raise NoEditorsError(f"{inside[0]} is still mounted. Unmount it, then run this again.")
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """Wait until nobody else builds."""
    import fcntl  # there is none on Windows

    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    try:
        print(find_or_build())
    except NoEditorsError as error:
        # On a user's computer the tests in the editors are left out, and say this; in CI nothing is left out.
        print(error, file=sys.stderr)
        sys.exit(1 if os.environ.get("CI") else 0)
