"""Which parts of which feature maps must be computed so that small windows of one map are known.

A pixel of a block's output depends on a few pixels of its input only. Walking down from the windows that somebody
wants to read, each block's share is a few boxes; where boxes overlap, or would cost more than the whole map, they are
merged. This is arithmetic on integers; `windowed` computes the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .config import GeneratorConfig

_NARROW_LAYER = 64
"""Gathering a window's pixels costs as much as so many output channels' arithmetic."""
_ROWS_UP_TO = 32
"""Whole maps up to this size are computed as one window: convolutions of few pixels with many channels are slow."""


@dataclass(frozen=True)
class Box:
    """Rows `top` .. `bottom` - 1 and columns `left` .. `right` - 1 of a map, all inside it."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def area(self) -> int:
        return self.height * self.width

    def union(self, other: Box) -> Box:
        """The smallest box that holds both."""
        return Box(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )

    def contains(self, other: Box) -> bool:
        return self.union(other) == self

    def grown(self, margin: int, within: Box) -> Box:
        """With `margin` more on every side, as far as the map `within` goes."""
        return Box(
            max(self.top - margin, within.top),
            max(self.left - margin, within.left),
            min(self.bottom + margin, within.bottom),
            min(self.right + margin, within.right),
        )

    @staticmethod
    def whole(height: int, width: int) -> Box:
        """All of a map."""
        return Box(0, 0, height, width)


def upsampling_input(box: Box, input_map: Box) -> Box:
    """What `box` of an upsampling convolution's output depends on in its input, the whole of which is `input_map`.

    Output row o is the 4-tap low-pass of rows o - 1 .. o + 2 of the transposed convolution, whose row j takes input
    rows i with 0 <= j - 2 i <= 2: so rows [a, b) take ceil((a - 3) / 2) .. floor((b + 1) / 2). Of the low-pass alone,
    without the convolution, it depends on no more.
    """

    def span(first: int, end: int, most: int) -> tuple[int, int]:
        return max(-((3 - first) // 2), 0), min((end + 1) // 2 + 1, most)

    top, bottom = span(box.top, box.bottom, input_map.bottom)
    left, right = span(box.left, box.right, input_map.right)
    return Box(top, left, bottom, right)


@dataclass(frozen=True)
class Level:
    """A block's share."""

    resolution: int
    whole: Box
    """The block's output."""
    boxes: tuple[Box, ...]
    """Parts of it; it alone where the block is computed whole."""

    @property
    def is_whole(self) -> bool:
        return self.boxes == (self.whole,)

    @property
    def is_convolved(self) -> bool:
        """Computed as any network is, and not as the rows of a matrix."""
        return self.is_whole and self.resolution > _ROWS_UP_TO


def plan(config: GeneratorConfig, resolution: int, boxes: Sequence[Box], whole_up_to: int = 0) -> tuple[Level, ...]:
    """The share of every block from 4 px up to `resolution`, so that `boxes` of the last one's output are known.

    Blocks up to the one at `whole_up_to` are computed whole, whatever the windows need.

    Every box asked for lies inside one box of the last level, and what a box needs inside one box of the level below.
    Levels are whole up to one of them, and windowed from there on.
    """
    levels: list[Level] = []
    needed = tuple(boxes)
    for r in reversed([r for r in config.block_resolutions if r <= resolution]):
        whole = _whole(config, r)
        merged = (whole,) if r <= whole_up_to else _cheapest(config, r, needed)
        levels.append(Level(r, whole, merged))
        if r > config.block_resolutions[0]:
            needed = tuple(upsampling_input(box.grown(1, whole), _whole(config, r // 2)) for box in merged)
    return tuple(reversed(levels))


def block_cost(config: GeneratorConfig, resolution: int, box: Box) -> float:
    """Multiplications for `box` of a block's output, by windows."""
    channels = config.channels(resolution)
    overhead = 1 + _NARROW_LAYER / channels
    cost = 9 * channels * channels * box.area
    if resolution > config.block_resolutions[0]:
        below = upsampling_input(box.grown(1, _whole(config, resolution)), _whole(config, resolution // 2))
        cost += 9 * config.channels(resolution // 2) * channels * below.area
    return cost * overhead


def whole_cost(config: GeneratorConfig, resolution: int) -> float:
    """Multiplications for the whole of a block's output, by an ordinary convolution."""
    whole = _whole(config, resolution)
    return block_cost(config, resolution, whole) / (1 + _NARROW_LAYER / config.channels(resolution))


def _whole(config: GeneratorConfig, resolution: int) -> Box:
    return Box.whole(*config.map_size(resolution))


def _cheapest(config: GeneratorConfig, resolution: int, boxes: tuple[Box, ...]) -> tuple[Box, ...]:
    """Boxes that hold all the given ones: merged where that costs less, or the whole map."""
    merged: list[Box] = []
    for box in boxes:
        candidate, cost = box, block_cost(config, resolution, box)
        changed = True
        while changed:
            changed = False
            for other in merged:
                union = candidate.union(other)
                union_cost = block_cost(config, resolution, union)
                if union_cost <= cost + block_cost(config, resolution, other):
                    merged.remove(other)
                    candidate, cost, changed = union, union_cost, True
                    break
        merged.append(candidate)
    if sum(block_cost(config, resolution, box) for box in merged) >= whole_cost(config, resolution):
        return (_whole(config, resolution),)
    return tuple(merged)
