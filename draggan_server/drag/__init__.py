"""The DragGAN method: move handle points to their targets by optimising a latent code.

Written from "Drag Your GAN" (Pan et al., SIGGRAPH 2023), Eq. 1-3. Knows a generator, not a document.
"""

from .errors import DragInputError
from .loop import DragDivergedError, DragEnd, DragStep, Watch, drag, feature_resolution
from .motion import DenseMotion, dense_motion
from .points import MAX_POINTS, DragPoint, Point, Reference
from .settings import DragSettings, LatentSpace, Norm
from .work import step_work

__all__ = [
    "MAX_POINTS",
    "DenseMotion",
    "DragDivergedError",
    "DragEnd",
    "DragInputError",
    "DragPoint",
    "DragSettings",
    "DragStep",
    "LatentSpace",
    "Norm",
    "Point",
    "Reference",
    "Watch",
    "dense_motion",
    "drag",
    "feature_resolution",
    "step_work",
]
