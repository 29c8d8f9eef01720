"""Where everything on a car is: one definition, shared by the renderer and the landmarks.

A car in side view that faces the picture's right. All lengths are in units of the picture's width, x to the right and
y down; every tensor is ``[N, 1, 1]``.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ..factors import factor_values, span
from .factors import FACTORS

CENTRE_X = 0.5
ROAD_Y = 0.735
"""Where the tyres touch the road."""


@dataclass(frozen=True)
class Wheel:
    """A wheel; the spokes' pattern repeats every fifth of a turn."""

    x: Tensor
    y: Tensor
    radius: Tensor
    rim: Tensor
    """Radius of the rim."""
    turn: Tensor
    """Radians, clockwise."""


@dataclass(frozen=True)
class Body:
    """What lies below the windows."""

    front: Tensor
    """x of the foremost point."""
    rear: Tensor
    bonnet_y: Tensor
    """Height of the bonnet's front edge."""
    tail_y: Tensor
    belt_y: Tensor
    """Lower edge of the windows."""
    sill_y: Tensor
    crease_y: Tensor


@dataclass(frozen=True)
class Cabin:
    """Roof and windows: a trapezium over the belt line with rounded corners."""

    front_foot: Tensor
    """x where the windscreen meets the body."""
    front_top: Tensor
    rear_top: Tensor
    rear_foot: Tensor
    roof_y: Tensor
    foot_y: Tensor
    pillar_x: Tensor


@dataclass(frozen=True)
class Lamp:
    """A head or tail lamp, an ellipse cut by the body's outline."""

    x: Tensor
    y: Tensor
    rx: Tensor
    ry: Tensor


@dataclass(frozen=True)
class Geometry:
    """Everything that has a place."""

    front_wheel: Wheel
    rear_wheel: Wheel
    body: Body
    cabin: Cabin
    headlight: Lamp
    tail_light: Lamp


def geometry(factors: Tensor) -> Geometry:
    """Place everything for factors ``[N, F]`` in [0, 1]."""
    v = factor_values(factors, FACTORS)
    radius = span(v["wheel_size"], 0.066, 0.090)
    axle_y = ROAD_Y - radius
    half_base = span(v["wheelbase"], 0.212, 0.286)
    front_axle, rear_axle = CENTRE_X + half_base, CENTRE_X - half_base
    rim = radius * span(v["rim_size"], 0.52, 0.80)
    turn = span(v["wheel_turn"], 0.0, 0.25)
    front = front_axle + 0.118 + span(v["bonnet_length"], -0.008, 0.022)
    rear = rear_axle - 0.112 - span(v["tail_length"], -0.006, 0.030)

    sill = ROAD_Y - span(v["clearance"], 0.036, 0.076)
    roof = sill - span(v["roof_height"], 0.240, 0.345)
    belt = roof + (sill - roof) * span(v["belt_height"], 0.48, 0.36)
    bonnet = belt + span(v["bonnet_height"], 0.040, 0.000)
    tail = belt + span(v["tail_height"], 0.032, -0.010)
    front_foot = front_axle - span(v["bonnet_length"], -0.020, 0.135)
    rear_foot = rear_axle - span(v["tail_length"], 0.084, -0.085)
    height = belt - roof
    front_top = front_foot - height * span(v["windscreen_rake"], 0.35, 1.25)
    rear_top = rear_foot + height * span(v["rear_rake"], 0.12, 0.95)
    # However sloping both windows are, a roof stays between them.
    narrow = (0.13 - (front_top - rear_top)).clamp(min=0.0)
    front_top, rear_top = front_top + 0.5 * narrow, rear_top - 0.5 * narrow
    size = span(v["headlight_size"], 0.016, 0.032)
    return Geometry(
        front_wheel=Wheel(front_axle, axle_y, radius, rim, turn * 5.026548),
        rear_wheel=Wheel(rear_axle, axle_y, radius, rim, turn * 5.026548),
        body=Body(front, rear, bonnet, tail, belt, sill, belt + (sill - belt) * span(v["crease"], 0.66, 0.26)),
        cabin=Cabin(
            front_foot,
            front_top,
            rear_top,
            rear_foot,
            roof,
            belt + 0.02,
            rear_top + (front_top - rear_top) * span(v["pillar"], 0.28, 0.72),
        ),
        headlight=Lamp(front - 0.012, bonnet + 0.034, 1.35 * size, size),
        tail_light=Lamp(rear + 0.010, tail + 0.036, 0.026 + 0 * size, 0.019 + 0 * size),
    )
