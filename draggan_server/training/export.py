"""From a training folder to a model file."""

from __future__ import annotations

from pathlib import Path

import torch

from ..checkpoints import Alignment, AlignmentPoint, ModelCard, save_checkpoint
from .data import sample_z
from .portraits import LANDMARK_INDEX, factors_from_z, landmarks
from .recipe import Recipe
from .trainer import Trainer

_ALIGNMENT_PORTRAITS = 4096
_ALIGNMENT_POINTS = {
    "eye_left": ("eye_outer_left", "eye_inner_left"),
    "eye_right": ("eye_inner_right", "eye_outer_right"),
    "mouth_left": ("mouth_corner_left",),
    "mouth_right": ("mouth_corner_right",),
}
"""The points that FFHQ aligns by (left is the picture's left), and the landmarks whose mean each of them is."""


def export(recipe: Recipe, folder: Path, model_file: Path) -> None:
    """Write the averaged generator and the discriminator of the training in `folder`, in half precision."""
    trainer = Trainer(recipe, folder, torch.device("cpu"))
    trainer.measure_w_avg()
    card = ModelCard(
        name="Portraits",
        domain="portrait illustrations",
        licence="MIT",
        description="Illustrated portraits of invented people, drawn by this project's own renderer. First edition.",
        alignment=mean_alignment(recipe),
        drag=recipe.drag,
    )
    save_checkpoint(model_file, trainer.average, card, trainer.discriminator, dtype=torch.float16)


def mean_alignment(recipe: Recipe) -> Alignment:
    """Where eyes and mouth corners lie on average, over many portraits."""
    z = sample_z(_ALIGNMENT_PORTRAITS, recipe, torch.Generator().manual_seed(recipe.seed))[:, 0]
    mean = landmarks(factors_from_z(z)).mean(dim=0)
    points = []
    for name, of in _ALIGNMENT_POINTS.items():
        x, y = mean[[LANDMARK_INDEX[landmark] for landmark in of]].mean(dim=0).tolist()
        points.append(AlignmentPoint(name, round(x, 4), round(y, 4)))
    return Alignment(tuple(points))
