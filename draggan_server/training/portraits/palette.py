"""The colours of a portrait as smooth functions of its appearance factors."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..colours import curve, mix, to_plane
from .factors import FACTOR_INDEX

# Colour curves: hexadecimal sRGB stops, evenly spaced over the factor.
SKIN = ("5a3527", "744730", "8f5a3a", "b57a50", "d29b70", "e6b48c", "f2cbaa", "f9dcc6")
HAIR_ASH = ("15151b", "2b2829", "574e4a", "948a82", "d8d4cf")
HAIR_WARM = ("1d1113", "4b2418", "8c4320", "c9803a", "f0cd7e")
IRIS = ("5a3219", "9a6527", "7d9438", "3f95c4", "9db8cc")
BACKGROUND = ("e3b778", "a8bb7e", "6fb5a6", "6f9fd0", "a394cc", "dd92a4")
CLOTHING = ("26365e", "2b6470", "4d8158", "d2a13c", "c9613f", "8c3651", "4c3a6e")

DARK = (0.09, 0.06, 0.09)
WHITE = (1.0, 0.985, 0.96)


@dataclass(frozen=True)
class Palette:
    """Colours ``[N, 3, 1, 1]`` in [-1, 1]; ``light_x`` and ``light_y`` ``[N, 1, 1]`` point to the light."""

    skin: Tensor
    skin_shadow: Tensor
    skin_light: Tensor
    skin_line: Tensor
    blush: Tensor
    lips: Tensor
    lips_light: Tensor
    hair: Tensor
    hair_shadow: Tensor
    hair_line: Tensor
    hair_light: Tensor
    brow: Tensor
    iris: Tensor
    iris_light: Tensor
    eye_white: Tensor
    lash: Tensor
    mouth: Tensor
    tongue: Tensor
    teeth: Tensor
    clothing: Tensor
    clothing_shadow: Tensor
    background: Tensor
    background_light: Tensor
    light_x: Tensor
    light_y: Tensor


def palette(factors: Tensor) -> Palette:
    """The colours for factors ``[N, F]``."""

    def value(name: str) -> Tensor:
        return factors[:, FACTOR_INDEX[name]]

    def constant(colour: tuple[float, float, float]) -> Tensor:
        return torch.tensor(colour, device=factors.device, dtype=factors.dtype).expand(len(factors), 3)

    dark, white = constant(DARK), constant(WHITE)
    skin = curve(SKIN, value("skin"))
    lightness = skin.mean(dim=1, keepdim=True)
    shadow = skin * constant((0.78, 0.64, 0.62))
    lips = mix(skin * constant((0.90, 0.60, 0.58)), constant((0.74, 0.22, 0.26)), 0.35)
    hair = mix(
        curve(HAIR_ASH, value("hair_lightness")),
        curve(HAIR_WARM, value("hair_lightness")),
        value("hair_warmth")[:, None],
    )
    iris = curve(IRIS, value("eye_colour"))
    clothing = curve(CLOTHING, value("clothing"))
    tone = value("background_lightness")[:, None]
    hue = curve(BACKGROUND, value("background_hue"))
    background = mix(hue * 0.46, mix(hue, white, 0.40), tone)
    angle = (value("light_direction") - 0.5) * (0.8 * math.pi)

    return Palette(
        skin=to_plane(skin),
        skin_shadow=to_plane(shadow),
        skin_light=to_plane(mix(skin, white, 0.35)),
        skin_line=to_plane(skin * constant((0.56, 0.40, 0.40))),
        blush=to_plane(mix(skin * constant((1.0, 0.66, 0.62)), constant((0.92, 0.42, 0.38)), 0.35 * lightness)),
        lips=to_plane(lips),
        lips_light=to_plane(mix(lips, white, 0.35)),
        hair=to_plane(hair),
        hair_shadow=to_plane(hair * 0.62),
        hair_line=to_plane(hair * 0.50),
        hair_light=to_plane(mix(hair, white, 0.10) * 1.12 + 0.07),
        brow=to_plane(mix(hair * 0.66, constant((0.20, 0.11, 0.08)), 0.35)),
        iris=to_plane(iris),
        iris_light=to_plane(mix(iris, white, 0.35)),
        eye_white=to_plane(mix(white, skin, 0.10)),
        lash=to_plane(mix(dark, skin, 0.06)),
        mouth=to_plane(constant((0.27, 0.07, 0.09))),
        tongue=to_plane(constant((0.72, 0.30, 0.32))),
        teeth=to_plane(constant((0.97, 0.95, 0.92))),
        clothing=to_plane(clothing),
        clothing_shadow=to_plane(clothing * 0.74),
        background=to_plane(background),
        background_light=to_plane(mix(background, white, 0.30)),
        light_x=torch.sin(angle)[:, None, None],
        light_y=-torch.cos(angle)[:, None, None],
    )
