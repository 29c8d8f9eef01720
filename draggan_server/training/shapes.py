"""Drawing primitives: signed distance functions on a window of the picture, and painting with them.

Coordinates: x to the right and y down, both in units of the picture's width; pixel centres lie at
``(i + 0.5) / resolution``. Shape parameters are tensors ``[N, 1, 1]``; what varies along rows only is
``[N, h, 1]`` and along columns only ``[N, 1, w]``, so that nearly all arithmetic happens before anything is
broadcast to ``[N, h, w]`` - which is what makes the renderer fast.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

# Pictures are drawn in groups of about this many pixels, so that temporary planes stay in the cache.
PIXELS_AT_ONCE = 1 << 18


@dataclass(frozen=True)
class Window:
    """A rectangle of the canvas: ``image`` is a view ``[N, 3, h, w]``, x ``[1, 1, w]``, y ``[1, h, 1]``."""

    image: Tensor
    x: Tensor
    y: Tensor
    resolution: int
    rows: slice
    columns: slice

    def part(self, x0: float, y0: float, x1: float, y1: float) -> Window:
        """The pixels of this window that touch the box from (x0, y0) to (x1, y1)."""
        rows = _pixels(y0, y1, self.rows, self.resolution)
        columns = _pixels(x0, x1, self.columns, self.resolution)
        own_rows, own_columns = _shift(rows, self.rows), _shift(columns, self.columns)
        return Window(
            self.image[:, :, own_rows, own_columns],
            self.x[:, :, own_columns],
            self.y[:, own_rows],
            self.resolution,
            rows,
            columns,
        )

    def crop(self, plane: Tensor, source: Window) -> Tensor:
        """What this window shows of a plane ``[N, h, w]`` that was computed for a larger window."""
        return plane[:, _shift(self.rows, source.rows), _shift(self.columns, source.columns)]

    def cover(self, sdf: Tensor, grow: float | Tensor = 0.0) -> Tensor:
        """Anti-aliased coverage of a shape, optionally grown by a length. Overwrites ``sdf``."""
        return sdf.mul_(-self.resolution).add_(0.5 + grow * self.resolution).clamp_(0.0, 1.0)

    def paint(self, coverage: Tensor, colour: Tensor) -> None:
        """Blend a colour ``[N, 3, 1, 1]`` over the picture with coverage ``[N, h, w]``."""
        self.image.lerp_(colour, coverage.unsqueeze(1))


def _pixels(low: float, high: float, limits: slice, resolution: int) -> slice:
    return slice(max(limits.start, math.floor(low * resolution)), min(limits.stop, math.ceil(high * resolution)))


def _shift(inner: slice, outer: slice) -> slice:
    return slice(inner.start - outer.start, inner.stop - outer.start)


def canvas(image: Tensor) -> Window:
    """The window of a whole square picture ``[N, 3, R, R]``."""
    size = image.shape[-1]
    centres = (torch.arange(size, device=image.device, dtype=image.dtype) + 0.5) / size
    return Window(image, centres.view(1, 1, -1), centres.view(1, -1, 1), size, slice(0, size), slice(0, size))


def drawn(factors: Tensor, resolution: int, draw: Callable[[Window, Tensor], None]) -> Tensor:
    """Pictures ``[N, 3, resolution, resolution]`` in [-1, 1]; ``draw`` paints those of some factors ``[n, F]`` on a
    window of theirs."""
    factors = factors.detach().to(torch.float32)
    image = torch.empty(len(factors), 3, resolution, resolution, device=factors.device)
    # A graphics processor wants large groups, a CPU ones that fit its cache.
    pixels = PIXELS_AT_ONCE if factors.device.type == "cpu" else PIXELS_AT_ONCE * 64
    group = max(1, pixels // (resolution * resolution))
    with torch.no_grad():
        for start in range(0, len(factors), group):
            part = slice(start, start + group)
            draw(canvas(image[part]), factors[part])
    return image


def ellipse(window: Window, cx: Tensor, cy: Tensor, rx: Tensor, ry: Tensor) -> Tensor:
    """Distance to an ellipse, exact to first order at its edge."""
    u = (window.x - cx) / rx
    v = (window.y - cy) / ry
    gradient = (u / rx).square() + (v / ry).square()
    value = u.square() + (v.square() - 1.0)
    return value.mul_(gradient.add_(1e-6).rsqrt_()).mul_(0.5)


def blob(window: Window, cx: Tensor, cy: Tensor, rx: Tensor | float, ry: Tensor | float) -> Tensor:
    """A soft (Gaussian) spot with values in (0, 1]; separable, hence nearly free."""
    return ((window.x - cx) / rx).square().neg_().exp_() * ((window.y - cy) / ry).square().neg_().exp_()


def _cosine(window: Window, curve: Tensor) -> Tensor:
    """Cosine of a curve's slope: turns vertical distances to it into perpendicular ones."""
    return torch.gradient(curve, spacing=1.0 / window.resolution, dim=-1)[0].square().add_(1.0).rsqrt_()


def band(window: Window, centre: Tensor, thickness: Tensor) -> Tensor:
    """Distance to a line along ``y = centre(x)`` with half its thickness given, both ``[N, 1, w]``.

    The thickness may be negative where there is nothing to draw.
    """
    return (window.y - centre).abs_().mul_(_cosine(window, centre)).sub_(thickness)


def between(window: Window, upper: Tensor, lower: Tensor) -> Tensor:
    """Distance to the area between two curves ``y(x)``, ``[N, 1, w]`` each; empty where they cross."""
    centre, half = 0.5 * (upper + lower), 0.5 * (lower - upper)
    return band(window, centre, torch.where(half > 0.0, half * _cosine(window, centre), half))


def profile(window: Window, centre: Tensor, squared_width: Tensor) -> Tensor:
    """Distance to a shape that is symmetric about ``x = centre(y)`` with a given *squared* half width.

    The width is ``[N, h, 1]``, the centre also or ``[N, 1, 1]``. Giving the square makes rounded ends
    smooth: it passes linearly through zero where the outline is horizontal, so ``dx^2 - squared_width`` has
    a gradient everywhere on the outline.
    """
    slope = torch.gradient(squared_width, spacing=1.0 / window.resolution, dim=1)[0]
    dx2 = (window.x - centre.expand_as(squared_width)).square_()
    inverse_gradient = (dx2 * 4.0).add_(slope.square() + 1e-6).rsqrt_()
    return dx2.sub_(squared_width).mul_(inverse_gradient)


def smooth_max(a: Tensor, b: Tensor, radius: float) -> Tensor:
    """The intersection of two shapes with its corners rounded by about ``radius``; a little smaller than the sharp
    one, by a quarter of the radius at the corners."""
    return 0.5 * (a + b + ((a - b).square() + 0.25 * radius * radius).sqrt())
