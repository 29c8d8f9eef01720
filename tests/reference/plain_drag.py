"""Eq. 1-3 of "Drag Your GAN" as plainly as possible: what the engine is compared with.

The whole picture is drawn, features are read everywhere, everything is differentiated (the weights too), Adam is
written out. Positions of the picture are read from F directly, bilinearly (the engine's convention); `upsampled` reads
a map upsampled to the picture's size instead, as other programs do. Of equally good places the nearest is tracked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from draggan_server.stylegan2 import Generator
from tests.reference.plain_stylegan2 import draw


@dataclass
class PlainPoint:
    handle: tuple[float, float]
    target: tuple[float, float]


@dataclass(frozen=True)
class PlainStep:
    ws: Tensor
    handles: list[tuple[float, float]]
    loss: Tensor
    gradient: Tensor
    """Of the loss by the moving w, [1, k, w_dim]."""


def read(features: Tensor, positions: list[tuple[float, float]], size: tuple[int, int]) -> Tensor:
    """Features [C, h, w] at places of the picture of `size` (width, height): [K, C]; the border's values go on
    outside."""
    places = torch.tensor(positions, dtype=features.dtype) * (2 / torch.tensor(size, dtype=features.dtype)) - 1
    values = F.grid_sample(features[None], places[None, None], padding_mode="border", align_corners=False)
    return values[0, :, 0].t()


def disc(radius: float) -> list[tuple[float, float]]:
    radius = max(radius, 1.0)
    reach = math.floor(radius)
    places = [(float(x), float(y)) for y in range(-reach, reach + 1) for x in range(-reach, reach + 1)]
    return [(x, y) for x, y in places if x * x + y * y <= radius * radius]


class PlainDrag:
    """Drags with the settings' constants named as in the paper; L2 tracking."""

    def __init__(
        self,
        generator: Generator,
        ws: Tensor,
        points: list[PlainPoint],
        mask: Tensor | None,
        resolution: int,
        *,
        r1: float,
        r2: float,
        lam: float = 20.0,
        step_size: float = 2e-3,
        moving: int = 6,
        upsampled: bool = False,
    ) -> None:
        self.generator, self.points, self.mask, self.resolution = generator, points, mask, resolution
        self.r1, self.r2, self.lam, self.step_size, self.upsampled = r1, r2, lam, step_size, upsampled
        self.size = (generator.width, generator.height)
        self.moving = ws[:, :moving].clone()
        self.fixed = ws[:, moving:]
        self.handles = [point.handle for point in points]
        self.f0 = self.features(self.moving).detach()
        self.references = [self.read(self.f0, [point.handle]) for point in points]
        self.m, self.v, self.updates = torch.zeros_like(self.moving), torch.zeros_like(self.moving), 0

    def features(self, moving: Tensor) -> Tensor:
        _, maps = draw(self.generator, torch.cat([moving, self.fixed], dim=1))
        features = maps[self.resolution]
        if self.upsampled:
            features = F.interpolate(features, size=self.size[::-1], mode="bilinear", align_corners=False)
        return features[0]

    def read(self, features: Tensor, positions: list[tuple[float, float]]) -> Tensor:
        return read(features, positions, self.size)

    def patch(self, features: Tensor, x: float, y: float) -> Tensor:
        return self.read(features, [(x + ox, y + oy) for ox, oy in disc(self.r1)])

    def loss(self, features: Tensor) -> Tensor:
        total = features.new_zeros(())
        for point, (hx, hy) in zip(self.points, self.handles, strict=True):
            tx, ty = point.target
            if point.handle == point.target:  # a pin is held to the features before the drag
                now, wanted = self.patch(features, tx, ty), self.patch(self.f0, tx, ty)
            else:
                length = max(math.hypot(tx - hx, ty - hy), 1.0)
                now = self.patch(features, hx + (tx - hx) / length, hy + (ty - hy) / length)
                wanted = self.patch(features, hx, hy).detach()
            total = total + (now - wanted).abs().mean()
        if self.mask is not None:
            height, width = features.shape[1:]
            cell = self.mask.reshape(height, self.size[1] // height, width, self.size[0] // width).mean(dim=(1, 3))
            total = total + self.lam * ((features - self.f0).abs() * (1 - cell)).mean()
        return total

    def search(
        self, features: Tensor, centre: tuple[float, float], reference: Tensor, pitch: float, reach: int
    ) -> tuple[float, float]:
        places = [(i, j) for j in range(-reach, reach + 1) for i in range(-reach, reach + 1)]
        places.sort(key=lambda place: place[0] ** 2 + place[1] ** 2)
        inside = [
            tuple(
                min(max(c + offset * pitch, 0.0), float(end))
                for c, offset, end in zip(centre, place, self.size, strict=True)
            )
            for place in places
        ]
        distances = (self.read(features, inside) - reference).square().sum(dim=1).tolist()
        limit = min(distances) * (1 + 1e-6) + 1e-12 * reference.square().sum().item()
        return next(place for place, distance in zip(inside, distances, strict=True) if distance <= limit)

    def track(self, features: Tensor) -> None:
        for i, reference in enumerate(self.references):
            coarse = self.search(features, self.handles[i], reference, 1.0, max(1, math.floor(self.r2)))
            self.handles[i] = self.search(features, coarse, reference, 0.25, 3)

    def step(self) -> PlainStep:
        """Forward, tracking (not before the first update), loss, backward, Adam."""
        moving = self.moving.clone().requires_grad_()
        for parameter in self.generator.parameters():
            parameter.requires_grad_()
        features = self.features(moving)
        if self.updates:
            self.track(features.detach())
        loss = self.loss(features)
        gradient = torch.autograd.grad(loss, [moving, *self.generator.parameters()], allow_unused=True)[0]
        state = PlainStep(
            torch.cat([self.moving, self.fixed], dim=1), list(self.handles), loss.detach(), gradient.detach()
        )
        self.updates += 1
        self.m = 0.9 * self.m + 0.1 * gradient
        self.v = 0.999 * self.v + 0.001 * gradient.square()
        m, v = self.m / (1 - 0.9**self.updates), self.v / (1 - 0.999**self.updates)
        self.moving = self.moving - self.step_size * m / (v.sqrt() + 1e-8)
        return state
