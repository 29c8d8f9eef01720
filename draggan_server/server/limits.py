"""How much the server takes on. One place, so that the numbers can be read together."""

from __future__ import annotations

from dataclasses import dataclass

from draggan_client.framing import MAX_BODY_BYTES


@dataclass(frozen=True)
class Limits:
    """Defaults for one artist's computer with several editors and scripts on it."""

    max_jobs: int = 20
    """Drags and inversions at once; one more is told that the server is busy."""
    max_calls: int = 8
    """Short requests (seek, pixels) waiting for the engine at once."""
    max_sessions: int = 64
    """Sessions kept; the one untouched for longest goes first. Its edit state re-opens it."""
    max_session_bytes: int = 1 << 30
    """All sessions' pictures and latents together."""
    session_idle_s: float = 12 * 3600.0
    """A session untouched for this long goes."""
    server_idle_s: float = 4 * 3600.0
    """The server ends itself after this long without a request."""
    max_body_bytes: int = MAX_BODY_BYTES
    max_inversions_bytes: int = 256 << 20
    """What was found of inverted pictures, on the disk; the one unused for longest goes first."""
    resident_models: int = 2

    @property
    def threads(self) -> int:
        """A thread for every stream, every call that waits for the engine and every one that waits for its session
        (see `Sessions.claim`), and some for hello and cancel, which never queue."""
        return self.max_jobs + 2 * self.max_calls + 8

    @property
    def connections(self) -> int:
        """Sockets open at once."""
        return 4 * self.threads
