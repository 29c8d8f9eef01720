"""A file on disk -> networks. Never executes what a file holds."""

from .card import Alignment, AlignmentPoint, ClassNamesError, DragDefaults, ModelCard, RecognitionDefaults
from .checkpoint import Checkpoint, CheckpointError
from .conversion import Converted, convert_checkpoint
from .foreign import Opened, open_checkpoint
from .native import discriminator_file, load_checkpoint, read_card, save_checkpoint
from .streaming import stream_generator

__all__ = [
    "Alignment",
    "AlignmentPoint",
    "Checkpoint",
    "CheckpointError",
    "ClassNamesError",
    "Converted",
    "DragDefaults",
    "ModelCard",
    "Opened",
    "RecognitionDefaults",
    "convert_checkpoint",
    "discriminator_file",
    "load_checkpoint",
    "open_checkpoint",
    "read_card",
    "save_checkpoint",
    "stream_generator",
]
