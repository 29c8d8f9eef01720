"""The operations StyleGAN2 is made of.

Everything is a plain function of tensors. Spatial filters are the separable [1, 3, 3, 1] low-pass of the
paper, stored normalised as a 4 x 4 buffer named `resample_filter`, as NVIDIA's networks store it.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

LEAKY_SLOPE = 0.2
LEAKY_GAIN = math.sqrt(2.0)
EPSILON = 1e-8


def low_pass_filter() -> Tensor:
    """The 4 x 4 resampling filter [1, 3, 3, 1] x [1, 3, 3, 1], normalised to a sum of 1."""
    taps = (1.0, 3.0, 3.0, 1.0)
    return torch.tensor([[vertical * horizontal / 64 for horizontal in taps] for vertical in taps])


def random_normal(*shape: int, scale: float = 1.0) -> Tensor:
    """What a parameter begins with: normally distributed, `scale` its standard deviation.

    On torch's meta device it has no numbers. torch knows that of `randn` too, but first loads the symbolic
    mathematics of its compiler: a second, and the memory of a model.
    """
    values = torch.empty(shape)
    return values if values.is_meta else values.normal_(std=scale)


def normalize_second_moment(x: Tensor) -> Tensor:
    """x [N, C] scaled so that the mean of its squares over C is 1."""
    return x * (x.square().mean(dim=1, keepdim=True) + EPSILON).rsqrt()


def leaky_relu(x: Tensor, gain: float = LEAKY_GAIN, clamp: float | None = None) -> Tensor:
    """Leaky ReLU (slope 0.2) times `gain`, clamped to [-clamp, clamp] where a clamp is given."""
    x = F.leaky_relu(x, LEAKY_SLOPE) * gain
    return x if clamp is None else x.clamp(-clamp, clamp)


def filter2d(x: Tensor, kernel: Tensor, padding: int, gain: float = 1.0, stride: int = 1) -> Tensor:
    """Every channel of x [N, C, H, W] convolved with the same small `kernel` [k, k], zeros outside.

    The kernel is turned by 180 degrees (true convolution), as StyleGAN2's resampling defines it.
    """
    channels = x.shape[1]
    weight = (kernel.flip(0, 1) * gain).to(x.dtype).expand(channels, 1, *kernel.shape)
    return F.conv2d(x, weight, padding=padding, stride=stride, groups=channels)


def upsample2d(x: Tensor, kernel: Tensor) -> Tensor:
    """x [N, C, H, W] -> [N, C, 2H, 2W]: zeros between the samples, then the low-pass with gain 4."""
    channels = x.shape[1]
    weight = (kernel * 4).to(x.dtype).expand(channels, 1, *kernel.shape)
    return F.conv_transpose2d(x, weight, stride=2, padding=1, groups=channels)


def downsample2d(x: Tensor, kernel: Tensor) -> Tensor:
    """x [N, C, H, W] -> [N, C, H/2, W/2]: the low-pass, then every second sample."""
    return filter2d(x, kernel, padding=1, stride=2)


def upsampling_conv3x3(x: Tensor, weight: Tensor, kernel: Tensor) -> Tensor:
    """Stride-2 transposed 3 x 3 convolution, then the low-pass.

    x [N, I, H, W], weight [O, I, 3, 3] -> [N, O, 2H, 2W].
    """
    x = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
    return filter2d(x, kernel, padding=1, gain=4.0)


def downsampling_conv3x3(x: Tensor, weight: Tensor, kernel: Tensor) -> Tensor:
    """The low-pass, then a stride-2 3 x 3 convolution.

    x [N, I, H, W], weight [O, I, 3, 3] -> [N, O, H/2, W/2].
    """
    return F.conv2d(filter2d(x, kernel, padding=2), weight, stride=2)


def demodulation(styles: Tensor, weight_square_sum: Tensor) -> Tensor:
    """The factor that brings each output channel back to unit variance (StyleGAN2, Eq. 3).

    Args:
        styles: [N, I], the scale of each input channel.
        weight_square_sum: [O, I], the weights' squares summed over the kernel's taps.

    Returns:
        [N, O]. The same numbers as from the modulated weights, which are never formed: frozen weights then
        need no gradient at all.
    """
    return (styles.square() @ weight_square_sum.t() + EPSILON).rsqrt()


def minibatch_std(x: Tensor, group_size: int | None, num_channels: int) -> Tensor:
    """x [N, C, H, W] with `num_channels` planes appended: the standard deviation over groups of pictures, or with None
    over all.

    Raises:
        ValueError: N is larger than `group_size` and no multiple of it.
    """
    n, c, h, w = x.shape
    group = n if group_size is None else min(group_size, n)
    if n % group:
        raise ValueError(f"a batch of {n} pictures cannot be split into groups of {group}")
    y = x.reshape(group, -1, num_channels, c // num_channels, h, w)
    y = y - y.mean(dim=0)
    y = (y.square().mean(dim=0) + EPSILON).sqrt().mean(dim=[2, 3, 4])
    y = y.reshape(-1, num_channels, 1, 1).repeat(group, 1, h, w)
    return torch.cat([x, y], dim=1)
