"""Which models this computer has."""

from .adding import AddedModel, ModelAddError, add_model, try_out
from .catalogue import CatalogueEntry, read_catalogues
from .getting import Downloads, GettingStep, get_model
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
    "CatalogueEntry",
    "Downloads",
    "GettingStep",
    "ModelAddError",
    "ModelEntry",
    "ModelLibrary",
    "ModelProblem",
    "ModelRemovalError",
    "UnknownModelError",
    "add_model",
    "get_model",
    "read_catalogues",
    "try_out",
]
