"""A file on disk -> networks. Never executes what a file holds."""

from .card import Alignment, AlignmentPoint, DragDefaults, ModelCard, RecognitionDefaults
from .checkpoint import Checkpoint, CheckpointError
from .foreign import Opened, open_checkpoint
from .native import discriminator_file, load_checkpoint, read_card, save_checkpoint

__all__ = [
    "Alignment",
    "AlignmentPoint",
    "Checkpoint",
    "CheckpointError",
    "DragDefaults",
    "ModelCard",
    "Opened",
    "RecognitionDefaults",
    "discriminator_file",
    "load_checkpoint",
    "open_checkpoint",
    "read_card",
    "save_checkpoint",
]
