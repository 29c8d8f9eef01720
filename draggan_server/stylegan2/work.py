"""How much work `Generator.feature_windows` and its gradient are, reckoned from the configuration alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .config import GeneratorConfig
from .windows import Box, Level, plan, upsampling_input

_TAPS = 3
"""The kernels' rows, and their columns."""
_LOW_PASS_TAPS = 4


@dataclass(frozen=True)
class Work:
    """What the time goes to. Both together tell it well: many operations are so small that starting them costs more
    than what they compute."""

    layers: int
    """Synthesis layers passed through, forth and back."""
    multiply_adds: int
    """Of the forward pass and of the gradient for the latent code, by convolutions and matrix products."""


def features_work(config: GeneratorConfig, resolution: int, boxes: Sequence[Box], moving: int | None = None) -> Work:
    """The work for windows round `boxes` of the output of the block at `resolution`.

    The weights are frozen: a gradient takes as many multiply-adds as the forward pass, for the inputs of each layer.

    Args:
        moving: so many of the first w change from call to call; what follows from the others alone is known already.
            None: all change.
    """
    moving = config.num_ws if moving is None else moving
    layers = forward = 0
    for level in plan(config, resolution, boxes):
        for inputs, outputs in _layer_widths(config, level.resolution):
            if layers < moving:
                forward += config.w_dim * inputs + inputs * outputs  # scales, and what they do to the variance
            layers += 1
        forward += _convolutions(config, level)
    return Work(layers, 2 * forward)


def _layer_widths(config: GeneratorConfig, resolution: int) -> tuple[tuple[int, int], ...]:
    """Input and output channels of a block's layers."""
    channels = config.channels(resolution)
    if resolution == config.block_resolutions[0]:
        return ((channels, channels),)
    return (config.channels(resolution // 2), channels), (channels, channels)


def _convolutions(config: GeneratorConfig, level: Level) -> int:
    """Multiply-adds of a block's share, forward; `windowed` does them, or `synthesis` where it is convolved."""
    channels = config.channels(level.resolution)
    area = sum(box.area for box in level.boxes)
    total = _TAPS**2 * channels * channels * area
    if level.resolution == config.block_resolutions[0]:
        return total
    below = config.channels(level.resolution // 2)
    is_residual = config.architecture == "resnet"
    if level.is_convolved:
        input_area = area // 4
        total += _TAPS**2 * below * channels * input_area + _LOW_PASS_TAPS**2 * channels * area
        if is_residual:
            total += below * channels * input_area + _LOW_PASS_TAPS**2 * channels * input_area
        return total
    for box in level.boxes:
        total += _upsampling(config, level, box.grown(1, level.whole), _TAPS)
        if is_residual:
            total += _upsampling(config, level, box, 1)
    return total


def _upsampling(config: GeneratorConfig, level: Level, box: Box, taps: int) -> int:
    """To `box` of an upsampling convolution's output: one matrix for the channels, one for the rows, one for the
    columns. taps: rows, and columns, of its kernel."""
    channels = config.channels(level.resolution)
    source = upsampling_input(box, Box.whole(*config.map_size(level.resolution // 2)))
    by_channels = config.channels(level.resolution // 2) * taps**2 * channels * source.area
    by_rows = box.height * taps * source.height * taps * source.width * channels
    by_columns = box.width * taps * source.width * box.height * channels
    return by_channels + by_rows + by_columns
