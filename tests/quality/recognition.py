"""Recognition: does the score tell portraits from pictures that the model does not know?

    python -m tests.quality.recognition                     as its committed results were made
    python -m tests.quality.recognition --each 2 --out /tmp/quick.json

Start it in the checkout. The score is that of the search in W, the same in both modes. Half of the kinds of foreign
pictures and half of the portraits set the thresholds (`set_thresholds`); the rates are counted on the other half.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click
import torch
from torch import Tensor

from draggan_server.checkpoints import load_checkpoint
from draggan_server.inversion import Familiarity, InversionSettings, RecognitionThresholds, invert
from draggan_server.stylegan2 import Generator
from draggan_server.training.portraits import render

from .cases import factor_drags
from .foreign import KINDS, foreign_picture
from .subject import BUNDLED, RESULTS, file_sha256, revision

IN_W = replace(InversionSettings.quick(), w_plus_steps=0, tuning_steps=0)
PORTRAIT = "portrait"
SEED, PER_KIND = 1, 7
"""Of the factor drags whose portraits are taken, as tests.quality.inversion does."""
CALIBRATING_KINDS = ("landscape", "text")
"""Foreign kinds that the thresholds are set by; the others report."""
ROUNDED_TO = 0.01


@dataclass(frozen=True)
class Scored:
    """A picture and what the model says of it."""

    kind: str
    number: int
    score: float
    word: str

    @property
    def calibrates(self) -> bool:
        """It belongs to the half that sets the thresholds."""
        return self.number % 2 == 0 if self.kind == PORTRAIT else self.kind in CALIBRATING_KINDS

    @property
    def is_wrong(self) -> bool:
        return (self.word == Familiarity.UNKNOWN.value) == (self.kind == PORTRAIT)


def scored(generator: Generator, kind: str, number: int) -> Scored:
    *_, last = invert(generator, None, picture_of(generator, kind, number), IN_W)
    assert last.recognition is not None
    return Scored(kind, number, last.recognition.score, last.recognition.word.value)


def picture_of(generator: Generator, kind: str, number: int) -> Tensor:
    """[1, 3, R, R], a portrait of the renderer's that the generator never saw, or a foreign picture."""
    if kind != PORTRAIT:
        return foreign_picture(kind, number, generator.resolution)
    return render(factor_drags(SEED, PER_KIND)[number].before, generator.resolution)


def set_thresholds(pictures: Sequence[Scored]) -> RecognitionThresholds:
    """fair: half way between the best foreign picture and the worst portrait. good: what three of four portraits have.

    Of the calibrating half only.
    """
    portraits = torch.tensor([one.score for one in pictures if one.calibrates and one.kind == PORTRAIT])
    foreign = max(one.score for one in pictures if one.calibrates and one.kind != PORTRAIT)
    fair, good = (foreign + portraits.min().item()) / 2, torch.quantile(portraits, 0.25).item()
    return RecognitionThresholds(*(round(value / ROUNDED_TO) * ROUNDED_TO for value in (max(fair, good), fair)))


def summary(pictures: Sequence[Scored]) -> dict[str, Any]:
    """Rates on the reporting half, and on all."""
    rows: dict[str, Any] = {}
    for name, group in (("reported", [one for one in pictures if not one.calibrates]), ("all", list(pictures))):
        portraits = [one for one in group if one.kind == PORTRAIT]
        foreign = [one for one in group if one.kind != PORTRAIT]
        rows[name] = {
            "portraits": len(portraits),
            "false_alarms": sum(one.is_wrong for one in portraits),
            "foreign": len(foreign),
            "false_accepts": sum(one.is_wrong for one in foreign),
        }
    rows["kinds"] = {
        kind: {
            "least": min(scores),
            "median": sorted(scores)[len(scores) // 2],
            "most": max(scores),
            "words": {
                word.value: sum(one.word == word.value for one in pictures if one.kind == kind) for word in Familiarity
            },
        }
        for kind in (PORTRAIT, *KINDS)
        if (scores := [one.score for one in pictures if one.kind == kind])
    }
    return rows


@click.command(help=__doc__.splitlines()[0] if __doc__ else None)
@click.option("--model", type=click.Path(path_type=Path, exists=True), default=BUNDLED, show_default="the bundled one")
@click.option(
    "--each", default=20, show_default=True, help="Pictures of each foreign kind; five times as many portraits."
)
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS / "recognition.json", show_default=True)
@click.option("--threads", default=1, show_default=True)
def main(model: Path, each: int, out: Path, threads: int) -> None:
    torch.set_num_threads(threads)
    checkpoint = load_checkpoint(model)
    wanted = [(kind, number) for number in range(each) for kind in KINDS]
    wanted += [(PORTRAIT, number) for number in range(each * len(KINDS))]
    pictures = []
    since = time.monotonic()
    for kind, number in wanted:
        pictures.append(scored(checkpoint.generator, kind, number))
        click.echo(f"\r{len(pictures)} of {len(wanted)} {time.monotonic() - since:5.0f} s", nl=False)
    record = {
        "model": {"file": model.name, "sha256": file_sha256(model)},
        "revision": revision(),
        "seed": SEED,
        "calibrating_kinds": list(CALIBRATING_KINDS),
        "settings": asdict(IN_W),
        "torch": {"version": torch.__version__, "threads": torch.get_num_threads()},
        "calibrated": asdict(set_thresholds(pictures)),
        "summary": summary(pictures),
        "pictures": [asdict(one) for one in pictures],
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(record, indent=1) + "\n")
    click.echo("\n" + json.dumps({"calibrated": record["calibrated"], **record["summary"]}, indent=1))
    click.echo(f"Written to {out}")


if __name__ == "__main__":
    main()
