"""True positions of named points on a car, from the geometry that the renderer draws."""

from __future__ import annotations

import torch
from torch import Tensor

from ..landmark import Landmark
from .geometry import geometry

LANDMARKS: tuple[Landmark, ...] = (
    Landmark("front_wheel", "wheel", {"wheelbase": 0.074, "wheel_size": 0.024}),
    Landmark("rear_wheel", "wheel", {"wheelbase": 0.074, "wheel_size": 0.024}),
    Landmark(
        "nose",
        "body end",
        {"wheelbase": 0.074, "clearance": 0.040, "roof_height": 0.030, "bonnet_length": 0.030, "bonnet_height": 0.020},
    ),
    Landmark(
        "tail",
        "body end",
        {"wheelbase": 0.074, "clearance": 0.040, "tail_length": 0.036, "roof_height": 0.030, "tail_height": 0.021},
    ),
    Landmark(
        "roof_front",
        "roof",
        {
            "bonnet_length": 0.151,
            "roof_height": 0.111,
            "windscreen_rake": 0.108,
            "wheelbase": 0.070,
            "clearance": 0.040,
        },
    ),
    Landmark(
        "roof_rear",
        "roof",
        {"tail_length": 0.164, "roof_height": 0.108, "rear_rake": 0.100, "wheelbase": 0.07, "clearance": 0.04},
    ),
    Landmark(
        "windscreen_foot",
        "window foot",
        {"bonnet_length": 0.155, "wheelbase": 0.074, "roof_height": 0.061, "clearance": 0.040, "belt_height": 0.035},
    ),
    Landmark(
        "rear_window_foot",
        "window foot",
        {"tail_length": 0.169, "wheelbase": 0.074, "roof_height": 0.061, "clearance": 0.040, "belt_height": 0.035},
    ),
    Landmark(
        "headlight",
        "light",
        {"wheelbase": 0.074, "roof_height": 0.061, "bonnet_height": 0.040, "clearance": 0.040, "belt_height": 0.035},
    ),
    Landmark(
        "tail_light",
        "light",
        {"wheelbase": 0.074, "roof_height": 0.061, "tail_height": 0.042, "clearance": 0.040, "tail_length": 0.036},
    ),
    Landmark(
        "pillar",
        "pillar",
        {"pillar": 0.121, "tail_length": 0.086, "bonnet_length": 0.076, "roof_height": 0.062, "windscreen_rake": 0.055},
    ),
    Landmark("sill", "sill", {"clearance": 0.040}),
)

LANDMARK_INDEX: dict[str, int] = {mark.name: index for index, mark in enumerate(LANDMARKS)}


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
    points = [torch.stack([part.view(-1) for part in places[mark.name]], dim=-1) for mark in LANDMARKS]
    return torch.stack(points, dim=1)


def landmark_visibility(factors: Tensor) -> Tensor:
    """Which landmarks can be seen, ``[N, L]`` booleans: all of them, always."""
    return torch.ones(len(factors), len(LANDMARKS), dtype=torch.bool, device=factors.device)
