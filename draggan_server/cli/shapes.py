"""The shape of a model's pictures: in words, and known before any server is started, since frames must have it."""

from __future__ import annotations

from draggan_client.discovery import find_home


def size_text(resolution: int, aspect: float) -> str:
    """How large the pictures are: "128 px" of squares, "512 x 1024 px" of others."""
    if aspect == 1:
        return f"{resolution} px"
    return f"{round(resolution * min(1, aspect))} x {round(resolution / max(1, aspect))} px"


def aspect_of(model: str | None) -> float:
    """Width over height of the model's pictures, of the default model's for None.

    1 for a model that is not known: the server will say so.
    """
    from draggan_server.models import BUNDLED_MODELS, ModelLibrary  # torch takes a second

    library = ModelLibrary((BUNDLED_MODELS, find_home().models))
    wanted = model or library.default_id()
    return next((entry.aspect for entry in library.entries() if entry.id == wanted), 1.0)
