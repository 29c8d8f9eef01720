"""Reading a block's features at places of the picture, whether the whole map is known or windows of it."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..stylegan2 import Box, Window
from .points import Point


class FeatureMap:
    """The features F of the block at `resolution`, as far as its windows go.

    A position x of the picture (px, pixel centres at +0.5) reads feature index x * h / H - 0.5, bilinearly; outside
    the map the border's values go on. F is read directly: upsampling it first gives the same numbers at the
    picture's pixel centres and slightly different ones between them.

    Args:
        windows: parts of the map; every read lies inside one of them.
        resolution: h, the map's height and width.
        picture_size: H, the picture's height and width in px.
    """

    def __init__(self, windows: tuple[Window, ...], resolution: int, picture_size: int) -> None:
        self.windows = windows
        self.resolution = resolution
        self.picture_size = picture_size

    @classmethod
    def of_whole(cls, features: Tensor, picture_size: int) -> FeatureMap:
        """features: [C, h, w]."""
        resolution = features.shape[-1]
        return cls((Window(Box.whole(resolution), features),), resolution, picture_size)

    @property
    def whole(self) -> Tensor:
        """[C, h, w], where all of the map is known."""
        (window,) = self.windows
        assert window.box == Box.whole(self.resolution)
        return window.values

    def detach(self) -> FeatureMap:
        """The same numbers, constants for the gradient."""
        windows = tuple(Window(window.box, window.values.detach()) for window in self.windows)
        return FeatureMap(windows, self.resolution, self.picture_size)

    def read(self, positions: Tensor) -> Tensor:
        """Features at positions [K, 2], (x, y) in px of the picture, float64 on the CPU: [K, C]."""
        last = self.resolution - 1
        index = (positions * (self.resolution / self.picture_size) - 0.5).clamp(0, last)
        corner = index.floor().clamp(max=max(last - 1, 0))
        window = self._holding(corner)
        values = window.values.flatten(1).t()  # [places, C]: one row is one place, so that a read is one gather
        column, row = (corner[:, 0] - window.box.left).long(), (corner[:, 1] - window.box.top).long()
        places = (row * window.box.width + column).to(values.device)
        weight = (index - corner).to(values.device, values.dtype)
        right, down = (1, window.box.width) if last else (0, 0)
        top = torch.lerp(values[places], values[places + right], weight[:, :1])
        bottom = torch.lerp(values[places + down], values[places + down + right], weight[:, :1])
        return torch.lerp(top, bottom, weight[:, 1:])

    def _holding(self, corner: Tensor) -> Window:
        left, top = corner.amin(dim=0).int().tolist()
        right, bottom = corner.amax(dim=0).int().tolist()
        wanted = Box(top, left, min(bottom + 2, self.resolution), min(right + 2, self.resolution))
        return next(window for window in self.windows if window.box.contains(wanted))


def reading_box(centre: Point, reach_px: float, resolution: int, picture_size: int) -> Box:
    """The part of the map that reads within `reach_px` (in x and in y) of `centre` depend on.

    It has the same size wherever the centre is, so that a drag's windows keep their size.
    """
    scale = resolution / picture_size
    size = min(math.ceil(2 * reach_px * scale) + 2, resolution)

    def first(position: float) -> int:
        return min(max(math.floor((position - reach_px) * scale - 0.5), 0), resolution - size)

    top, left = first(centre.y), first(centre.x)
    return Box(top, left, top + size, left + size)
