"""Which models this computer has."""

from .adding import AddedModel, ModelAddError, add_model, try_out
from .library import (
    BUNDLED_MODELS,
    DEFAULT_MODEL,
    ModelEntry,
    ModelLibrary,
    ModelProblem,
    ModelRemovalError,
    UnknownModelError,
)

__all__ = [
    "BUNDLED_MODELS",
    "DEFAULT_MODEL",
    "AddedModel",
    "ModelAddError",
    "ModelEntry",
    "ModelLibrary",
    "ModelProblem",
    "ModelRemovalError",
    "UnknownModelError",
    "add_model",
    "try_out",
]
