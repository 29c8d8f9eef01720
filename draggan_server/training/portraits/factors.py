"""The continuous factors of a portrait, and the fixed transform that reads them from a latent vector.

A picture is a smooth function of ``len(FACTORS)`` numbers in [0, 1]. The order of :data:`FACTORS` is the
order of the latent coordinates, so it is part of the format of every model trained on these pictures.
"""

from __future__ import annotations

from ..factors import Factor, FactorGroup, group_of_factors

FACTORS: tuple[Factor, ...] = (
    *group_of_factors(
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
    *group_of_factors(
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
    *group_of_factors(
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
