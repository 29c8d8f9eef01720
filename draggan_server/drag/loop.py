"""The drag loop: forward, tracking, stop test, loss, backward, Adam, and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from enum import Enum

import torch
from torch import Tensor

from ..stylegan2 import Box, Generator, GeneratorConfig, NoiseMode
from .errors import DragInputError
from .feature_map import FeatureMap, reading_box
from .points import DragPoint, Reference, check_points
from .settings import DragSettings, LatentSpace
from .supervision import MaskTerm, MotionSupervision, is_pin, supervision_reach
from .tracking import Tracker, tracking_reach

DEFAULT_FEATURE_RESOLUTION = 128
_NOTICEABLE = 0.02
"""An advance of the mean distance by this part of the tolerance counts as progress."""


Watch = Callable[[str], AbstractContextManager[object]]
"""Entered round each part of a step, with its name: "features", "tracking", "loss", "gradient"."""


def _unwatched(_part: str) -> AbstractContextManager[object]:
    return nullcontext()


class DragEnd(Enum):
    """Why a drag ended by itself."""

    REACHED = "reached"
    """Every handle is within the tolerance of its target, by the method's own tracking."""
    STEP_LIMIT = "step_limit"
    STALLED = "stalled"
    """The handles have come no nearer for a while."""


class DragDivergedError(ArithmeticError):
    """The optimisation left the numbers: the loss is infinite or not a number. A smaller step size helps."""


@dataclass(frozen=True)
class DragStep:
    """The state after `step` updates of the latent code. Everything in it belongs together: the handles were
    tracked on the features of these ws."""

    step: int
    ws: Tensor
    """[1, num_ws, w_dim]."""
    points: tuple[DragPoint, ...]
    """In the order they were given: handles moved, targets and references kept."""
    loss: float
    end: DragEnd | None
    """Set on the last step only."""

    @property
    def distances(self) -> tuple[float, ...]:
        """From each handle to its target, in model px."""
        return tuple(point.distance for point in self.points)


def feature_resolution(config: GeneratorConfig, settings: DragSettings) -> int:
    """The block that the drag reads. Raises DragInputError where the model has none at the wanted resolution."""
    wanted = settings.feature_resolution
    if wanted is None:
        return min(DEFAULT_FEATURE_RESOLUTION, config.img_resolution)
    if wanted not in config.block_resolutions:
        blocks = ", ".join(map(str, config.block_resolutions))
        raise DragInputError(f"this model has no block at {wanted} px to read features from; it has {blocks}")
    return wanted


def reading_reach(size: int, settings: DragSettings) -> float:
    """How far from a handle a step reads, in x and in y; in px of a picture whose longer side is `size`."""
    tracking = tracking_reach(settings.tracking_radius_fraction * size)
    return tracking + supervision_reach(settings.supervision_radius_fraction * size)


@dataclass(frozen=True)
class HeldMap:
    """Which block's map the mask holds, how hard, and how often."""

    resolution: int
    weight: float
    every: int = 1
    """Steps from one on which the mask's term is computed to the next; it then counts for all of them."""


LOWER_MAP_WEIGHT = 0.5
"""Of lambda, where a block below the drag's own is held: what is computed from its map moves less than the map."""
LOWER_MAP_EVERY = 2
"""With these two as much changes outside the mask as where the drag's own map is held at every step, in an eighth of
the time (tests/quality/mask_schemes.py, with what else was tried)."""


def held_map(resolution: int, settings: DragSettings) -> HeldMap:
    """The map of the drag's own block, or of the lower one up to which the w move.

    All change comes from the blocks whose w move, and what follows from them is the same function before and after:
    where their output holds still, so does everything above. Their map is the smaller one.
    """
    if resolution <= settings.moving_resolution:
        return HeldMap(resolution, settings.mask_weight)
    return HeldMap(settings.moving_resolution, settings.mask_weight * LOWER_MAP_WEIGHT, LOWER_MAP_EVERY)


def drag(
    generator: Generator,
    ws: Tensor,
    points: Sequence[DragPoint],
    mask: Tensor | None = None,
    settings: DragSettings | None = None,
    noise: NoiseMode = "const",
    watch: Watch = _unwatched,
) -> Iterator[DragStep]:
    """Move handles to their targets by optimising the latent code.

    Yields the state before the first update (step 0) and after each one; the last one says why it ended. It draws
    no picture and reads no clock. Who has seen enough closes the iterator. No gradient is written to the generator.

    Args:
        generator: frozen or not, on any device.
        ws: [1, num_ws, w_dim], the latent code to start from; it is not changed.
        points: 1 to MAX_POINTS, in model px.
        mask: [H, W] in [0, 1], of the picture's size, 1 = may change; None: everything may.
        settings: the paper's constants if None.
        watch: for whoever wants to know how long each part of a step takes.

    Raises:
        DragInputError: at once, not at the first step: points, mask, ws or settings cannot be used.
        DragDivergedError: while stepping.

    Source: "Drag Your GAN" (Pan et al., 2023), Sec. 3.2.
    """
    settings = settings or DragSettings()
    points = tuple(points)
    check_points(points, generator.width, generator.height)
    _check_mask(mask, generator.width, generator.height)
    if ws.shape != (1, generator.num_ws, generator.config.w_dim) or not torch.isfinite(ws).all():
        raise DragInputError(
            f"the latent code must be finite and [1, {generator.num_ws}, {generator.config.w_dim}] for this model, "
            f"not {list(ws.shape)}"
        )
    resolution = feature_resolution(generator.config, settings)
    ws = ws.detach().to(generator.device, generator.dtype)
    return _steps(generator, ws, points, mask, settings, resolution, noise, watch)


