"""From a training folder to a model file."""

from __future__ import annotations

from pathlib import Path

import torch

from ..checkpoints import Alignment, AlignmentPoint, ModelCard, save_checkpoint
from .data import sample_z
from .factors import factors_from_z
from .recipe import Recipe
from .trainer import Trainer

_ALIGNMENT_PICTURES = 4096


def export(recipe: Recipe, folder: Path, model_file: Path) -> None:
    """Write the averaged generator and the discriminator of the training in `folder`, in half precision."""
    trainer = Trainer(recipe, folder, torch.device("cpu"))
    trainer.measure_w_avg()
    card = ModelCard(
        name=recipe.name,
        domain=recipe.domain.name,
        licence="MIT",
        description=recipe.domain.description,
        alignment=mean_alignment(recipe),
        drag=recipe.drag,
    )
    save_checkpoint(model_file, trainer.average, card, trainer.discriminator, dtype=torch.float16)


def mean_alignment(recipe: Recipe) -> Alignment:
    """Where the points that pictures are aligned by lie on average, over many pictures."""
    z = sample_z(_ALIGNMENT_PICTURES, recipe, torch.Generator().manual_seed(recipe.seed))[:, 0]
    mean = recipe.domain.landmarks(factors_from_z(z)).mean(dim=0)
    points = []
    for name, of in recipe.domain.alignment.items():
        x, y = mean[[recipe.domain.landmark_index[landmark] for landmark in of]].mean(dim=0).tolist()
        points.append(AlignmentPoint(name, round(x, 4), round(y, 4)))
    return Alignment(tuple(points))
