"""How long and how hard to look for a picture's latent."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import InversionSettingsError
from .recognition import RecognitionThresholds

_COUNTS = ("candidates", "w_steps", "w_plus_steps", "tuning_steps", "tuning_rank", "tuning_from_px", "seed")
_NUMBERS = (
    "candidate_psi",
    "w_step_size",
    "w_plus_step_size",
    "tuning_step_size",
    "pixel_weight",
    "feature_weight",
    "spread_weight",
    "locality_weight",
)


@dataclass(frozen=True)
class InversionSettings:
    """The defaults are the faithful mode."""

    candidates: int = 32
    """Random w (of truncation `candidate_psi`) that are tried as a start, besides w_avg."""
    candidate_psi: float = 0.7
    w_steps: int = 50
    """Optimiser steps in W: one w for all layers."""
    w_plus_steps: int = 20
    """Optimiser steps in W+ thereafter: a w per layer."""
    tuning_steps: int = 100
    """Optimiser steps of the generator's weights thereafter, the latent held."""
    w_step_size: float = 0.1
    """Adam's step at its height in W, in standard deviations of the model's w."""
    w_plus_step_size: float = 0.05
    """The same in W+."""
    tuning_step_size: float = 0.02
    """Adam's step at its height for the weights' change."""
    tuning_rank: int = 8
    """Of each weight's change."""
    tuning_from_px: int = 8
    """Weights of the blocks from this size on are changed."""
    pixel_weight: float = 1.0
    feature_weight: float = 0.1
    """Of the discriminator's features, in W+; unused where the model has no discriminator.

    With the bundled model they bring nothing (4 portraits, all stages with them and without: 31.1 and 31.4 dB, SSIM
    0.937 and 0.940), and a step takes half as long again: its critic was trained for minutes."""
    spread_weight: float = 0.01
    """Pulls the w of W+ towards their mean, in which a drag moves them together; 0: not at all."""
    locality_weight: float = 0.1
    """Holds what the tuned model draws from other w to what the model drew; 0: not at all."""
    thresholds: RecognitionThresholds = field(default_factory=RecognitionThresholds)
    seed: int = 0
    """Of the candidates, of the weights' change and of the w that locality looks at; the only randomness."""

    @classmethod
    def quick(cls) -> InversionSettings:
        """A likeness that can be dragged: a few seconds on a CPU for a small model.

        Without the discriminator, whose features take half as long again, and without locality, which few steps hardly
        need. The search in W is the faithful mode's, and so is what is recognised.
        """
        return cls(w_plus_steps=10, tuning_steps=40, feature_weight=0.0, locality_weight=0.0)

    @classmethod
    def faithful(cls) -> InversionSettings:
        """As near as the model comes with its weights tuned to the picture; several times as long."""
        return cls()

    def calibrated(self, card: Mapping[str, Any] | None) -> InversionSettings:
        """With the thresholds that a model's card holds, by name; what is None or not there stays."""
        known = {name: value for name, value in (card or {}).items() if value is not None}
        return dataclasses.replace(self, thresholds=dataclasses.replace(self.thresholds, **known))

    def validated(self) -> InversionSettings:
        """Returns self. Raises InversionSettingsError naming the setting and its range."""
        for name in _COUNTS:
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**32:
                raise InversionSettingsError(f"{name} must be a whole number of at least 0, not {value!r}.")
        for name in _NUMBERS:
            value = getattr(self, name)
            if not math.isfinite(value) or value < 0:
                raise InversionSettingsError(f"{name} must be a number of at least 0, not {value!r}.")
        if self.pixel_weight == 0:
            raise InversionSettingsError(
                "pixel_weight must be over 0: the picture's pixels are what is to be found again."
            )
        if self.tuning_rank == 0:
            raise InversionSettingsError("tuning_rank must be at least 1; to change no weight, take tuning_steps=0.")
        self.thresholds.validated()
        return self


def step_factor(step: int, steps: int) -> float:
    """The step schedule in [0, 1]: a linear ramp up in the first 5 %, a cosine ramp down in the last 25 %.

    `step` counts from 0. Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN",
    appendix D.
    """
    done = (step + 0.5) / steps
    down = 0.5 - 0.5 * math.cos(math.pi * min(1.0, (1.0 - done) / 0.25))
    return min(1.0, done / 0.05) * down
