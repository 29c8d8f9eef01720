"""Latent codes from seeds."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def z_from_seed(seed: int, z_dim: int) -> Tensor:
    """The z that NVIDIA's tools draw for `seed`.

    Returns:
        [1, z_dim], float32, from N(0, I).

    Raises:
        ValueError: the seed is not in [0, 2**32).
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed must be in 0 .. {2**32 - 1}, not {seed}")
    return torch.from_numpy(np.random.RandomState(seed).randn(1, z_dim)).to(torch.float32)
