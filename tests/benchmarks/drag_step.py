"""How long a step of the drag takes and how much memory, beside the plain implementation's: `python -m
tests.benchmarks.drag_step`.

Full-width generators with random weights: only the shapes matter. Each side runs in a process of its own; memory is
the highest resident size beyond what it was after the imports. Times are medians; read the ratios, machines are noisy.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import psutil
import torch

from draggan_server.drag import DragPoint, DragSettings, Point, drag
from draggan_server.stylegan2 import Generator, GeneratorConfig, z_from_seed
from tests.reference.plain_drag import PlainDrag, PlainPoint

Side = Literal["ours", "plain"]
SIDES: tuple[Side, ...] = ("ours", "plain")
CHANNEL_BASE = {256: 16384, 512: 32768, 1024: 32768}


@dataclass(frozen=True)
class Measurement:
    side: Side
    resolution: int
    channel_base: int
    feature_resolution: int
    points: int
    masked: bool
    threads: int
    seconds_per_step: float
    """Median, after the first step."""
    memory_mib: float
    """Beyond the size after the imports, the generator's weights included."""


def places(resolution: int, count: int) -> list[PlainPoint]:
    """Handles spread over the picture, each with a target 8 % to the right."""
    found = []
    for i in range(count):
        x, y = resolution * (0.3 + 0.4 * ((i * 0.618) % 1)), resolution * (0.3 + 0.4 * i / max(count - 1, 1))
        found.append(PlainPoint((x, y), (x + 0.08 * resolution, y)))
    return found


def measure(side: Side, resolution: int, feature_resolution: int, points: int, masked: bool, steps: int) -> Measurement:
    """In this process, which should be fresh."""
    process = psutil.Process()
    after_import = process.memory_info().rss
    torch.manual_seed(0)
    config = GeneratorConfig(z_dim=512, w_dim=512, img_resolution=resolution, channel_base=CHANNEL_BASE[resolution])
    generator = Generator(config).freeze()
    ws = generator.mapping(z_from_seed(1, 512))
    mask = None
    if masked:
        mask = torch.zeros(resolution, resolution)
        mask[resolution // 4 : -resolution // 4, resolution // 4 : -resolution // 4] = 1
    where = places(resolution, points)
    settings = DragSettings(feature_resolution=feature_resolution, max_steps=steps, patience_steps=steps + 1)
    times = []
    if side == "ours":
        asked = [DragPoint(Point(*p.handle), Point(*p.target)) for p in where]
        running = drag(generator, ws, asked, mask, settings)
        next(running)
        for _ in range(steps):
            start = time.perf_counter()
            next(running)
            times.append(time.perf_counter() - start)
    else:
        r1, r2 = (f * resolution for f in (settings.supervision_radius_fraction, settings.tracking_radius_fraction))
        plain = PlainDrag(generator, ws, where, mask, feature_resolution, r1=r1, r2=r2, upsampled=True)
        plain.step()
        for _ in range(steps):
            start = time.perf_counter()
            plain.step()
            times.append(time.perf_counter() - start)
    return Measurement(
        side=side,
        resolution=resolution,
        channel_base=config.channel_base,
        feature_resolution=feature_resolution,
        points=points,
        masked=masked,
        threads=torch.get_num_threads(),
        seconds_per_step=statistics.median(times),
        memory_mib=(peak_rss(process) - after_import) / 2**20,
    )


def peak_rss(process: psutil.Process) -> int:
    """The highest resident size of the process so far, in bytes."""
    memory = process.memory_info()
    if hasattr(memory, "peak_wset"):  # Windows
        return int(memory.peak_wset)
    import resource

    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


def in_own_process(
    side: Side, resolution: int, feature_resolution: int, points: int, masked: bool, steps: int
) -> Measurement:
    arguments = [side, str(resolution), str(feature_resolution), str(points), str(int(masked)), str(steps)]
    command = [sys.executable, "-m", "tests.benchmarks.drag_step", "--one", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    return Measurement(**json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=6, help=argparse.SUPPRESS)
    parser.add_argument("--resolutions", type=int, nargs="+", default=[256, 512, 1024])
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write all measurements here")
    options = parser.parse_args()
    if options.one:
        side, *numbers = options.one
        resolution, feature_resolution, points, masked, steps = map(int, numbers)
        print(json.dumps(asdict(measure(side, resolution, feature_resolution, points, bool(masked), steps))))
        return
    rows = []
    print("picture  channel_base  features  points  masked   plain s  ours s  faster   plain MiB  ours MiB")
    for resolution in options.resolutions:
        for points, masked in ((1, False), (5, False), (1, True)):
            ours, plain = (
                in_own_process(side, resolution, 128, points, masked, options.steps if side == "ours" else 2)
                for side in SIDES
            )
            rows += [ours, plain]
            ratio = plain.seconds_per_step / ours.seconds_per_step
            print(
                f"{resolution:>7}  {ours.channel_base:>12}  {128:>8}  {points:>6}  {'yes' if masked else 'no':>6}  "
                f"{plain.seconds_per_step:>8.2f}  {ours.seconds_per_step:>6.2f}  {ratio:>5.1f}x  "
                f"{plain.memory_mib:>10.0f}  {ours.memory_mib:>8.0f}",
                flush=True,
            )
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
