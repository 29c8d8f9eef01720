"""The discriminator: a critic in training, and a perceptual feature extractor afterwards."""

from __future__ import annotations

import math

from torch import Tensor, nn

from . import ops
from .config import DiscriminatorConfig
from .layers import Conv2d, FullyConnected
from .mapping import MappingNetwork, checked_condition

_RESIDUAL_GAIN = math.sqrt(0.5)


class DiscriminatorBlock(nn.Module):
    """Features [N, C_in, h, w] -> [N, C_out, h/2, w/2]. The first block, of the skip architecture every one, reads the
    picture [N, img_channels, h, w] too."""

    resample_filter: Tensor

    def __init__(self, config: DiscriminatorConfig, resolution: int) -> None:
        super().__init__()
        self.architecture = config.architecture
        self.register_buffer("resample_filter", ops.low_pass_filter())
        channels, below = config.channels(resolution), config.channels(resolution // 2)
        clamp = config.conv_clamp
        if resolution == config.img_resolution or config.architecture == "skip":
            self.fromrgb = Conv2d(config.img_channels, channels, 1, conv_clamp=clamp)
        self.conv0 = Conv2d(channels, channels, 3, conv_clamp=clamp)
        self.conv1 = Conv2d(channels, below, 3, down=True, conv_clamp=clamp)
        if config.architecture == "resnet":
            self.skip = Conv2d(channels, below, 1, down=True, bias=False, activate=False)

    def forward(self, x: Tensor | None, picture: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """The block's output, and the picture as the next block reads it."""
        if picture is not None:
            seen = self.fromrgb(picture)
            x = seen if x is None else x + seen
            picture = ops.downsample2d(picture, self.resample_filter) if self.architecture == "skip" else None
        assert x is not None
        if self.architecture == "resnet":
            shortcut = self.skip(x, _RESIDUAL_GAIN)
            return shortcut + self.conv1(self.conv0(x), _RESIDUAL_GAIN), picture
        return self.conv1(self.conv0(x)), picture


class DiscriminatorEpilogue(nn.Module):
    """Features [N, C, h, w], the smallest map -> [N, 1] or, for a conditional model, [N, cmap_dim]."""

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        channels = config.channels(4)
        if config.architecture == "skip":
            self.fromrgb = Conv2d(config.img_channels, channels, 1)
        self.conv = Conv2d(channels + config.mbstd_num_channels, channels, 3, conv_clamp=config.conv_clamp)
        self.fc = FullyConnected(channels * config.base_height * config.base_width, channels, activate=True)
        self.out = FullyConnected(channels, config.cmap_dim or 1)

    def forward(self, x: Tensor, picture: Tensor | None) -> Tensor:
        if picture is not None:
            x = x + self.fromrgb(picture)
        if self.config.mbstd_num_channels:
            x = ops.minibatch_std(x, self.config.mbstd_group_size, self.config.mbstd_num_channels)
        return self.out(self.fc(self.conv(x).flatten(1)))


class Discriminator(nn.Module):
    """Picture [N, img_channels, H, W] in [-1, 1] -> logit [N, 1], higher for pictures that look real."""

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        for resolution in config.block_resolutions:
            setattr(self, f"b{resolution}", DiscriminatorBlock(config, resolution))
        self.b4 = DiscriminatorEpilogue(config)
        if config.mapping is not None:
            self.mapping = MappingNetwork(config.mapping)

    def features(self, picture: Tensor) -> list[Tensor]:
        """Every block's output, finest first: [N, C, H/2, W/2], [N, C, H/4, W/4], ... [N, C, 4, 4]."""
        return self._blocks(picture)[0]

    def _blocks(self, picture: Tensor) -> tuple[list[Tensor], Tensor | None]:
        """The blocks' outputs, and the picture as the epilogue reads it."""
        maps: list[Tensor] = []
        x: Tensor | None = None
        left: Tensor | None = picture
        for resolution in self.config.block_resolutions:
            x, left = self.get_submodule(f"b{resolution}")(x, left)
            maps.append(x)
        return maps, left

    def forward(self, picture: Tensor, c: Tensor | None = None) -> Tensor:
        maps, left = self._blocks(picture)
        logits = self.b4(maps[-1], left)
        if not self.config.c_dim:
            return logits
        if self.config.condition == "plain":
            return (logits * checked_condition(c, self.config.c_dim)).sum(dim=1, keepdim=True)
        return (logits * self.mapping(None, c)).sum(dim=1, keepdim=True) / math.sqrt(self.config.cmap_dim)

    def freeze(self) -> Discriminator:
        """Evaluation mode, and no parameter ever gets a gradient. Returns self."""
        return self.eval().requires_grad_(False)
