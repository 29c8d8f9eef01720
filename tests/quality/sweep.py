"""Compares settings of the drag by factor drags: the evidence for the bundled model's defaults.

    python -m tests.quality.sweep --model FILE feature_resolution=32 "step_size=0.01 latent_space=w"

Each argument is one line of the table: settings that differ from the defaults, separated by spaces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import click
import torch

from draggan_server.drag import DragSettings, LatentSpace, Norm

from .cases import FactorDrag, factor_drags
from .factor_drags import artist_runner
from .running import Runner
from .subject import BUNDLED
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
@click.option("--model", type=click.Path(path_type=Path, exists=True), default=BUNDLED, show_default="the bundled one")
@click.option("--seed", default=2, show_default=True, help="Not the one of the committed results.")
@click.option("--per-kind", default=2, show_default=True)
@click.option("--masked", is_flag=True)
@click.argument("variants", nargs=-1)
def main(model: Path, seed: int, per_kind: int, masked: bool, variants: tuple[str, ...]) -> None:
    torch.set_num_threads(1)
    compare(artist_runner(model), ("", *variants), factor_drags(seed, per_kind), masked)


if __name__ == "__main__":
    main()
