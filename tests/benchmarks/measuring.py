"""One measurement, taken in this process, which should be fresh: memory is the highest resident size so far."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any, Literal

import psutil
import torch
from torch import Tensor

from draggan_client.messages import PreviewOptions
from draggan_server.checkpoints import load_checkpoint
from draggan_server.drag import DragPoint, DragSettings, Point, drag, feature_resolution
from draggan_server.models import BUNDLED_MODELS, DEFAULT_MODEL
from draggan_server.server.pixels import draw, encode
from draggan_server.server.previews import PreviewBudget
from draggan_server.stylegan2 import Box, FeatureWindows, Generator, GeneratorConfig, Window, z_from_seed
from tests.benchmarks.surroundings import peak_rss
from tests.reference.plain_drag import PlainDrag, PlainPoint

Side = Literal["plain", "whole", "ours"]
"""plain: what a usual step does: the whole picture, weights scaled, upsampled features, everything differentiated.
whole: our own drag on whole feature maps. ours: as it is, by windows."""


@dataclass(frozen=True)
class Case:
    """What to measure. Everything but the side and the steps is the same for those that are compared."""

    side: Side
    resolution: int | None
    """Of a generator with random weights (only the shapes matter); None: the bundled model."""
    channel_base: int
    """0 with the bundled model."""
    feature_resolution: int | None
    """None: the default."""
    points: int
    masked: bool = False
    spread: float = 0.4
    """The handles lie in the middle of the picture, over so much of its width."""
    steps: int = 7
    whole_drag: bool = False
    """Also draw previews as the server does, and the picture at the end."""


@dataclass(frozen=True)
class Measurement:
    """A case and what came out. All that it was measured with is named in it."""

    case: Case
    resolution: int
    channel_base: int
    feature_resolution: int
    threads: int
    seconds_per_step: float
    """The median over pairs of neighbouring steps, of which a masked drag computes one half more than the other."""
    memory_mib: float
    """Highest resident size beyond the size after the imports; weights included."""
    computed: float | None = None
    """How much of the feature map the last step computed; 1: the planner took the whole map. None: the plain side."""
    total_seconds: float | None = None
    """Of a whole drag: its steps, previews and the final picture."""
    previews: int | None = None


def measure(case: Case) -> Measurement:
    """Takes the measurement."""
    process = psutil.Process()
    after_import = process.memory_info().rss
    generator, settings = _model(case)
    settings = replace(settings, max_steps=case.steps + 1, patience_steps=case.steps + 2, tolerance_px=0.01)
    torch.manual_seed(1)
    computed = _Computed(generator)
    z = z_from_seed(1, generator.config.z_dim)
    ws = generator.mapping(z, psi=0.7)
    where = places(generator.resolution, case.points, case.spread)
    mask = centre_mask(generator.resolution) if case.masked else None
    resolution = feature_resolution(generator.config, settings)
    total, previews = None, None
    if case.whole_drag:
        times, total, previews = _whole_drag(generator, ws, where, mask, settings, case.steps)
    elif case.side == "plain":
        r1, r2 = settings.supervision_radius_fraction, settings.tracking_radius_fraction
        size = generator.resolution
        plain = PlainDrag(generator, ws, where, mask, resolution, r1=r1 * size, r2=r2 * size, upsampled=True)
        times = _timed(plain.step, case.steps)
    else:
        steps = drag(generator, ws, _asked(where), mask, settings)
        next(steps)
        times = _timed(lambda: next(steps), case.steps)
    return Measurement(
        case=case,
        resolution=generator.resolution,
        channel_base=generator.config.channel_base,
        feature_resolution=resolution,
        threads=torch.get_num_threads(),
        seconds_per_step=statistics.median((a + b) / 2 for a, b in pairwise(times)),
        memory_mib=(peak_rss(process) - after_import) / 2**20,
        computed=computed.part,
        total_seconds=total,
        previews=previews,
    )


def places(resolution: int, count: int, spread: float) -> list[PlainPoint]:
    """Handles spread over the picture's middle, each with a target 8 % away, towards the middle."""
    found = []
    for i in range(count):
        x, y = (0.5 + spread * (part - 0.5) for part in ((i * 0.618) % 1, i / max(count - 1, 1)))
        to = x + (0.08 if x < 0.5 else -0.08)
        found.append(PlainPoint((x * resolution, y * resolution), (to * resolution, y * resolution)))
    return found


