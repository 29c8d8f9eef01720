"""`draggan-server models`"""

from __future__ import annotations

import json

import click

from draggan_client.messages import ModelInfo
from draggan_server.cli.options import json_option
from draggan_server.cli.progress import ProgressLine
from draggan_server.cli.serving import connect


@click.command()
@json_option
def models(as_json: bool) -> None:
    """List the models of this computer.

    More are added by putting their .safetensors files into the folder `models` of DragGAN's data folder, which
    `draggan-server doctor` names.
    """
    with ProgressLine() as line:
        connection = connect(line)
        found = connection.models().models
    if as_json:
        click.echo(json.dumps([_described(model) for model in found]))
        return
    if not found:
        click.echo(f"There are no models. Put their files into {connection.home.models}.")
        return
    rows = [("MODEL", "NAME", "SIZE", "DRAWS", "LICENCE", "SHA-256")]
    rows += [
        (model.id, model.name, f"{model.resolution} px", model.domain, model.licence, model.sha256[:12])
        for model in found
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _described(model: ModelInfo) -> dict[str, object]:
    return {
        "id": model.id,
        "name": model.name,
        "resolution": model.resolution,
        "domain": model.domain,
        "licence": model.licence,
        "sha256": model.sha256,
        "bundled": model.bundled,
        "alignment": {point.name: [point.x, point.y] for point in model.alignment},
    }
