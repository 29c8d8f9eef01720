"""`draggan-server invert`"""

from __future__ import annotations

import dataclasses
import itertools
import json
from pathlib import Path

import click

from draggan_client.errors import StoppedError
from draggan_client.messages import Frame, FromPicture, InversionMode, Progress, Result, ResultRequest
from draggan_server.cli.files import Outputs, check_writable
from draggan_server.cli.options import FrameParameter, json_option, mode_option, model_option, output
from draggan_server.cli.pictures import check_format, encoded, from_wire, on_wire, read_picture
from draggan_server.cli.progress import ProgressLine
from draggan_server.cli.recognition import as_plain, recognition_line
from draggan_server.cli.serving import connect, ctrl_c_stops
from draggan_server.cli.shapes import aspect_of


@click.command()
@click.argument("picture", type=click.Path(path_type=Path))
@click.option(
    "--frame",
    type=FrameParameter(),
    help="What the model sees: its top left corner, its longer side, and the degrees that it is turned by about that "
    "corner, clockwise.  [default: the largest in the middle]",
)
@mode_option
@model_option
@output("--out", default="reconstruction.png", show_default=True, help="The picture as the model draws it.")
@output("--state", help="Keep what was found, for `draggan-server drag --state`.")
@json_option
def invert(
    picture: Path,
    frame: Frame | None,
    mode: InversionMode | None,
    model: str | None,
    out: Path,
    state: Path | None,
    as_json: bool,
) -> None:
    """Find a picture in a model, so that it can be dragged.

    \b
    draggan-server invert portrait.png --state portrait.state
    draggan-server drag --state portrait.state --picture portrait.png --point 120,160:150,150

    Ctrl+C stops the search and keeps what was found so far; a second time it gives up.
    """
    check_format(out)
    check_writable((out, state), inputs=(picture,))
    if frame:
        frame = dataclasses.replace(frame, aspect=aspect_of(model))
    source = FromPicture(on_wire(read_picture(picture).pixels), frame=frame)
    with ProgressLine() as line, connect(line).session(source, model) as session:
        with ctrl_c_stops(session):
            for event in itertools.chain(session.open(), session.invert(mode or "quick")):
                if isinstance(event, Progress):
                    line.progress(event)
        result, found = session.result, session.state()
        assert result is not None and found is not None
        if not found.is_known:
            raise StoppedError("Stopped before anything was found.")
        pixels = from_wire(session.pixels(ResultRequest("model")))
    outputs = Outputs()
    outputs.write("reconstruction", out, lambda: encoded(pixels, out))
    outputs.write("state", state, lambda: result.edit_state)
    outputs.check()
    if as_json:
        answer = {
            "reason": result.reason,
            "steps": result.steps,
            "seconds": round(result.seconds, 3),
            "recognition": as_plain(result.recognition),
            "files": outputs.written,
        }
        click.echo(json.dumps(answer))
    else:
        click.echo(_found(result))
        if result.recognition:
            click.echo(recognition_line(result.recognition))
        for what, path in outputs.written.items():
            click.echo(f"  {what}: {path}")


def _found(result: Result) -> str:
    if result.reason == "stopped":
        return f"Stopped after {result.steps} steps in {result.seconds:.1f} s; what was found so far is kept."
    if result.steps == 0:
        return "Found before, and kept."
    return f"Found after {result.steps} steps in {result.seconds:.1f} s."
