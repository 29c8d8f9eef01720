"""The continuous factors of a portrait, and the fixed transform that reads them from a latent vector.

A picture is a smooth function of ``len(FACTORS)`` numbers in [0, 1]. The order of :data:`FACTORS` is the
order of the latent coordinates, so it is part of the format of every model trained on these pictures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor


class FactorGroup(Enum):
    """Which range of generator layers is meant to own a factor."""

    STRUCTURE = "structure"
    EXPRESSION = "expression"
    APPEARANCE = "appearance"


@dataclass(frozen=True)
class Factor:
    """One coordinate of the latent vector: ``description`` says what 0 and 1 look like."""

    name: str
    group: FactorGroup
    description: str


def _group(group: FactorGroup, **descriptions: str) -> tuple[Factor, ...]:
    return tuple(Factor(name, group, text) for name, text in descriptions.items())


FACTORS: tuple[Factor, ...] = (
    *_group(
        FactorGroup.STRUCTURE,
        yaw="head turned to the picture's left ... right",
        pitch="looking up ... down",
        face_width="narrow ... wide face",
        jaw_width="pointed ... square jaw",
        chin_length="short ... long chin",
        hair_length="cropped ... over the shoulders",
        hair_volume="flat ... full hair",
        hair_fringe="swept back ... low fringe",
        hair_parting="fringe opens at the picture's left ... right",
        ear_size="small ... large ears",
        shoulder_width="narrow ... broad shoulders",
    ),
    *_group(
        FactorGroup.EXPRESSION,
        brow_height="low ... raised brows",
        brow_angle="worried (inner ends up) ... stern (inner ends down)",
        brow_thickness="thin ... bushy brows",
        eye_size="small ... large eyes",
        eye_opening="sleepy ... wide open",
        eye_spacing="close ... wide-set eyes",
        gaze_x="looking to the picture's left ... right",
        gaze_y="looking up ... down",
        nose_length="short ... long nose",
        nose_width="narrow ... broad nose",
        mouth_width="narrow ... wide mouth",
        smile="corners down ... up",
        mouth_opening="closed ... open mouth",
    ),
    *_group(
        FactorGroup.APPEARANCE,
        skin="deep ... fair skin",
        hair_lightness="black ... blond or silver hair",
        hair_warmth="ashen ... reddish or golden hair",
        eye_colour="brown, hazel, green, blue, grey",
        background_hue="sand, sage, teal, blue, mauve, rose",
        background_lightness="dim ... bright background",
        light_direction="light from the picture's left ... right",
        clothing="clothes from navy over green and mustard to brick and plum",
    ),
)

FACTOR_INDEX: dict[str, int] = {factor.name: index for index, factor in enumerate(FACTORS)}


def factors_from_z(z: Tensor) -> Tensor:
    """Read factors from latent vectors: ``[N, z_dim]`` -> ``[N, F]`` in (0, 1), with ``z_dim == F``.

    First the normalisation that StyleGAN2's mapping network starts with (divide by the root mean square),
    then the standard normal distribution function, which makes each factor nearly uniform for normal ``z``.
    """
    if z.ndim != 2 or z.shape[1] != len(FACTORS):
        raise ValueError(f"expected [N, {len(FACTORS)}] latent vectors, got {tuple(z.shape)}")
    normalised = z * (z.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()
    return 0.5 * (1.0 + torch.erf(normalised / math.sqrt(2.0)))
