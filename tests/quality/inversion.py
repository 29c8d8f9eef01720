"""Inversion: how near a portrait comes that the generator never saw, and does it drag as well as a known one?

    python -m tests.quality.inversion                       as its committed results were made
    python -m tests.quality.inversion --portraits 4 --own 2 --jobs 2 --out /tmp/quick.json

Start it in the checkout. The portraits are those of the factor drags (tests.quality.cases), drawn by the renderer: each
is inverted in both modes, compared with itself, then dragged from what was found, beside the same drag from the true
latent (tests/quality/results/portraits.json). The generator's own pictures are inverted too: there, what a drag does to
the inverted picture can be compared with what it does to the true one.
"""

from __future__ import annotations

import functools
import json
import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

import click
import torch
from torch import Tensor

from draggan_server.checkpoints import load_checkpoint
from draggan_server.drag import DragPoint, DragStep, drag
from draggan_server.inversion import InversionSettings, InversionStart, InversionStep, invert
from draggan_server.stylegan2 import Discriminator, Generator
from draggan_server.training.portraits import render

from .cases import FactorDrag, factor_drags
from .committed import Committed
from .factor_drags import artist_runner
from .measures import landmark_errors
from .running import Runner
from .similarity import psnr, ssim
from .subject import BUNDLED, FINDER, RESULTS, file_sha256, revision
from .summary import NEAR

MODES: dict[str, InversionSettings] = {"quick": InversionSettings.quick(), "faithful": InversionSettings.faithful()}
SEED = 1
"""Of the factor drags whose portraits are inverted, and of the generator's own pictures."""


@dataclass(frozen=True)
class Inverted:
    """A portrait of the renderer's, inverted, and then dragged."""

    number: int
    """Of the factor drag."""
    mode: str
    steps: int
    cpu_seconds: float
    """Of one thread, so that other work on the computer does not count."""
    score: float
    delta_numbers: int
    """How many numbers the change of the weights takes."""
    w_psnr_db: float
    """At the end of the search in W."""
    psnr_db: float
    ssim: float
    end: str
    """Of the drag."""
    drag_steps: int
    landmark_error: float
    """The dragged landmark after the drag, by the finder, from its true new place; picture widths."""
    others_error: float


@dataclass(frozen=True)
class OwnInverted:
    """A picture of the generator's own, inverted, and dragged beside the drag from the true latent."""

    number: int
    mode: str
    cpu_seconds: float
    score: float
    psnr_db: float
    handle_distance: float
    """Between where the two drags left the handle by their own tracking, in picture widths."""
    found_distance: float
    """Between where the finder sees the dragged landmark in both results, in picture widths."""


@dataclass(frozen=True)
class Result:
    """The end of an inversion."""

    generator: Generator
    """Tuned."""
    last: InversionStep
    w_ws: Tensor
    """The best of W."""
    steps: int
    cpu_seconds: float


