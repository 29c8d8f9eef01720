"""`draggan-server generate`"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from draggan_client.messages import ResultRequest
from draggan_server.cli.errors import CommandError
from draggan_server.cli.files import Outputs, check_writable
from draggan_server.cli.options import SeedsParameter, class_option, model_option, output, picture_of, psi_option
from draggan_server.cli.pictures import check_format, encoded, from_wire
from draggan_server.cli.progress import ProgressLine
from draggan_server.cli.serving import connect

_PLACE = "{seed}"


@click.command()
@click.option(
    "--seed",
    "seed_lists",
    type=SeedsParameter(),
    multiple=True,
    required=True,
    help="Which picture: the seeds of NVIDIA's tools. Also 1-6 or 0,3,8, and more than once.",
)
@psi_option
@class_option
@model_option
@output("--out", default=f"seed{_PLACE}.png", show_default=True, help="The file; {seed} stands for the seed.")
def generate(
    seed_lists: tuple[tuple[int, ...], ...], psi: float | None, label: int | None, model: str | None, out: Path
) -> None:
    """Draw pictures out of a model, without dragging anything.

    \b
    draggan-server generate --seed 7
    draggan-server generate --seed 1-20 --psi 0.9 --out "faces/{seed}.png"
    """
    seeds = list(dict.fromkeys(seed for seeds in seed_lists for seed in seeds))
    if len(seeds) > 1 and _PLACE not in out.name:
        raise CommandError(f"{out} is one file for {len(seeds)} pictures. Put {_PLACE} into its name.")
    files = [out.with_name(out.name.replace(_PLACE, str(seed))) for seed in seeds]
    check_format(out)
    check_writable(files)
    outputs = Outputs()
    with ProgressLine() as line:
        connection = connect(line)
        for seed, file in zip(seeds, files, strict=True):
            with connection.session(picture_of(seed, psi, label), model) as session:
                pixels = from_wire(session.pixels(ResultRequest("model")))
            outputs.write(str(seed), file, partial(encoded, pixels, file))
            outputs.check()
    for written in outputs.written.values():
        click.echo(written)
