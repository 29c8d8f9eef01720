"""Handles that glide: what is shown runs after what a drag reports, so that a few steps a second look like motion."""

import math
from collections.abc import Mapping

from ..draggan_client.points import Spot

TIME_CONSTANT_S = 0.09
ARRIVED = 0.1
"""In document px: nearer than that it is there."""
LONGEST_STEP_S = 0.25
"""After a pause of the editor everything is where it belongs."""


class Glide:
    """Places by id that approach their aims exponentially. Knows no clock: every call is told the time, in seconds."""

    def __init__(self) -> None:
        self._aims: dict[str, Spot] = {}
        self._shown: dict[str, Spot] = {}
        self._then = 0.0

    @property
    def moving(self) -> bool:
        """Whether something is not yet at its aim."""
        return self._shown != self._aims

    def jump(self, aims: Mapping[str, Spot]) -> None:
        """Show everything at its aim at once."""
        self._aims = dict(aims)
        self._shown = dict(aims)

    def aim(self, aims: Mapping[str, Spot], now_s: float) -> None:
        """From now on head for these; what is new is there at once, what is left out is gone."""
        if not self.moving:
            self._then = now_s
        self.advance(now_s)
        self._aims = dict(aims)
        self._shown = {key: self._shown.get(key, aim) for key, aim in aims.items()}

    def advance(self, now_s: float) -> None:
        """Let the time pass until now."""
        step, self._then = now_s - self._then, now_s
        share = 1.0 if step >= LONGEST_STEP_S else 1.0 - math.exp(-max(step, 0.0) / TIME_CONSTANT_S)
        self._shown = {key: _towards(self._shown[key], aim, share) for key, aim in self._aims.items()}

    def place(self, key: str, otherwise: Spot) -> Spot:
        """Where to show it."""
        return self._shown.get(key, otherwise)


def _towards(here: Spot, aim: Spot, share: float) -> Spot:
    near = Spot(here.x + (aim.x - here.x) * share, here.y + (aim.y - here.y) * share)
    return aim if share >= 1.0 or near.distance(aim) < ARRIVED else near
