"""The layers that show an edit: the one it began with, and above it one for each time it was applied. No Krita."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Level:
    """A layer that shows the edit as it was at a position of its history."""

    layer_id: str
    name: str
    since: int = 0
    base: bytes = b""
    """A picture of the frame as it was then, for the docker; empty: as it was opened."""
    history: tuple[object, ...] = ()
    """The drags that are in it."""
    is_edit: bool = False
    """It lies over the layer below it, and holds only what was changed."""

    def belongs_to(self, history: Sequence[object]) -> bool:
        """Whether it shows a place of this history. Undone and dragged another way, it would be another's."""
        return tuple(history[: len(self.history)]) == self.history


class Levels:
    """Undo takes the uppermost away, and redo brings it back: what is dragged is the highest that is there."""

    def __init__(self, first: Level | None = None) -> None:
        self._levels = [first] if first else []
        self._current = 0
        self._is_gone = False

    @property
    def current(self) -> Level | None:
        """The layer that is dragged; None: there is none yet."""
        return self._levels[self._current] if self._levels else None

    @property
    def is_gone(self) -> bool:
        """Whether not even the first is in the document any more."""
        return self._is_gone

    def put(self, level: Level) -> None:
        """The edit was applied. What had been undone before cannot come back."""
        self._levels = [*self._levels[: self._current + 1], level]
        self._current = len(self._levels) - 1

    def look(self, is_there: Callable[[str], bool]) -> bool:
        """Find the highest that is there; whether that is another one than before, or there is none any more."""
        before = (self._current, self._is_gone)
        there = [index for index, level in enumerate(self._levels) if is_there(level.layer_id)]
        self._is_gone = bool(self._levels) and not there
        if there:
            self._current = there[-1]
        return before != (self._current, self._is_gone)

    def forget_others(self) -> None:
        """Only the layer that is dragged counts from now on."""
        self._levels = self._levels[self._current : self._current + 1]
        self._current = 0

    def change(self, **changed: object) -> None:
        """The layer that is dragged was renamed, or is found to show another position."""
        if self._levels:
            self._levels[self._current] = replace(self._levels[self._current], **changed)  # type: ignore[arg-type]
