"""How often the docker and the overlay are shown anew while a drag runs. No Qt."""

_SHORTEST_S = 0.15
_LONGEST_S = 2.0
_SHARE = 1 / 25
"""Of the time of Krita's thread, at most so much goes into showing a drag."""
_FORGETS = 0.8


class Pace:
    """Slows down where painting is slow.

    With anything that is painted in Krita's window, the whole window is composed anew with its canvas. A graphics card
    does that in a millisecond; without one it takes 20 to 100, in which nothing else is done.
    """

    def __init__(self) -> None:
        self._cost_s = 0.0

    @property
    def interval_ms(self) -> int:
        """How long to wait before showing what is new."""
        return round(1000 * min(max(self._cost_s / _SHARE, _SHORTEST_S), _LONGEST_S))

    def took(self, late_s: float) -> None:
        """What was shown last made Krita so late."""
        self._cost_s = max(late_s, self._cost_s * _FORGETS)
