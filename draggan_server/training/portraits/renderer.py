"""Draws portraits from factors: layers from back to front, always in the same order.

No layer ever appears, vanishes or changes places with another, so the picture is a continuous function of
the factors. Small features are computed only inside fixed boxes that hold them for all factors.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..shapes import Window, band, between, blob, drawn, ellipse, profile
from .geometry import CENTRE_X, Brow, Ear, Eye, Geometry, Mouth, geometry
from .palette import Palette, palette

# The coverage of a shape, with the window it was computed for.
Plane = tuple[Window, Tensor]


def render(factors: Tensor, resolution: int) -> Tensor:
    """Draw portraits for factors ``[N, F]`` in [0, 1] -> ``[N, 3, resolution, resolution]`` in [-1, 1]."""
    return drawn(factors, resolution, lambda page, some: _draw(page, geometry(some), palette(some)))


def _draw(page: Window, g: Geometry, colours: Palette) -> None:
    _background(page, colours)
    hair = _hair_behind(page, g, colours)
    _body(page.part(0.0, 0.61, 1.0, 1.0), g, colours)
    _locks(page.part(0.0, 0.62, 1.0, 1.0), g, colours, hair)
    face = _face(page.part(0.14, 0.1, 0.86, 0.97), g, colours)
    _nose(page.part(0.32, 0.40, 0.68, 0.70), g, colours)
    _mouth(page.part(0.32, 0.59, 0.68, 0.86), g.mouth, colours, face)
    for side, eye, brow in zip((0, 1), g.eyes, g.brows, strict=True):
        left = 0.20 + 0.27 * side
        _eye(page.part(left, 0.36, left + 0.33, 0.60), eye, colours, face)
        _brow(page.part(left, 0.26, left + 0.33, 0.52), brow, colours)
    _hair_front(page.part(0.05, 0.0, 0.95, 0.80), g, colours, hair, face)
    for side, ear in zip((0, 1), g.ears, strict=True):
        left = 0.14 + 0.51 * side
        _ear(page.part(left, 0.38, left + 0.21, 0.63), ear, colours, face)


def _background(page: Window, colours: Palette) -> None:
    """A calm glow behind the head, shifted towards the light."""
    column = ((page.x - CENTRE_X - 0.22 * colours.light_x) / 0.62).square()
    row = ((page.y - 0.34) / 0.72).square()
    glow = (column + row).neg_().exp_()
    torch.lerp(colours.background, colours.background_light, glow.unsqueeze(1), out=page.image)


@dataclass(frozen=True)
class _Hair:
    """What the layers of hair share: coverage and strands, planes ``[N, R, R]`` of the page."""

    page: Window
    cover: Tensor
    strands: Tensor

    def paint(self, window: Window, cover: Tensor, colours: Palette) -> None:
        """Hair in part of the page, with darker strands."""
        window.paint(cover, colours.hair)
        window.paint(cover * window.crop(self.strands, self.page), colours.hair_shadow)


def _hair_behind(page: Window, g: Geometry, colours: Palette) -> _Hair:
    """The mass of hair behind everything else."""
    shape = g.hair
    distance = profile(page, shape.centre_x, shape.squared_width(page.y))
    page.paint(page.cover(distance.clone(), 0.006), colours.hair_line)
    # Strands fan out from the parting, and hang straight further down.
    fan = 0.09 + 0.34 * (1.0 - torch.exp((shape.top_y - page.y).clamp(max=0.0) * 4.5))
    root = shape.centre_x + 0.6 * (shape.fringe_x - shape.centre_x)
    strands = ((page.x - root) * (14.0 / fan)).cos_().mul_(-0.20).add_(0.20)
    hair = _Hair(page, page.cover(distance), strands)
    hair.paint(page, hair.cover, colours)
    inside = page.part(0.08, 0.3, 0.92, 1.0)
    shade = blob(inside, shape.centre_x, g.head.chin_y, 0.18, 0.22) * inside.crop(hair.cover, page)
    inside.paint(shade, colours.hair_shadow)
    return hair


def _body(window: Window, g: Geometry, colours: Palette) -> None:
    """Clothes with a round neckline, neck and the head's shadow on it."""
    body = g.body
    centre = torch.full_like(body.neck_x, CENTRE_X)
    clothes = window.cover(profile(window, centre, body.squared_shoulder(window.y)))
    window.paint(clothes, colours.clothing)
    clothes *= ((window.x - CENTRE_X) * colours.light_x).mul(-16.0).sub(1.0).sigmoid()
    window.paint(clothes, colours.clothing_shadow)
    neck = profile(window, body.neck_x, body.squared_neck(window.y))
    # The collar shows only where the clothes are, below the free part of the neck.
    below = ((window.y - g.body.shoulder_y - 0.005) * 40.0).clamp(0.0, 1.0)
    window.paint(window.cover(neck.clone(), 0.016) * below, colours.clothing_shadow)
    skin = window.cover(neck)
    window.paint(skin, colours.skin)
    skin *= blob(window, g.head.chin_x, g.head.chin_y - 0.015, 0.16, 0.085)
    window.paint(skin, colours.skin_shadow)


