"""What a session answers when something has ended."""

from __future__ import annotations

from draggan_client.messages import Preview, Reason, Result
from draggan_server.server.session import Session, handle_states, kept


def result(session: Session, reason: Reason, steps: int, seconds: float, preview: Preview | None) -> Result:
    """The session as it now stands, with the edit state that opens it again."""
    state = session.state
    return Result(
        session.id,
        reason,
        steps,
        seconds,
        handle_states(state.points),
        kept(state).to_bytes(),
        state.position,
        len(state.history),
        preview,
        state.inversion.recognition if state.inversion else None,
    )
