"""The synthesis network: one w per layer -> feature maps -> a picture.

Every map has the picture's shape; a block's resolution, by which it is called, is the longer side h or w of its map.

Modulation scales activations, not weights: y = demod * conv(x * s, W). That is the same as convolving with
modulated weights (StyleGAN2, Sec. 2.2), but one convolution serves the whole batch, and frozen weights need
no gradient.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import ops
from .config import GeneratorConfig
from .layers import Conv2d, FullyConnected

RESIDUAL_GAIN = math.sqrt(0.5)
"""Keeps the variance of a sum of two."""

NoiseMode = Literal["const", "random", "none"]
"""const: the noise maps stored in the model; random: drawn anew at every call; none: no noise."""


class SynthesisLayer(nn.Module):
    """Modulated 3 x 3 convolution, noise, bias, leaky ReLU; with `up` it doubles the resolution.

    x [N, in_channels, h, w] and w [N, w_dim] -> [N, out_channels, height, width].
    """

    noise_const: Tensor
    resample_filter: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        w_dim: int,
        size: tuple[int, int],
        *,
        up: bool,
        conv_clamp: float | None,
    ) -> None:
        """size: height and width of the output."""
        super().__init__()
        self.height, self.width = size
        self.up = up
        self.conv_clamp = conv_clamp
        self.affine = FullyConnected(w_dim, in_channels, bias_init=1.0)
        self.weight = nn.Parameter(ops.random_normal(out_channels, in_channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.noise_strength = nn.Parameter(torch.zeros([]))
        self.register_buffer("noise_const", ops.random_normal(self.height, self.width))
        self.register_buffer("resample_filter", ops.low_pass_filter())
        self.forget()

    def forget(self) -> None:
        """Forget what follows from the weights; it is computed anew when it is needed."""
        self._constants: dict[str, tuple[object, Tensor]] = {}
        self._still: tuple[object, Tensor, tuple[Tensor, Tensor]] | None = None

    def forward(self, x: Tensor, w: Tensor, noise: NoiseMode = "const", gain: float = 1.0) -> Tensor:
        styles, demod = self.modulation(w)
        x = x * styles[:, :, None, None]
        if self.up:
            x = ops.upsampling_conv3x3(x, self.weight, self.resample_filter)
        else:
            x = F.conv2d(x, self.weight, padding=1)
        x = x * demod[:, :, None, None]
        noise_map = self.noise_map(noise, x.shape[0])
        if noise_map is not None:
            x = x + noise_map
        return self.activate(x + self.bias[:, None, None], gain)

    def modulation(self, w: Tensor) -> tuple[Tensor, Tensor]:
        """w [N, w_dim] -> the scales of the input channels [N, in_channels] and of the output's [N, out_channels].

        The last w that needs no gradient is remembered: in a drag it is the same one at every step.
        """
        weights = (self.weight, self.affine.weight, self.affine.bias)
        if w.requires_grad or any(weight.requires_grad for weight in weights):
            return self._modulation(w)
        version = tuple(map(_version, weights))
        if self._still is None or self._still[0] != version or not _same(self._still[1], w):
            self._still = (version, w.clone(), self._modulation(w))
        return self._still[2]

    def _modulation(self, w: Tensor) -> tuple[Tensor, Tensor]:
        styles = self.affine(w)
        return styles, ops.demodulation(styles, self.weight_square_sum())

    def weight_square_sum(self) -> Tensor:
        """[out_channels, in_channels]: what demodulation needs to know of the weights."""
        return self._derived("weight_square_sum", lambda weight: weight.square().sum(dim=[2, 3]))

    def tap_matrix(self) -> Tensor:
        """[in_channels, 9 * out_channels]: from an input pixel to what each of the kernel's taps makes of it."""
        return self._derived("tap_matrix", lambda weight: weight.permute(1, 2, 3, 0).flatten(1).contiguous())

    def neighbour_matrix(self) -> Tensor:
        """[9 * in_channels, out_channels]: from an output pixel's 3 x 3 neighbours in the input to itself."""
        return self._derived("neighbour_matrix", lambda weight: weight.permute(2, 3, 1, 0).flatten(0, 2).contiguous())

    def _derived(self, name: str, derive: Callable[[Tensor], Tensor]) -> Tensor:
        """What follows from the weights alone: computed once while they are frozen, anew whenever they change."""
        if self.weight.requires_grad:
            return derive(self.weight)
        version = _version(self.weight)
        known = self._constants.get(name)
        if known is None or known[0] != version:
            known = self._constants[name] = (version, derive(self.weight))
        return known[1]

    def noise_map(self, noise: NoiseMode, count: int) -> Tensor | None:
        """What the noise adds: [count or 1, 1, height, width], None for nothing."""
        if noise == "none":
            return None
        shape = (1, 1, self.height, self.width)
        if noise == "random":
            drawn = torch.randn(count, *shape[1:], device=self.noise_const.device, dtype=self.noise_const.dtype)
        else:
            drawn = self.noise_const.reshape(shape)
        return drawn * self.noise_strength

    def activate(self, x: Tensor, gain: float = 1.0) -> Tensor:
        """Leaky ReLU and clamp, times `gain`, of what already has its noise and bias."""
        clamp = None if self.conv_clamp is None else self.conv_clamp * gain
        return ops.leaky_relu(x, ops.LEAKY_GAIN * gain, clamp)


