"""Whether a model knows pictures like the one given, as commands say it."""

from __future__ import annotations

from draggan_client import wording
from draggan_client.messages import Recognition


def recognition_line(recognition: Recognition) -> str:
    """For people, with the number behind it."""
    return f"{wording.recognition_text(recognition)} ({wording.score_text(recognition)})"


def as_plain(recognition: Recognition | None) -> dict[str, float | str] | None:
    """For JSON; None where it is not known."""
    if recognition is None:
        return None
    return {"score": round(recognition.score, 4), "word": recognition.word}
