"""The shape of a model's pictures, which frames must have: known before any server is started."""

from __future__ import annotations

from draggan_client.discovery import find_home


def aspect_of(model: str | None) -> float:
    """Width over height of the model's pictures, of the default model's for None.

    1 for a model that is not known: the server will say so.
    """
    from draggan_server.models import BUNDLED_MODELS, ModelLibrary  # torch takes a second

    library = ModelLibrary((BUNDLED_MODELS, find_home().models))
    wanted = model or library.default_id()
    return next((entry.aspect for entry in library.entries() if entry.id == wanted), 1.0)
