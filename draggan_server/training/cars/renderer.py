"""Draws cars from factors: layers from back to front, always in the same order.

No layer ever appears, vanishes or changes places with another, so the picture is a continuous function of
the factors. Small features are computed only inside fixed boxes that hold them for all factors.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..shapes import Window, blob, drawn, ellipse, smooth_max
from .geometry import ROAD_Y, Cabin, Geometry, Lamp, Wheel, geometry
from .palette import Palette, palette


def render(factors: Tensor, resolution: int) -> Tensor:
    """Draw cars for factors ``[N, F]`` in [0, 1] -> ``[N, 3, resolution, resolution]`` in [-1, 1]."""
    return drawn(factors, resolution, lambda page, some: _draw(page, geometry(some), palette(some)))


def _draw(page: Window, g: Geometry, colours: Palette) -> None:
    _background(page, colours)
    _shadow(page.part(0.0, 0.66, 1.0, 0.86), g, colours)
    car = page.part(0.0, 0.28, 1.0, 0.78)
    _cabin(page.part(0.06, 0.28, 0.94, 0.64), g, colours)
    body = _body(car, g, colours)
    _lamp(page.part(0.76, 0.40, 0.98, 0.70), g.headlight, body, car, colours.headlight, colours.headlight_light)
    _lamp(page.part(0.02, 0.38, 0.26, 0.70), g.tail_light, body, car, colours.tail_light, colours.tail_light_light)
    _wheel(page.part(0.10, 0.54, 0.40, 0.75), g.rear_wheel, colours)
    _wheel(page.part(0.60, 0.54, 0.90, 0.75), g.front_wheel, colours)


def _background(page: Window, colours: Palette) -> None:
    """Sky, hills and the road."""
    down = (page.y / 0.62).clamp(0.0, 1.0)
    page.image.copy_(torch.lerp(colours.sky, colours.horizon, down.unsqueeze(1)).expand_as(page.image))
    ridge = 0.60 - colours.hills * (0.55 + 0.45 * torch.sin(page.x * 5.3 + 0.7) + 0.16 * torch.sin(page.x * 12.1))
    page.paint(page.cover((ridge - page.y).expand(len(page.image), -1, -1).clone()), colours.hill)
    near = 0.625 - 0.35 * colours.hills * (0.5 + 0.5 * torch.sin(page.x * 4.1 + 3.4))
    page.paint(page.cover((near - page.y).expand(len(page.image), -1, -1).clone()), colours.near_hill)
    road = page.part(0.0, 0.60, 1.0, 1.0)
    cover = road.cover((0.648 - road.y).expand(len(page.image), -1, road.x.shape[-1]).clone())
    road.paint(cover, colours.road)
    road.paint(cover * ((road.y - 0.70) / 0.34).clamp(0.0, 1.0), colours.road_near)
    line = road.cover(((road.y - 0.905).abs() - 0.009).expand_as(cover).clone())
    road.paint(line.mul_(0.7), colours.line)


def _shadow(window: Window, g: Geometry, colours: Palette) -> None:
    middle = 0.5 * (g.body.front + g.body.rear)
    half = 0.5 * (g.body.front - g.body.rear)
    across = ((window.x - middle) / half).square().square()
    plane = (-across).exp() * blob(window, middle, middle * 0 + ROAD_Y + 0.004, 10.0, 0.022)
    window.paint(plane.mul_(0.85), colours.shadow)


def _outline(window: Window, g: Geometry, grow: float = 0.0) -> Tensor:
    """Distance to the body below the windows."""
    body = g.body
    # From the bonnet's edge up to the windscreen's foot, and down from the rear window to the tail.
    forward = ((window.x - g.cabin.front_foot) / (body.front - g.cabin.front_foot)).clamp(0.0, 1.0)
    backward = ((g.cabin.rear_foot - window.x) / (g.cabin.rear_foot - body.rear)).clamp(0.0, 1.0)
    upper = body.belt_y + (body.bonnet_y - body.belt_y) * forward.square()
    upper = upper + (body.tail_y - body.belt_y) * backward.square() * (3.0 - 2.0 * backward)
    middle, half_height = 0.5 * (upper + body.sill_y), 0.5 * (body.sill_y - upper)
    down = (window.y - middle) / half_height
    above_and_below = (window.y - middle).abs() - half_height
    # Nose and tail bulge a little.
    front = window.x - (body.front - 0.014 * (down - 0.25).square())
    rear = (body.rear + 0.012 * down.square()) - window.x
    ends = torch.maximum(front, rear)
    return smooth_max(above_and_below, ends, 0.030) + 0.0075 - grow


def _body(window: Window, g: Geometry, colours: Palette) -> Tensor:
    body = g.body
    distance = _outline(window, g)
    window.paint(window.cover(distance.clone(), 0.0045), colours.paint_line)
    cover = window.cover(distance)
    window.paint(cover, colours.paint)
    # The sky in the upper half, the road in the lower one.
    shoulder = ((window.y - (body.belt_y + 0.016)) / 0.015).square().neg().exp()
    window.paint(shoulder * cover * 0.55, colours.paint_light)
    below = ((window.y - body.crease_y) * 70.0).sigmoid()
    window.paint(below * cover * 0.62, colours.paint_shadow)
    crease = ((window.y - body.crease_y + 0.006) / 0.005).square().neg().exp()
    inside = ((window.x - body.rear - 0.05) * 40.0).clamp(0.0, 1.0) * ((body.front - 0.06 - window.x) * 40.0).clamp(
        0.0, 1.0
    )
    window.paint(crease * inside * cover * 0.5, colours.paint_light)
    sill = ((window.y - (body.sill_y - 0.021)) * 160.0).clamp(0.0, 1.0)
    window.paint(sill * cover, colours.trim)
    # A door under each window, and its handle.
    height = ((window.y - body.belt_y) * 200.0).clamp(0.0, 1.0) * ((body.sill_y - 0.022 - window.y) * 200.0).clamp(
        0.0, 1.0
    )
    for x in (g.cabin.pillar_x, g.cabin.front_foot - 0.02):
        seam = ((window.x - x) / 0.0032).square().neg().exp() * height
        window.paint(seam * cover * 0.65, colours.paint_line)
    handle_y = body.belt_y + 0.034
    for x in (g.cabin.pillar_x + 0.030, g.cabin.pillar_x - 0.030):
        handle = window.cover(torch.maximum((window.x - x).abs() - 0.016, (window.y - handle_y).abs() - 0.0045))
        window.paint(handle * cover * 0.8, colours.trim)
    # Dark arches over the wheels.
    for wheel in (g.front_wheel, g.rear_wheel):
        arch = ellipse(window, wheel.x, wheel.y, wheel.radius * 1.13, wheel.radius * 1.13)
        window.paint(window.cover(arch).mul_(cover), colours.arch)
    return cover


def _cabin_distance(window: Window, cabin: Cabin, inset: float) -> Tensor:
    """Distance to the cabin's outline, ``inset`` inside of it."""

    def side(foot: Tensor, top: Tensor, sign: float) -> Tensor:
        run, rise = top - foot, cabin.roof_y - cabin.foot_y
        length = (run.square() + rise.square()).sqrt()
        return sign * ((window.x - foot) * -rise + (window.y - cabin.foot_y) * run) / length

    crown = (window.x - 0.5 * (cabin.front_top + cabin.rear_top)).square() * 0.22
    roof = cabin.roof_y + crown - window.y
    sides = torch.maximum(side(cabin.front_foot, cabin.front_top, 1.0), side(cabin.rear_foot, cabin.rear_top, -1.0))
    return smooth_max(sides, roof.expand_as(sides), 0.028) + inset + 0.006


