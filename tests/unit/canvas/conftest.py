"""Shared by the canvas tests."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture(params=[np.uint8, np.uint16, np.float32], ids=lambda dtype: np.dtype(dtype).name)
def depth(request: pytest.FixtureRequest) -> type:
    """Each depth that an editor can send."""
    return request.param


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)
