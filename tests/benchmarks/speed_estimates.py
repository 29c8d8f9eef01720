"""How far the estimated speeds are from the measured ones: `python -m tests.benchmarks.speed_estimates --record`, a
minute on two quiet cores.

The bundled models, and networks with random weights as wide as the published ones, in one process as in the server.
Everything is measured in several rounds, of which the quickest counts on both sides: what a busy computer does
meanwhile is no part of it.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from draggan_server.checkpoints import Checkpoint, DragDefaults, ModelCard
from draggan_server.drag import DragSettings, step_work
from draggan_server.models import BUNDLED_MODELS, ModelLibrary
from draggan_server.server.bench import measure
from draggan_server.server.machine import choose_device, describe_device, prepare_device, prepare_engine_thread
from draggan_server.server.pace import NARROW, WIDE, estimated_steps_per_s, measure_pace
from draggan_server.server.speeds import Pace
from draggan_server.stylegan2 import Generator, GeneratorConfig
from tests.benchmarks.surroundings import machine, revision

RESULTS = Path(__file__).parent / "results" / "speed_estimates.json"
WIDTHS = ((256, 16384), (256, 32768), (512, 32768), (1024, 16384), (1024, 32768))
"""Picture, channel_base."""


@dataclass(frozen=True)
class Estimate:
    """What was said of a network before its first drag, and what a drag said then; in steps per second."""

    name: str
    estimated: float
    measured: float

    @property
    def error(self) -> float:
        """0.1: the estimate is a tenth too high."""
        return self.estimated / self.measured - 1


def networks(widths: Sequence[tuple[int, int]]) -> Iterator[tuple[str, Checkpoint]]:
    """The bundled models, then those with random weights; one is in memory at a time."""
    library = ModelLibrary((BUNDLED_MODELS,), device=choose_device(), resident=1)
    for entry in library.entries():
        yield entry.id, library.load(entry.id)
    for resolution, channel_base in widths:
        torch.manual_seed(0)
        config = GeneratorConfig(z_dim=512, w_dim=512, img_resolution=resolution, channel_base=channel_base)
        generator = Generator(config).freeze().to(choose_device())
        yield f"random, {resolution} px, {channel_base}", Checkpoint(generator, None, ModelCard("random", "", ""))


def run(steps: int, rounds: int, widths: Sequence[tuple[int, int]] = WIDTHS) -> list[Estimate]:
    """Measures and prints. steps: a round's speed is the median of so many."""
    paces: list[Pace] = []
    speeds: dict[str, float] = {}
    models: dict[str, tuple[GeneratorConfig, DragDefaults]] = {}
    for _ in range(rounds):
        paces.append(measure_pace(choose_device(), lambda: None, lambda: True))
        for name, checkpoint in networks(widths):
            models[name] = checkpoint.generator.config, checkpoint.card.drag
            speeds[name] = max(speeds.get(name, 0.0), measure(checkpoint, 1, steps).steps_per_s)
    pace = min(paces, key=lambda one: sum(one.step_s(step_work(config, DragSettings())) for config in (NARROW, WIDE)))
    print(f"a layer takes {pace.layer_s * 1e3:.3f} ms, 1e9 multiply-adds {pace.multiply_add_s * 1e12:.1f} ms\n")
    print(f"{'':>26}{'estimated':>14}{'measured':>14}{'error':>9}   steps a second")
    found = []
    for name, measured in speeds.items():
        estimated = estimated_steps_per_s(*models[name], pace)
        assert estimated is not None
        found.append(Estimate(name, estimated, measured))
        print(f"{name:>26}{estimated:>14.1f}{measured:>14.1f}{found[-1].error:>+9.0%}")
    worst = max(abs(math.log(one.estimated / one.measured)) for one in found)
    print(f"\nwithin a factor of {math.exp(worst):.2f}")
    return found


def record(found: Sequence[Estimate], file: Path) -> None:
    """Writes everything measured, with the revision and the machine."""
    content = {
        "revision": revision(),
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "device": describe_device(choose_device()),
        "estimates": [{**asdict(one), "error": round(one.error, 3)} for one in found],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"written to {file}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help=f"write all measurements into {RESULTS}")
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    prepare_device(choose_device())
    prepare_engine_thread()
    found = run(options.steps, options.rounds)
    if options.record:
        record(found, RESULTS)


if __name__ == "__main__":
    main()
