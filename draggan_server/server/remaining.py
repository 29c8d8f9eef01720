"""How long a drag, or an inversion, will still take."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

WINDOW = 20
"""Steps over which the speed is measured: long enough to smooth tracking's jumps, short enough to follow
it."""


class RemainingTime:
    """An estimate from how fast the furthest point comes nearer, never longer than the step limit allows."""

    def __init__(self, max_steps: int, tolerance: float) -> None:
        """tolerance: the distance that counts as arrived, in the unit that `seen` gets."""
        self._max_steps = max_steps
        self._tolerance = tolerance
        self._seen: deque[tuple[int, float, float]] = deque(maxlen=WINDOW)

    def seen(self, step: int, distance: float, elapsed_s: float) -> None:
        """After `step` steps and elapsed_s seconds the furthest point was `distance` away."""
        self._seen.append((step, distance, elapsed_s))

    def seconds(self) -> float | None:
        """None until two steps have been seen."""
        if len(self._seen) < 2:
            return None
        first_step, first_distance, first_s = self._seen[0]
        step, distance, elapsed_s = self._seen[-1]
        steps_left = float(self._max_steps - step)
        per_step = (first_distance - distance) / (step - first_step)
        if per_step > 0:
            steps_left = min(steps_left, (distance - self._tolerance) / per_step)
        return max(0.0, steps_left * (elapsed_s - first_s) / (step - first_step))


@dataclass(frozen=True)
class StageCost:
    """A stage of an inversion."""

    steps: int
    cost: float
    """Of a step, beside one of another stage."""


class InversionTime:
    """How long an inversion still takes: the stages that have not begun are reckoned from the steps that were taken."""

    def __init__(self, stages: Mapping[str, StageCost]) -> None:
        """stages: what is to be done, in its order."""
        self._stages = dict(stages)
        self._taken = dict.fromkeys(stages, 0)
        self._seen: deque[tuple[float, float]] = deque(maxlen=WINDOW)
        """After a step: the cost of all so far, and the time."""
        self._cost = 0.0

    def seen(self, stage: str | None, elapsed_s: float) -> None:
        """A step of this stage has ended, elapsed_s after the beginning; None: one that prepared the others."""
        if stage is None:
            self._seen.clear()
        else:
            self._taken[stage] += 1
            self._cost += self._stages[stage].cost
        self._seen.append((self._cost, elapsed_s))

    def seconds(self) -> float | None:
        """None until two steps have been seen."""
        if len(self._seen) < 2:
            return None
        (first_cost, first_s), (last_cost, last_s) = self._seen[0], self._seen[-1]
        left = sum(max(each.steps - self._taken[stage], 0) * each.cost for stage, each in self._stages.items())
        return left * (last_s - first_s) / (last_cost - first_cost)
