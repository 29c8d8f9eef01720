"""When a preview is worth its cost."""

from __future__ import annotations

SHARE = 0.25
"""Previews never take more than this part of a job's work."""
SHORTEST_INTERVAL_S = 0.05
"""Whoever asks for the smoothest (an animation) gets twenty pictures a second, if they fit into the share."""


class PreviewBudget:
    """Pure arithmetic over durations that the caller measures; it reads no clock."""

    def __init__(self, interval_s: float, expected_cost_s: float = 0.0, share: float = SHARE) -> None:
        """expected_cost_s: what the first is likely to take."""
        self._interval_s = max(interval_s, SHORTEST_INTERVAL_S)
        self._share = share
        self._work_s = 0.0
        self._previews_s = 0.0
        self._last_cost_s = expected_cost_s
        self._last_shown_s: float | None = None

    def worked(self, seconds: float) -> None:
        """A step of the job took this long."""
        self._work_s += seconds

    def is_due(self, now_s: float) -> bool:
        """True when the interval has passed and one more preview of the cost expected keeps all of them
        within the share of the work."""
        if self._last_shown_s is not None and now_s - self._last_shown_s < self._interval_s:
            return False
        return self._work_s > 0.0 and self._previews_s + self._last_cost_s <= self._share * self._work_s

    def shown(self, now_s: float, cost_s: float, next_cost_s: float | None = None) -> None:
        """A preview was drawn at now_s and took cost_s; the next is likely to take as long, or next_cost_s."""
        self._last_shown_s = now_s
        self._previews_s += cost_s
        self._last_cost_s = cost_s if next_cost_s is None else next_cost_s
