"""The constants of the method. The defaults are the paper's, where it names them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .errors import DragInputError


class LatentSpace(Enum):
    """Where the latent code moves: W keeps one w for all layers, W+ lets each layer's go its own way."""

    W = "w"
    W_PLUS = "w+"


class Norm(Enum):
    """The distance between features in point tracking: the paper writes L1, its authors' program used L2."""

    L1 = "l1"
    L2 = "l2"


@dataclass(frozen=True)
class DragSettings:
    """How to drag. Lengths that end in _fraction are fractions of the picture's longer side."""

    supervision_radius_fraction: float = 3 / 512
    """r1: the disc round each handle whose features are moved (Eq. 2)."""
    tracking_radius_fraction: float = 12 / 512
    """r2: half the side of the square in which a handle is looked for again (Eq. 3)."""
    mask_weight: float = 20.0
    """lambda: how hard what lies outside the editable mask is held (Eq. 2)."""
    step_size: float = 2e-3
    """Adam's, on the latent code."""
    feature_resolution: int | None = None
    """The block whose output is F. None: 128 px, or a model's finest block if that is smaller."""
    latent_space: LatentSpace = LatentSpace.W_PLUS
    moving_resolution: int = 32
    """The w up to the first of the block at this resolution move, the others keep their values: 32 px means the
    first 6, as in the paper."""
    max_steps: int = 300
    tolerance_px: float | None = None
    """A handle within this distance of its target has arrived. None: 1 px, with more than 5 points 2 px."""
    tracking_norm: Norm = Norm.L2
    patience_steps: int = 60
    """A drag that has brought its handles no nearer for so many steps has stalled."""

    def __post_init__(self) -> None:
        _check("supervision_radius_fraction", self.supervision_radius_fraction, 0, 0.25)
        _check("tracking_radius_fraction", self.tracking_radius_fraction, 0, 0.25)
        _check("mask_weight", self.mask_weight, 0, 1e6)
        _check("step_size", self.step_size, 1e-6, 1)
        _check("max_steps", self.max_steps, 1, 100_000)
        _check("patience_steps", self.patience_steps, 1, 100_000)
        if self.tolerance_px is not None:
            _check("tolerance_px", self.tolerance_px, 0.01, 1000)
        for name in ("feature_resolution", "moving_resolution"):
            value = getattr(self, name)
            if value is not None and (value < 4 or value & (value - 1)):
                raise DragInputError(f"{name} must be a power of two of at least 4, not {value}")

    @classmethod
    def of(cls, *layers: Mapping[str, Any]) -> DragSettings:
        """From plain values, as files and messages hold them: enums by their values, None for no wish.

        Later layers win over earlier ones, and all of them over the defaults.

        Raises:
            DragInputError: a value that is not allowed.
        """
        values = {name: value for layer in layers for name, value in layer.items() if value is not None}
        for name, kind in (("latent_space", LatentSpace), ("tracking_norm", Norm)):
            if name in values:
                values[name] = _member(name, kind, values[name])
        return cls(**values)

    def tolerance(self, point_count: int) -> float:
        """In model px, for a drag of so many points."""
        if self.tolerance_px is not None:
            return self.tolerance_px
        return 2.0 if point_count > 5 else 1.0

    def moving_ws(self, num_ws: int) -> int:
        """How many of a model's w move."""
        return min(max(2 * int(math.log2(self.moving_resolution)) - 4, 1), num_ws)


def _member(name: str, kind: type[Enum], value: object) -> Enum:
    try:
        return kind(value)
    except ValueError:
        allowed = ", ".join(repr(member.value) for member in kind)
        raise DragInputError(f"{name} must be one of {allowed}, not {value!r}") from None


def _check(name: str, value: float, low: float, high: float) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        raise DragInputError(f"{name} must lie in {low:g} .. {high:g}, not {value:g}")
