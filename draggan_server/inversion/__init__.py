"""A picture -> the latent that draws it, and a change of the weights. torch only; knows a generator, not a document."""

from .errors import InversionError, InversionInputError, InversionSettingsError
from .recognition import Familiarity, Recognition, RecognitionThresholds
from .search import InversionStage, InversionStart, InversionStep, invert
from .settings import InversionSettings

__all__ = [
    "Familiarity",
    "InversionError",
    "InversionInputError",
    "InversionSettings",
    "InversionSettingsError",
    "InversionStage",
    "InversionStart",
    "InversionStep",
    "Recognition",
    "RecognitionThresholds",
    "invert",
]
