"""The yardstick's own error: how far from the truth does the landmark finder find landmarks?

    python -m tests.quality.finder_errors                bundled portraits; 500 pictures each
    python -m tests.quality.finder_errors --model cars

On the renderer's own pictures the error is the finder's; on generated pictures of the same factors it is the finder's
and the model's together. Errors are in picture widths, over the landmarks that can be seen.
"""

from __future__ import annotations

from pathlib import Path

import click
import torch

from .kept import Kept
from .measures import FinderError, finder_errors
from .subject import Subject, measured_model, results_file, unseen

PICTURES, SEED = 500, 90_000


def errors_on(subject: Subject, count: int, *, generated: bool) -> list[FinderError]:
    """Per kind of landmark, and last for all; on generated pictures or on the renderer's own."""
    pictures = unseen(count, SEED, subject.domain)
    drawn = subject.drawn(pictures.z) if generated else subject.true(pictures.factors)
    return finder_errors(subject.finder, subject.domain, drawn, pictures.factors)


@click.command(help=__doc__.splitlines()[0] if __doc__ else None)
@measured_model("finder_errors")
@click.option("--pictures", default=PICTURES, show_default=True)
def main(model: str, domain: str | None, out: Path | None, threads: int, pictures: int) -> None:
    torch.set_num_threads(threads)
    subject = Subject.of(model, domain)
    out = out or results_file(subject, "finder_errors")
    head = {**subject.record(), "seed": SEED, "pictures": pictures}
    kept = Kept(out, head)
    rows = {
        name: kept.value(name, errors_on, subject, pictures, generated=name == "generated")
        for name in ("true", "generated")
    }
    click.echo(f"{'':22}{'true: median':>14}{'p95':>8}{'generated: median':>20}{'p95':>8}")
    for true, drawn in zip(rows["true"], rows["generated"], strict=True):
        click.echo(
            f"{true['kind']:22}{true['median']:14.2%}{true['p95']:8.2%}{drawn['median']:20.2%}{drawn['p95']:8.2%}"
        )
    kept.finish(out, {**head, **rows})
    click.echo(f"Written to {out}")


if __name__ == "__main__":
    main()
