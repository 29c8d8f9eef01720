"""The paper's landmark protocol: drag one picture's landmarks to where another's are.

    python -m tests.quality.landmark_drags                       bundled portraits: 32 pairs, 5 points and all landmarks
    python -m tests.quality.landmark_drags --model cars --pairs 4 --block 32 --out /tmp/quick.json

As the paper's evaluation does with detected face landmarks (Pan et al. 2023, "Drag Your GAN", section 4.2): of two
pictures that no training saw, some or all landmarks of the first are the handles, the same ones of the second the
targets, and what counts is the mean distance of the landmarks that the finder sees afterwards from the targets, beside
that of no edit. The second picture is the first's pose: it differs from it in what is shaped, and has its colours. Each
feature block stands beside the others, with all other settings as an artist gets them, so that the default can be
chosen. Started again after a kill, it goes on where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, median

import click
import torch
from torch import Tensor

from draggan_server.drag import DragPoint, Point, drag
from draggan_server.training.domains import Domain
from draggan_server.training.factors import FactorGroup, factors_from_z

from .cases import MARGIN
from .factor_drags import runner_of, settings_as_json
from .kept import Kept
from .running import Runner
from .subject import Subject, measured_model, results_file

SEED, PAIRS = 70_000, 32
FEW = 5
BLOCKS = (32, 64, 128, 256)


@dataclass(frozen=True)
class LandmarkDrag:
    """Some landmarks of a picture, to be dragged to where they are in another."""

    number: int
    """Of the pair of pictures."""
    domain: Domain
    z: Tensor
    """[1, z_dim] of the first picture."""
    places: Tensor
    """[L, 2] of the landmarks in the first picture, in picture widths."""
    wanted: Tensor
    """[L, 2] in the second."""
    dragged: Tensor
    """[P] indices of landmarks, all visible in both."""

    def points(self, resolution: int) -> list[DragPoint]:
        handles, targets = ((places[self.dragged] * resolution).tolist() for places in (self.places, self.wanted))
        return [DragPoint(Point(*handle), Point(*target)) for handle, target in zip(handles, targets, strict=True)]

    def distance(self, found: Tensor) -> float:
        """The mean distance of the dragged landmarks of found [L, 2] from where they shall be, in picture widths."""
        return (found - self.wanted)[self.dragged].norm(dim=1).mean().item()


@dataclass(frozen=True)
class LandmarkResult:
    """One drag: distances are means over its points, in picture widths."""

    number: int
    points: int
    block: int
    end: str
    steps: int
    distance: float
    """After the drag, by the finder."""
    no_edit: float
    """Before it."""
    tracked: float
    """After the drag, by its own tracking."""


def landmark_drags(seed: int, pairs: int, points: int | None, domain: Domain) -> list[LandmarkDrag]:
    """A drag for each pair; `points` of the landmarks that both pictures show, picked at random. None: all of them."""
    random = torch.Generator().manual_seed(seed)
    drags = []
    for number in range(pairs):
        z = torch.randn(2, len(domain.factors), generator=random)
        order = torch.randperm(len(domain.marks), generator=random)
        factors = factors_from_z(z)
        shaped = torch.tensor([factor.group is not FactorGroup.APPEARANCE for factor in domain.factors])
        factors[1] = torch.where(shaped, factors[1], factors[0])
        first, second = domain.landmarks(factors)
        inside = ((first.minimum(second) >= MARGIN) & (first.maximum(second) <= 1 - MARGIN)).all(dim=1)
        fair = domain.visible(factors).all(dim=0) & inside
        drags.append(LandmarkDrag(number, domain, z[:1], first, second, order[fair[order]][:points]))
    return drags


def run(runner: Runner, case: LandmarkDrag, block: int) -> LandmarkResult:
    """The drag with the features of one block."""
    generator = runner.generator
    settings = replace(runner.settings, feature_resolution=block)
    with torch.no_grad():
        ws = generator.mapping(case.z)
    *_, last = drag(generator, ws, case.points(generator.resolution), None, settings)
    assert last.end is not None
    with torch.no_grad():
        before, after = (runner.finder(generator.image(code))[0] for code in (ws, last.ws))
    return LandmarkResult(
        number=case.number,
        points=len(case.dragged),
        block=block,
        end=last.end.value,
        steps=last.step,
        distance=case.distance(after),
        no_edit=case.distance(before),
        tracked=mean(last.distances) / generator.resolution,
    )


@dataclass(frozen=True)
class Row:
    """A line of the report. Distances are in picture widths, means over the drags."""

    name: str
    block: int
    drags: int
    distance: float
    median_distance: float
    no_edit: float
    better: int
    """Drags after which the landmarks are nearer than before."""
    steps: float


def row(name: str, results: Sequence[LandmarkResult]) -> Row:
    """Of the drags of one block."""
    return Row(
        name=name,
        block=results[0].block,
        drags=len(results),
        distance=mean(result.distance for result in results),
        median_distance=median(result.distance for result in results),
        no_edit=mean(result.no_edit for result in results),
        better=sum(result.distance < result.no_edit for result in results),
        steps=median(result.steps for result in results),
    )


@click.command(help=__doc__.splitlines()[0] if __doc__ else None)
@measured_model("landmark_drags")
@click.option("--pairs", default=PAIRS, show_default=True)
@click.option(
    "--block", "blocks", type=int, multiple=True, help="Can be repeated.  [default: 32, 64, 128 and 256 if it has it]"
)
def main(model: str, domain: str | None, out: Path | None, threads: int, pairs: int, blocks: tuple[int, ...]) -> None:
    torch.set_num_threads(threads)
    subject = Subject.of(model, domain)
    out = out or results_file(subject, "landmark_drags")
    runner = runner_of(subject)
    blocks = blocks or tuple(block for block in BLOCKS if block <= subject.generator.resolution)
    head = {**subject.record(), "seed": SEED, "pairs": pairs, "settings": settings_as_json(runner.settings)}
    kept = Kept(out, head)
    rows: list[Row] = []
    everything: list[LandmarkResult] = []
    click.echo(f"{'':14}{'block':>6}{'drags':>6}{'mean':>8}{'median':>8}{'no edit':>9}{'better':>8}{'steps':>7}")
    for name, points in ((f"{FEW} points", FEW), ("all landmarks", None)):
        cases = landmark_drags(SEED, pairs, points, subject.domain)
        for block in blocks:
            results = [
                LandmarkResult(**kept.value(f"{name}-{block}-{case.number}", run, runner, case, block))
                for case in cases
            ]
            line = row(name, results)
            click.echo(
                f"{name:14}{block:6}{line.drags:6}{line.distance:8.2%}{line.median_distance:8.2%}{line.no_edit:9.2%}"
                f"{line.better:8}{line.steps:7.0f}"
            )
            rows.append(line)
            everything += results
    kept.finish(
        out, {**head, "blocks": blocks, "summary": [vars(line) for line in rows], "drags": [*map(vars, everything)]}
    )
    click.echo(f"Written to {out}")


if __name__ == "__main__":
    main()
