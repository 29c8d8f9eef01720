"""The notices that are up: problems, remarks, and questions with what their answers do. No Qt."""

from collections.abc import Callable

from ..draggan_client.views import Problem
from .state import Choice, Notice, Tone

Answered = Callable[[str], None]
"""What is done with an answer: the key of a choice."""

_PROBLEMS_KEPT = 3
_SCOPED = "/"


class Notices:
    """What the message area shows. A key has one notice at most: a newer one takes its place."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._notices: dict[str, tuple[Notice, Answered | None]] = {}

    def shown(self, scope: str = "") -> tuple[Notice, ...]:
        """Those of this scope and of none. Questions first, then the newest."""
        newest_first = [
            notice
            for key, (notice, _) in reversed(list(self._notices.items()))
            if _SCOPED not in key or key.startswith(f"{scope}{_SCOPED}")
        ]
        return tuple(sorted(newest_first, key=lambda notice: not notice.choices))

    def tell(self, key: str, problem: Problem, tone: Tone = Tone.PROBLEM) -> None:
        """Something went wrong, or is worth knowing."""
        self._put(Notice(key, tone, problem.message, problem.hint), None)

    def remark(self, key: str, message: str, hint: str = "") -> None:
        """Nothing went wrong."""
        self._put(Notice(key, Tone.QUESTION, message, hint), None)

    def ask(self, key: str, message: str, hint: str, choices: tuple[Choice, ...], answered: Answered) -> None:
        """Ask; `answered` gets the key of the choice, once."""
        self._put(Notice(key, Tone.QUESTION, message, hint, choices), answered)

    def answer(self, key: str, choice: str) -> None:
        """The artist has chosen, or closed the notice (no choice)."""
        _notice, answered = self._notices.pop(key, (None, None))
        self._changed()
        if answered is not None and choice:
            answered(choice)

    def drop(self, *keys: str) -> None:
        """What these said does not hold any more."""
        found = [key for key in keys if self._notices.pop(key, None)]
        if found:
            self._changed()

    def keys_of(self, beginning: str) -> list[str]:
        """The keys of all notices that begin so."""
        return [key for key in self._notices if key.startswith(beginning)]

    def _put(self, notice: Notice, answered: Answered | None) -> None:
        before = self._notices.get(notice.key)
        if before is not None and before[0] == notice:  # it stays where it is
            self._notices[notice.key] = (notice, answered)
            return
        self._notices.pop(notice.key, None)
        self._notices[notice.key] = (notice, answered)
        told = [key for key, (one, _) in self._notices.items() if not one.choices]
        for key in told[:-_PROBLEMS_KEPT]:
            del self._notices[key]
        self._changed()


class ScopedNotices:
    """The notices of one document: shown while it is in front, and gone with it."""

    def __init__(self, notices: Notices, scope: str) -> None:
        self._notices = notices
        self.scope = scope

    def tell(self, key: str, problem: Problem, tone: Tone = Tone.PROBLEM) -> None:
        """See `Notices.tell`."""
        self._notices.tell(self._key(key), problem, tone)

    def remark(self, key: str, message: str, hint: str = "") -> None:
        """See `Notices.remark`."""
        self._notices.remark(self._key(key), message, hint)

    def ask(self, key: str, message: str, hint: str, choices: tuple[Choice, ...], answered: Answered) -> None:
        """See `Notices.ask`."""
        self._notices.ask(self._key(key), message, hint, choices, answered)

    def drop(self, *keys: str) -> None:
        """See `Notices.drop`."""
        self._notices.drop(*map(self._key, keys))

    def drop_all(self) -> None:
        """The document is gone, or its edit."""
        self._notices.drop(*self._notices.keys_of(f"{self.scope}{_SCOPED}"))

    def _key(self, key: str) -> str:
        return f"{self.scope}{_SCOPED}{key}"