@dataclass(frozen=True)
class Inverter:
    """What stays the same from picture to picture."""

    runner: Runner
    discriminator: Discriminator | None

    @classmethod
    def of(cls, model: Path) -> Inverter:
        return cls(artist_runner(model), load_checkpoint(model).discriminator)

    def invert(self, picture: Tensor) -> dict[str, Result]:
        """In each mode. The search in W is the same in all; the later ones go on from there, with its time counted."""
        found: dict[str, Result] = {}
        start, w_steps, w_seconds = None, 0, 0.0
        for mode, settings in MODES.items():
            last = None
            since = time.process_time()
            for last in invert(self.runner.generator, self.discriminator, picture, settings, start=start):
                if start is None and last.recognition is not None:
                    start = InversionStart(last.ws, None, last.recognition)
                    w_steps, w_seconds = last.step, time.process_time() - since
            seconds = time.process_time() - since
            if found:
                seconds += w_seconds
            assert last is not None and start is not None
            tuned = self.runner.generator.tuned(last.delta) if last.delta else self.runner.generator
            steps = last.step + (w_steps if found else 0)
            found[mode] = Result(tuned, last, start.ws, steps, seconds)
        return found

    def portrait(self, case: FactorDrag) -> list[Inverted]:
        """The factor drag's portrait as the renderer draws it; in each mode."""
        picture = render(case.before, self.runner.generator.resolution)
        return [self._measured(case, picture, mode, found) for mode, found in self.invert(picture).items()]

    def _measured(self, case: FactorDrag, picture: Tensor, mode: str, found: Result) -> Inverted:
        dragged = self._dragged(found.generator, found.last.ws, case)
        with torch.no_grad():
            in_w = self.runner.generator.image(found.w_ws)
            drawn, after = found.generator.image(found.last.ws), found.generator.image(dragged.ws)
        errors = landmark_errors(after, case.true_landmarks()[1], self.runner.finder)
        assert found.last.recognition is not None and dragged.end is not None
        return Inverted(
            number=case.number,
            mode=mode,
            steps=found.steps,
            cpu_seconds=found.cpu_seconds,
            score=found.last.recognition.score,
            delta_numbers=found.last.delta.numbers if found.last.delta else 0,
            w_psnr_db=psnr(in_w, picture),
            psnr_db=psnr(drawn, picture),
            ssim=ssim(drawn, picture),
            end=dragged.end.value,
            drag_steps=dragged.step,
            landmark_error=errors[case.landmark].item(),
            others_error=errors[case.others()].median().item(),
        )

    def own(self, case: FactorDrag) -> list[OwnInverted]:
        """The generator's picture of the portrait that the factor drag is about; in each mode."""
        generator = self.runner.generator
        with torch.no_grad():
            true_ws = generator.mapping(case.z)
            picture = generator.image(true_ws)
        true, true_place = self._dragged_and_found(generator, true_ws, case)
        rows = []
        for mode, found in self.invert(picture).items():
            dragged, place = self._dragged_and_found(found.generator, found.last.ws, case)
            with torch.no_grad():
                drawn = found.generator.image(found.last.ws)
            assert found.last.recognition is not None
            apart = true.points[0].handle.distance(dragged.points[0].handle) / generator.resolution
            score = found.last.recognition.score
            found_apart = (true_place - place).norm().item()
            rows.append(
                OwnInverted(case.number, mode, found.cpu_seconds, score, psnr(drawn, picture), apart, found_apart)
            )
        return rows

    def _dragged_and_found(self, generator: Generator, ws: Tensor, case: FactorDrag) -> tuple[DragStep, Tensor]:
        """The drag's end, and where the finder sees the dragged landmark then, in picture widths."""
        last = self._dragged(generator, ws, case)
        with torch.no_grad():
            return last, self.runner.finder(generator.image(last.ws))[0, case.landmark]

    def _dragged(self, generator: Generator, ws: Tensor, case: FactorDrag) -> DragStep:
        handle, target = case.handle_and_target(generator.resolution)
        *_, last = drag(generator, ws, [DragPoint(handle, target)], None, self.runner.settings)
        return last


@dataclass(frozen=True)
class Task:
    """A picture to be inverted and measured."""

    model: Path
    number: int
    """Of the factor drag."""
    own: bool
    per_kind: int
    longest: float
    """Of the factor drags, as tests.quality.factor_drags made them."""

    def run(self) -> list[Inverted] | list[OwnInverted]:
        inverter = _inverter(self.model)
        case = factor_drags(SEED, self.per_kind, longest=self.longest)[self.number]
        return inverter.own(case) if self.own else inverter.portrait(case)


@functools.lru_cache(maxsize=1)
def _inverter(model: Path) -> Inverter:
    torch.set_num_threads(1)
    return Inverter.of(model)


