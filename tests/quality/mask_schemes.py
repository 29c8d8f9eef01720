"""Which map should the mask hold? Change outside the mask and time of a step, for each way of computing its term.

    python -m tests.quality.mask_schemes                     the bundled model, features at its last block
    python -m tests.quality.mask_schemes --per-kind 4 --out tests/quality/results/mask_schemes.json

The reference is Eq. 2 as written: the whole map of the block that the drag reads. The others hold a lower block's
map, where all the change comes from, or the map at every second or fourth step only, with as much more weight.
The change is judged on factor drags of the bundled model, the time on a full-width network of random weights.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean, median
from unittest.mock import patch

import click
import torch

from draggan_server.drag import DragPoint, DragSettings, Point, drag, loop
from draggan_server.stylegan2 import Generator, GeneratorConfig
from tests.benchmarks.measuring import centre_mask

from .cases import FactorDrag, factor_drags
from .factor_drags import artist_runner
from .running import DragResult, Runner
from .subject import BUNDLED, RESULTS, file_sha256

BESIDE_REFERENCE = 1.10
"""A scheme will do when its change outside is at most so many times the reference's."""


@dataclass(frozen=True)
class Scheme:
    """A way to compute the mask's term."""

    name: str
    block: int | None
    """Whose map is held; None: the drag's own."""
    part_of_lambda: float = 1.0
    every: int = 1
    """Steps from one such map to the next."""


SCHEMES = (
    Scheme("whole map of the drag's block", None),
    Scheme("64 px block", 64),
    Scheme("64 px block, half lambda", 64, 0.5),
    Scheme("32 px block", 32),
    Scheme("32 px block, half lambda", 32, 0.5),
    Scheme("same, every 2nd step (ours)", 32, loop.LOWER_MAP_WEIGHT, loop.LOWER_MAP_EVERY),
    Scheme("same, every 4th step", 32, 0.5, 4),
    Scheme("16 px block, half lambda", 16, 0.5),
)


@dataclass(frozen=True)
class Found:
    """What a scheme came to."""

    scheme: Scheme
    p99: tuple[float, ...]
    """Change outside the mask of each drag: p99 over its pixels, in levels of 0..255."""
    near: int
    """Drags whose landmark arrived within 2 % of the width, by the finder."""
    landmark_median: float
    """In picture widths."""
    step_s: float
    """A masked step of a full-width network."""

    @property
    def p99_mean(self) -> float:
        return mean(self.p99)


@contextmanager
def using(scheme: Scheme) -> Iterator[None]:
    """Drags begun inside compute their mask term by the scheme."""

    def held(resolution: int, settings: DragSettings) -> loop.HeldMap:
        block = resolution if scheme.block is None else min(resolution, scheme.block)
        return loop.HeldMap(block, settings.mask_weight * scheme.part_of_lambda, scheme.every)

    with patch.object(loop, "held_map", held):
        yield


def runner_at(model: Path, features: int) -> Runner:
    """As an artist's drags run, but reading the block at `features` px."""
    runner = artist_runner(model)
    return replace(runner, settings=replace(runner.settings, feature_resolution=features))


def masked_drags(runner: Runner, scheme: Scheme, cases: Sequence[FactorDrag]) -> list[DragResult]:
    """The cases dragged with their masks."""
    with using(scheme):
        return [runner.run(case, masked=True) for case in cases]


def step_seconds(scheme: Scheme, generator: Generator, steps: int = 18) -> float:
    """Time of a masked step: the best of several rounds, a round having each kind of step the scheme has."""
    size = generator.resolution
    ws = generator.mapping(torch.randn(1, generator.config.z_dim, generator=torch.Generator().manual_seed(0)))
    middle = Point(size / 2, size / 2)
    times = []
    with using(scheme):
        running = drag(generator, ws, [DragPoint(middle, Point(size * 0.6, size / 2))], centre_mask(size))
        for _ in range(steps):
            since = time.perf_counter()
            next(running)
            times.append(time.perf_counter() - since)
    warm = times[2:]  # the first ones wake everything up
    return min(mean(warm[start : start + scheme.every]) for start in range(len(warm) - scheme.every + 1))


def step_times(generator: Generator, rounds: int = 3) -> dict[Scheme, float]:
    """Of all schemes, measured in turns so that a busy moment does not fall on one of them: the best of each."""
    measured = [{scheme: step_seconds(scheme, generator) for scheme in SCHEMES} for _ in range(rounds)]
    return {scheme: min(times[scheme] for times in measured) for scheme in SCHEMES}


def compare(runner: Runner, wide: Generator, seed: int, per_kind: int) -> list[Found]:
    """Prints a line for each scheme as soon as it is known."""
    click.echo(f"{'held':32}{'p99 median':>12}{'p99 mean':>10}{'near':>6}{'landmark':>10}{'step s':>9}{'beside':>9}")
    rows: list[Found] = []
    cases = factor_drags(seed, per_kind)
    times = step_times(wide)
    for scheme in SCHEMES:
        results = masked_drags(runner, scheme, cases)
        changes = tuple(result.change_outside for result in results)
        errors = [result.edited.landmark_error for result in results]
        near = sum(error <= 0.02 for error in errors)
        rows.append(Found(scheme, changes, near, median(errors), times[scheme]))
        row, first = rows[-1], rows[0]
        beside = row.p99_mean / first.p99_mean
        click.echo(
            f"{scheme.name:32}{median(row.p99):12.2f}{row.p99_mean:10.2f}{row.near:6}{row.landmark_median:10.2%}"
            f"{row.step_s:9.3f}{beside:9.2f}{'' if beside <= BESIDE_REFERENCE else '  too much'}"
        )
    return rows


@click.command(help=__doc__.splitlines()[0] if __doc__ else None)
@click.option("--model", type=click.Path(path_type=Path, exists=True), default=BUNDLED, show_default="the bundled one")
@click.option("--seed", default=1, show_default=True)
@click.option("--per-kind", default=2, show_default=True, help="Drags of each kind of landmark.")
@click.option("--features", default=128, show_default=True, help="The block that the drags read.")
@click.option("--threads", default=2, show_default=True)
@click.option("--times-only", is_flag=True, help="Measure the times of a committed run again, for quiet cores.")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS / "mask_schemes.json", show_default=True)
def main(model: Path, seed: int, per_kind: int, features: int, threads: int, times_only: bool, out: Path) -> None:
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    wide = Generator(GeneratorConfig(512, 512, 512)).freeze()
    if times_only:
        record = json.loads(out.read_text(encoding="utf-8"))
        times = {scheme.name: seconds for scheme, seconds in step_times(wide).items()}
        for found in record["schemes"]:
            found["step_s"] = times[found["scheme"]["name"]]
            click.echo(f"{found['scheme']['name']:32}{found['step_s']:9.3f}")
        out.write_text(json.dumps(record | {"threads": threads}, indent=1) + "\n", encoding="utf-8")
        return
    runner = runner_at(model, features)
    rows = compare(runner, wide, seed, per_kind)
    record = {
        "model_sha256": file_sha256(model),
        "features": features,
        "seed": seed,
        "per_kind": per_kind,
        "threads": threads,
        "schemes": [asdict(row) for row in rows],
    }
    out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    click.echo(f"Written to {out}")


if __name__ == "__main__":
    main()
