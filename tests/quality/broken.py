"""Broken pictures, counted: which of the model's pictures do not show what their latent codes say?

    python -m tests.quality.broken                   bundled portraits; 512 latents, at psi 0.7 and at psi 1
    python -m tests.quality.broken --model cars --pictures 64 --out /tmp/quick.json

A picture is suspicious when the landmark finder does not find what should be in it (several landmarks, or half of them,
are too far from their true places), or when it is much further from the renderer's picture than most are. All
suspicious ones are put on a sheet, each beside the truth, for a person to look at: the file beside the record, with
.jpg. Under truncation the truth is the picture of the same z drawn towards the mean as far, before it becomes factors:
near what the model's own truncation does, so that what is far from it stands out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import click
import torch
from PIL import Image
from torch import Tensor

from draggan_server.training.losses import psnr
from draggan_server.training.sheet import picture_of, tiled

from .kept import Kept
from .subject import Subject, measured_model, results_file, unseen

PICTURES, SEED = 512, 60_000
PSIS = (0.7, 1.0)
FAR = 0.05
"""A landmark further from its true place than this part of the width is misplaced."""
MISPLACED = 3
"""So many misplaced landmarks make a picture suspicious."""
HALF_FAR = 0.025
"""So does a median of its landmarks' errors beyond this part of the width."""
UNDER_MEDIAN_DB = 6.0
"""And a PSNR so far under the median of all."""
_AT_ONCE = 32
_SHEET_COLUMNS, _SHEET_ROWS = 4, 16
"""Pairs of pictures on the sheet."""


@dataclass(frozen=True)
class Checked:
    """A picture beside what it should show."""

    number: int
    """In the order of the latents."""
    psi: float
    misplaced: int
    """Visible landmarks further than FAR from their places."""
    median_error: float
    """Of the visible landmarks, in picture widths."""
    psnr_db: float

    def faults(self, usual_psnr_db: float) -> tuple[str, ...]:
        """Why it is suspicious; empty if it is not."""
        found = {
            "landmarks": self.misplaced >= MISPLACED or self.median_error > HALF_FAR,
            "picture": self.psnr_db < usual_psnr_db - UNDER_MEDIAN_DB,
        }
        return tuple(name for name, wrong in found.items() if wrong)


def truncated_factors(z: Tensor, psi: float) -> Tensor:
    """Factors [N, F] of z [N, F] drawn towards the mean: as factors_from_z, but for psi."""
    normalised = z * (z.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()
    return 0.5 * (1.0 + torch.erf(psi * normalised / math.sqrt(2.0)))


def checked(subject: Subject, z: Tensor, first: int, psi: float) -> list[Checked]:
    """Of z [N, z_dim], the first of which has the number `first`."""
    factors = truncated_factors(z, psi)
    drawn, true = subject.drawn(z, psi), subject.true(factors)
    errors = (subject.finder(drawn) - subject.domain.landmarks(factors)).norm(dim=2)
    rows = []
    for i, (visible, likeness) in enumerate(zip(subject.domain.visible(factors), psnr(drawn, true), strict=True)):
        seen = errors[i][visible]
        rows.append(Checked(first + i, psi, int((seen > FAR).sum()), seen.median().item(), likeness.item()))
    return rows


def suspicious(rows: Sequence[Checked]) -> list[Checked]:
    """Those with a fault, at one psi; the least like the truth first."""
    usual = median(row.psnr_db for row in rows)
    return sorted((row for row in rows if row.faults(usual)), key=lambda row: row.psnr_db)


def summary(rows: Sequence[Checked]) -> dict[str, Any]:
    """The counts at one psi."""
    usual = median(row.psnr_db for row in rows)
    faults = [row.faults(usual) for row in rows]
    return {
        "psi": rows[0].psi,
        "pictures": len(rows),
        "suspicious": sum(bool(fault) for fault in faults),
        "by_landmarks": sum("landmarks" in fault for fault in faults),
        "by_picture": sum("picture" in fault for fault in faults),
        "median_psnr_db": usual,
    }


def sheet(subject: Subject, rows: Sequence[Checked], z: Tensor) -> Image.Image | None:
    """Pairs of pictures, generated and true, row by row; no more than fit. None where there is nothing to show."""
    shown = rows[: _SHEET_COLUMNS * _SHEET_ROWS]
    if not shown:
        return None
    pairs = []
    for row in shown:
        one = z[row.number : row.number + 1]
        pairs += [subject.drawn(one, row.psi), subject.true(truncated_factors(one, row.psi))]
    missing = -len(pairs) % (2 * _SHEET_COLUMNS) if len(shown) > _SHEET_COLUMNS else 0
    pairs += [torch.ones_like(pairs[0])] * missing
    return picture_of(tiled(torch.cat(pairs), min(2 * _SHEET_COLUMNS, len(pairs))))


@click.command(help=__doc__.splitlines()[0] if __doc__ else None)
@measured_model("broken")
@click.option("--pictures", "count", default=PICTURES, show_default=True)
def main(model: str, domain: str | None, out: Path | None, threads: int, count: int) -> None:
    torch.set_num_threads(threads)
    subject = Subject.of(model, domain)
    out = out or results_file(subject, "broken")
    limits = {"far": FAR, "misplaced": MISPLACED, "half_far": HALF_FAR, "under_median_db": UNDER_MEDIAN_DB}
    head = {**subject.record(), "seed": SEED, "limits": limits, "pictures": count}
    kept = Kept(out, head)
    z = unseen(count, SEED, subject.domain).z
    counts, found = [], []
    for psi in PSIS:
        rows: list[Checked] = []
        for part in z.split(_AT_ONCE):
            measured = kept.value(f"{psi}-{len(rows)}", checked, subject, part, len(rows), psi)
            rows += [Checked(**row) for row in measured]
            click.echo(f"\rpsi {psi}: {len(rows)} of {count}", nl=False)
        counts.append(summary(rows))
        found += suspicious(rows)
        click.echo(
            f"\rpsi {psi}: {counts[-1]['suspicious']} of {count} are suspicious, "
            f"{counts[-1]['by_landmarks']} by their landmarks, {counts[-1]['by_picture']} by their PSNR "
            f"(median {counts[-1]['median_psnr_db']:.1f} dB)"
        )
    kept.finish(out, {**head, "summary": counts, "suspicious": [asdict(row) for row in found]})
    click.echo(f"Written to {out}")
    picture = sheet(subject, found, z)
    if picture is not None:
        picture.save(out.with_suffix(".jpg"), quality=88)
        click.echo(f"To be looked at, generated and true in turns: {out.with_suffix('.jpg')}")


if __name__ == "__main__":
    main()
