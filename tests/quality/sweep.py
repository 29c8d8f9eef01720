"""Compares settings of the drag by factor drags: the evidence for the bundled models' defaults.

    python -m tests.quality.sweep --model portraits feature_resolution=32 "step_size=0.01 latent_space=w"

Each argument is one line of the table: settings that differ from the defaults, separated by spaces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import click
import torch

from draggan_server.drag import DragSettings, LatentSpace, Norm
from draggan_server.training.recipe import RECIPES

from .cases import LONGEST, FactorDrag, factor_drags
from .factor_drags import runner_of
from .running import Runner
from .subject import Subject
from .summary import edited_row, table, unedited_row

_PARSERS = {"latent_space": LatentSpace, "tracking_norm": Norm}
_WHOLE = ("feature_resolution", "moving_resolution", "max_steps", "patience_steps")


def parsed(text: str, base: DragSettings) -> DragSettings:
    """ "step_size=0.01 latent_space=w" -> settings. Raises click.BadParameter."""
    changes: dict[str, object] = {}
    known = {field.name for field in fields(DragSettings)}
    for part in text.split():
        name, _, value = part.partition("=")
        if name not in known:
            raise click.BadParameter(f"{name!r} is no setting; there are {', '.join(sorted(known))}")
        changes[name] = _PARSERS.get(name, int if name in _WHOLE else float)(value)
    return replace(base, **changes)  # type: ignore[arg-type]


def compare(runner: Runner, variants: Sequence[str], cases: Sequence[FactorDrag], masked: bool) -> None:
    """Prints a line for each variant as soon as it is known."""
    first = True
    for variant in variants:
        settings = parsed(variant, runner.settings)
        results = [replace(runner, settings=settings).run(case, masked=masked) for case in cases]
        rows = [edited_row(variant or "defaults", results)]
        if first:
            rows.insert(0, unedited_row("no edit", results))
        lines = table(rows).splitlines()
        click.echo("\n".join(lines if first else lines[1:]))
        first = False


@click.command(help=__doc__.splitlines()[0] if __doc__ else None)
@click.option("--model", default="portraits", show_default=True, help="A bundled model's id, or a file.")
@click.option("--domain", type=click.Choice(tuple(RECIPES)), help="[default: as the model is called]")
@click.option("--seed", default=2, show_default=True, help="Not the one of the committed results.")
@click.option("--per-kind", default=2, show_default=True)
@click.option("--longest", default=LONGEST, show_default=True, help="No landmark moves further; picture widths.")
@click.option("--masked", is_flag=True)
@click.argument("variants", nargs=-1)
def main(
    model: str, domain: str | None, seed: int, per_kind: int, longest: float, masked: bool, variants: tuple[str, ...]
) -> None:
    torch.set_num_threads(1)
    subject = Subject.of(model, domain)
    compare(runner_of(subject), ("", *variants), factor_drags(seed, per_kind, subject.domain, longest), masked)


if __name__ == "__main__":
    main()