def _locks(window: Window, g: Geometry, colours: Palette, hair: _Hair) -> None:
    """The outer hair again, in front of the shoulders: only what is clear of the neck."""
    inner = 0.122 + 0.02 * ((window.y - 0.75) / 0.1).square()
    # Higher up the cheek hides the inner edge.
    clear = ((window.x - g.hair.centre_x).abs() - inner).mul_(window.resolution).add_(0.5).clamp_(0.0, 1.0)
    appear = ((window.y - 0.62) / 0.14).clamp(0.0, 1.0)
    hair.paint(window, clear.mul_(window.crop(hair.cover, hair.page)).mul_(appear), colours)


def _face(window: Window, g: Geometry, colours: Palette) -> Plane:
    """The skin of the face with its shading; returns window and coverage."""
    head = g.head
    distance = profile(window, head.middle(window.y), head.squared_width(window.y))
    window.paint(window.cover(distance.clone(), 0.007), colours.skin_line)
    cover = window.cover(distance)
    window.paint(cover, colours.skin)
    # Light on a rounded solid: a soft terminator between light and shadow.
    across = (window.x - head.middle(window.y)) / head.half_width * colours.light_x
    down = (window.y - 0.50) / 0.36 * colours.light_y
    shade = (across * -3.0).add_(-1.6 * down - 1.75).sigmoid_()
    window.paint(shade.mul_(cover), colours.skin_shadow)
    light = blob(window, head.centre_x + 0.11 * colours.light_x, 0.36 + 0.03 * colours.light_y, 0.13, 0.11)
    window.paint(light.mul_(cover).mul_(0.55), colours.skin_light)
    # Blush below the eyes.
    cheeks = window.part(0.2, 0.5, 0.8, 0.75)
    cheek_y = 0.5 * (g.eyes[0].inner.y + g.mouth.centre.y) + 0.015
    blush = blob(cheeks, 0.5 * (g.eyes[0].outer.x + g.mouth.left.x) - 0.01, cheek_y, 0.062, 0.050)
    blush += blob(cheeks, 0.5 * (g.eyes[1].outer.x + g.mouth.right.x) + 0.01, cheek_y, 0.062, 0.050)
    cheeks.paint(blush.mul_(0.40).mul_(cheeks.crop(cover, window)), colours.blush)
    return window, cover


