"""Which models this computer has."""

from .library import (
    BUNDLED_MODELS,
    DEFAULT_MODEL,
    ModelEntry,
    ModelLibrary,
    ModelProblem,
    UnknownModelError,
)

__all__ = [
    "BUNDLED_MODELS",
    "DEFAULT_MODEL",
    "ModelEntry",
    "ModelLibrary",
    "ModelProblem",
    "UnknownModelError",
]
