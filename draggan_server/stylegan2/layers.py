"""Layers with the equalised learning rate.

Parameters start as N(0, 1); their scale is applied when they are used (Progressive GAN, Sec. 4.1).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import ops


class FullyConnected(nn.Module):
    """Linear layer, optionally with leaky ReLU: [N, in_features] -> [N, out_features]."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        activate: bool = False,
        lr_multiplier: float = 1.0,
        bias_init: float = 0.0,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(ops.random_normal(out_features, in_features, scale=1 / lr_multiplier))
        self.bias = nn.Parameter(torch.full((out_features,), bias_init / lr_multiplier))
        self.activate = activate
        self.weight_gain = lr_multiplier / math.sqrt(in_features)
        self.bias_gain = lr_multiplier

    def forward(self, x: Tensor) -> Tensor:
        # The input is scaled rather than the weights: it is smaller.
        y = F.linear(x * self.weight_gain, self.weight, self.bias * self.bias_gain)
        return ops.leaky_relu(y) if self.activate else y


class Conv2d(nn.Module):
    """1 x 1 or 3 x 3 convolution, optionally halving the picture; a 1 x 1 can also double it.

    [N, in_channels, H, W] -> [N, out_channels, H, W], [N, out_channels, H/2, W/2] or [N, out_channels, 2H, 2W].
    """

    resample_filter: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        activate: bool = True,
        bias: bool = True,
        up: bool = False,
        down: bool = False,
        conv_clamp: float | None = None,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(ops.random_normal(out_channels, in_channels, kernel_size, kernel_size))
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None
        self.register_buffer("resample_filter", ops.low_pass_filter())
        self.activate = activate
        self.up = up
        self.down = down
        self.conv_clamp = conv_clamp
        self.weight_gain = 1 / math.sqrt(in_channels * kernel_size**2)

    def forward(self, x: Tensor, gain: float = 1.0) -> Tensor:
        weight = self.weight * self.weight_gain
        pointwise = weight.shape[-1] == 1
        if self.up and pointwise:
            x = ops.upsample2d(F.conv2d(x, weight), self.resample_filter)  # in either order: the smaller one first
        elif self.down and pointwise:
            x = F.conv2d(ops.downsample2d(x, self.resample_filter), weight)
        elif self.down:
            x = ops.downsampling_conv3x3(x, weight, self.resample_filter)
        else:
            x = F.conv2d(x, weight, padding=weight.shape[-1] // 2)
        if self.bias is not None:
            x = x + self.bias[:, None, None]
        clamp = None if self.conv_clamp is None else self.conv_clamp * gain
        if self.activate:
            return ops.leaky_relu(x, ops.LEAKY_GAIN * gain, clamp)
        x = x * gain
        return x if clamp is None else x.clamp(-clamp, clamp)
