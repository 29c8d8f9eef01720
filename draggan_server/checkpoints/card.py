"""What a model says of itself."""

from __future__ import annotations

from dataclasses import dataclass

MAX_NAME_LENGTH = 200
MAX_TEXT_LENGTH = 10_000
MAX_ALIGNMENT_POINTS = 100
MAX_CLASS_NAMES = 10_000


@dataclass(frozen=True)
class AlignmentPoint:
    """Where a feature lies in pictures that the model knows: fractions of the frame, x right, y down.

    Raises ValueError for a place more than a frame outside the frame, and for no name or an endless one.
    """

    name: str
    x: float
    y: float

    def __post_init__(self) -> None:
        _check_length("name", self.name, 1, MAX_NAME_LENGTH)
        if not (-1 <= self.x <= 2 and -1 <= self.y <= 2):
            raise ValueError(f"the alignment's {self.name!r} at ({self.x:g}, {self.y:g}) lies far outside the frame")


@dataclass(frozen=True)
class Alignment:
    """The places where the model expects features, on average. FFHQ-like models: eyes and mouth corners."""

    points: tuple[AlignmentPoint, ...]

    def __post_init__(self) -> None:
        if len(self.points) > MAX_ALIGNMENT_POINTS:
            raise ValueError(f"the alignment has {len(self.points)} points, more than {MAX_ALIGNMENT_POINTS}")


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
class RecognitionDefaults:
    """From which score on this model knows a picture well, and at all; None: as for any model.

    Names and meaning are those of `draggan_server.inversion.RecognitionThresholds`.
    """

    good: float | None = None
    fair: float | None = None


class ClassNamesError(ValueError):
    """A card has names, and not as many as the model has classes."""


@dataclass(frozen=True)
class ModelCard:
    """Name, origin and alignment of a model, kept inside its file.

    Raises ValueError for texts that no menu can show: a name that is empty, or anything endless.
    """

    name: str
    """For people, in menus."""
    domain: str
    """What it draws, in a few words."""
    licence: str
    description: str = ""
    alignment: Alignment | None = None
    """None: pictures are not aligned."""
    drag: DragDefaults = DragDefaults()
    recognition: RecognitionDefaults = RecognitionDefaults()
    class_names: tuple[str, ...] = ()
    """What each class draws, in their order; empty: they have numbers alone, or the model draws without classes."""

    def __post_init__(self) -> None:
        _check_length("name", self.name, 1, MAX_NAME_LENGTH)
        for field in ("domain", "licence", "description"):
            _check_length(field, getattr(self, field), 0, MAX_TEXT_LENGTH)
        if len(self.class_names) > MAX_CLASS_NAMES:
            raise ValueError(f"there are {len(self.class_names)} names of classes, more than {MAX_CLASS_NAMES}")
        for name in self.class_names:
            _check_length("a class's name", name, 1, MAX_NAME_LENGTH)

    def check_classes(self, count: int) -> None:
        """Raises ClassNamesError unless the card fits a model of so many classes."""
        if self.class_names and len(self.class_names) != count:
            raise ClassNamesError(f"it has {count} classes, and names of {len(self.class_names)}")


def _check_length(field: str, text: str, least: int, most: int) -> None:
    if not least <= len(text) <= most:
        raise ValueError(f"{field} has {len(text)} characters, not {least} to {most}")
