"""What a model is taught to draw: pictures as continuous functions of factors, each with its renderer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from . import cars, portraits
from .factors import Factor
from .landmark import Landmark


@dataclass(frozen=True)
class Focus:
    """Where in the picture what is small matters most: a Gaussian, centre and standard deviations as fractions of the
    picture."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Domain:
    """A kind of pictures."""

    name: str
    """As artists read it."""
    description: str
    factors: tuple[Factor, ...]
    render: Callable[[Tensor, int], Tensor]
    """Factors [N, F] in [0, 1] and a resolution R -> pictures [N, 3, R, R] in [-1, 1]."""
    landmarks: Callable[[Tensor], Tensor]
    """Factors [N, F] -> places [N, L, 2], (x, y) in picture widths."""
    marks: tuple[Landmark, ...]
    """What the landmarks are, in their order."""
    visible: Callable[[Tensor], Tensor]
    """Factors [N, F] -> [N, L] booleans: which landmarks can be seen."""
    focus: Focus
    alignment: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The points that an artist's own picture is aligned by, and the landmarks whose mean each of them is."""

    @property
    def factor_index(self) -> dict[str, int]:
        return {factor.name: index for index, factor in enumerate(self.factors)}

    @property
    def landmark_index(self) -> dict[str, int]:
        return {mark.name: index for index, mark in enumerate(self.marks)}

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every kind of landmark there is."""
        return tuple(dict.fromkeys(mark.kind for mark in self.marks))


PORTRAITS = Domain(
    name="portrait illustrations",
    description="Illustrated portraits of invented people, drawn by this project's own renderer. First edition.",
    factors=portraits.FACTORS,
    render=portraits.render,
    landmarks=portraits.landmarks,
    marks=portraits.LANDMARKS,
    visible=portraits.landmark_visibility,
    focus=Focus(x=0.5, y=0.58, width=0.17, height=0.15),
    # The points that FFHQ aligns by; left is the picture's left.
    alignment={
        "eye_left": ("eye_outer_left", "eye_inner_left"),
        "eye_right": ("eye_inner_right", "eye_outer_right"),
        "mouth_left": ("mouth_corner_left",),
        "mouth_right": ("mouth_corner_right",),
    },
)

CARS = Domain(
    name="car illustrations",
    description="Illustrated cars in side view, drawn by this project's own renderer.",
    factors=cars.FACTORS,
    render=cars.render,
    landmarks=cars.landmarks,
    marks=cars.LANDMARKS,
    visible=cars.landmark_visibility,
    focus=Focus(x=0.5, y=0.60, width=0.30, height=0.13),
    alignment={"wheel_left": ("rear_wheel",), "wheel_right": ("front_wheel",)},
)