def _cabin(window: Window, g: Geometry, colours: Palette) -> None:
    cabin, body = g.cabin, g.body
    # It ends behind the body.
    shell = torch.maximum(_cabin_distance(window, cabin, 0.0), window.y - body.belt_y - 0.03)
    window.paint(window.cover(shell.clone(), 0.0045), colours.paint_line)
    cover = window.cover(shell)
    window.paint(cover, colours.paint)
    gloss = ((window.y - cabin.roof_y - 0.010) / 0.007).square().neg().exp()
    window.paint(gloss * cover * 0.6, colours.paint_light)
    glass = smooth_max(_cabin_distance(window, cabin, 0.017), window.y - (body.belt_y - 0.006), 0.012)
    panes = window.cover(glass)
    window.paint(panes, colours.glass)
    # The sky's reflection runs across all panes.
    slope = (window.x - cabin.pillar_x) * 0.9 + (window.y - body.belt_y) * 1.6
    sheen = ((slope + 0.03) / 0.045).square().neg().exp()
    window.paint(sheen * panes * 0.45, colours.glass_light)
    upper = ((body.belt_y - window.y) / (body.belt_y - cabin.roof_y)).clamp(0.0, 1.0)
    window.paint(upper * panes * 0.35, colours.glass_shadow)
    pillar = window.cover((window.x - cabin.pillar_x).abs() - 0.0095)
    window.paint(pillar * panes, colours.paint_shadow)


def _lamp(window: Window, lamp: Lamp, body: Tensor, car: Window, colour: Tensor, light: Tensor) -> None:
    inside = window.crop(body, car)
    shape = ellipse(window, lamp.x, lamp.y, lamp.rx, lamp.ry)
    window.paint(window.cover(shape).mul_(inside), colour)
    gleam = blob(window, lamp.x - 0.2 * lamp.rx, lamp.y - 0.25 * lamp.ry, 0.45 * lamp.rx, 0.45 * lamp.ry)
    window.paint(gleam.mul_(inside).mul_(0.8), light)


def _wheel(window: Window, wheel: Wheel, colours: Palette) -> None:
    dx, dy = window.x - wheel.x, window.y - wheel.y
    distance = (dx.square() + dy.square()).sqrt()
    window.paint(window.cover(distance - wheel.radius), colours.tyre)
    side = window.cover((distance - 0.5 * (wheel.radius + wheel.rim)).abs() - 0.10 * wheel.radius)
    window.paint(side * 0.25, colours.tyre_light)
    rim = window.cover(distance - wheel.rim)
    window.paint(rim, colours.rim_shadow)
    spoke = torch.cos(5.0 * (torch.atan2(dy, dx) - wheel.turn))
    # As wide at the rim as at the hub.
    spokes = ((spoke - 0.15) * distance * (0.30 * window.resolution)).add_(0.5).clamp_(0.0, 1.0)
    window.paint(spokes * rim, colours.rim)
    ring = window.cover((distance - 0.93 * wheel.rim).abs() - 0.08 * wheel.rim)
    window.paint(ring, colours.rim)
    window.paint(window.cover(distance - 0.30 * wheel.rim), colours.rim)
    window.paint(window.cover(distance - 0.13 * wheel.rim), colours.rim_shadow)
    light = blob(window, wheel.x - 0.35 * wheel.rim, wheel.y - 0.4 * wheel.rim, 0.5 * wheel.rim, 0.5 * wheel.rim)
    window.paint(light * rim * 0.35, colours.rim_light)
