"""What distinguishes one StyleGAN2 from another, as plain data."""

from __future__ import annotations

import math
from dataclasses import dataclass

MAX_RESOLUTION = 4096
MAX_MAPPING_LAYERS = 64
"""Eight times what the paper's networks have."""
MAX_CLASSES = 100_000
ARCHITECTURES = ("orig", "skip", "resnet")
"""How blocks follow one another (StyleGAN2, Fig. 7): orig: one after the other; skip: each block's picture is added to
the upsampled one of the block below (of a discriminator: the picture enters every block); resnet: each block's input is
added to its output."""
CONDITIONS = ("mapped", "plain")
"""How a class enters. mapped, as in StyleGAN2-ADA: its embedding is normalised by itself and joins z, and the
discriminator's logit is the product of its output with the class as a mapping network of its own maps it. plain, as in
StyleGAN2's first program: its embedding joins z, both are normalised as one, and the discriminator has a logit for each
class."""
SMALLEST_MAP = 4
"""The longer side of the smallest map."""


def _check_resolution(resolution: int) -> None:
    if not 8 <= resolution <= MAX_RESOLUTION or resolution & (resolution - 1):
        raise ValueError(f"img_resolution must be a power of two from 8 to {MAX_RESOLUTION}, not {resolution}")


def _check_channels(resolution: int, channel_base: int, channel_max: int) -> None:
    if _channels(resolution, channel_base, channel_max) < 1:
        raise ValueError(f"channel_base {channel_base} and channel_max {channel_max} leave no channels")


def _check_mapping(mapping_layers: int, embed_features: int | None, layer_features: int | None) -> None:
    if not 0 <= mapping_layers <= MAX_MAPPING_LAYERS:
        raise ValueError(f"mapping_layers must be from 0 to {MAX_MAPPING_LAYERS}, not {mapping_layers}")
    for name, features in (("embed_features", embed_features), ("layer_features", layer_features)):
        if features is not None and features < 1:
            raise ValueError(f"{name} must be at least 1, not {features}")


def _check_classes(c_dim: int, condition: str) -> None:
    if not 0 <= c_dim <= MAX_CLASSES:
        raise ValueError(f"c_dim must be from 0 to {MAX_CLASSES}, not {c_dim}")
    if condition not in CONDITIONS:
        raise ValueError(f"condition must be one of {', '.join(CONDITIONS)}, not {condition[:40]!r}")


def _check_shape(architecture: str, base_height: int, base_width: int) -> None:
    if architecture not in ARCHITECTURES:
        raise ValueError(f"architecture must be one of {', '.join(ARCHITECTURES)}, not {architecture[:40]!r}")
    if max(base_height, base_width) != SMALLEST_MAP or min(base_height, base_width) < 1:
        raise ValueError(
            f"the smallest map must be {SMALLEST_MAP} px long and 1 to {SMALLEST_MAP} px wide, not {base_height} x "
            f"{base_width}"
        )


