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
    drag_resolution: int | None = None
    """The block whose features serve dragging best, by measurement; None: not known."""
