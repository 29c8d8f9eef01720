"""The distance of the model's pictures to the renderer's, as two crowds: KID and FID with features to be had here.

    python -m tests.quality.distance                 bundled portraits; 2048 pictures of each
    python -m tests.quality.distance --model cars --pictures 128 --out /tmp/quick.json

The metrics are torchmetrics' (Binkowski et al. 2018, Heusel et al. 2017). Their usual features are those of a network
trained on photographs, which would say little of drawings and is not ours to ship, so the numbers cannot be compared
with those of other papers, only with the rows beside them: the renderer's pictures against others of its own, and
against blurred ones. The features are the means and standard deviations of maps of two networks:

finder: of the landmark finder, at 64, 32, 16 and 8 px. It has seen nothing but the renderer's pictures. It was taught
    to overlook softness and small shifts of colour, so it judges shape.
discriminator: of the model's own, where it has one, in its four finest blocks. It judges outlines and texture, but was
    trained against this very generator.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import torch
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance

from draggan_server.training.finder import blurred

from .kept import Kept
from .subject import Subject, measured_model, results_file, unseen

PICTURES, SEED = 2048, 80_000
BLUR_PX_AT_128 = 1.0
"""Standard deviation of the blurred row, at 128 px."""
_SUBSETS, _SUBSET_SIZE = 50, 500
_AT_ONCE = 32
_DISCRIMINATOR_BLOCKS = 4

Maps = Callable[[Tensor], Sequence[Tensor]]
"""Pictures [N, 3, R, R] -> maps [N, C, h, w] of several sizes."""


@dataclass(frozen=True)
class Row:
    """A line of the report: a crowd of pictures against the renderer's."""

    features: str
    pictures: str
    kid: float
    """Times 1000."""
    kid_deviation: float
    """Over the subsets, times 1000."""
    fid: float


class _Given(nn.Identity):
    """The metrics ask a network for features; here they are given them, computed once for each crowd."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features


def networks(subject: Subject) -> dict[str, Maps]:
    """By name: those that there are."""
    found: dict[str, Maps] = {"finder": subject.finder.feature_maps}
    discriminator = subject.checkpoint.discriminator
    if discriminator is not None:
        found["discriminator"] = lambda pictures: discriminator.features(pictures)[:_DISCRIMINATOR_BLOCKS]
    return found


def features(maps: Maps, pictures: Iterator[Tensor]) -> Tensor:
    """[N, C]: of each map's channels the mean and the standard deviation over the picture."""
    with torch.no_grad():
        return torch.cat([torch.cat([_moments(one) for one in maps(part)], dim=1) for part in pictures])


def _moments(maps: Tensor) -> Tensor:
    flat = maps.float().flatten(2)
    return torch.cat([flat.mean(dim=2), flat.std(dim=2)], dim=1)


def crowds(subject: Subject, count: int) -> dict[str, Callable[[], Iterator[Tensor]]]:
    """The crowds by name; the first is what the others are measured against, and shares no latent with any."""
    true, other, generated = (unseen(count, SEED + turn, subject.domain) for turn in range(3))
    sigma = BLUR_PX_AT_128 * subject.generator.resolution / 128

    def rendered(factors: Tensor) -> Iterator[Tensor]:
        return (subject.true(part) for part in factors.split(_AT_ONCE))

    return {
        "reference": lambda: rendered(true.factors),
        "renderer": lambda: rendered(other.factors),
        "blurred renderer": lambda: (
            blurred(part, torch.full((len(part),), sigma)) for part in rendered(other.factors)
        ),
        "model": lambda: (subject.drawn(part) for part in generated.z.split(_AT_ONCE)),
    }


def distances(real: Tensor, fake: Tensor) -> tuple[float, float, float]:
    """KID, its deviation, FID: of features [N, C] each.

    Features are scaled by the real ones' spread, so that no channel counts for its unit alone.
    """
    mean, spread = real.mean(dim=0), real.std(dim=0).clamp_min(1e-6)
    real, fake = (real - mean) / spread, (fake - mean) / spread
    given = _Given(real.shape[1])
    size = min(_SUBSET_SIZE, len(real) // 2, len(fake) // 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that features take memory: these are some hundred numbers of each picture
        kid = KernelInceptionDistance(feature=given, subsets=_SUBSETS, subset_size=size)
    fid = FrechetInceptionDistance(feature=given)
    fid.set_dtype(torch.float64)
    for metric in (kid, fid):
        metric.update(real.double(), real=True)
        metric.update(fake.double(), real=False)
    torch.manual_seed(SEED)  # of KID's subsets
    found, deviation = kid.compute()
    return found.item(), deviation.item(), fid.compute().item()


def measured(maps: Maps, pictures: dict[str, Callable[[], Iterator[Tensor]]], name: str) -> list[Row]:
    """A line for each crowd but the first."""
    (_, first), *others = ((crowd, features(maps, draw())) for crowd, draw in pictures.items())
    rows = []
    for crowd, found in others:
        kid, deviation, fid = distances(first, found)
        rows.append(Row(name, crowd, 1000 * kid, 1000 * deviation, fid))
    return rows


def rows_of(subject: Subject, count: int, kept: Kept) -> list[Row]:
    """By the features of all networks."""
    pictures = crowds(subject, count)
    rows: list[dict[str, Any]] = []
    for name, maps in networks(subject).items():
        rows += kept.value(name, measured, maps, pictures, name)
    return [Row(**row) for row in rows]


@click.command(help=__doc__.splitlines()[0] if __doc__ else None)
@measured_model("distance")
@click.option("--pictures", default=PICTURES, show_default=True, help="In each crowd.")
def main(model: str, domain: str | None, out: Path | None, threads: int, pictures: int) -> None:
    torch.set_num_threads(threads)
    subject = Subject.of(model, domain)
    out = out or results_file(subject, "distance")
    head = {**subject.record(), "seed": SEED, "pictures": pictures, "blur_px_at_128": BLUR_PX_AT_128}
    kept = Kept(out, head)
    rows = rows_of(subject, pictures, kept)
    click.echo(f"{'features':16}{'against the renderer':24}{'KID x 1000':>12}{'+-':>8}{'FID':>10}")
    for row in rows:
        click.echo(f"{row.features:16}{row.pictures:24}{row.kid:12.2f}{row.kid_deviation:8.2f}{row.fid:10.3f}")
    kept.finish(out, {**head, "rows": [vars(row) for row in rows]})
    click.echo(f"Written to {out}")


if __name__ == "__main__":
    main()
