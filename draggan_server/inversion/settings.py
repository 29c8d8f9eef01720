"""How long and how hard to look for a picture's latent."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .errors import InversionSettingsError


@dataclass(frozen=True)
class InversionSettings:
    """The defaults are a quick mode: seconds to a minute on a CPU for a small model."""

    candidates: int = 32
    """Random w (of truncation `candidate_psi`) that are tried as a start, besides w_avg."""
    candidate_psi: float = 0.7
    w_steps: int = 100
    """Optimiser steps in W: one w for all layers."""
    w_plus_steps: int = 100
    """Optimiser steps in W+ thereafter: a w per layer."""
    w_step_size: float = 0.1
    """Adam's step at its height in W, in standard deviations of the model's w."""
    w_plus_step_size: float = 0.05
    """The same in W+."""
    pixel_weight: float = 1.0
    feature_weight: float = 0.1
    """Of the discriminator's features; unused where the model has no discriminator."""
    spread_weight: float = 0.01
    """Pulls the w of W+ towards their mean, in which a drag moves them together; 0: not at all."""
    seed: int = 0
    """Of the candidates; the only randomness."""

    def validated(self) -> InversionSettings:
        """Returns self. Raises InversionSettingsError naming the setting and its range."""
        for name in ("candidates", "w_steps", "w_plus_steps", "seed"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**32:
                raise InversionSettingsError(f"{name} must be a whole number of at least 0, not {value!r}.")
        for name in (
            "candidate_psi",
            "w_step_size",
            "w_plus_step_size",
            "pixel_weight",
            "feature_weight",
            "spread_weight",
        ):
            value = getattr(self, name)
            if not math.isfinite(value) or value < 0:
                raise InversionSettingsError(f"{name} must be a number of at least 0, not {value!r}.")
        if self.pixel_weight == 0:
            raise InversionSettingsError(
                "pixel_weight must be over 0: the picture's pixels are what is to be found again."
            )
        return self


def step_factor(step: int, steps: int) -> float:
    """The step schedule in [0, 1]: a linear ramp up in the first 5 %, a cosine ramp down in the last 25 %.

    `step` counts from 0. Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN",
    appendix D.
    """
    done = (step + 0.5) / steps
    down = 0.5 - 0.5 * math.cos(math.pi * min(1.0, (1.0 - done) / 0.25))
    return min(1.0, done / 0.05) * down