def _nose(window: Window, g: Geometry, colours: Palette) -> None:
    """Bridge shaded on the side away from the light, a lit tip, wings and nostrils."""
    nose, side = g.nose, colours.light_x
    down = (window.y - nose.root.y) / (nose.tip.y - nose.root.y)
    ridge = nose.root.x + (nose.tip.x - nose.root.x) * down
    width = 0.016 + (0.85 * nose.half_width - 0.016) * down.clamp(0.0, 1.0).square()
    across = (window.x - ridge) / width
    # One side of the ridge only: rises from it and fades out at the foot of the nose.
    fade = (down * 2.0).clamp(0.0, 1.0) * ((1.18 - down) * 5.0).clamp(0.0, 1.0)
    shade = (across * -side).clamp_(0.0, 1.0).mul_((1.7 - across.abs()).clamp_(0.0, 1.0)).mul_(0.75 * fade)
    window.paint(shade, colours.skin_shadow)
    under = blob(window, nose.base.x, nose.base.y + 0.010, nose.half_width * 0.95, 0.013)
    window.paint(under.mul_(0.8), colours.skin_shadow)
    gleam = blob(window, nose.tip.x + 0.008 * side, nose.tip.y - 0.006, 0.016, 0.013)
    window.paint(gleam.mul_(0.75), colours.skin_light)
    # Underside: wings at both sides, a rounded tip between them.
    t = (window.x - nose.base.x) / nose.half_width
    tip = (nose.tip.x - nose.base.x) / nose.half_width
    dip = torch.exp(-((t - 0.6 * tip) / 0.58).square())
    curve = nose.base.y - 0.012 * t.square().square() + 0.009 * dip
    thickness = 0.0062 * (1.0 - t.square().square())
    window.paint(window.cover(band(window, curve, thickness)), colours.skin_line)
    for direction in (-1, 1):
        wing = nose.base.x + direction * 0.98 * nose.half_width
        arc = blob(window, wing, nose.base.y - 0.016, 0.009, 0.014)
        window.paint(arc.mul_(0.55), colours.skin_line)


def _mouth(window: Window, mouth: Mouth, colours: Palette, face: Plane) -> None:
    """Lips, and between them the dark opening with upper teeth and tongue."""
    top, inner_top, inner_bottom, bottom = mouth.curves(window.x)
    below = mouth.curves(mouth.centre.x)[3] + 0.012
    shadow = blob(window, mouth.centre.x, below, 0.05, 0.010)
    window.paint(shadow.mul_(0.6), colours.skin_shadow)
    skin = window.crop(face[1], face[0])
    window.paint(window.cover(between(window, top, bottom)).mul_(skin), colours.lips)
    gleam = blob(window, mouth.centre.x, mouth.centre.y + 0.8 * mouth.opening + 0.012, 0.034, 0.006)
    window.paint(gleam.mul_(0.6), colours.lips_light)
    bulge = 1.0 - mouth.place(window.x).square()
    line = 0.0042 * _taper(0.93 * mouth.place(window.x))
    inside = window.cover(between(window, inner_top - line, inner_bottom + line)).mul_(skin)
    window.paint(inside, colours.mouth)
    tongue = blob(window, mouth.centre.x, mouth.centre.y + 0.95 * mouth.opening, 0.045, 0.020)
    # Teeth and tongue come in smoothly as the mouth opens.
    window.paint(tongue.mul_(inside).mul_((mouth.opening * 18.0).clamp(max=0.9)), colours.tongue)
    teeth = window.cover(band(window, inner_top - line, 0.36 * mouth.opening * bulge + line))
    window.paint(teeth.mul_(inside).mul_((mouth.opening * 60.0).clamp(max=1.0)), colours.teeth)


