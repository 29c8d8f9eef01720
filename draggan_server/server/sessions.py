"""All sessions of the server, and which of them go when there are too many."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable

from draggan_client.edit_state import EditState
from draggan_server.canvas import Picture
from draggan_server.server.errors import RefusedError
from draggan_server.server.limits import Limits
from draggan_server.server.session import Session

GRACE_S = 2.0
"""Who hangs up on a drag and asks for something else at once finds it ending: that much patience, not an error."""


class Sessions:
    """Safe to use from any thread. The one untouched for longest goes first; one with a running job stays."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._waiting = 0
        self._lock = threading.Condition()

    def __len__(self) -> int:
        with self._lock:
            return len(self._sessions)

    def add(self, state: EditState, picture: Picture | None, draw_s: float) -> Session:
        """A new session for `state`. Others are evicted as far as that takes."""
        session = Session(secrets.token_urlsafe(12), state, picture, touched=self._clock(), draw_s=draw_s)
        with self._lock:
            self._sessions[session.id] = session
            self._evict(keep=session)
        return session

    def get(self, session_id: str) -> Session:
        """The session, touched. Raises RefusedError (unknown_session)."""
        with self._lock:
            return self._get(session_id)

    def claim(self, session_id: str) -> Session:
        """The session, for one job alone until `release`. Waits a little for what is running in it.

        Raises RefusedError: unknown_session, busy.
        """
        with self._lock:
            session = self._get(session_id)
            if session.running and self._waiting < self._limits.max_calls:
                self._waiting += 1
                self._lock.wait_for(lambda: not session.running, GRACE_S)
                self._waiting -= 1
                session = self._get(session_id)
            if session.running:
                raise RefusedError(
                    "busy",
                    "Something is still running in this session.",
                    "Stop it or wait until it has finished, then try again.",
                )
            session.running = True
            return session

    def release(self, session: Session) -> None:
        with self._lock:
            session.running = False
            session.touched = self._clock()
            self._evict(keep=session)
            self._lock.notify_all()

    def remove(self, session_id: str) -> None:
        """Forgets the session. Raises RefusedError (unknown_session)."""
        with self._lock:
            self._get(session_id)
            del self._sessions[session_id]

    def evict(self) -> None:
        """Lets go of what has been idle for too long."""
        with self._lock:
            self._evict(keep=None)

    def _get(self, session_id: str) -> Session:
        session = self._sessions.get(session_id)
        if session is None:
            raise RefusedError(
                "unknown_session",
                f"The server has no session {session_id[:40]!r}: it was closed, not used for "
                "long, or the server has been started again.",
                "Open it again from its newest edit state; nothing that was finished is lost.",
            )
        session.touched = self._clock()
        return session

    def _evict(self, keep: Session | None) -> None:
        now = self._clock()
        held = sum(session.held_bytes for session in self._sessions.values())
        for session in sorted(self._sessions.values(), key=lambda session: session.touched):
            if session.running or session is keep:
                continue
            too_many = len(self._sessions) > self._limits.max_sessions
            too_much = held > self._limits.max_session_bytes
            too_old = now - session.touched > self._limits.session_idle_s
            if too_many or too_much or too_old:
                del self._sessions[session.id]
                held -= session.held_bytes
