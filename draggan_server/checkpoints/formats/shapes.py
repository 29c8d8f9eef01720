"""Configurations from the shapes of parameters, under NVIDIA's names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

from ...stylegan2 import DiscriminatorConfig, GeneratorConfig
from ...stylegan2.config import SMALLEST_MAP
from .parts import UnsupportedError, Weights

_LARGEST = 4096

Config = TypeVar("Config", GeneratorConfig, DiscriminatorConfig)


def generator_config(
    weights: Weights, conv_clamp: float | None, mapping_lr_multiplier: float, condition: str = "mapped"
) -> GeneratorConfig:
    """Raises UnsupportedError for shapes that no generator of ours has."""
    base_height, base_width = base_size(weights)
    channels = _channels(weights, "synthesis.b{}.conv1.weight")
    top = max(channels)
    mapping = _mapping(weights)
    if not mapping.layers:
        raise UnsupportedError("it has no mapping network")
    base, most = _channel_settings(channels)
    return _valid(
        lambda: GeneratorConfig(
            z_dim=mapping.z_dim,
            w_dim=mapping.w_dim,
            img_resolution=top,
            c_dim=mapping.c_dim,
            img_channels=_shape(weights, f"synthesis.b{top}.torgb.weight", 4)[0],
            channel_base=base,
            channel_max=most,
            mapping_layers=mapping.layers,
            mapping_lr_multiplier=mapping_lr_multiplier,
            embed_features=mapping.embed_features,
            layer_features=mapping.layer_features,
            condition=condition,
            conv_clamp=conv_clamp,
            architecture=_generators_architecture(weights, channels),
            base_height=base_height,
            base_width=base_width,
        )
    )


def base_size(weights: Weights) -> tuple[int, int]:
    """Height and width of the learned constant. Raises UnsupportedError where none of ours is like that."""
    _, height, width = _shape(weights, "synthesis.b4.const", 3)
    if max(height, width) != SMALLEST_MAP or min(height, width) < 1:
        raise UnsupportedError(
            f"it starts from {width} x {height} instead of {SMALLEST_MAP} px on its longer side, which cannot be drawn"
        )
    return height, width


def discriminator_config(
    weights: Weights,
    conv_clamp: float | None,
    mbstd_group_size: int | None,
    base: tuple[int, int],
    mapping_lr_multiplier: float = 0.01,
    condition: str = "mapped",
) -> DiscriminatorConfig:
    """base: the generator's `base_size`: from its own parameters a discriminator's is not to be known.

    Raises UnsupportedError for shapes that no discriminator of ours has.
    """
    channels = _channels(weights, "b{}.conv0.weight", first=8)
    below = _shape(weights, "b4.conv.weight", 4)
    channels[4] = below[0]
    resolution = max(channels)
    channel_base, channel_max = _channel_settings(channels)
    outputs = _shape(weights, "b4.out.weight", 2)[0]
    # Where classes are plain there is an output for each: one of a single class is as one without.
    mapping = _Mapping(outputs if outputs > 1 else 0) if condition == "plain" else _mapping(weights)
    return _valid(
        lambda: DiscriminatorConfig(
            img_resolution=resolution,
            c_dim=mapping.c_dim,
            img_channels=_shape(weights, f"b{resolution}.fromrgb.weight", 4)[1],
            channel_base=channel_base,
            channel_max=channel_max,
            conv_clamp=conv_clamp,
            mbstd_group_size=mbstd_group_size,
            mbstd_num_channels=below[1] - below[0],
            cmap_dim=outputs if mapping.c_dim else 0,
            mapping_layers=mapping.layers,
            mapping_lr_multiplier=mapping_lr_multiplier,
            embed_features=mapping.embed_features,
            layer_features=mapping.layer_features,
            condition=condition if mapping.c_dim else "mapped",
            architecture=_discriminators_architecture(weights, channels),
            base_height=base[0],
            base_width=base[1],
        )
    )


def _generators_architecture(weights: Weights, channels: Iterable[int]) -> str:
    blocks = sorted(channels)
    if all(f"synthesis.b{r}.torgb.weight" in weights for r in blocks):
        return "skip"
    return "resnet" if all(f"synthesis.b{r}.skip.weight" in weights for r in blocks[1:]) else "orig"


def _discriminators_architecture(weights: Weights, channels: Iterable[int]) -> str:
    blocks = sorted(channels)
    if all(f"b{r}.fromrgb.weight" in weights for r in blocks):
        return "skip"
    return "resnet" if all(f"b{r}.skip.weight" in weights for r in blocks[1:]) else "orig"


def _valid(make: Callable[[], Config]) -> Config:
    try:
        return make()
    except ValueError as error:
        raise UnsupportedError(f"such a network cannot be made ({error})") from error


def _channels(weights: Weights, name: str, first: int = 4) -> dict[int, int]:
    """{resolution: channels} for every block that there is."""
    channels = {}
    resolution = first
    while name.format(resolution) in weights and resolution <= _LARGEST:
        channels[resolution] = _shape(weights, name.format(resolution), 4)[0]
        resolution *= 2
    if not channels:
        raise UnsupportedError(f"{name.format(first)} is missing")
    return channels


def _channel_settings(channels: dict[int, int]) -> tuple[int, int]:
    """channel_base and channel_max that give these channels."""
    most = max(channels.values())
    base = max(resolution * number for resolution, number in channels.items())
    if any(min(base // resolution, most) != number for resolution, number in channels.items()):
        numbers = ", ".join(f"{number} at {resolution} px" for resolution, number in channels.items())
        raise UnsupportedError(f"its channels ({numbers}) do not follow StyleGAN2's rule, which cannot be drawn yet")
    return base, most


@dataclass(frozen=True)
class _Mapping:
    """What the shapes of a mapping network tell. Features are None where they are w's."""

    c_dim: int
    layers: int = 0
    z_dim: int = 0
    w_dim: int = 0
    embed_features: int | None = None
    layer_features: int | None = None


def _mapping(weights: Weights) -> _Mapping:
    layers = next(i for i in count() if f"mapping.fc{i}.weight" not in weights)
    embedding, c_dim = _shape(weights, "mapping.embed.weight", 2) if "mapping.embed.weight" in weights else (0, 0)
    if not layers:
        return _Mapping(c_dim, w_dim=embedding)
    features, inputs = _shape(weights, "mapping.fc0.weight", 2)
    w_dim = _shape(weights, f"mapping.fc{layers - 1}.weight", 2)[0]
    if inputs < embedding:
        raise UnsupportedError(f"its mapping network takes {inputs} numbers, fewer than its classes give")
    return _Mapping(
        c_dim,
        layers,
        z_dim=inputs - embedding,
        w_dim=w_dim,
        embed_features=embedding if embedding not in (0, w_dim) else None,
        layer_features=features if features != w_dim else None,
    )


def _shape(weights: Weights, name: str, dimensions: int) -> tuple[int, ...]:
    if name not in weights:
        raise UnsupportedError(f"{name} is missing")
    shape = weights[name].shape
    if len(shape) != dimensions:
        raise UnsupportedError(f"{name} has {len(shape)} dimensions, not {dimensions}")
    return shape
