"""How well a model knows pictures like this one, judged by how near it comes without being changed for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from torch import Tensor

from .errors import InversionSettingsError


class Familiarity(str, Enum):
    """The score in a word."""

    GOOD = "good"
    FAIR = "fair"
    UNKNOWN = "unknown"
    """The model does not know pictures like this one: what is dragged will hardly look like it."""


@dataclass(frozen=True)
class RecognitionThresholds:
    """From which score on a picture is well known, and from which it is known at all.

    Set by `python -m tests.quality.recognition` for the bundled model; another model's card may hold its own.
    """

    good: float = 0.89
    fair: float = 0.65

    def validated(self) -> RecognitionThresholds:
        """Returns self. Raises InversionSettingsError where they are out of order."""
        if not 0 <= self.fair <= self.good <= 1:
            raise InversionSettingsError(
                f"The thresholds must be 0 <= fair <= good <= 1, not fair {self.fair:g} and good {self.good:g}."
            )
        return self

    def recognition(self, score: float) -> Recognition:
        """The score and its word."""
        word = Familiarity.GOOD if score >= self.good else Familiarity.FAIR if score >= self.fair else None
        return Recognition(score, word or Familiarity.UNKNOWN)


@dataclass(frozen=True)
class Recognition:
    """Whether the model knows pictures like this one."""

    score: float
    """0 .. 1, higher for pictures that the model knows. From the best w, before W+ and tuning hide it."""
    word: Familiarity


def score(drawn: Tensor, picture: Tensor, weight: Tensor) -> float:
    """How much of what is in `picture` is in the best that W `drawn`: the part of its variance, within 0 .. 1.

    Args:
        drawn, picture: [1, C, H, W] in [-1, 1].
        weight: [1, 1, H, W], how much each pixel counts.
    """
    weight = weight / weight.sum()
    mean = (picture * weight).sum(dim=(2, 3), keepdim=True)
    there = float(((picture - mean).square() * weight).sum())
    missing = float(((picture - drawn).square() * weight).sum())
    return max(0.0, 1.0 - missing / max(there, 1e-8))
