"""What a measurement is taken in: this process, this computer, this revision."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import psutil
import torch

ROOT = Path(__file__).parents[2]


def peak_rss(process: psutil.Process) -> int:
    """The highest resident size of the process so far, in bytes."""
    memory = process.memory_info()
    if hasattr(memory, "peak_wset"):  # Windows
        return int(memory.peak_wset)
    import resource

    status = Path("/proc/self/status")
    if status.exists():  # Linux, whose ru_maxrss may be that of the program that started this one
        lines = status.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


def forget_peak_rss() -> None:
    """From now on the highest size counts anew, where the system can do that."""
    file = Path("/proc/self/clear_refs")
    if file.exists():
        file.write_text("5", encoding="ascii")


def machine() -> dict[str, object]:
    """What the numbers were measured on."""
    return {
        "processor": _processor() or platform.machine(),
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "system": platform.platform(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return ""


def revision() -> str:
    """The commit that was measured; "+" where the working tree differs from it in what is measured."""
    asked = ("git", "-C", str(ROOT))
    head = subprocess.run((*asked, "rev-parse", "HEAD"), check=True, capture_output=True, text=True).stdout.strip()
    changed = subprocess.run((*asked, "diff", "--quiet", "HEAD", "--", "draggan_server", "tests/benchmarks"))
    return head + ("+" if changed.returncode else "")