def summary(portraits: Sequence[Inverted], own: Sequence[OwnInverted], committed: Committed) -> list[dict[str, Any]]:
    """A line per mode, and what the same drags score from the true latents."""
    rows: list[dict[str, Any]] = []
    for mode in MODES:
        found = [one for one in portraits if one.mode == mode]
        pictures = [one for one in own if one.mode == mode]
        row: dict[str, Any] = {"mode": mode, "portraits": len(found)}
        for name in ("w_psnr_db", "psnr_db", "ssim", "cpu_seconds", "landmark_error", "others_error"):
            row[name] = spread_of([getattr(one, name) for one in found])
        row["near"] = sum(one.landmark_error <= NEAR for one in found)
        if pictures:
            row["own_pictures"] = len(pictures)
            for name in ("psnr_db", "handle_distance", "found_distance"):
                row[f"own_{name}"] = spread_of([getattr(one, name) for one in pictures])
        rows.append(row)
    true = {drag.number: drag for drag in committed.of_seed(SEED, masked=False)}
    same = [true[one.number] for one in portraits if one.mode == next(iter(MODES))]
    rows.append(
        {
            "mode": "true latent",
            "portraits": len(same),
            "landmark_error": spread_of([one.edited.landmark_error for one in same]),
            "others_error": spread_of([one.edited.others_error for one in same]),
            "near": sum(one.edited.landmark_error <= NEAR for one in same),
        }
    )
    return rows


def spread_of(values: Sequence[float]) -> dict[str, float]:
    """Least, lower quarter, median, upper quarter, most."""
    cuts = quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3
    return dict(zip(("least", "q1", "median", "q3", "most"), (min(values), *cuts, max(values)), strict=True))


def settings_as_json() -> dict[str, dict[str, Any]]:
    """Of both modes."""
    return {mode: asdict(settings) for mode, settings in MODES.items()}


@click.command(help=__doc__.splitlines()[0] if __doc__ else None)
@click.option("--model", type=click.Path(path_type=Path, exists=True), default=BUNDLED, show_default="the bundled one")
@click.option("--portraits", "count", default=64, show_default=True, help="How many portraits of the renderer.")
@click.option("--own", "own_count", default=16, show_default=True, help="How many of the generator's own pictures.")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS / "inversion.json", show_default=True)
@click.option("--jobs", default=1, show_default=True, help="Processes, of one thread each.")
def main(model: Path, count: int, own_count: int, out: Path, jobs: int) -> None:
    committed = Committed.read(RESULTS / "portraits.json")
    per_kind, longest = committed.per_kind, committed.longest
    total = len(factor_drags(SEED, per_kind, longest=longest))
    # The last ones are the generator's own: others than the portraits, unless all are wanted.
    tasks = [Task(model, number, False, per_kind, longest) for number in range(count)]
    tasks += [Task(model, total - 1 - number, True, per_kind, longest) for number in range(own_count)]
    portraits: list[Inverted] = []
    own: list[OwnInverted] = []
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done, rows in enumerate(pool.map(Task.run, tasks), start=1):
            for row in rows:
                (portraits if isinstance(row, Inverted) else own).append(row)  # type: ignore[arg-type]
            click.echo(f"\r{done} of {len(tasks)}", nl=False)
            # It takes long: what is known is kept.
            _write(out, model, portraits, own, committed)
    click.echo()
    for line in summary(portraits, own, committed):
        click.echo(json.dumps(line))
    click.echo(f"Written to {out}")


def _write(
    out: Path, model: Path, portraits: Sequence[Inverted], own: Sequence[OwnInverted], committed: Committed
) -> None:
    record = {
        "model": {"file": model.name, "sha256": file_sha256(model)},
        "finder": {"file": FINDER.name, "sha256": file_sha256(FINDER)},
        "revision": revision(),
        "seed": SEED,
        "per_kind": committed.per_kind,
        "longest": committed.longest,
        "settings": settings_as_json(),
        "torch": {"version": torch.__version__, "threads": 1},
        "summary": summary(portraits, own, committed),
        "portraits": [asdict(one) for one in portraits],
        "own_pictures": [asdict(one) for one in own],
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
