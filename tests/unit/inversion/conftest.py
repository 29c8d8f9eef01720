"""Shared by the inversion tests: tiny networks of random weights, and a picture that they can draw."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from draggan_server.stylegan2 import (
    Discriminator,
    DiscriminatorConfig,
    Generator,
    GeneratorConfig,
    z_from_seed,
)

RESOLUTION = 32


@pytest.fixture(scope="session")
def generator() -> Generator:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = GeneratorConfig(z_dim=32, w_dim=32, img_resolution=RESOLUTION, channel_base=512, mapping_layers=2)
        return Generator(config).freeze()


@pytest.fixture(scope="session")
def discriminator() -> Discriminator:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return Discriminator(DiscriminatorConfig(img_resolution=RESOLUTION, channel_base=512)).freeze()


@pytest.fixture(scope="session")
def true_ws(generator: Generator) -> Tensor:
    with torch.no_grad():
        return generator.mapping(z_from_seed(11, 32), psi=0.7)


@pytest.fixture(scope="session")
def picture(generator: Generator, true_ws: Tensor) -> Tensor:
    with torch.no_grad():
        return generator.image(true_ws)
