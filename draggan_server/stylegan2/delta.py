"""A generator with some of its weights a little changed, sharing all others with the one it comes from.

Pivotal tuning (Roich et al. 2021, "Pivotal Tuning for Latent-based Editing of Real Images") changes a generator's
weights for one picture. Many pictures can be open at once, so the change is kept apart, as products of two thin
matrices (Hu et al. 2021, "LoRA"), and merged into copies of only those weights that it names.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from .synthesis import SynthesisLayer

Network = TypeVar("Network", bound=nn.Module)

PREFIX = "synthesis."
"""Only what draws can be changed; the mapping, and with it w_avg, means the same for every picture."""


@dataclass(frozen=True, eq=False)
class LowRank:
    """The matrix left @ right: what is added to one weight, whose first dimension are the rows."""

    left: Tensor
    """[out, r]"""
    right: Tensor
    """[r, in * k * k]"""

    @property
    def rank(self) -> int:
        return self.left.shape[-1]


@dataclass(frozen=True, eq=False)
class WeightDelta:
    """What is added to a generator's weights.

    Its own size is `numbers`; a generator tuned with it needs memory for the weights that it names besides: for a
    1024 px StyleGAN2 of full width and all convolutions some 90 MB, and as much again once windows were drawn.
    """

    parts: Mapping[str, LowRank]
    """By the parameter's name in the generator, such as "synthesis.b32.conv0.weight"."""

    @property
    def numbers(self) -> int:
        """How many numbers it holds."""
        return sum(part.left.numel() + part.right.numel() for part in self.parts.values())

    def to(self, device: torch.device | None = None, dtype: torch.dtype | None = None) -> WeightDelta:
        """On another device, in another precision."""
        return WeightDelta(
            {
                name: LowRank(part.left.to(device=device, dtype=dtype), part.right.to(device=device, dtype=dtype))
                for name, part in self.parts.items()
            }
        )

    def merged(self, network: nn.Module) -> dict[str, Tensor]:
        """The network's weights that it names, changed: new tensors, through which gradients reach the parts.

        Raises:
            ValueError: the network has no such weight to change, or a part does not fit it.
        """
        weights = dict(network.named_parameters())
        return {name: _merged(name, weights.get(name), part) for name, part in self.parts.items()}


def _merged(name: str, weight: Tensor | None, part: LowRank) -> Tensor:
    if weight is None or not name.startswith(PREFIX):
        raise ValueError(f"The model has no weight {name!r} that could be tuned: the delta is another model's.")
    rows, columns = (weight.shape[0], math.prod(weight.shape[1:])) if weight.ndim else (1, 1)
    left, right = part.left, part.right
    if left.ndim != 2 or right.ndim != 2 or (left.shape[0], right.shape[1]) != (rows, columns):
        raise ValueError(
            f"The delta's part of {name!r} is {list(left.shape)} times {list(right.shape)}; it must be [{rows}, r] "
            f"times [r, {columns}]."
        )
    if left.shape[1] != right.shape[0] or not 1 <= part.rank <= min(rows, columns):
        raise ValueError(
            f"The delta's part of {name!r} is {list(left.shape)} times {list(right.shape)}: both must have the same "
            f"rank, from 1 to {min(rows, columns)}."
        )
    return weight + (left.to(weight) @ right.to(weight)).view(weight.shape)


def with_weights(network: Network, weights: Mapping[str, Tensor]) -> Network:
    """A network of which some parameters are other tensors, and which shares all others, and every buffer.

    The tensors may be part of a gradient's graph. The given network is not changed; a change of what both share
    changes both. Modules that hold none of the tensors are shared too, with what they remember of their weights.
    """
    twins: dict[str, nn.Module] = {"": _twin(network)}
    for name, tensor in weights.items():
        path, _, parameter = name.rpartition(".")
        _twin_at(twins, path)._parameters[parameter] = _as_parameter(tensor)
    twin = twins[""]
    assert isinstance(twin, type(network))
    return twin


def _twin_at(twins: dict[str, nn.Module], path: str) -> nn.Module:
    if path not in twins:
        above, _, child = path.rpartition(".")
        parent = _twin_at(twins, above)
        twins[path] = parent._modules[child] = _twin(parent.get_submodule(child))
    return twins[path]


def _twin(module: Network) -> Network:
    """The same module once more: its own tables of the same parameters, buffers and children."""
    twin = copy.copy(module)
    for table in ("_parameters", "_buffers", "_modules"):
        twin.__dict__[table] = dict(module.__dict__[table])
    if isinstance(twin, SynthesisLayer):
        twin.forget()
    return twin


def _as_parameter(tensor: Tensor) -> nn.Parameter:
    # A tensor with a graph behind it cannot become a parameter, but lie where one is looked up.
    return tensor if tensor.grad_fn is not None else nn.Parameter(tensor, requires_grad=False)  # type: ignore[return-value]
