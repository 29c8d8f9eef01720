"""This computer: which device computes, and how it stays usable for its owner meanwhile."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

import torch

log = logging.getLogger(__name__)

NICENESS = 5


def choose_device() -> torch.device:
    """The GPU where there is one: CUDA, then Apple's."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def prepare_device(device: torch.device) -> None:
    """NVIDIA's GPUs compute in full float32 too; torch would let convolutions round to tf32's 10 bits unasked."""
    if device.type == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False


def describe_device(device: torch.device) -> str:
    """For people: "cpu (2 threads)", "cuda (NVIDIA ...)"."""
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    if device.type == "cpu":
        return f"cpu ({compute_threads()} threads)"
    return device.type


def compute_threads() -> int:
    """Threads for torch: one core is left to the editor where there are more than two; OMP_NUM_THREADS is
    obeyed."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return cores - 1 if cores > 2 else cores


def prepare_engine_thread() -> None:
    """To be called on the engine's thread: OpenMP's thread count and, on Linux, the priority belong to a
    thread and to those it starts. So computing yields to the editor, and answering does not wait behind
    computing."""
    torch.set_num_threads(compute_threads())
    if sys.platform == "win32":
        import ctypes

        kernel: Any = ctypes.windll.kernel32
        below_normal = -1
        kernel.SetThreadPriority(kernel.GetCurrentThread(), below_normal)
    else:
        try:
            os.nice(NICENESS)
        except OSError as error:
            log.info("the priority stays as it is: %s", error)
