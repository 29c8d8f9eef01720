"""Runs factor drags on a generator and measures each."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from torch import Tensor

from draggan_server.drag import DragEnd, DragPoint, DragSettings, DragStep, drag
from draggan_server.stylegan2 import Generator
from draggan_server.training.finder import LandmarkFinder

from .cases import FactorDrag
from .measures import Measures, capsule_mask, change_outside, landmark_errors, measure


@dataclass(frozen=True)
class DragResult:
    """One drag: what was asked, what the drag says of it, and what the finder says of it."""

    seed: int
    number: int
    """Among those of its seed."""
    kind: str
    landmark: str
    factor: str
    factor_before: float
    factor_after: float
    handle: tuple[float, float]
    """Model px."""
    target: tuple[float, float]
    length: float
    """From handle to target, in picture widths."""
    masked: bool
    end: str
    steps: int
    seconds: float
    tracked_error: float
    """From the tracked handle to the target, in picture widths: the method's own claim."""
    start_error: float
    """The dragged landmark before the drag, by the finder, from its true old place, in picture widths: how far off the
    model draws it, and the finder finds it, with no drag at all."""
    edited: Measures
    unedited: Measures
    """The same of the generated picture before the drag: what doing nothing would score."""
    change_outside: float
    """Outside the mask of this drag, whether it was used or not: p99, in levels of 0..255 (measures.change_outside)."""

    @property
    def reached(self) -> bool:
        return self.end == DragEnd.REACHED.value


@dataclass(frozen=True)
class Runner:
    """What stays the same from drag to drag."""

    generator: Generator
    finder: LandmarkFinder
    settings: DragSettings
    mask_radius: float = 0.15
    """Of the masks, in picture widths (measures.capsule_mask)."""

    def run(self, case: FactorDrag, *, masked: bool = False) -> DragResult:
        """Drag without a mask, or with one round the way from handle to target."""
        size = self.generator.resolution
        handle, target = case.handle_and_target(size)
        mask = capsule_mask(handle, target, self.mask_radius, size)
        with torch.no_grad():
            ws = self.generator.mapping(case.z)
        since = time.perf_counter()
        last = self._last_step(ws, DragPoint(handle, target), mask if masked else None)
        seconds = time.perf_counter() - since
        with torch.no_grad():
            before, after = self.generator.image(ws), self.generator.image(last.ws)
        column = case.domain.factor_index[case.factor]
        assert last.end is not None
        return DragResult(
            seed=case.seed,
            number=case.number,
            kind=case.mark.kind,
            landmark=case.mark.name,
            factor=case.factor,
            factor_before=case.before[0, column].item(),
            factor_after=case.after[0, column].item(),
            handle=(handle.x, handle.y),
            target=(target.x, target.y),
            length=case.length,
            masked=masked,
            end=last.end.value,
            steps=last.step,
            seconds=seconds,
            tracked_error=last.distances[0] / size,
            start_error=landmark_errors(before, case.true_landmarks()[0], self.finder)[case.landmark].item(),
            edited=measure(after, case, self.finder),
            unedited=measure(before, case, self.finder),
            change_outside=change_outside(before, after, mask),
        )

    def _last_step(self, ws: Tensor, point: DragPoint, mask: Tensor | None) -> DragStep:
        *_, last = drag(self.generator, ws, [point], mask, self.settings)
        return last
