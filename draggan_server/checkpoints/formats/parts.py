"""What every format gives: configurations and parameters under NVIDIA's names, not read yet."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import torch
from torch import Tensor

from ...stylegan2 import DiscriminatorConfig, GeneratorConfig
from ...stylegan2.ops import low_pass_filter
from ..untrusted import printable

Config_co = TypeVar("Config_co", GeneratorConfig, DiscriminatorConfig, covariant=True)

_MOST_NAMED = 5


class UnsupportedError(Exception):
    """A model is recognised, and cannot be used. The text says why."""


class Weight(Protocol):
    """A parameter whose shape is known and whose numbers may still lie in the file."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def read(self) -> Tensor:
        """In float32."""


Weights = dict[str, Weight]


@dataclass(frozen=True, eq=False)
class Constant:
    """A parameter that a format leaves out."""

    value: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.value.shape)

    def read(self) -> Tensor:
        return self.value.clone()


@dataclass(frozen=True, eq=False)
class Changed:
    """A parameter that a format holds in another layout."""

    source: Weight
    shape: tuple[int, ...]
    change: Callable[[Tensor], Tensor]

    def read(self) -> Tensor:
        return self.change(self.source.read()).reshape(self.shape).contiguous()


@dataclass(frozen=True, eq=False)
class Made:
    """A large parameter that a format leaves out: made when it is read, and by then all shapes have been checked."""

    shape: tuple[int, ...]
    make: Callable[[], Tensor]

    def read(self) -> Tensor:
        return self.make()


def zeros(*shape: int) -> Weight:
    return Made(shape, lambda: torch.zeros(shape))


def low_pass() -> Weight:
    """The resampling filter of all networks whose files do not hold it."""
    return Constant(low_pass_filter())


def squeezed(source: Weight, count: int) -> Weight:
    """Without the first dimensions, so many, which are 1. Raises UnsupportedError where they are not."""
    if source.shape[:count] != (1,) * count:
        raise UnsupportedError(f"a parameter of shape {list(source.shape)} should begin with {count} times 1")
    return Changed(source, source.shape[count:], lambda tensor: tensor)


def shown(value: object, most: int = 20) -> str:
    """A setting or a name, for a message. Anything but a short text is not walked into."""
    return printable(value[:most]) if isinstance(value, str) else "an unknown"


def unknown_remark(what: str, names: Collection[str]) -> tuple[str, ...]:
    """A sentence on settings of the network `what` that are not known here; none where there are none."""
    if not names:
        return ()
    named = ", ".join(shown(name, 40) for name in sorted(names)[:_MOST_NAMED])
    return (f"The {what} was made with settings that are not known here and were left out: {named}.",)


@dataclass(frozen=True)
class NetworkParts(Generic[Config_co]):
    config: Config_co
    weights: Weights


@dataclass(frozen=True)
class Parts:
    """A model, before it is put together."""

    generator: NetworkParts[GeneratorConfig]
    discriminator: NetworkParts[DiscriminatorConfig] | None
    remarks: tuple[str, ...] = ()
    """What of the file is not used, and why."""
    lacks_w_avg: bool = False
    """The mean w is not in the file: its parameter is a placeholder."""
