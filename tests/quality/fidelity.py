"""How near the renderer's pictures are the model's? PSNR on unseen latents, its distribution, the worst of them.

    python -m tests.quality.fidelity                 bundled portraits; 512 latents
    python -m tests.quality.fidelity --model cars --pictures 64 --out /tmp/quick.json

At psi 1, where the factors of each picture are known. Started again after a kill, it goes on where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import mean

import click
import torch

from draggan_server.training.losses import psnr

from .kept import Kept
from .subject import Subject, Unseen, measured_model, results_file, unseen

PICTURES, SEED = 512, 50_000
WORST = 8
PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
_AT_ONCE = 32


def psnr_of(subject: Subject, pictures: Unseen) -> list[float]:
    """In dB, of each."""
    return psnr(subject.drawn(pictures.z), subject.true(pictures.factors)).tolist()


def distribution(values: Sequence[float]) -> dict[str, float]:
    """Least, percentiles, most and mean."""
    found = torch.quantile(torch.tensor(values), torch.tensor(PERCENTILES) / 100).tolist()
    cuts = {f"p{percentile}": value for percentile, value in zip(PERCENTILES, found, strict=True)}
    return {"least": min(values), **cuts, "most": max(values), "mean": mean(values)}


def worst_of(values: Sequence[float]) -> list[dict[str, float]]:
    """The numbers of the worst pictures, in the order of their latents, and how bad they are; the worst first."""
    order = sorted(range(len(values)), key=values.__getitem__)
    return [{"number": number, "psnr_db": values[number]} for number in order[:WORST]]


@click.command(help=__doc__.splitlines()[0] if __doc__ else None)
@measured_model("fidelity")
@click.option("--pictures", "count", default=PICTURES, show_default=True)
def main(model: str, domain: str | None, out: Path | None, threads: int, count: int) -> None:
    torch.set_num_threads(threads)
    subject = Subject.of(model, domain)
    out = out or results_file(subject, "fidelity")
    head = {**subject.record(), "seed": SEED, "pictures": count}
    kept = Kept(out, head)
    pictures = unseen(count, SEED, subject.domain)
    values: list[float] = []
    for z, factors in zip(pictures.z.split(_AT_ONCE), pictures.factors.split(_AT_ONCE), strict=True):
        values += kept.value(str(len(values)), psnr_of, subject, Unseen(z, factors))
        click.echo(f"\r{len(values)} of {count}", nl=False)
    summary, worst = distribution(values), worst_of(values)
    click.echo("\r" + "".join(f"{name:>8}" for name in summary) + "   dB")
    click.echo("".join(f"{value:8.2f}" for value in summary.values()))
    click.echo("worst: " + ", ".join(f"number {row['number']} {row['psnr_db']:.1f} dB" for row in worst))
    kept.finish(out, {**head, "summary": summary, "worst": worst, "psnr_db": values})
    click.echo(f"Written to {out}")


if __name__ == "__main__":
    main()
