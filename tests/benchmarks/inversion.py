"""Inversion beside the standard recipe, in one run: when is it as near to the picture, and does it drag as well?

    python -m tests.benchmarks.inversion
    python -m tests.benchmarks.inversion --portraits 1 --projector-steps 20 --tuning-steps 10 --out /tmp/quick.json

Start it in the checkout. The standard recipe (tests/reference/plain_inversion.py): the projector of StyleGAN2, 1000
steps, then pivotal tuning, 350 steps. Both sides have the same loss, of the pixels at several scales. Times are the
thread's own, so that other work on the computer counts little. Each portrait is one that the generator never saw; it is
dragged from what either side has found, and the independent finder says how far the dragged landmark then is from its
true place.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import click
import torch
from torch import Tensor

from draggan_server.drag import DragPoint, drag
from draggan_server.inversion import InversionSettings, invert
from draggan_server.inversion.losses import PixelLoss
from draggan_server.stylegan2 import Generator
from draggan_server.training.portraits import render
from tests.quality.cases import FactorDrag, factor_drags
from tests.quality.factor_drags import artist_runner
from tests.quality.measures import landmark_errors
from tests.quality.running import Runner
from tests.quality.similarity import psnr, ssim
from tests.quality.subject import BUNDLED, file_sha256, revision
from tests.reference.plain_inversion import PlainRecipe, project, tune

RESULTS = Path(__file__).resolve().parent / "results"
SEED, PER_KIND = 2, 1
"""Of the factor drags; others than those that the settings were chosen by."""
WANTED = 5.0
"""Times as fast."""


@dataclass(frozen=True)
class Side:
    """What one way of inverting came to."""

    cpu_seconds: float
    psnr_db: float
    ssim: float
    landmark_error: float
    """After the drag, in picture widths."""


@dataclass(frozen=True)
class Row:
    """One portrait, both ways."""

    number: int
    standard: Side
    ours: Side
    """When it is as near to the picture as the standard recipe in the end, or at its own end if that comes first."""
    as_near: bool
    whole: Side
    """At the end of the faithful mode."""

    @property
    def ratio(self) -> float:
        """How many times as fast."""
        return self.standard.cpu_seconds / self.ours.cpu_seconds


def compare(runner: Runner, case: FactorDrag, recipe: PlainRecipe, settings: InversionSettings) -> Row:
    """The standard recipe, then ours."""
    generator = runner.generator
    picture = render(case.before, generator.resolution)
    pixels = PixelLoss(picture, torch.ones(1, 1, *picture.shape[2:]))

    since = time.process_time()
    fitted, ws = project(generator, pixels, recipe)
    fitted = tune(fitted, ws, pixels, recipe)
    standard = _side(runner, case, picture, fitted, ws, time.process_time() - since)

    seconds, ours, whole = 0.0, None, None
    steps = invert(generator, None, picture, settings)
    while whole is None:
        since = time.process_time()
        step = next(steps)
        seconds += time.process_time() - since
        if not step.end and (ours or step.delta is None):
            continue
        with torch.no_grad():
            tuned = generator.tuned(step.delta) if step.delta else generator
            near = psnr(tuned.image(step.ws), picture) >= standard.psnr_db
        if near and ours is None:
            ours = _side(runner, case, picture, tuned, step.ws, seconds)
        if step.end:
            whole = _side(runner, case, picture, tuned, step.ws, seconds)
    return Row(case.number, standard, ours or whole, ours is not None, whole)


def _side(
    runner: Runner, case: FactorDrag, picture: Tensor, generator: Generator, ws: Tensor, cpu_seconds: float
) -> Side:
    handle, target = case.handle_and_target(generator.resolution)
    *_, last = drag(generator, ws, [DragPoint(handle, target)], None, runner.settings)
    with torch.no_grad():
        drawn, after = generator.image(ws), generator.image(last.ws)
    error = landmark_errors(after, case.true_landmarks()[1], runner.finder)[case.landmark].item()
    return Side(cpu_seconds, psnr(drawn, picture), ssim(drawn, picture), error)


def record(rows: Sequence[Row], model: Path, recipe: PlainRecipe, settings: InversionSettings) -> dict[str, Any]:
    """What is committed."""
    return {
        "model": {"file": model.name, "sha256": file_sha256(model)},
        "revision": revision(),
        "seed": SEED,
        "standard": asdict(recipe),
        "settings": asdict(settings),
        "torch": {"version": torch.__version__, "threads": torch.get_num_threads()},
        "wanted_ratio": WANTED,
        "summary": {
            "portraits": len(rows),
            "as_near": sum(row.as_near for row in rows),
            "ratio": {"least": min(row.ratio for row in rows), "median": median(row.ratio for row in rows)},
            **{
                side: {
                    name: median(getattr(getattr(row, side), name) for row in rows)
                    for name in ("cpu_seconds", "psnr_db", "ssim", "landmark_error")
                }
                for side in ("standard", "ours", "whole")
            },
        },
        "rows": [asdict(row) | {"ratio": row.ratio} for row in rows],
    }


@click.command(help=__doc__.splitlines()[0] if __doc__ else None)
@click.option("--portraits", default=4, show_default=True)
@click.option("--projector-steps", default=PlainRecipe.projector_steps, show_default=True)
@click.option("--tuning-steps", default=PlainRecipe.tuning_steps, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS / "inversion.json", show_default=True)
@click.option("--threads", default=1, show_default=True)
def main(portraits: int, projector_steps: int, tuning_steps: int, out: Path, threads: int) -> None:
    torch.set_num_threads(threads)
    runner = artist_runner(BUNDLED)
    recipe = PlainRecipe(projector_steps=projector_steps, tuning_steps=tuning_steps)
    settings = replace(InversionSettings.faithful(), feature_weight=0.0)  # the same loss on both sides
    rows: list[Row] = []
    for case in factor_drags(SEED, PER_KIND)[:portraits]:
        rows.append(compare(runner, case, recipe, settings))
        row = rows[-1]
        for name in ("standard", "ours", "whole"):
            side = getattr(row, name)
            click.echo(
                f"{row.number:3} {name:9} {side.cpu_seconds:6.1f} s  {side.psnr_db:5.2f} dB  {side.ssim:.3f}  "
                f"landmark {side.landmark_error:.2%}"
            )
        click.echo(
            f"    {row.ratio:.1f} times as fast{'' if row.as_near else ', but not as near'} (wanted: {WANTED:g})"
        )
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(record(rows, BUNDLED, recipe, settings), indent=1) + "\n")
    click.echo(f"Written to {out}")


if __name__ == "__main__":
    main()
