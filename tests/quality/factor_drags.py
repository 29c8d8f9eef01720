"""Factor drags: does a drag make of a portrait what the renderer makes of it when one factor changes?

    python -m tests.quality.factor_drags                     the bundled model, as its committed results were made
    python -m tests.quality.factor_drags --seed 2 --seed 3   other portraits
    python -m tests.quality.factor_drags --model FILE --per-kind 1 --out /tmp/quick.json

Start it in the checkout. Each portrait is unseen by the training, its factors are known (psi 1), and its true latent
code is where the drag starts. The handle is the true landmark before, the target the true landmark after; the
settings are those that an artist gets. Judged by the landmark finder on the generated result, beside what doing nothing
would score. All drags are made again with a mask whose edge runs round the handle, through the face.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import Any

import click
import torch

from draggan_server.checkpoints import load_checkpoint
from draggan_server.drag import DragSettings
from draggan_server.training.finder import load_finder

from .cases import factor_drags
from .measures import FinderError, finder_errors, unseen_portraits
from .running import DragResult, Runner
from .summary import Row, edited_row, rows_by_kind, table, unedited_row

CHECKOUT = Path(__file__).resolve().parents[2]
BUNDLED = CHECKOUT / "draggan_server" / "models" / "bundled" / "portraits.safetensors"
FINDER = CHECKOUT / "tests" / "data" / "finder.safetensors"
RESULTS = CHECKOUT / "tests" / "quality" / "results"

_FINDER_PICTURES = 500
_FINDER_SEED = 90_000


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


def artist_runner(model: Path) -> Runner:
    """The model with the settings that a drag has when nothing else is asked for."""
    checkpoint = load_checkpoint(model)
    settings = DragSettings.of(asdict(checkpoint.card.drag))
    return Runner(checkpoint.generator, load_finder(FINDER), settings)


def full_run(runner: Runner, seeds: Sequence[int], per_kind: int, report: Callable[[str], None]) -> FullRun:
    """Every drag of every seed, without and with its mask."""
    plain, masked = [], []
    for seed in seeds:
        cases = factor_drags(seed, per_kind)
        for case in cases:
            plain.append(runner.run(case))
            masked.append(runner.run(case, masked=True))
            report(f"seed {seed}: drag {case.number + 1} of {len(cases)}, {case.mark.kind} by {case.factor}")
    return FullRun(tuple(finder_on_generated(runner)), tuple(plain), tuple(masked))


def finder_on_generated(runner: Runner) -> list[FinderError]:
    """The finder's error per kind on generated pictures of known factors."""
    z, factors = unseen_portraits(_FINDER_PICTURES, _FINDER_SEED, runner.generator.config.z_dim)
    with torch.no_grad():
        pictures = torch.cat([runner.generator.image(runner.generator.mapping(group)) for group in z.split(10)])
    return finder_errors(runner.finder, pictures, factors)


def as_json(run: FullRun, runner: Runner, model: Path, seeds: Sequence[int], per_kind: int) -> dict[str, Any]:
    """The record that is committed: everything needed to make the run again, and what it found."""
    return {
        "model": {"file": model.name, "sha256": file_sha256(model)},
        "finder": {"file": FINDER.name, "sha256": file_sha256(FINDER), "errors": [asdict(e) for e in run.finder]},
        "revision": revision(),
        "seeds": list(seeds),
        "per_kind": per_kind,
        "mask_radius": runner.mask_radius,
        "settings": {name: v.value if isinstance(v, Enum) else v for name, v in asdict(runner.settings).items()},
        "torch": {"version": torch.__version__, "threads": torch.get_num_threads()},
        "summary": [asdict(row) for row in run.rows()],
        "drags": [asdict(result) for result in (*run.plain, *run.masked)],
    }


def file_sha256(path: Path) -> str:
    """Hexadecimal."""
    return sha256(path.read_bytes()).hexdigest()


def revision() -> str:
    """The commit, with "+" where files that it tracks differ from it."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", "-C", CHECKOUT, *arguments], check=True, capture_output=True, text=True).stdout

    changed = git("status", "--porcelain", "--untracked-files=no", "--", "draggan_server")
    return git("rev-parse", "HEAD").strip() + ("+" if changed else "")


def _print_finder(errors: Sequence[FinderError]) -> None:
    click.echo(f"\nThe finder on {_FINDER_PICTURES} generated pictures, in picture widths")
    for error in errors:
        click.echo(f"{error.kind:22} median {error.median:6.2%}   p95 {error.p95:6.2%}")


@click.command(help=__doc__.splitlines()[0] if __doc__ else None)
@click.option("--model", type=click.Path(path_type=Path, exists=True), default=BUNDLED, show_default="the bundled one")
@click.option("--seed", "seeds", type=int, multiple=True, default=(1,), show_default=True, help="Can be repeated.")
@click.option("--per-kind", default=7, show_default=True, help="Drags of each kind of landmark, per seed.")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS / "portraits.json", show_default=True)
@click.option("--threads", default=1, show_default=True)
def main(model: Path, seeds: tuple[int, ...], per_kind: int, out: Path, threads: int) -> None:
    torch.set_num_threads(threads)
    runner = artist_runner(model)
    since = time.monotonic()

    def report(line: str) -> None:
        click.echo(f"\r{line:70} {time.monotonic() - since:4.0f} s", nl=False)

    run = full_run(runner, seeds, per_kind, report)
    click.echo("\n" + table(run.rows()))
    _print_finder(run.finder)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(as_json(run, runner, model, seeds, per_kind), indent=1) + "\n")
    click.echo(f"\nWritten to {out}")


if __name__ == "__main__":
    main()
