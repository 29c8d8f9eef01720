"""How much memory there is for one more model."""

from __future__ import annotations

import logging

import psutil
import torch

log = logging.getLogger(__name__)

SPARE_BYTES = 256 << 20
"""Left to everything else."""


def available_bytes(device: torch.device) -> int | None:
    """On the device, without the system having to take it from a program that uses it. None: nobody can tell."""
    try:
        if device.type == "cuda":
            torch.cuda.empty_cache()  # what torch keeps for itself is free for the next model too
            return int(torch.cuda.mem_get_info(device)[0])
        return int(psutil.virtual_memory().available)
    except (RuntimeError, OSError, psutil.Error) as error:
        log.info("nobody can tell how much memory there is: %s", error)
        return None
