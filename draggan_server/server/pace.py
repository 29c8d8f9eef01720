"""How fast this computer drags, whatever the model, and so how fast a model will be that was never dragged here."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Callable, Iterator

import torch

from draggan_server.checkpoints import DragDefaults
from draggan_server.drag import DragInputError, DragPoint, DragSettings, Point, drag, step_work
from draggan_server.server.speeds import FASTEST, Pace, Speeds
from draggan_server.stylegan2 import Generator, GeneratorConfig

log = logging.getLogger(__name__)

NARROW = GeneratorConfig(z_dim=16, w_dim=16, img_resolution=32, channel_base=16 * 32, channel_max=16)
"""Nearly all of its time goes to starting operations."""
WIDE = GeneratorConfig(z_dim=256, w_dim=256, img_resolution=32, channel_base=256 * 32, channel_max=256)
"""As many layers, and its time goes to arithmetic; in 35 MB, and half a second of a slow computer."""
_WARM_UP_STEPS = 2
_STEPS = 8
"""The quickest of so many undisturbed ones is taken."""
_LOOK_AGAIN_S = 0.5
_UNENDING = 100_000


class _StoppedError(Exception):
    """The server ends."""


def estimated_steps_per_s(config: GeneratorConfig, defaults: DragDefaults, pace: Pace) -> float | None:
    """Of a drag of one point with the model's own settings, without previews; None where these cannot be used."""
    try:
        work = step_work(config, DragSettings.of(dataclasses.asdict(defaults)))
    except DragInputError:
        return None
    return min(1 / pace.step_s(work), FASTEST)


def measure_pace(device: torch.device, when_quiet: Callable[[], None], is_quiet: Callable[[], bool]) -> Pace:
    """By two small networks with the same layers, one narrow and one wide.

    Args:
        when_quiet: called before each step; returns when nothing else computes.
        is_quiet: called after each step; False: something else computed meanwhile, the step says nothing.
    """
    settings = DragSettings()
    narrow, wide = step_work(NARROW, settings), step_work(WIDE, settings)
    narrow_s, wide_s = (_quickest(_step_times(config, device), when_quiet, is_quiet) for config in (NARROW, WIDE))
    multiply_add_s = max(wide_s - narrow_s, 0.0) / (wide.multiply_adds - narrow.multiply_adds)
    return Pace((narrow_s - narrow.multiply_adds * multiply_add_s) / narrow.layers, multiply_add_s)


def _quickest(times: Iterator[float], when_quiet: Callable[[], None], is_quiet: Callable[[], bool]) -> float:
    undisturbed: list[float] = []
    while len(undisturbed) < _WARM_UP_STEPS + _STEPS:
        when_quiet()
        seconds = next(times)
        if is_quiet():
            undisturbed.append(seconds)
    return min(undisturbed[_WARM_UP_STEPS:])


def _step_times(config: GeneratorConfig, device: torch.device) -> Iterator[float]:
    """Seconds of one step after another of a drag that does not end. A step waits for the device by itself."""
    generator = Generator(config).freeze().to(device)
    settings = DragSettings(step_size=1e-6, max_steps=_UNENDING, patience_steps=_UNENDING, tolerance_px=0.01)
    size = config.img_resolution
    pull = DragPoint(Point(size / 2, size / 2), Point(0.6 * size, size / 2))
    steps = drag(generator, generator.ws_from_seed(0), [pull], None, settings)
    while True:
        began = time.perf_counter()
        next(steps)
        yield time.perf_counter() - began


class Calibration:
    """Measures the pace once for all, on a thread of its own, while nothing else computes. Nobody waits for it."""

    def __init__(
        self,
        speeds: Speeds,
        device: torch.device,
        is_idle: Callable[[], bool],
        prepare_thread: Callable[[], None] = lambda: None,
    ) -> None:
        """speeds: what keeps the pace. is_idle: whether nothing else computes now."""
        self._speeds = speeds
        self._device = device
        self._is_idle = is_idle
        self._prepare_thread = prepare_thread
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Unless the pace is known, or was looked for before."""
        with self._lock:
            if self._thread is None and self._speeds.pace() is None and not self._stopping.is_set():
                self._thread = threading.Thread(target=self._run, name="calibration", daemon=True)
                self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """False when the step being taken outlasted timeout_s."""
        self._stopping.set()
        with self._lock:
            thread = self._thread
        if thread is None:
            return True
        thread.join(timeout_s)
        return not thread.is_alive()

    def _run(self) -> None:
        try:
            self._prepare_thread()
            pace = measure_pace(self._device, self._when_idle, self._is_idle)
        except _StoppedError:
            return
        except Exception:
            log.exception("how fast this computer is could not be measured")
            return
        log.info("a layer takes %.3g s, a multiply-add %.3g s", pace.layer_s, pace.multiply_add_s)
        self._speeds.calibrated(pace)

    def _when_idle(self) -> None:
        while not self._is_idle():
            if self._stopping.wait(_LOOK_AGAIN_S):
                break
        if self._stopping.is_set():
            raise _StoppedError
