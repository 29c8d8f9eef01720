"""The continuous factors of a car."""

from __future__ import annotations

from ..factors import Factor, FactorGroup, group_of_factors

FACTORS: tuple[Factor, ...] = (
    *group_of_factors(
        FactorGroup.STRUCTURE,
        wheelbase="wheels close together ... far apart",
        bonnet_length="short ... long bonnet",
        tail_length="short ... long tail",
        bonnet_height="low ... high bonnet",
        tail_height="low ... high tail",
        roof_height="low ... high roof",
        windscreen_rake="steep ... sloping windscreen",
        rear_rake="steep ... sloping rear window",
        clearance="low ... high above the road",
        wheel_size="small ... large wheels",
    ),
    *group_of_factors(
        FactorGroup.EXPRESSION,
        belt_height="tall ... narrow windows",
        pillar="pillar further back ... further forward",
        rim_size="thick tyres ... large rims",
        wheel_turn="where the spokes stand, over a fifth of a turn",
        headlight_size="small ... large headlight",
        crease="crease low ... high on the doors",
    ),
    *group_of_factors(
        FactorGroup.APPEARANCE,
        paint_hue="red, orange, green, teal, blue, violet",
        paint_lightness="dark ... pale paint",
        paint_grey="coloured ... grey paint",
        glass="dark ... bright windows",
        sky_hue="dusk ... noon ... grey sky",
        sky_lightness="dim ... bright sky",
        ground="dark asphalt ... pale sand",
        hills="low ... high hills behind",
    ),
)

FACTOR_INDEX: dict[str, int] = {factor.name: index for index, factor in enumerate(FACTORS)}
