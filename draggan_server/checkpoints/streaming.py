"""A generator whose numbers stay in its file: each layer has them only while it computes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import safetensors
import torch
from torch import Tensor, nn

from ..stylegan2 import Generator
from .native import read_card

_LARGE = 1 << 18
"""Numbers. Layers with fewer keep them."""


def stream_generator(path: Path) -> Generator:
    """The generator of a file of this program, to draw a picture with: slower, and in a fraction of the memory.

    The file must stay where it is. What computes with a layer's weights otherwise than by calling the layer, as
    `Generator.feature_windows` does, finds none. Raises CheckpointError.
    """
    _, config = read_card(path)
    with torch.device("meta"):
        generator = Generator(config)
    for prefix, module in generator.named_modules():
        names = {name: f"{prefix}.{name}" for name in _own_numbers(module)}
        if sum(tensor.numel() for tensor in _own_numbers(module).values()) < _LARGE:
            _fill(module, path, names)
        else:
            module.register_forward_pre_hook(partial(_fill_before, path=path, names=names))
            module.register_forward_hook(_empty_after)
    return generator.freeze()


def _own_numbers(module: nn.Module) -> dict[str, Tensor]:
    return dict([*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)])


def _fill_before(module: nn.Module, _args: object, *, path: Path, names: Mapping[str, str]) -> None:
    _fill(module, path, names)


def _fill(module: nn.Module, path: Path, names: Mapping[str, str]) -> None:
    """Opened anew each time, since what has been read of a file counts as this process's until it is closed."""
    with safetensors.safe_open(path, framework="pt") as file:
        numbers = {name: file.get_tensor(whole).to(torch.float32) for name, whole in names.items()}
    module.load_state_dict(numbers, strict=False, assign=True)


def _empty_after(module: nn.Module, _args: object, _result: object) -> None:
    nothing = {name: tensor.to("meta") for name, tensor in _own_numbers(module).items()}
    module.load_state_dict(nothing, strict=False, assign=True)
