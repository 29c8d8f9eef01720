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
        whole: all of the map, which has the picture's shape.
        picture_size: the picture's longer side in px.
    """

    def __init__(self, windows: tuple[Window, ...], whole: Box, picture_size: int) -> None:
        self.windows = windows
        self.whole = whole
        self.picture_size = picture_size

    @property
    def resolution(self) -> int:
        """The map's longer side."""
        return max(self.whole.height, self.whole.width)

    @classmethod
    def of_whole(cls, features: Tensor, picture_size: int) -> FeatureMap:
        """features: [C, h, w]."""
        whole = Box.whole(*features.shape[1:])
        return cls((Window(whole, features),), whole, picture_size)

    def detach(self) -> FeatureMap:
        """The same numbers, constants for the gradient."""
        windows = tuple(Window(window.box, window.values.detach()) for window in self.windows)
        return FeatureMap(windows, self.whole, self.picture_size)

    def read(self, positions: Tensor) -> Tensor:
        """Features at places of the picture.

        Args:
            positions: [n, K, 2], (x, y) in px of the picture, float64 on the CPU; the K places of each of the n
                groups lie inside one window.

        Returns:
            [n, K, C].
        """
        last = torch.tensor([self.whole.width - 1, self.whole.height - 1], dtype=positions.dtype)
        index = (positions * (self.resolution / self.picture_size) - 0.5).clamp(torch.zeros_like(last), last)
        corners = index.floor().minimum((last - 1).clamp(min=0))
        if len(self.windows) == 1:
            return self._gather(self.windows[0], corners, index - corners)
        rows: dict[int, list[int]] = {}
        for row, box in enumerate(self._boxes(corners)):
            window = next(i for i, window in enumerate(self.windows) if window.box.contains(box))
            rows.setdefault(window, []).append(row)
        parts = [self._gather(self.windows[i], corners[r], index[r] - corners[r]) for i, r in rows.items()]
        order = torch.tensor([row for group in rows.values() for row in group])
        return torch.cat(parts)[order.argsort()]

    def _gather(self, window: Window, corners: Tensor, weights: Tensor) -> Tensor:
        """Bilinear interpolation between `corners` [n, K, 2] and the feature pixels right of and below them."""
        values = window.values.flatten(1).t()  # [places, C]: one row is one place, so that a read is one gather
        column, row = corners[..., 0].long() - window.box.left, corners[..., 1].long() - window.box.top
        places = (row * window.box.width + column).to(values.device)
        weights = weights.to(values.device, values.dtype)
        right, down = min(1, self.whole.width - 1), window.box.width * min(1, self.whole.height - 1)
        steps = torch.tensor([0, right, down, down + right], device=places.device)
        four = values[places[..., None] + steps]  # one gather: its gradient is one scatter
        wx, wy = weights[..., :1], weights[..., 1:]
        top = torch.lerp(four[..., 0, :], four[..., 1, :], wx)
        bottom = torch.lerp(four[..., 2, :], four[..., 3, :], wx)
        return torch.lerp(top, bottom, wy)

    def _boxes(self, corners: Tensor) -> list[Box]:
        """The part of the map that each group of `corners` [n, K, 2] reads."""
        lows, highs = corners.amin(dim=1).int().tolist(), corners.amax(dim=1).int().tolist()
        return [
            Box(top, left, min(bottom + 2, self.whole.bottom), min(right + 2, self.whole.right))
            for (left, top), (right, bottom) in zip(lows, highs, strict=True)
        ]


def reading_box(centre: Point, reach_px: float, whole: Box, picture_size: int) -> Box:
    """The part of the map, all of which is `whole`, that reads within `reach_px` (in x and in y) of `centre` depend on.

    It has the same size wherever the centre is, so that a drag's windows keep their size.
    """
    scale = max(whole.height, whole.width) / picture_size
    size = math.ceil(2 * reach_px * scale) + 2

    def span(position: float, most: int) -> tuple[int, int]:
        length = min(size, most)
        first = min(max(math.floor((position - reach_px) * scale - 0.5), 0), most - length)
        return first, first + length

    (top, bottom), (left, right) = span(centre.y, whole.height), span(centre.x, whole.width)
    return Box(top, left, bottom, right)
