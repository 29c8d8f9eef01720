"""A picture -> the latent that draws it. torch only; knows a generator, not a document."""

from .errors import InversionError, InversionInputError, InversionSettingsError
from .search import InversionStage, InversionStep, invert
from .settings import InversionSettings

__all__ = [
    "InversionError",
    "InversionInputError",
    "InversionSettings",
    "InversionSettingsError",
    "InversionStage",
    "InversionStep",
    "invert",
]
