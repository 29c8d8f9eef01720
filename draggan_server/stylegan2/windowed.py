"""Feature maps inside small windows only: the same numbers as the whole map's, for a fraction of the work.

Windows of any size go through a layer together. Their pixels are the rows of one matrix [pixels, channels], so each
convolution is one matrix product whatever the number of windows, with the weights lying as the product wants them, in
both directions. Frozen weights need no gradient.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

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


@dataclass(frozen=True)
class _Pixels:
    """Windows of a map as the rows of a matrix: box after box, each row by row."""

    boxes: tuple[Box, ...]
    rows: Tensor
    """[pixels, C]."""

    @classmethod
    def of_whole(cls, features: Tensor) -> _Pixels:
        """features: [C, h, w]."""
        return cls((Box.whole(*features.shape[1:]),), features.flatten(1).t())

    def windows(self) -> tuple[Window, ...]:
        parts = self.rows.split([box.area for box in self.boxes])
        return tuple(
            Window(box, part.reshape(box.height, box.width, -1).permute(2, 0, 1))
            for box, part in zip(self.boxes, parts, strict=True)
        )


def feature_windows(
    synthesis: SynthesisNetwork,
    ws: Tensor,
    resolution: int,
    boxes: Sequence[Box],
    noise: NoiseMode,
    whole_at: int | None,
    moving: int | None = None,
) -> FeatureWindows:
    """Windows of the output of the block at `resolution`: each of `boxes` lies inside one of them.

    Args:
        ws: [1, num_ws, w_dim].
        whole_at: a block, at most `resolution`, whose whole map is wanted as well; None: no such block.
        moving: only so many of the first w change from call to call, and get a gradient; None: all may.
    """
    moving = ws.shape[1] if moving is None else moving
    each_w = [*ws[:, :moving].unbind(1), *ws[:, moving:].detach().unbind(1)]
    pixels: _Pixels | None = None
    kept = None
    for level in plan(synthesis.config, resolution, boxes, whole_at or 0):
        first = synthesis.first_w(level.resolution)
        pixels = _block(synthesis, level, pixels, each_w[first : first + 2], noise)
        if level.resolution == whole_at:
            kept = pixels.windows()[0].values
    assert pixels is not None
    return FeatureWindows(pixels.windows(), kept)


def _block(
    synthesis: SynthesisNetwork, level: Level, below: _Pixels | None, ws: list[Tensor], noise: NoiseMode
) -> _Pixels:
    block = synthesis.block(level.resolution)
    if below is None:
        return _plain_layer(block.conv1, _Pixels.of_whole(block.const), level.boxes, ws[0], noise)
    if level.is_convolved:
        return _Pixels.of_whole(block.features(below.windows()[0].values[None], ws, noise)[0])
    middle = tuple(box.grown(1, level.whole) for box in level.boxes)
    x = _upsampling_layer(block.conv0, below, middle, ws[0], noise)
    x = _plain_layer(block.conv1, x, level.boxes, ws[1], noise, block.output_gain)
    if not block.is_residual:
        return x
    return _Pixels(x.boxes, x.rows + _skipping(block, below, x.boxes))


def _upsampling_layer(
    layer: SynthesisLayer, below: _Pixels, boxes: tuple[Box, ...], w: Tensor, noise: NoiseMode
) -> _Pixels:
    styles, demod = layer.modulation(w)
    inputs = _upsampling_inputs(layer, boxes)
    rows = F.embedding(_pixels_of(below.boxes, inputs).to(styles.device), below.rows * styles)
    rows = _upsampled(rows @ layer.tap_matrix(), inputs, boxes, (0, 1, 2), layer.resample_filter)
    return _finish(layer, rows, boxes, demod, noise)


def _skipping(block: SynthesisBlock, below: _Pixels, boxes: tuple[Box, ...]) -> Tensor:
    """What a residual block adds to its output: [pixels of all boxes, C]."""
    inputs = _upsampling_inputs(block.conv0, boxes)
    rows = F.embedding(_pixels_of(below.boxes, inputs).to(below.rows.device), below.rows)
    rows = rows @ (block.skip.weight[:, :, 0, 0].t() * (block.skip.weight_gain * block.output_gain))
    return _upsampled(rows, inputs, boxes, (1,), block.skip.resample_filter)


def _upsampling_inputs(layer: SynthesisLayer, boxes: tuple[Box, ...]) -> tuple[Box, ...]:
    whole = Box.whole(layer.height // 2, layer.width // 2)
    return tuple(upsampling_input(box, whole) for box in boxes)


def _upsampled(
    rows: Tensor, inputs: tuple[Box, ...], boxes: tuple[Box, ...], taps: tuple[int, ...], kernel: Tensor
) -> Tensor:
    """The stride-2 transposed convolution's sums, and its low-pass.

    Args:
        rows: [pixels of all inputs, taps² * C], what each tap of the 3 x 3 kernel makes of each input pixel.
        taps: which rows, and which columns, of the kernel there are. The middle one alone: upsampling and no more.
        kernel: [4, 4], the low-pass.

    Returns:
        [pixels of all boxes, C].
    """
    low_pass = kernel.sum(dim=1).flip(0) * 2  # separable; each direction has half of the gain of 4
    count = len(taps)
    values = []
    for box, source, part in zip(boxes, inputs, rows.split([box.area for box in inputs]), strict=True):
        down = _spread_and_smooth(low_pass, taps, box.top, box.bottom, source.top, source.bottom)
        across = _spread_and_smooth(low_pass, taps, box.left, box.right, source.left, source.right)
        part = part.reshape(source.height, source.width, count, -1).transpose(1, 2)
        part = (down @ part.reshape(count * source.height, -1)).reshape(box.height, count * source.width, -1)
        values.append((across @ part).flatten(0, 1))
    return torch.cat(values)


def _spread_and_smooth(
    low_pass: Tensor, taps: tuple[int, ...], first: int, end: int, source_first: int, source_end: int
) -> Tensor:
    """One direction of the stride-2 transposed convolution and its low-pass, as a matrix.

    Args:
        low_pass: [4].

    Returns:
        [end - first, taps * (source_end - source_first)]: from each input row's taps to the output rows. Tap k of
        input row i goes to row 2 i + k of the transposed convolution, of which output row o smooths o - 1 .. o + 2.
    """
    outputs = torch.arange(first, end, device=low_pass.device)[:, None]
    spread = torch.arange(2 * source_first, 2 * source_end, 2, device=low_pass.device)[:, None]
    spread = (spread + torch.tensor(taps, device=low_pass.device)).flatten()
    place = spread - outputs + 1
    return torch.where((place >= 0) & (place < 4), low_pass[place.clamp(0, 3)], 0)


def _plain_layer(
    layer: SynthesisLayer, inputs: _Pixels, boxes: tuple[Box, ...], w: Tensor, noise: NoiseMode, gain: float = 1.0
) -> _Pixels:
    styles, demod = layer.modulation(w)
    # One more row of zeros stands for everything outside the map.
    rows = F.pad(inputs.rows * styles, (0, 0, 0, 1))
    neighbours = _neighbours_of(inputs.boxes, boxes, Box.whole(layer.height, layer.width)).to(styles.device)
    rows = F.embedding(neighbours, rows).flatten(1) @ layer.neighbour_matrix()
    return _finish(layer, rows, boxes, demod, noise, gain)


def _finish(
    layer: SynthesisLayer, rows: Tensor, boxes: tuple[Box, ...], demod: Tensor, noise: NoiseMode, gain: float = 1.0
) -> _Pixels:
    """Demodulation, noise, bias and leaky ReLU."""
    rows = rows * demod + layer.bias
    noise_map = layer.noise_map(noise, 1)
    if noise_map is not None:
        parts = [noise_map[0, 0, box.top : box.bottom, box.left : box.right].flatten() for box in boxes]
        rows = rows + torch.cat(parts)[:, None]
    return _Pixels(boxes, layer.activate(rows, gain))


@functools.lru_cache(maxsize=256)
def _pixels_of(have: tuple[Box, ...], wanted: tuple[Box, ...]) -> Tensor:
    """[pixels of all `wanted`]: in which row of a matrix of the pixels of `have` each of them stands."""
    return torch.cat([_grid(have, box).flatten() for box in wanted])


@functools.lru_cache(maxsize=256)
def _neighbours_of(have: tuple[Box, ...], wanted: tuple[Box, ...], whole: Box) -> Tensor:
    """[pixels of all `wanted`, 9]: the rows of each one's 3 x 3 neighbours, row by row; one more for what is outside of
    the `whole` map."""
    outside = sum(box.area for box in have)
    tables = []
    for box in wanted:
        grown = box.grown(1, whole)
        grid = _grid(have, grown)
        left, right = grown.left - box.left + 1, box.right + 1 - grown.right
        grid = F.pad(grid, (left, right, grown.top - box.top + 1, box.bottom + 1 - grown.bottom), value=outside)
        tables.append(grid.unfold(0, 3, 1).unfold(1, 3, 1).reshape(box.area, 9))
    return torch.cat(tables)


def _grid(have: tuple[Box, ...], box: Box) -> Tensor:
    """[box.height, box.width]: the row of each pixel of `box`, which lies inside one of `have`."""
    number = next(i for i, window in enumerate(have) if window.contains(box))
    window, before = have[number], sum(window.area for window in have[:number])
    rows = torch.arange(box.top, box.bottom)[:, None] - window.top
    return before + rows * window.width + torch.arange(box.left, box.right) - window.left
