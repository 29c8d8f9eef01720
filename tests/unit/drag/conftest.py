"""A small generator with random weights, and a place of its picture to drag."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch

from draggan_server.stylegan2 import Generator, GeneratorConfig, z_from_seed

CONFIG = GeneratorConfig(
    z_dim=24, w_dim=24, img_resolution=64, channel_base=512, channel_max=24, mapping_layers=2, conv_clamp=256
)


def make_generator(**changes: Any) -> Generator:
    """changes: of the configuration."""
    torch.manual_seed(21)
    generator = Generator(dataclasses.replace(CONFIG, **changes))
    for name, parameter in generator.named_parameters():
        if name.endswith(("bias", "noise_strength")):
            torch.nn.init.normal_(parameter, std=0.2)
    return generator.freeze()


@pytest.fixture
def generator() -> Generator:
    """float64, 64 px."""
    return make_generator().double()


@pytest.fixture
def ws(generator: Generator) -> torch.Tensor:
    return generator.mapping(z_from_seed(3, 24).double())
