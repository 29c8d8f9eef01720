"""Networks from parameters that somebody else wrote: nothing is made before its shape has been checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from ..stylegan2 import Discriminator, DiscriminatorConfig, Generator, GeneratorConfig
from .checkpoint import CheckpointError

Config = TypeVar("Config", GeneratorConfig, DiscriminatorConfig)
Network = TypeVar("Network", Generator, Discriminator)

_FRACTIONS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
RESTORE = "Download or convert it again"


Shapes = Mapping[str, tuple[int, ...]]
Read = Callable[[str], Tensor]


def assemble(
    path: Path, network_type: Callable[[Config], Network], config: Config, shapes: Shapes, read: Read
) -> Network:
    """The network of that configuration with the parameters of these shapes, each read when all shapes fit.

    Raises:
        CheckpointError: the configuration describes no network, or a parameter is missing, unknown, of another
            shape, or holds something else than finite numbers.
    """
    network = outline(path, network_type, config, shapes)
    parameters = {name: checked(path, name, read(name)) for name in shapes}
    network.load_state_dict(parameters, assign=True)
    return network


def outline(path: Path, network_type: Callable[[Config], Network], config: Config, shapes: Shapes) -> Network:
    """The network that these shapes fit, without any numbers (on torch's meta device). Raises as `assemble`."""
    with torch.device("meta"):
        # Shapes without memory: what the file claims is checked before anything of that size is made.
        try:
            network = network_type(config)
        except (ArithmeticError, RuntimeError, TypeError, ValueError) as error:
            problem = f"its configuration describes no network ({str(error).splitlines()[0][:200]})"
            raise CheckpointError(path, problem, RESTORE) from error
    wanted = network.state_dict()
    missing, unknown = sorted(wanted.keys() - shapes.keys()), sorted(shapes.keys() - wanted.keys())
    if missing or unknown:
        named = [name[:80] for name in (missing + unknown)[:3]]
        problem = f"{len(missing)} parameters are missing and {len(unknown)} unknown: {named}"
        raise CheckpointError(path, problem, RESTORE)
    for name, shape in shapes.items():
        if shape != tuple(wanted[name].shape):
            problem = f"{name} is {list(shape)} where the configuration asks for {list(wanted[name].shape)}"
            raise CheckpointError(path, problem, RESTORE)
    return network


def checked(path: Path, name: str, tensor: Tensor) -> Tensor:
    """The parameter in float32. Raises CheckpointError where it holds something else than finite numbers."""
    if tensor.dtype not in _FRACTIONS:
        problem = f"{name} holds numbers of a kind that no model has ({str(tensor.dtype).removeprefix('torch.')})"
        raise CheckpointError(path, problem, RESTORE)
    if not _is_finite(tensor):
        raise CheckpointError(path, f"{name} holds values that are no finite numbers", RESTORE)
    return tensor.to(torch.float32)


def _is_finite(tensor: Tensor) -> bool:
    """Whether all numbers are. Six times as fast as asking each: where any is not, an extreme is not either."""
    return not tensor.numel() or all(bool(torch.isfinite(extreme)) for extreme in torch.aminmax(tensor))