def _channels(resolution: int, channel_base: int, channel_max: int) -> int:
    return min(channel_base // resolution, channel_max)


def _map_size(resolution: int, base_height: int, base_width: int) -> tuple[int, int]:
    return resolution * base_height // SMALLEST_MAP, resolution * base_width // SMALLEST_MAP


def _block_resolutions(img_resolution: int) -> tuple[int, ...]:
    return tuple(2**i for i in range(2, int(math.log2(img_resolution)) + 1))


@dataclass(frozen=True)
class MappingConfig:
    """Hyper-parameters of a mapping network, which follow from those of the network that it belongs to."""

    z_dim: int
    c_dim: int
    w_dim: int
    num_layers: int
    lr_multiplier: float
    embed_features: int
    """Width of the class embedding."""
    layer_features: int
    """Width of all layers but the last."""
    normalizes_as_one: bool
    """Whether z and the class embedding are normalised together; otherwise each by itself."""

    def __post_init__(self) -> None:
        inputs = self.z_dim + (self.embed_features if self.c_dim else 0)
        if not self.num_layers and inputs != self.w_dim:
            raise ValueError(f"a mapping network without layers cannot make w of {self.w_dim} from {inputs} numbers")


@dataclass(frozen=True)
class GeneratorConfig:
    """Hyper-parameters of a generator, under the names that NVIDIA's networks give them."""

    z_dim: int
    w_dim: int
    img_resolution: int
    """The longer side of the picture in px."""
    c_dim: int = 0
    """Classes; 0 for a model without."""
    img_channels: int = 3
    channel_base: int = 32768
    channel_max: int = 512
    mapping_layers: int = 8
    mapping_lr_multiplier: float = 0.01
    embed_features: int | None = None
    """Width of the class embedding; None: w_dim."""
    layer_features: int | None = None
    """Width of the mapping's layers but the last; None: w_dim."""
    condition: str = "mapped"
    """One of CONDITIONS."""
    conv_clamp: float | None = None
    """Activations are clamped to [-conv_clamp, conv_clamp] after every convolution; None: never."""
    architecture: str = "skip"
    """One of ARCHITECTURES."""
    base_height: int = SMALLEST_MAP
    base_width: int = SMALLEST_MAP
    """Of the learned constant, the first block's map: 4 x 2 draws pictures twice as tall as wide."""

    def __post_init__(self) -> None:
        _check_resolution(self.img_resolution)
        _check_channels(self.img_resolution, self.channel_base, self.channel_max)
        _check_mapping(self.mapping_layers, self.embed_features, self.layer_features)
        _check_classes(self.c_dim, self.condition)
        _check_shape(self.architecture, self.base_height, self.base_width)

    @property
    def mapping(self) -> MappingConfig:
        return MappingConfig(
            z_dim=self.z_dim,
            c_dim=self.c_dim,
            w_dim=self.w_dim,
            num_layers=self.mapping_layers,
            lr_multiplier=self.mapping_lr_multiplier,
            embed_features=self.embed_features or self.w_dim,
            layer_features=self.layer_features or self.w_dim,
            normalizes_as_one=self.condition == "plain",
        )

    @property
    def block_resolutions(self) -> tuple[int, ...]:
        """4, 8, ... up to the picture's resolution: one synthesis block each."""
        return _block_resolutions(self.img_resolution)

    @property
    def picture_resolutions(self) -> tuple[int, ...]:
        """The blocks after which there is a picture: all of them, or without the skip architecture the last alone."""
        return self.block_resolutions if self.architecture == "skip" else self.block_resolutions[-1:]

    def map_size(self, resolution: int) -> tuple[int, int]:
        """Height and width of the map, and of the picture, of the block at `resolution`, its longer side."""
        return _map_size(resolution, self.base_height, self.base_width)

    @property
    def aspect(self) -> float:
        """Width / height."""
        return self.base_width / self.base_height

    @property
    def num_ws(self) -> int:
        """How many w the synthesis takes: one per convolution, and the last block's RGB layer has its own."""
        return 2 * len(self.block_resolutions)

    def channels(self, resolution: int) -> int:
        """Feature channels of the block at `resolution`."""
        return _channels(resolution, self.channel_base, self.channel_max)


@dataclass(frozen=True)
class DiscriminatorConfig:
    """Hyper-parameters of a discriminator, under the names that NVIDIA's networks give them."""

    img_resolution: int
    """The longer side of the picture in px."""
    c_dim: int = 0
    img_channels: int = 3
    channel_base: int = 32768
    channel_max: int = 512
    conv_clamp: float | None = None
    mbstd_group_size: int | None = 4
    """Pictures per group of the minibatch standard deviation layer; None: the whole batch."""
    mbstd_num_channels: int = 1
    cmap_dim: int = 0
    """Dimensions of the mapped class condition, where it is plain the number of classes; 0 where there is none."""
    mapping_layers: int = 8
    mapping_lr_multiplier: float = 0.01
    embed_features: int | None = None
    """Width of the class embedding; None: cmap_dim."""
    layer_features: int | None = None
    """Width of the mapping's layers but the last; None: cmap_dim."""
    condition: str = "mapped"
    """One of CONDITIONS."""
    architecture: str = "resnet"
    """One of ARCHITECTURES."""
    base_height: int = SMALLEST_MAP
    base_width: int = SMALLEST_MAP
    """Of the smallest map, which the epilogue reads."""

    def __post_init__(self) -> None:
        _check_resolution(self.img_resolution)
        _check_channels(self.img_resolution, self.channel_base, self.channel_max)
        _check_mapping(self.mapping_layers, self.embed_features, self.layer_features)
        _check_classes(self.c_dim, self.condition)
        _check_shape(self.architecture, self.base_height, self.base_width)
        if bool(self.c_dim) != bool(self.cmap_dim) or (self.condition == "plain" and self.cmap_dim != self.c_dim):
            raise ValueError(f"cmap_dim {self.cmap_dim} does not go with {self.c_dim} {self.condition} classes")
        if self.mbstd_group_size is not None and self.mbstd_group_size < 1:
            raise ValueError(f"mbstd_group_size must be at least 1, not {self.mbstd_group_size}")
        if self.mbstd_num_channels < 0 or (self.mbstd_num_channels and self.channels(4) % self.mbstd_num_channels):
            raise ValueError(
                f"mbstd_num_channels {self.mbstd_num_channels} does not divide the {self.channels(4)} channels"
            )

    @property
    def mapping(self) -> MappingConfig | None:
        """Of the network that maps the class; None where there is none."""
        if not self.c_dim or self.condition == "plain":
            return None
        return MappingConfig(
            z_dim=0,
            c_dim=self.c_dim,
            w_dim=self.cmap_dim,
            num_layers=self.mapping_layers,
            lr_multiplier=self.mapping_lr_multiplier,
            embed_features=self.embed_features or self.cmap_dim,
            layer_features=self.layer_features or self.cmap_dim,
            normalizes_as_one=False,
        )

    @property
    def block_resolutions(self) -> tuple[int, ...]:
        """The picture's resolution, then halved down to 8; the 4 px epilogue is apart."""
        return tuple(reversed(_block_resolutions(self.img_resolution)[1:]))

    def channels(self, resolution: int) -> int:
        """Feature channels that enter the block at `resolution`."""
        return _channels(resolution, self.channel_base, self.channel_max)
