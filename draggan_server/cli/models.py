"""`draggan-server models`"""

from __future__ import annotations

import json

import click

from draggan_client.messages import ModelInfo
from draggan_server.cli.options import json_option
from draggan_server.cli.progress import ProgressLine
from draggan_server.cli.serving import connect
from draggan_server.cli.table import print_table


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
        click.echo(json.dumps({"models": [_described(model) for model in found]}))
        return
    if not found:
        click.echo(f"There are no models. Put their files into {connection.home.models}.")
        return
    rows = [("MODEL", "NAME", "SIZE", "DRAWS", "LICENCE", "STEPS/S", "SHA-256")]
    rows += [
        (
            model.id,
            model.name,
            f"{model.resolution} px",
            model.domain,
            model.licence,
            f"{model.steps_per_s:.1f}" if model.steps_per_s else "?",
            model.sha256[:12],
        )
        for model in found
    ]
    print_table(rows)


def _described(model: ModelInfo) -> dict[str, object]:
    return {
        "id": model.id,
        "name": model.name,
        "resolution": model.resolution,
        "domain": model.domain,
        "licence": model.licence,
        "sha256": model.sha256,
        "bundled": model.bundled,
        "steps_per_s": model.steps_per_s,
        "alignment": {point.name: [point.x, point.y] for point in model.alignment},
    }
