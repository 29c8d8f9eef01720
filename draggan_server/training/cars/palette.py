"""The colours of a car and its surroundings as smooth functions of its appearance factors."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..colours import curve, mix, to_plane
from ..factors import span
from .factors import FACTOR_INDEX

# Colour curves: hexadecimal sRGB stops, evenly spaced over the factor.
PAINT = ("c23a34", "dd8a3a", "c9b04a", "5f9a55", "3f9490", "3d6fb4", "6a58a8")
SKY = ("7d6a9c", "c58f7e", "8fb4cf", "6fa3d6", "93a3ae")
GROUND = ("4a4a52", "6b6660", "a5957a", "cbb68c")
GLASS = ("20262e", "3b4a57", "7b94a4")

DARK = (0.10, 0.10, 0.12)
WHITE = (1.0, 0.99, 0.97)


@dataclass(frozen=True)
class Palette:
    """Colours ``[N, 3, 1, 1]`` in [-1, 1]; ``hills`` ``[N, 1, 1]`` in picture widths."""

    paint: Tensor
    paint_light: Tensor
    paint_shadow: Tensor
    paint_line: Tensor
    trim: Tensor
    arch: Tensor
    glass: Tensor
    glass_light: Tensor
    glass_shadow: Tensor
    headlight: Tensor
    headlight_light: Tensor
    tail_light: Tensor
    tail_light_light: Tensor
    tyre: Tensor
    tyre_light: Tensor
    rim: Tensor
    rim_light: Tensor
    rim_shadow: Tensor
    sky: Tensor
    horizon: Tensor
    hill: Tensor
    near_hill: Tensor
    road: Tensor
    road_near: Tensor
    line: Tensor
    shadow: Tensor
    hills: Tensor


def palette(factors: Tensor) -> Palette:
    """The colours for factors ``[N, F]``."""

    def value(name: str) -> Tensor:
        return factors[:, FACTOR_INDEX[name]]

    def constant(red: float, green: float, blue: float) -> Tensor:
        return torch.tensor((red, green, blue), device=factors.device, dtype=factors.dtype).expand(len(factors), 3)

    dark, white = constant(*DARK), constant(*WHITE)
    hue = curve(PAINT, value("paint_hue"))
    grey = hue.mean(dim=1, keepdim=True).expand_as(hue)
    hue = mix(hue, grey, 0.9 * value("paint_grey")[:, None].pow(4.0))
    tone = value("paint_lightness")[:, None]
    paint = mix(hue * 0.45, mix(hue, white, 0.55), tone)
    light = value("sky_lightness")[:, None]
    sky = curve(SKY, value("sky_hue"))
    sky = mix(sky * 0.55, sky, light)
    horizon = mix(sky, white, 0.45)
    ground = curve(GROUND, value("ground"))
    ground = mix(ground * 0.75, ground, light)
    glass = curve(GLASS, value("glass"))
    hill = mix(mix(sky, ground, 0.35), constant(0.33, 0.45, 0.40), 0.35)
    return Palette(
        paint=to_plane(paint),
        paint_light=to_plane(mix(paint, white, 0.55)),
        paint_shadow=to_plane(paint * 0.66),
        paint_line=to_plane(paint * 0.38),
        trim=to_plane(mix(dark * 1.6, paint * 0.35, 0.35)),
        arch=to_plane(dark * 0.9),
        glass=to_plane(glass),
        glass_light=to_plane(mix(glass, white, 0.5)),
        glass_shadow=to_plane(glass * 0.6),
        headlight=to_plane(constant(0.93, 0.92, 0.84)),
        headlight_light=to_plane(white),
        tail_light=to_plane(constant(0.72, 0.12, 0.12)),
        tail_light_light=to_plane(constant(0.98, 0.45, 0.38)),
        tyre=to_plane(constant(0.13, 0.13, 0.145)),
        tyre_light=to_plane(constant(0.42, 0.42, 0.45)),
        rim=to_plane(constant(0.78, 0.79, 0.81)),
        rim_light=to_plane(white),
        rim_shadow=to_plane(constant(0.28, 0.28, 0.31)),
        sky=to_plane(sky),
        horizon=to_plane(horizon),
        hill=to_plane(mix(hill, horizon, 0.35)),
        near_hill=to_plane(hill * 0.85),
        road=to_plane(mix(ground, horizon, 0.18)),
        road_near=to_plane(ground * 0.86),
        line=to_plane(mix(ground, white, 0.6)),
        shadow=to_plane(ground * 0.30),
        hills=span(value("hills"), 0.02, 0.16)[:, None, None],
    )
