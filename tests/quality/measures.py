"""What is measured of a drag's result, independently of the drag's own tracking."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from draggan_server.drag import Point
from draggan_server.training.domains import Domain
from draggan_server.training.finder import LandmarkFinder
from draggan_server.training.losses import psnr

from .cases import FactorDrag


@dataclass(frozen=True)
class Measures:
    """How near a picture is to the true one, with the factor changed."""

    landmark_error: float
    """The dragged landmark, by the finder, from its true new place; picture widths."""
    others_error: float
    """The same for the other visible landmarks: their median."""
    psnr_db: float
    """From the renderer's picture."""
    mean_change: float
    """Mean absolute difference from the renderer's picture, in levels of 0..255."""


def measure(picture: Tensor, case: FactorDrag, finder: LandmarkFinder) -> Measures:
    """picture: [1, 3, R, R], in [-1, 1]."""
    _, places = case.true_landmarks()
    errors = landmark_errors(picture, places, finder)
    true_picture = case.domain.render(case.after, picture.shape[-1])
    return Measures(
        landmark_error=errors[case.landmark].item(),
        others_error=errors[case.others()].median().item(),
        psnr_db=psnr(picture, true_picture).item(),
        mean_change=levels(picture, true_picture).mean().item(),
    )


def landmark_errors(picture: Tensor, places: Tensor, finder: LandmarkFinder) -> Tensor:
    """[L]: how far the landmarks of picture [1, 3, R, R] lie from places [L, 2], in picture widths."""
    return (finder(picture)[0] - places).norm(dim=1)


def levels(picture: Tensor, other: Tensor) -> Tensor:
    """Pictures in [-1, 1] -> how far each value differs, in levels of 0..255, as they would be shown."""
    return (_shown(picture) - _shown(other)).abs()


def _shown(picture: Tensor) -> Tensor:
    return ((picture.clamp(-1, 1) + 1) * 127.5).round()


def capsule_mask(handle: Point, target: Point, radius: float, resolution: int) -> Tensor:
    """[R, R]: 1 within `radius` (in picture widths) of the way from handle to target (in px), 0 elsewhere."""
    centres = torch.arange(resolution) + 0.5
    y, x = torch.meshgrid(centres, centres, indexing="ij")
    dx, dy = target.x - handle.x, target.y - handle.y
    along = ((x - handle.x) * dx + (y - handle.y) * dy) / max(dx * dx + dy * dy, 1e-9)
    along = along.clamp(0, 1)
    distance = torch.hypot(x - handle.x - along * dx, y - handle.y - along * dy)
    return (distance <= radius * resolution).float()


def change_outside(before: Tensor, after: Tensor, mask: Tensor) -> float:
    """p99 over the pixels outside the mask of the largest channel's change, in levels of 0..255."""
    change = levels(before, after)[0].amax(dim=0)
    return torch.quantile(change[mask == 0], 0.99).item()


@dataclass(frozen=True)
class FinderError:
    """The finder's error for one kind of landmark, in picture widths."""

    kind: str
    median: float
    p95: float


def finder_errors(finder: LandmarkFinder, domain: Domain, pictures: Tensor, factors: Tensor) -> list[FinderError]:
    """Per kind, and last for all together ("all"): pictures [N, 3, R, R] of these factors [N, F], visible landmarks."""
    found = torch.cat([finder(group) for group in pictures.split(50)])
    errors = (found - domain.landmarks(factors)).norm(dim=2)
    seen = domain.visible(factors)
    rows = []
    for kind in (*domain.kinds, "all"):
        columns = torch.tensor([kind in (mark.kind, "all") for mark in domain.marks])
        of_kind = errors[:, columns][seen[:, columns]]
        rows.append(FinderError(kind, of_kind.median().item(), torch.quantile(of_kind, 0.95).item()))
    return rows
