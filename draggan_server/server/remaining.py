"""How long a drag will still take."""

from __future__ import annotations

from collections import deque

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
