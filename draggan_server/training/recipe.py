"""The recipes of the bundled models: every number that a training depends on, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..checkpoints import DragDefaults
from ..stylegan2 import DiscriminatorConfig, GeneratorConfig
from .domains import CARS as CAR_PICTURES
from .domains import PORTRAITS as PORTRAIT_PICTURES
from .domains import Domain
from .factors import FactorGroup


@dataclass(frozen=True)
class Stage:
    """A stretch of the regression at one resolution. The blocks above it do not take part yet."""

    resolution: int
    pictures: int
    """How many pictures are shown before the next stage begins."""
    batch: int
    learning_rate: float
    """At the stage's start; falls along a half cosine to `final_fraction` of it."""
    final_fraction: float = 0.3


@dataclass(frozen=True)
class AdversarialFinish:
    """A short adversarial training after the regression, for outlines: non-saturating loss with R1.

    The regression loss stays on, so that factors keep their places.
    """

    pictures: int
    batch: int
    generator_learning_rate: float
    discriminator_learning_rate: float
    warm_up_pictures: int
    """Only the discriminator learns until then."""
    weight: float
    """Of the adversarial loss beside the regression loss."""
    r1_gamma: float
    r1_interval: int


@dataclass(frozen=True)
class LayerGroup:
    """The w that carry a group of factors when styles are mixed: `first` up to, not including, `end`."""

    group: FactorGroup
    first: int
    end: int


@dataclass(frozen=True)
class Recipe:
    """From factors to pictures by regression, climbing the resolutions; then the adversarial finish."""

    name: str
    """As artists read it in the list of models."""
    domain: Domain
    generator: GeneratorConfig
    discriminator: DiscriminatorConfig
    stages: tuple[Stage, ...]
    finish: AdversarialFinish
    layer_groups: tuple[LayerGroup, ...]
    mixing: float = 0.6
    """Part of the pictures whose groups of factors come from different z."""
    contrast_weight: float = 2.0
    """How much more a pixel counts where the picture has edges near it."""
    focus_weight: float = 4.0
    """How much more a pixel counts in the middle of the domain's focus."""
    ema_pictures: float = 4000.0
    """Half-life of the averaged weights, in pictures."""
    drag: DragDefaults = field(default_factory=DragDefaults)
    seed: int = 1


PORTRAITS = Recipe(
    name="Portraits",
    domain=PORTRAIT_PICTURES,
    generator=GeneratorConfig(
        z_dim=len(PORTRAIT_PICTURES.factors),
        w_dim=128,
        img_resolution=128,
        channel_base=2048,
        channel_max=128,
        mapping_layers=2,
        mapping_lr_multiplier=0.1,
    ),
    discriminator=DiscriminatorConfig(img_resolution=128, channel_base=2048, channel_max=128),
    stages=(
        Stage(resolution=16, pictures=80_000, batch=32, learning_rate=4e-3),
        Stage(resolution=32, pictures=120_000, batch=32, learning_rate=4e-3),
        Stage(resolution=64, pictures=130_000, batch=32, learning_rate=3e-3),
        Stage(resolution=128, pictures=80_000, batch=16, learning_rate=2e-3, final_fraction=0.05),
    ),
    finish=AdversarialFinish(
        pictures=3_000,
        batch=16,
        generator_learning_rate=2e-4,
        discriminator_learning_rate=1e-3,
        warm_up_pictures=1_000,
        weight=0.002,
        r1_gamma=1.0,
        r1_interval=8,
    ),
    # By tests/quality: W+ and small discs satisfy the loss without moving the drawn feature; and 1 px of 128 is four
    # times as much of the picture as 1 px of the paper's 512.
    drag=DragDefaults(
        feature_resolution=32,
        latent_space="w",
        step_size=0.02,
        supervision_radius_fraction=0.0625,
        tolerance_px=0.5,
        # With the paper's 20 hardly a masked drag moves: this portrait can change in few places alone.
        mask_weight=10.0,
    ),
    # Geometry lives in the w that a drag moves (those that feed blocks up to 32 px), colour in the others.
    layer_groups=(
        LayerGroup(FactorGroup.STRUCTURE, 0, 4),
        LayerGroup(FactorGroup.EXPRESSION, 4, 6),
        LayerGroup(FactorGroup.APPEARANCE, 6, 12),
    ),
)

CARS = Recipe(
    name="Cars",
    domain=CAR_PICTURES,
    generator=replace(PORTRAITS.generator, z_dim=len(CAR_PICTURES.factors)),
    discriminator=PORTRAITS.discriminator,
    stages=(
        Stage(resolution=16, pictures=50_000, batch=32, learning_rate=4e-3),
        Stage(resolution=32, pictures=160_000, batch=32, learning_rate=4e-3),
        Stage(resolution=64, pictures=120_000, batch=32, learning_rate=3e-3),
        Stage(resolution=128, pictures=32_000, batch=16, learning_rate=2e-3, final_fraction=0.05),
    ),
    finish=PORTRAITS.finish,
    drag=PORTRAITS.drag,
    # Most factors are structure and want many w: a wheel has no expression that a drag would change alone.
    layer_groups=(
        LayerGroup(FactorGroup.STRUCTURE, 0, 5),
        LayerGroup(FactorGroup.EXPRESSION, 5, 7),
        LayerGroup(FactorGroup.APPEARANCE, 7, 12),
    ),
    focus_weight=3.0,
)

RECIPES = {"portraits": PORTRAITS, "cars": CARS}
"""By the stem of the model's file."""
