"""How long a step of the drag takes and how much memory, beside the plain implementation and beside our own drag
without windows: `python -m tests.benchmarks.drag_step --record`, some ten minutes on two quiet cores.

Each measurement has a process of its own. Times are medians; read the ratios, machines are noisy.
"""

from __future__ import annotations

import argparse
import datetime
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tests.benchmarks.measuring import Case, Measurement
from tests.benchmarks.surroundings import ROOT, machine, revision

RESULTS = Path(__file__).parent / "results" / "drag_step.json"
_HEADINGS = (
    "side",
    "picture",
    "channel_base",
    "features",
    "points",
    "masked",
    "threads",
    "s/step",
    "MiB",
    "computed",
    "drag s",
)


@dataclass(frozen=True)
class Comparison:
    """A case of ours, and the sides it is compared with."""

    ours: Case
    sides: tuple[str, ...] = ("plain", "whole")
    wanted: float | None = None
    """At least so many times faster than the plain side."""


@dataclass(frozen=True)
class Section:
    title: str
    comparisons: tuple[Comparison, ...]


def sections(channel_base: dict[int, int], feature_resolutions: tuple[int, int], *, drag_steps: int) -> list[Section]:
    """All that is measured, for generators of three sizes: the largest of them the most."""
    small, medium, large = channel_base
    low, high = feature_resolutions
    wide = channel_base[large]

    def step(resolution: int, points: int, masked: bool = False, features: int = low) -> Case:
        return Case("ours", resolution, channel_base[resolution], features, points, masked)

    def usual(resolution: int, one: float, five: float, masked: float) -> list[Comparison]:
        return [
            Comparison(step(resolution, 1), wanted=one),
            Comparison(step(resolution, 5), wanted=five),
            Comparison(step(resolution, 1, True), wanted=masked),
        ]

    by_size = [*usual(large, 50, 20, 12), Comparison(step(large, 1, features=high), wanted=25)]
    by_size += [*usual(medium, 25, 10, 8), *usual(small, 8, 4, 4)]
    equal = [Comparison(replace(step(r, 1), channel_base=wide), ()) for r in (small, medium, large)]
    drags = [Comparison(Case("ours", r, wide, low, 1, steps=drag_steps, whole_drag=True), ()) for r in (small, large)]
    everywhere = [replace(step(large, n), spread=0.9, steps=3) for n in (1, 2, 5, 10, 20, 50, 100)]
    crossing = [Comparison(case, ("whole",)) for case in everywhere]
    bundled = [
        Comparison(Case("ours", None, 0, None, n, steps=drag_steps, whole_drag=True), ("whole",)) for n in (1, 5)
    ]
    return [
        Section("A step", tuple(by_size)),
        Section("At equal channel_base a step does not grow with the picture", tuple(equal)),
        Section(f"A drag of {drag_steps} steps with previews and the final picture", tuple(drags)),
        Section("More and more points: the planner crosses over to the whole map", tuple(crossing)),
        Section(f"The bundled model, {drag_steps} steps with previews, without and with windows", tuple(bundled)),
    ]


FULL = sections({256: 16384, 512: 32768, 1024: 32768}, (128, 256), drag_steps=100)


def in_own_process(case: Case) -> Measurement:
    """Raises CalledProcessError."""
    command = [sys.executable, "-m", "tests.benchmarks.measuring", json.dumps(asdict(case))]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    found = json.loads(done.stdout.splitlines()[-1])
    return Measurement(**{**found, "case": Case(**found["case"])})


def run(
    wanted: Sequence[Section], measured: Callable[[Case], Measurement] = in_own_process
) -> dict[str, list[Measurement]]:
    """Measures and prints; section titles to measurements."""
    found: dict[str, list[Measurement]] = {}
    known: dict[Case, Measurement] = {}
    for section in wanted:
        print(f"\n{section.title}\n" + "".join(f"{heading:>13}" for heading in _HEADINGS), flush=True)
        rows = found[section.title] = []
        for comparison in section.comparisons:
            ours = comparison.ours
            cases = [replace(ours, side=side, steps=2 if side == "plain" else ours.steps) for side in comparison.sides]
            for case in [*cases, ours]:
                if case not in known:
                    known[case] = measured(case)
                rows.append(known[case])
                print(_row(known[case]), flush=True)
            for case in cases:
                print(f"{'':>13}{_ratio(known[case], known[ours], comparison)}", flush=True)
    return found


def _row(row: Measurement) -> str:
    cells = (
        row.case.side,
        f"{row.resolution} px",
        row.channel_base,
        row.feature_resolution,
        row.case.points,
        "yes" if row.case.masked else "no",
        row.threads,
        f"{row.seconds_per_step:.3f}",
        f"{row.memory_mib:.0f}",
        "" if row.computed is None else f"{row.computed:.0%}",
        "" if row.total_seconds is None else f"{row.total_seconds:.1f}",
    )
    return "".join(f"{cell:>13}" for cell in cells)


def _ratio(other: Measurement, ours: Measurement, comparison: Comparison) -> str:
    text = f"ours is {other.seconds_per_step / ours.seconds_per_step:.1f} times faster than {other.case.side}"
    if other.total_seconds and ours.total_seconds:
        text += f", {other.total_seconds / ours.total_seconds:.1f} times over the whole drag"
    if other.case.side == "plain" and comparison.wanted is not None:
        text += f" (wanted: {comparison.wanted:g})"
    memory = ours.memory_mib / max(other.memory_mib, 1.0)  # a tiny one may need no more than there is already
    return text + f", in {memory:.2f} of its memory"


def record(found: dict[str, list[Measurement]], file: Path) -> None:
    """Writes everything measured, with the revision and the machine."""
    content = {
        "revision": revision(),
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "sections": {title: [asdict(row) for row in rows] for title, rows in found.items()},
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"\nwritten to {file}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help=f"write all measurements into {RESULTS}")
    parser.add_argument("--sections", type=int, nargs="+", metavar="N", help="only these, counted from 1")
    options = parser.parse_args()
    chosen = [FULL[number - 1] for number in options.sections] if options.sections else FULL
    found = run(chosen)
    if options.record:
        record(found, RESULTS)


if __name__ == "__main__":
    main()
