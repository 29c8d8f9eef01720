"""Factor drags: does a drag make of a picture what the renderer makes of it when one factor changes?

    python -m tests.quality.factor_drags                     the bundled portraits, as their results were made
    python -m tests.quality.factor_drags --seed 2 --seed 3   other portraits
    python -m tests.quality.factor_drags --model cars --longest 0.2 --drags 200
    python -m tests.quality.factor_drags --model FILE --domain portraits --drags 16 --out /tmp/quick.json

Start it in the checkout. Each picture is unseen by the training, its factors are known (psi 1), and its true latent
code is where the drag starts. The handle is the true landmark before, the target the true landmark after; the
settings are those that an artist gets. Judged by the landmark finder on the generated result, beside what doing
nothing would score. All drags are made again with a mask whose edge runs round the handle, through the picture's
middle. Started again after a kill, it goes on where it was.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import click
import torch

from draggan_server.drag import DragSettings

from .cases import LONGEST, SHORTEST, FactorDrag, factor_drags
from .committed import drag_result
from .finder_errors import errors_on
from .kept import Kept
from .measures import FinderError
from .running import DragResult, Runner
from .subject import Subject, measured_model, results_file
from .summary import Row, edited_row, rows_by_kind, table, unedited_row

FINDER_PICTURES = 500


@dataclass(frozen=True)
class FullRun:
    """All that a run found."""

    finder: tuple[FinderError, ...]
    """On generated pictures of known factors: its own error and the model's together."""
    plain: tuple[DragResult, ...]
    masked: tuple[DragResult, ...]

    def rows(self) -> list[Row]:
        """The report's lines."""
        return [
            edited_row("dragged", self.plain),
            unedited_row("no edit", self.plain),
            edited_row("dragged with a mask", self.masked),
            *rows_by_kind(self.plain),
        ]


def artist_runner(model: Path, recipe: str = "portraits") -> Runner:
    """The model with the settings that a drag has when nothing else is asked for."""
    return runner_of(Subject(recipe, model))


def runner_of(subject: Subject) -> Runner:
    """The same, of a subject."""
    settings = DragSettings.of(asdict(subject.checkpoint.card.drag))
    return Runner(subject.generator, subject.finder, settings)


def full_run(
    subject: Subject, runner: Runner, cases: Sequence[FactorDrag], kept: Kept, report: Callable[[str], None]
) -> FullRun:
    """Every drag, without and with its mask."""
    plain, masked = [], []
    for turn, case in enumerate(cases, start=1):
        for group, with_mask in ((plain, False), (masked, True)):
            key = f"{case.seed}-{case.number}{'-masked' * with_mask}"
            group.append(drag_result(kept.value(key, runner.run, case, masked=with_mask)))
        report(f"seed {case.seed}: drag {turn} of {len(cases)}, {case.mark.kind} by {case.factor}")
    return FullRun(tuple(errors_on(subject, FINDER_PICTURES, generated=True)), tuple(plain), tuple(masked))


@dataclass(frozen=True)
class Protocol:
    """Which drags are made."""

    seeds: tuple[int, ...]
    per_kind: int
    longest: float
    shortest: float = SHORTEST

    def cases(self, subject: Subject) -> list[FactorDrag]:
        return [case for seed in self.seeds for case in factor_drags(seed, self.per_kind, subject.domain, self.longest)]


def as_json(run: FullRun, runner: Runner, subject: Subject, protocol: Protocol) -> dict[str, Any]:
    """The record that is committed: everything needed to make the run again, and what it found."""
    record = subject.record()
    record["finder"]["errors"] = [asdict(error) for error in run.finder]
    return {
        **record,
        **asdict(protocol),
        "mask_radius": runner.mask_radius,
        "settings": settings_as_json(runner.settings),
        "summary": [asdict(row) for row in run.rows()],
        "drags": [asdict(result) for result in (*run.plain, *run.masked)],
    }


def settings_as_json(settings: DragSettings) -> dict[str, Any]:
    """Enums by their values."""
    return {name: value.value if isinstance(value, Enum) else value for name, value in asdict(settings).items()}


def print_finder(errors: Sequence[FinderError], of: str) -> None:
    """A line for each kind of landmark."""
    click.echo(f"\nThe finder on {of}, in picture widths")
    for error in errors:
        click.echo(f"{error.kind:22} median {error.median:6.2%}   p95 {error.p95:6.2%}")


@click.command(help=__doc__.splitlines()[0] if __doc__ else None)
@measured_model("")
@click.option("--seed", "seeds", type=int, multiple=True, default=(1,), show_default=True, help="Can be repeated.")
@click.option("--drags", default=112, show_default=True, help="At least so many per seed, of each kind equally many.")
@click.option("--longest", default=LONGEST, show_default=True, help="No landmark moves further; picture widths.")
def main(
    model: str,
    domain: str | None,
    out: Path | None,
    threads: int,
    seeds: tuple[int, ...],
    drags: int,
    longest: float,
) -> None:
    torch.set_num_threads(threads)
    subject = Subject.of(model, domain)
    runner = runner_of(subject)
    out = out or results_file(subject, "")
    protocol = Protocol(seeds, math.ceil(drags / len(subject.domain.kinds)), longest)
    since = time.monotonic()

    def report(line: str) -> None:
        click.echo(f"\r{line:70} {time.monotonic() - since:4.0f} s", nl=False)

    identity = {**subject.record(), **asdict(protocol), "settings": settings_as_json(runner.settings)}
    kept = Kept(out, identity)
    run = full_run(subject, runner, protocol.cases(subject), kept, report)
    click.echo("\n" + table(run.rows()))
    print_finder(run.finder, f"{FINDER_PICTURES} generated pictures")
    kept.finish(out, as_json(run, runner, subject, protocol))
    click.echo(f"\nWritten to {out}")


if __name__ == "__main__":
    main()