def _steps(
    generator: Generator,
    start: Tensor,
    points: tuple[DragPoint, ...],
    mask: Tensor | None,
    settings: DragSettings,
    resolution: int,
    noise: NoiseMode,
    watch: Watch,
) -> Iterator[DragStep]:
    size = generator.resolution
    code = _MovingCode(start, settings)
    optimizer = torch.optim.Adam([code.parameter], lr=settings.step_size)
    tracker = Tracker(
        settings.tracking_radius_fraction * size, settings.tracking_norm, generator.width, generator.height
    )
    patience = _Patience(settings, points)

    reach_px = reading_reach(size, settings)
    pins = [point for point in points if is_pin(point)]

    to_hold = held_map(resolution, settings)
    whole = Box.whole(*generator.config.map_size(resolution))

    def features_at(ws: Tensor, step: int) -> tuple[FeatureMap, Tensor | None]:
        # A moving point is read near its handle, a pin also at the place that it holds.
        places = [point.handle for point in points] + [pin.target for pin in pins]
        boxes = [reading_box(place, reach_px, whole, size) for place in places]
        held_at = None if mask is None or step % to_hold.every else to_hold.resolution
        found = generator.feature_windows(ws, resolution, boxes, noise, held_at, code.count)
        return FeatureMap(found.windows, whole, size), found.whole

    with torch.no_grad():
        before, held = features_at(start, 0)
    points = with_references(points, before)
    supervision = MotionSupervision(before, points, settings.supervision_radius_fraction * size)
    hold = None if mask is None or held is None else MaskTerm(held, mask, to_hold.weight * to_hold.every)
    for step in range(settings.max_steps + 1):
        with torch.enable_grad():
            ws = code.ws()
            with watch("features"):
                features, held = features_at(ws, step)
            if step > 0:
                with watch("tracking"):
                    handles = tracker(features.detach(), points)
                points = tuple(replace(p, handle=handle) for p, handle in zip(points, handles, strict=True))
            with watch("loss"):
                loss = supervision(features, points)
                if hold is not None and held is not None:
                    loss = loss + hold(held)
        if not torch.isfinite(loss):
            raise DragDivergedError("the drag has left the numbers that the model can draw; try a smaller step size")
        end = patience.end_of(step, points)
        yield DragStep(step, ws.detach().clone(), points, loss.item(), end)
        if end is not None:
            return
        with watch("gradient"):
            (code.parameter.grad,) = torch.autograd.grad(loss, code.parameter)
            optimizer.step()


class _MovingCode:
    """The part of the latent code that moves: an offset to the first w, one for each (W+) or one for all (W)."""

    def __init__(self, start: Tensor, settings: DragSettings) -> None:
        self.count = settings.moving_ws(start.shape[1])
        self._moving, self._fixed = start[:, : self.count], start[:, self.count :]
        rows = self.count if settings.latent_space is LatentSpace.W_PLUS else 1
        self.parameter = start.new_zeros(1, rows, start.shape[2]).requires_grad_()

    def ws(self) -> Tensor:
        return torch.cat([self._moving + self.parameter, self._fixed], dim=1)


class _Patience:
    """Says when a drag ends by itself."""

    def __init__(self, settings: DragSettings, points: tuple[DragPoint, ...]) -> None:
        self._tolerance = settings.tolerance(len(points))
        self._settings = settings
        self._best = float("inf")
        self._best_step = 0

    def end_of(self, step: int, points: tuple[DragPoint, ...]) -> DragEnd | None:
        distances = [point.distance for point in points]
        if max(distances) <= self._tolerance:
            return DragEnd.REACHED
        mean = sum(distances) / len(distances)
        if mean < self._best - _NOTICEABLE * self._tolerance:
            self._best, self._best_step = mean, step
        if step >= self._settings.max_steps:
            return DragEnd.STEP_LIMIT
        if step - self._best_step >= self._settings.patience_steps:
            return DragEnd.STALLED
        return None


def with_references(points: tuple[DragPoint, ...], features: FeatureMap) -> tuple[DragPoint, ...]:
    """New points get the feature at their handle as reference; the others keep theirs.

    Args:
        features: those that the points were put on.

    Raises:
        DragInputError: a reference was read from another block than these features, or from another model.
    """
    places = torch.tensor([[[point.handle.x, point.handle.y]] for point in points], dtype=torch.float64)
    here = features.read(places)[:, 0]
    known = []
    for number, point in enumerate(points, start=1):
        if point.reference is None:
            reference = Reference(point.handle, here[number - 1], features.resolution)
            point = replace(point, reference=reference)
        elif point.reference.resolution != features.resolution:
            raise DragInputError(
                f"point {number} was put on features of the {point.reference.resolution} px block, but this drag reads "
                f"the {features.resolution} px block; read the same block as before, or put the point anew"
            )
        elif point.reference.feature.shape != here.shape[1:]:
            raise DragInputError(
                f"point {number} carries a feature of shape {list(point.reference.feature.shape)} where this model's "
                f"{features.resolution} px block has {here.shape[1]} channels: it is another model's; put it anew"
            )
        known.append(point)
    return tuple(known)


def _check_mask(mask: Tensor | None, width: int, height: int) -> None:
    if mask is None:
        return
    if mask.shape != (height, width):
        raise DragInputError(f"the mask must be [{height}, {width}] like the model's picture, not {list(mask.shape)}")
    if not torch.isfinite(mask).all() or mask.min() < 0 or mask.max() > 1:
        raise DragInputError("the mask must hold numbers from 0 (keep) to 1 (may change)")
    if mask.max() == 0:
        raise DragInputError("the mask is 0 everywhere, so nothing may change; select the area that shall move")