def _eye(window: Window, eye: Eye, colours: Palette, face: Plane) -> None:
    """White, iris with pupil and catch light, cut out by the lids; lashes and the fold above them."""
    upper, lower = eye.lids(window.x)
    t = eye.place(window.x)
    taper = _taper(t)
    socket = blob(window, eye.iris.x, eye.inner.y - 0.028, 0.062, 0.034)
    window.paint(socket.mul_(0.42), colours.skin_shadow)
    fold = band(window, upper - 0.013 - 0.15 * eye.upper, 0.0034 * taper)
    window.paint(window.cover(fold).mul_(0.75), colours.skin_line)
    skin = window.crop(face[1], face[0])
    opening = window.cover(between(window, upper, lower)).mul_(skin)
    window.paint(opening, colours.eye_white)
    # The upper lid's shadow on the eyeball.
    lid = ((upper + 0.35 * eye.upper + 0.004) - window.y).mul_(90.0).clamp_(0.0, 1.0)
    window.paint(lid.mul_(opening).mul_(0.35), colours.skin_shadow)
    iris = ellipse(window, eye.iris.x, eye.iris.y, eye.iris_rx, eye.iris_ry)
    pupil = window.cover(iris.clone(), -0.55 * eye.iris_ry)
    inner = window.cover(iris.clone(), -0.12 * eye.iris_ry)
    window.paint(window.cover(iris).mul_(opening), colours.lash)
    window.paint(inner.mul_(opening), colours.iris)
    glow = blob(window, eye.iris.x, eye.iris.y + 0.55 * eye.iris_ry, 0.62 * eye.iris_rx, 0.42 * eye.iris_ry)
    window.paint(glow.mul_(inner).mul_(0.8), colours.iris_light)
    window.paint(pupil.mul_(opening), colours.lash)
    spark_x = eye.iris.x + 0.34 * eye.iris_rx * colours.light_x
    radius = 0.27 * eye.iris_ry
    spark = window.cover(ellipse(window, spark_x, eye.iris.y - 0.38 * eye.iris_ry, radius, radius))
    window.paint(spark.mul_(opening), colours.eye_white)
    lower_line = band(window, lower + 0.001, 0.0026 * taper)
    window.paint(window.cover(lower_line).mul_(0.7), colours.skin_line)
    # Lashes thicken towards the outer corner and reach a little past it.
    lashes = band(window, upper - 0.003, 0.0066 * _taper(0.95 * t) * (1.0 + 0.35 * t.clamp(-1.0, 1.0)))
    window.paint(window.cover(lashes).mul_(skin), colours.lash)


def _taper(t: Tensor) -> Tensor:
    """Thickness of a line over t in [-1, 1]; beyond that quickly negative, so that no faint tail remains."""
    t2 = t.square()
    return 1.0 - t2 - 6.0 * (t2 - 1.0).clamp(min=0.0)


def _brow(window: Window, brow: Brow, colours: Palette) -> None:
    window.paint(window.cover(band(window, brow.line(window.x), brow.half_height(window.x))), colours.brow)


def _hair_front(window: Window, g: Geometry, colours: Palette, hair: _Hair, face: Plane) -> None:
    """Hair above the fringe's edge, its shadow on the forehead, and a gloss that follows the head."""
    line = g.hair.fringe(window.x)
    slope = torch.gradient(line, spacing=1.0 / window.resolution, dim=2)[0]
    above = (window.y - line) * (slope.square() + 1.0).rsqrt_()
    forehead = window.part(0.14, 0.1, 0.86, 0.6)
    shadow = (forehead.crop(above, window) * -28.0).add_(1.0).clamp_(0.0, 1.0)
    forehead.paint(shadow.mul_(forehead.crop(face[1], face[0])).mul_(0.45), colours.skin_shadow)
    edge = (above * 16.0).add_(1.0).clamp_(0.0, 1.0)
    cover = window.cover(above).mul_(window.crop(hair.cover, hair.page))
    hair.paint(window, cover, colours)
    # The edge turns away from the light.
    window.paint(edge.mul_(cover).mul_(0.45), colours.hair_shadow)
    x = (window.x - g.hair.centre_x - 0.04 * colours.light_x) / g.hair.half_width
    arc = g.hair.top_y + 0.075 + 0.13 * x.square()
    gloss = ((window.y - arc) / 0.026).square_().neg_().exp_()
    gloss *= 0.75 * torch.exp(-((x - 0.45 * colours.light_x) / 0.55).square())
    window.paint(gloss.mul_(cover), colours.hair_light)


def _ear(window: Window, ear: Ear, colours: Palette, face: Plane) -> None:
    """An ear in front of the hair and behind the cheek."""
    outside = 1.0 - window.crop(face[1], face[0])
    shape = ellipse(window, ear.x, ear.y, ear.half_width, ear.half_height)
    hollow = window.cover(shape.clone(), -0.42 * ear.half_width)
    window.paint(window.cover(shape.clone(), 0.006).mul_(outside), colours.skin_line)
    window.paint(window.cover(shape).mul_(outside), colours.skin)
    window.paint(hollow.mul_(outside).mul_(0.8), colours.skin_shadow)
