"""What a model says of itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AlignmentPoint:
    """Where a feature lies in pictures that the model knows: fractions of the frame, x right, y down."""

    name: str
    x: float
    y: float


@dataclass(frozen=True)
class Alignment:
    """The places where the model expects features, on average. FFHQ-like models: eyes and mouth corners."""

    points: tuple[AlignmentPoint, ...]


@dataclass(frozen=True)
class DragDefaults:
    """The settings of a drag that serve this model best, by measurement; None: the method's own defaults.

    Names and units are those of `draggan_server.drag.DragSettings`, enums stand as their values.
    """

    feature_resolution: int | None = None
    latent_space: str | None = None
    moving_resolution: int | None = None
    step_size: float | None = None
    supervision_radius_fraction: float | None = None
    tracking_radius_fraction: float | None = None
    mask_weight: float | None = None
    tolerance_px: float | None = None


@dataclass(frozen=True)
class ModelCard:
    """Name, origin and alignment of a model, kept inside its file."""

    name: str
    """For people, in menus."""
    domain: str
    """What it draws, in a few words."""
    licence: str
    description: str = ""
    alignment: Alignment | None = None
    """None: pictures are not aligned."""
    drag: DragDefaults = DragDefaults()