def _version(parameter: Tensor) -> object:
    """Another one whenever the parameter's numbers may have changed."""
    return parameter.data_ptr(), parameter._version, parameter.dtype


def _same(a: Tensor, b: Tensor) -> bool:
    return a.device == b.device and a.dtype == b.dtype and torch.equal(a, b)


class ToRGB(nn.Module):
    """Modulated 1 x 1 convolution without demodulation.

    Features [N, C, h, w] -> picture [N, img_channels, h, w].
    """

    def __init__(self, in_channels: int, img_channels: int, w_dim: int, conv_clamp: float | None) -> None:
        super().__init__()
        self.conv_clamp = conv_clamp
        self.affine = FullyConnected(w_dim, in_channels, bias_init=1.0)
        self.weight = nn.Parameter(ops.random_normal(img_channels, in_channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(img_channels))
        self.weight_gain = 1 / math.sqrt(in_channels)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        styles = self.affine(w) * self.weight_gain
        y = F.conv2d(x * styles[:, :, None, None], self.weight) + self.bias[:, None, None]
        return y if self.conv_clamp is None else y.clamp(-self.conv_clamp, self.conv_clamp)


class SynthesisBlock(nn.Module):
    """The layers of one resolution; the first block starts from a learned constant, with one convolution.

    Without the skip architecture only the last block has an RGB layer, `torgb`. In the resnet architecture a 1 x 1
    convolution of the block's input, `skip`, is added to its output; both are then scaled by RESIDUAL_GAIN.
    """

    resample_filter: Tensor

    def __init__(self, config: GeneratorConfig, resolution: int) -> None:
        super().__init__()
        self.resolution = resolution
        channels, size = config.channels(resolution), config.map_size(resolution)
        self.is_first = resolution == config.block_resolutions[0]
        self.is_residual = config.architecture == "resnet" and not self.is_first
        self.draws = resolution in config.picture_resolutions
        if self.is_first:
            self.const = nn.Parameter(ops.random_normal(channels, *size))
        else:
            below = config.channels(resolution // 2)
            self.conv0 = SynthesisLayer(below, channels, config.w_dim, size, up=True, conv_clamp=config.conv_clamp)
            if self.is_residual:
                self.skip = Conv2d(below, channels, 1, up=True, bias=False, activate=False)
        self.conv1 = SynthesisLayer(channels, channels, config.w_dim, size, up=False, conv_clamp=config.conv_clamp)
        if self.draws:
            self.torgb = ToRGB(channels, config.img_channels, config.w_dim, config.conv_clamp)
        self.register_buffer("resample_filter", ops.low_pass_filter())

    @property
    def num_convs(self) -> int:
        return 1 if self.is_first else 2

    def features(self, x: Tensor | None, ws: Sequence[Tensor], noise: NoiseMode) -> Tensor:
        """The block's output. x: the block below's output, None for the first; ws: num_convs times [N, w_dim]."""
        if self.is_first:
            return self.conv1(self.const.expand(ws[0].shape[0], -1, -1, -1), ws[0], noise)
        y = self.conv1(self.conv0(x, ws[0], noise), ws[1], noise, self.output_gain)
        return y + self.skip(x, self.output_gain) if self.is_residual else y

    @property
    def output_gain(self) -> float:
        """By which what the last convolution gives is scaled."""
        return RESIDUAL_GAIN if self.is_residual else 1.0

    def rgb(self, x: Tensor, w: Tensor, below: Tensor | None) -> Tensor | None:
        """The block's picture on top of the one from the block `below`; None where the block draws none."""
        if not self.draws:
            return None
        y = self.torgb(x, w)
        return y if below is None else ops.upsample2d(below, self.resample_filter) + y


class SynthesisNetwork(nn.Module):
    """ws [N, num_ws, w_dim] -> features or picture. Block b{r} takes the w that follow the block below's."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        for resolution in config.block_resolutions:
            setattr(self, f"b{resolution}", SynthesisBlock(config, resolution))

    def block(self, resolution: int) -> SynthesisBlock:
        block = self.get_submodule(f"b{resolution}")
        assert isinstance(block, SynthesisBlock)
        return block

    def first_w(self, resolution: int) -> int:
        """The place in ws of the first w that the block at `resolution` takes."""
        return max(2 * self.config.block_resolutions.index(resolution) - 1, 0)

    def features(self, ws: Tensor, resolution: int, noise: NoiseMode) -> Tensor:
        """[N, C, h, w]: no RGB layer is computed, and nothing above the block."""
        return self.feature_maps(ws, resolution, noise)[resolution]

    def feature_maps(self, ws: Tensor, resolution: int, noise: NoiseMode) -> dict[int, Tensor]:
        """The output of every block up to `resolution`: {r: [N, C, h, w]}."""
        maps: dict[int, Tensor] = {}
        x: Tensor | None = None
        first = 0
        for r in self.config.block_resolutions:
            block = self.block(r)
            x = block.features(x, ws[:, first : first + block.num_convs].unbind(1), noise)
            first += block.num_convs
            maps[r] = x
            if r == resolution:
                return maps
        raise self._no_such_block(resolution)

    def images(self, ws: Tensor, resolution: int, noise: NoiseMode) -> dict[int, Tensor]:
        """The picture after every block up to `resolution` that draws one: {r: [N, img_channels, h, w]}."""
        return {r: picture for r, _, picture in self.blocks(ws, resolution, noise) if picture is not None}

    def blocks(self, ws: Tensor, resolution: int, noise: NoiseMode) -> Iterator[tuple[int, Tensor, Tensor | None]]:
        """Every block's resolution r up to `resolution`, its features [N, C, h, w], and the picture after it."""
        x: Tensor | None = None
        picture: Tensor | None = None
        first = 0
        for r in self.config.block_resolutions:
            block = self.block(r)
            x = block.features(x, ws[:, first : first + block.num_convs].unbind(1), noise)
            first += block.num_convs
            # The RGB layer shares its w with the next block's first convolution.
            picture = block.rgb(x, ws[:, first], picture)
            yield r, x, picture
            if r == resolution:
                return
        raise self._no_such_block(resolution)

    def _no_such_block(self, resolution: int) -> ValueError:
        return ValueError(f"no block at {resolution} px; this model has {self.config.block_resolutions}")
