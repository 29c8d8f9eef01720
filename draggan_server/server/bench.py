"""How fast a model drags on this computer, in what memory, and which part of a step takes the time."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
import torch

from draggan_client.messages import PreviewOptions
from draggan_server.checkpoints import Checkpoint
from draggan_server.drag import DragPoint, DragSettings, Point, drag, feature_resolution
from draggan_server.server.pixels import draw, encode
from draggan_server.stylegan2 import Generator

LONGEST_S = 10.0
"""For the steps of one measurement: a slow computer takes fewer."""
_LEAST_STEPS = 3
_AWAY = 0.08
"""Targets lie so far from their handles, as a part of the picture's width."""


@dataclass(frozen=True)
class Speed:
    """What was measured."""

    resolution: int
    """Of the picture, in px."""
    feature_resolution: int
    """The block that the drag reads."""
    points: int
    steps: int
    """The medians are of so many."""
    step_s: float
    parts_s: dict[str, float]
    """Of a step: "features", "tracking", "loss", "gradient"."""
    preview_s: float
    """Drawing the whole picture once, and packing it."""
    memory_bytes: int
    """The largest that was seen: this process's, on a GPU what is allocated there."""

    @property
    def steps_per_s(self) -> float:
        return 1 / self.step_s

    @property
    def slowest_part(self) -> str:
        return max(self.parts_s, key=lambda part: self.parts_s[part])


def measure(checkpoint: Checkpoint, points: int, steps: int) -> Speed:
    """Drags `points` points with the model's own settings for at most `steps` steps and LONGEST_S seconds."""
    generator = checkpoint.generator
    settings = DragSettings.of(
        dataclasses.asdict(checkpoint.card.drag),
        {"max_steps": steps + 1, "patience_steps": steps + 2, "tolerance_px": 0.01},
    )
    clock = _Clock(generator.device)
    with torch.no_grad():
        ws = generator.ws_from_seed(0, psi=0.7)
    running = drag(generator, ws, _points(generator, points), None, settings, watch=clock.part)
    for _ in range(2):  # the first one has no gradient behind it, and both wake everything up
        last = next(running)
    clock.parts.clear()
    step_s: list[float] = []
    began = clock.now()
    while len(step_s) < steps and last.end is None:
        step_began = clock.now()
        last = next(running)
        step_s.append(clock.now() - step_began)
        if len(step_s) >= _LEAST_STEPS and clock.now() - began > LONGEST_S:
            break
    preview_s: list[float] = []
    for _ in range(_LEAST_STEPS):
        preview_began = clock.now()
        encode(draw(generator, last.ws, "const"), PreviewOptions(), 0)
        preview_s.append(clock.now() - preview_began)
    return Speed(
        resolution=generator.resolution,
        feature_resolution=feature_resolution(generator.config, settings),
        points=points,
        steps=len(step_s),
        step_s=statistics.median(step_s),
        parts_s={part: statistics.median(seconds) for part, seconds in clock.parts.items()},
        preview_s=statistics.median(preview_s),
        memory_bytes=clock.seen_memory(),
    )


class _Clock:
    """Waits for the device before it looks at the time, and sees the memory between the parts."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._process = psutil.Process()
        self._most_bytes = 0
        self.parts: dict[str, list[float]] = {}
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)

    def now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        elif self._device.type == "mps":
            torch.mps.synchronize()
        return time.perf_counter()

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        began = self.now()
        yield
        self.parts.setdefault(name, []).append(self.now() - began)
        self.seen_memory()

    def seen_memory(self) -> int:
        """The most so far, in bytes."""
        if self._device.type == "cuda":
            return torch.cuda.max_memory_allocated(self._device)
        self._most_bytes = max(self._most_bytes, self._process.memory_info().rss)
        return self._most_bytes


def _points(generator: Generator, count: int) -> list[DragPoint]:
    """Spread over the picture's middle by the golden angle."""
    found = []
    for i in range(count):
        radius = 0.25 * math.sqrt(i / max(count - 1, 1))
        angle = i * math.pi * (3 - math.sqrt(5))
        x, y = (0.5 + radius * math.cos(angle)) * generator.width, (0.5 + radius * math.sin(angle)) * generator.height
        found.append(DragPoint(Point(x, y), Point(x + _AWAY * generator.width, y)))
    return found
