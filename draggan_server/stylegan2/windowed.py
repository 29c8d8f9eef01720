"""Feature maps inside small windows only: the same numbers as the whole map's, for a fraction of the work.

Windows of any size go through a layer together: their pixels stand side by side as columns of one matrix, so each
convolution is one matrix product whatever the number of windows. Frozen weights need no gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from . import ops
from .synthesis import NoiseMode, SynthesisBlock, SynthesisLayer, SynthesisNetwork
from .windows import Box, Level, plan, upsampling_input


@dataclass(frozen=True)
class Window:
    """A part of a feature map."""

    box: Box
    values: Tensor
    """[C, box.height, box.width]."""

    def crop(self, box: Box) -> Tensor:
        """[C, box.height, box.width]; `box` lies inside this window's."""
        top, left = box.top - self.box.top, box.left - self.box.left
        return self.values[:, top : top + box.height, left : left + box.width]


@dataclass(frozen=True)
class FeatureWindows:
    """What was computed of the feature maps."""

    windows: tuple[Window, ...]
    """Of the block asked for."""
    whole: Tensor | None
    """[C, h, w] of the block that was to be whole."""


def feature_windows(
    synthesis: SynthesisNetwork,
    ws: Tensor,
    resolution: int,
    boxes: Sequence[Box],
    noise: NoiseMode,
    whole_at: int | None,
) -> FeatureWindows:
    """Windows of the output of the block at `resolution`: each of `boxes` lies inside one of them.

    Args:
        ws: [1, num_ws, w_dim].
        whole_at: a block, at most `resolution`, whose whole map is wanted as well; None: no such block.
    """
    levels = plan(synthesis.config, resolution, boxes, whole_at or 0)
    whole = [level for level in levels if level.is_whole]
    windows: tuple[Window, ...] = ()
    kept = None
    if whole:
        top = whole[-1].resolution
        maps = synthesis.feature_maps(ws, top, noise)
        windows = (Window(Box.whole(top), maps[top][0]),)
        kept = maps[whole_at][0] if whole_at else None
    for level in levels[len(whole) :]:
        block = synthesis.block(level.resolution)
        first = synthesis.first_w(level.resolution)
        if block.is_first:
            windows = (Window(Box.whole(level.resolution), block.const),)
            windows = _plain_layer(block.conv1, windows, level.boxes, ws[0, first], noise)
        else:
            windows = _block(block, windows, level, ws[0, first : first + 2], noise)
    return FeatureWindows(windows, kept)


def _block(
    block: SynthesisBlock, below: tuple[Window, ...], level: Level, ws: Tensor, noise: NoiseMode
) -> tuple[Window, ...]:
    middle = tuple(box.grown(1, level.resolution) for box in level.boxes)
    windows = _upsampling_layer(block.conv0, below, middle, ws[0], noise)
    return _plain_layer(block.conv1, windows, level.boxes, ws[1], noise)


def _upsampling_layer(
    layer: SynthesisLayer, below: tuple[Window, ...], boxes: tuple[Box, ...], w: Tensor, noise: NoiseMode
) -> tuple[Window, ...]:
    inputs = [upsampling_input(box, layer.resolution // 2) for box in boxes]
    pixels = [_holding(below, box).crop(box) for box in inputs]
    styles = layer.affine(w[None])
    columns = torch.cat([x.flatten(1) for x in pixels], dim=1) * styles.t()
    taps = layer.tap_matrix() @ columns
    parts = taps.split([x[0].numel() for x in pixels], dim=1)
    values = []
    for box, source, part in zip(boxes, inputs, parts, strict=True):
        size = (2 * source.height + 1, 2 * source.width + 1)
        spread = F.fold(part[None], size, kernel_size=3, stride=2)
        # Rows box.top - 1 .. box.bottom + 1 of the transposed convolution, zeros beyond the map.
        top, left = box.top - 1 - 2 * source.top, box.left - 1 - 2 * source.left
        needed = _cut(spread, top, left, box.height + 3, box.width + 3)
        values.append(ops.filter2d(needed, layer.resample_filter, padding=0, gain=4.0))
    return _finish(layer, values, boxes, styles, noise)


def _plain_layer(
    layer: SynthesisLayer, inputs: tuple[Window, ...], boxes: tuple[Box, ...], w: Tensor, noise: NoiseMode
) -> tuple[Window, ...]:
    styles = layer.affine(w[None])
    columns = []
    for box in boxes:
        window = _holding(inputs, box.grown(1, layer.resolution))
        scaled = window.values[None] * styles[:, :, None, None]
        top, left = box.top - 1 - window.box.top, box.left - 1 - window.box.left
        columns.append(F.unfold(_cut(scaled, top, left, box.height + 2, box.width + 2), 3)[0])
    result = layer.weight.flatten(1) @ torch.cat(columns, dim=1)
    parts = result.split([box.area for box in boxes], dim=1)
    values = [part.reshape(1, -1, box.height, box.width) for part, box in zip(parts, boxes, strict=True)]
    return _finish(layer, values, boxes, styles, noise)


def _finish(
    layer: SynthesisLayer, values: list[Tensor], boxes: tuple[Box, ...], styles: Tensor, noise: NoiseMode
) -> tuple[Window, ...]:
    """Demodulation, noise, bias and leaky ReLU."""
    demod = ops.demodulation(styles, layer.weight_square_sum())[:, :, None, None]
    noise_map = layer.noise_map(noise, 1)
    done = []
    for x, box in zip(values, boxes, strict=True):
        crop = noise_map if noise_map is None else noise_map[..., box.top : box.bottom, box.left : box.right]
        done.append(Window(box, layer.activate(x * demod, crop)[0]))
    return tuple(done)


def _cut(x: Tensor, top: int, left: int, height: int, width: int) -> Tensor:
    """x [1, C, h, w] from row `top` and column `left` on, with zeros where that reaches outside."""
    _, _, h, w = x.shape
    return F.pad(x, (-left, left + width - w, -top, top + height - h))


def _holding(windows: tuple[Window, ...], box: Box) -> Window:
    return next(window for window in windows if window.box.contains(box))
