"""True positions of named points on a car, from the geometry that the renderer draws. All are always visible."""

from __future__ import annotations

import torch
from torch import Tensor

from .geometry import geometry

LANDMARKS: tuple[str, ...] = (
    "front_wheel",
    "rear_wheel",
    "nose",
    "tail",
    "roof_front",
    "roof_rear",
    "windscreen_foot",
    "rear_window_foot",
    "headlight",
    "tail_light",
    "pillar",
    "sill",
)

LANDMARK_INDEX: dict[str, int] = {name: index for index, name in enumerate(LANDMARKS)}


def landmarks(factors: Tensor) -> Tensor:
    """Positions ``[N, L, 2]`` of :data:`LANDMARKS` as (x, y), x right and y down, in picture widths."""
    g = geometry(factors.detach().to(torch.float32))
    middle = 0.5 * (g.front_wheel.x + g.rear_wheel.x)
    places = {
        "front_wheel": (g.front_wheel.x, g.front_wheel.y),
        "rear_wheel": (g.rear_wheel.x, g.rear_wheel.y),
        "nose": (g.body.front, 0.5 * (g.body.bonnet_y + g.body.sill_y)),
        "tail": (g.body.rear, 0.5 * (g.body.tail_y + g.body.sill_y)),
        "roof_front": (g.cabin.front_top, g.cabin.roof_y),
        "roof_rear": (g.cabin.rear_top, g.cabin.roof_y),
        "windscreen_foot": (g.cabin.front_foot, g.body.belt_y),
        "rear_window_foot": (g.cabin.rear_foot, g.body.belt_y),
        "headlight": (g.headlight.x, g.headlight.y),
        "tail_light": (g.tail_light.x, g.tail_light.y),
        "pillar": (g.cabin.pillar_x, g.body.belt_y),
        "sill": (middle, g.body.sill_y),
    }
    points = [torch.stack([part.view(-1) for part in places[name]], dim=-1) for name in LANDMARKS]
    return torch.stack(points, dim=1)
