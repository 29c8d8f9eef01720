"""Which build of PyTorch suits this computer, and where it is to be had.

On Linux the build that a package registry hands out by default brings some gigabytes of NVIDIA's libraries
along; PyTorch's own server has one without them. On Windows it is the other way round: the default build
knows no graphics card. On a Mac there is one build, which knows Apple's.
"""

from __future__ import annotations

import http.client
import platform
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from install.children import clean_environment
from install.environment import Environment
from install.errors import InstallError
from install.plan import Plan

CONSTRAINTS = Path(__file__).with_name("constraints.txt")
PYTORCH_SERVER = "https://download.pytorch.org/whl/"

_PROBE_S = 3.0
_CUDA_RELEASES = ((580, "cu130"), (525, "cu126"))
"""The oldest NVIDIA driver (its first number) that runs what is built for a CUDA release; newest first."""


@dataclass(frozen=True)
class Gpu:
    """An NVIDIA graphics card, as its driver describes it."""

    name: str
    driver: int
    """The first number of its version."""

    @property
    def cuda_release(self) -> str | None:
        """The newest build for it on PyTorch's server; None where the driver is too old for any."""
        return next((release for oldest, release in _CUDA_RELEASES if self.driver >= oldest), None)


def find_nvidia_gpu() -> Gpu | None:
    """Asks the driver's own tool. A card without its driver is of no use to PyTorch, so it does not count."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    try:
        answer = subprocess.run(
            [tool, "--query-gpu=driver_version,name", "--format=csv,noheader"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=clean_environment(),
            encoding="utf-8",
            errors="replace",
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.match(r"(\d+)[\d.]*, *(.+)", answer.stdout)
    return Gpu(found[2].strip(), int(found[1])) if found and answer.returncode == 0 else None


@dataclass(frozen=True)
class Computer:
    """What decides about the build."""

    system: str
    """As `platform.system()` says it: Linux, Darwin, Windows."""
    machine: str
    gpu: Gpu | None

    @classmethod
    def this_one(cls, ignore_gpu: bool = False) -> Computer:
        return cls(platform.system(), platform.machine(), None if ignore_gpu else find_nvidia_gpu())

    @property
    def build(self) -> str:
        """Which of PyTorch's builds suits: "cpu", or the name of a CUDA release."""
        return (self.gpu and self.gpu.cuda_release) or "cpu"

    def described(self) -> str:
        if self.gpu and self.build == "cpu":
            return f"The driver of {self.gpu.name} is too old ({self.gpu.driver}): running on the processor."
        if self.gpu:
            return f"Graphics card: {self.gpu.name}, driver {self.gpu.driver}."
        if self.system == "Darwin" and self.machine == "arm64":
            return "Graphics: Apple's own (MPS)."
        return "No NVIDIA graphics card is used: the server will run on the processor."

    def may_take(self, plan: Plan) -> bool:
        """Whether a plan suits this computer: no gigabytes for a graphics card that is not there."""
        return self.build != "cpu" or not plan.gpu_packages


@dataclass(frozen=True)
class Source:
    """A place to get PyTorch from."""

    name: str
    index: str | None
    """PyTorch's own index, or None for wherever pip is configured to look."""

    def answers(self) -> bool:
        """One quick question, never asked twice: many networks let only a mirror through."""
        if self.index is None:
            return True
        try:
            with urllib.request.urlopen(f"{self.index}/torch/", timeout=_PROBE_S):
                return True
        except (OSError, ValueError, http.client.HTTPException):
            return False

    def pip_options(self) -> tuple[str, ...]:
        options = ("--constraint", str(CONSTRAINTS))
        return options if self.index is None else (*options, "--extra-index-url", self.index)


AS_PIP_IS_CONFIGURED = Source("the registry that pip is configured with", None)


def sources(computer: Computer) -> Iterator[Source]:
    """The places worth asking, best first."""
    if computer.system in ("Linux", "Windows"):
        yield Source(f"PyTorch's own server ({computer.build})", PYTORCH_SERVER + computer.build)
    yield AS_PIP_IS_CONFIGURED


@dataclass(frozen=True)
class Choice:
    source: Source
    plan: Plan


def choose(
    environment: Environment, requirements: tuple[str, ...], computer: Computer, say: Callable[[str], None]
) -> Choice:
    """The first source whose plan suits this computer. Nothing is installed.

    Raises InstallError where no source has a suitable build, saying why of each.
    """
    reasons: list[str] = []
    for source in sources(computer):
        if not source.answers():
            say(f"{source.name}: no answer, so it is left out.")
            reasons.append(f"{source.name}: no answer.")
            continue
        try:
            plan = environment.plan((*source.pip_options(), *requirements))
        except InstallError as error:
            reasons.append(f"{source.name}: {error}")
            continue
        if computer.may_take(plan):
            return Choice(source, plan)
        names = ", ".join(package.name for package in plan.gpu_packages[:3])
        reasons.append(
            f"{source.name}: has only the build for NVIDIA's graphics cards ({names}, ...): gigabytes that "
            "this computer has no use for."
        )
    raise InstallError(
        "There is no suitable PyTorch to be had; nothing was installed.\n"
        + "\n".join(f"- {reason}" for reason in reasons)
        + f"\nCheck that {PYTORCH_SERVER} can be reached from here, or run this with another Python "
        f"(this is {platform.python_version()}), and try again."
    )