def centre_mask(resolution: int) -> Tensor:
    """The middle quarter of the picture may change."""
    mask = torch.zeros(resolution, resolution)
    mask[resolution // 4 : -resolution // 4, resolution // 4 : -resolution // 4] = 1
    return mask


def _model(case: Case) -> tuple[Generator, DragSettings]:
    if case.resolution is None:
        checkpoint = load_checkpoint(BUNDLED_MODELS / f"{DEFAULT_MODEL}.safetensors")
        generator = checkpoint.generator
        settings = DragSettings.of(asdict(checkpoint.card.drag), {"feature_resolution": case.feature_resolution})
    else:
        torch.manual_seed(0)
        config = GeneratorConfig(z_dim=512, w_dim=512, img_resolution=case.resolution, channel_base=case.channel_base)
        generator, settings = Generator(config), DragSettings(feature_resolution=case.feature_resolution)
    if case.side == "whole":
        generator.feature_windows = _of_whole_maps(generator)  # type: ignore[method-assign]
    return generator.freeze(), settings


class _Computed:
    """Looks at what the generator computes of the feature map."""

    def __init__(self, generator: Generator) -> None:
        self.part: float | None = None
        feature_windows = generator.feature_windows

        def watched(ws: Tensor, resolution: int, *others: Any) -> FeatureWindows:
            found = feature_windows(ws, resolution, *others)
            self.part = sum(window.box.area for window in found.windows) / resolution**2
            return found

        generator.feature_windows = watched  # type: ignore[method-assign]


def _of_whole_maps(generator: Generator) -> Callable[..., FeatureWindows]:
    """What `feature_windows` would be without windows."""

    def feature_windows(
        ws: Tensor, resolution: int, boxes: Sequence[Box], noise: str, whole_at: int | None, moving: int
    ) -> FeatureWindows:
        maps = generator.synthesis.feature_maps(ws, resolution, noise)
        held = None if whole_at is None else maps[whole_at][0]
        found = maps[resolution][0]
        return FeatureWindows((Window(Box.whole(*found.shape[1:]), found),), held)

    return feature_windows


def _asked(where: list[PlainPoint]) -> list[DragPoint]:
    return [DragPoint(Point(*point.handle), Point(*point.target)) for point in where]


def _timed(step: Callable[[], object], count: int) -> list[float]:
    """Seconds of `count` steps, after one more."""
    step()
    times = []
    for _ in range(count):
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    return times


def _whole_drag(
    generator: Generator,
    ws: Tensor,
    where: list[PlainPoint],
    mask: Tensor | None,
    settings: DragSettings,
    count: int,
) -> tuple[list[float], float, int]:
    """Seconds of each step, of everything together, and how many previews were drawn."""
    options, times, previews = PreviewOptions(), [], 0
    began = time.perf_counter()
    budget = PreviewBudget(options.interval_s)
    steps = drag(generator, ws, _asked(where), mask, settings)
    for number in range(count + 1):
        step_began = time.perf_counter()
        step = next(steps)
        now = time.perf_counter()
        times.append(now - step_began)
        budget.worked(times[-1])
        if budget.is_due(now):
            encode(draw(generator, step.ws, "const"), options, number)
            budget.shown(now, time.perf_counter() - now)
            previews += 1
    encode(draw(generator, step.ws, "const"), options, count)
    return times, time.perf_counter() - began, previews


if __name__ == "__main__":
    print(json.dumps(asdict(measure(Case(**json.loads(sys.argv[1]))))))
