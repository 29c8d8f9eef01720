"""`draggan-server drag`"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from draggan_client.edit_state import EditState
from draggan_client.errors import EditStateError, MessageError
from draggan_client.messages import (
    DragOptions,
    DragRequest,
    Frame,
    FromPicture,
    FromSeed,
    FromState,
    InversionMode,
    MaskData,
    PointPair,
    PreviewOptions,
    Source,
)
from draggan_server.canvas import CanvasError, mask_for_model
from draggan_server.canvas import Frame as CanvasFrame
from draggan_server.canvas import Mask as CanvasMask
from draggan_server.cli.animation import check_animation, encoded_animation
from draggan_server.cli.edit import Edit, Finished, run
from draggan_server.cli.errors import CommandError
from draggan_server.cli.files import Outputs, check_writable
from draggan_server.cli.options import (
    FrameParameter,
    Place,
    PlaceParameter,
    Pull,
    PullParameter,
    class_option,
    json_option,
    mode_option,
    model_option,
    output,
    picture_of,
    psi_option,
    settings_options,
    source,
    whole_number,
)
from draggan_server.cli.pictures import (
    PictureFile,
    check_format,
    encoded,
    mask_values,
    on_wire,
    read_mask,
    read_picture,
)
from draggan_server.cli.points import check_inside, new_points, next_points
from draggan_server.cli.progress import ProgressLine
from draggan_server.cli.recognition import as_plain, recognition_line
from draggan_server.cli.serving import connect
from draggan_server.cli.shapes import aspect_of

_ENDS = {
    "reached": "Every point has arrived",
    "step_limit": "The step limit came first (a larger --steps goes on for longer)",
    "stalled": "The points stopped coming nearer: this model may be unable to show what was asked for",
    "stopped": "Stopped",
}


@dataclass(frozen=True)
class Files:
    """The files that were asked for."""

    out: Path
    before: Path | None
    animation: Path | None
    state: Path | None


@click.command()
@click.option(
    "--seed", type=whole_number(FromSeed, "seed"), metavar="SEED", help="Drag on the model's picture of this seed ..."
)
@source("--picture", help="... or on a picture of yours: it is looked for in the model first ...")
@source("--state", help="... or go on from what --save-state, or `invert --state`, has kept.")
@click.option(
    "--point",
    "points",
    type=PullParameter(),
    multiple=True,
    help="A handle and its target, in the picture's pixels: 120,160:150,150. More than once for more.",
)
@click.option("--pin", "pins", type=PlaceParameter(), multiple=True, help="A place that is to stay where it is.")
@source("--mask", help="A picture as large: white may change, black must not.")
@click.option(
    "--frame",
    type=FrameParameter(),
    help="With --picture: what the model sees: its top left corner, its longer side, and the degrees that it is turned "
    "by about that corner, clockwise.  [default: the largest in the middle]",
)
@mode_option
@click.option("--release", is_flag=True, help="With --state: let go of earlier points, which hold their places else.")
@psi_option
@class_option
@model_option
@output("--out", default="after.png", show_default=True, help="The picture after the drag.")
@output("--before", help="The picture before it.")
@output("--animation", help="The way from one to the other: .gif, .webp or .png.")
@click.option(
    "--animation-size", type=whole_number(PreviewOptions, "size"), default=256, show_default=True, help="In pixels."
)
@click.option("--marks", is_flag=True, help="Draw handles (red) and targets (blue) into all pictures written.")
@output("--save-state", "save_state", help="Keep the edit, to go on from it with --state.")
@settings_options
@json_option
def drag(
    seed: int | None,
    picture: Path | None,
    state: Path | None,
    points: tuple[Pull, ...],
    pins: tuple[Place, ...],
    mask: Path | None,
    frame: Frame | None,
    mode: InversionMode | None,
    release: bool,
    psi: float | None,
    label: int | None,
    model: str | None,
    out: Path,
    before: Path | None,
    animation: Path | None,
    animation_size: int,
    marks: bool,
    save_state: Path | None,
    as_json: bool,
    **settings: Any,
) -> None:
    """Pull points of a picture to where they should go.

    \b
    draggan-server drag --seed 7 --point 64,100:52,100 --out after.png --animation drag.gif
    draggan-server drag --picture layer.png --mask mask.png --point 310,420:290,405 --pin 256,200

    Ctrl+C stops the drag and keeps what there is; a second time it gives up.
    """
    _check_combination(seed, picture, state, psi=psi, label=label, frame=frame, mode=mode, release=release)
    files = Files(out, before, animation, save_state)
    check_format(out)
    if before:
        check_format(before)
    if animation:
        check_animation(animation)
    check_writable((out, before, animation, save_state), inputs=(picture, mask, state))

    layer = read_picture(picture) if picture else None
    for path in (out, before):
        if layer and path:
            check_format(path, has_alpha=layer.has_alpha)
    area = read_mask(mask) if mask else None
    pulls = (*points, *(Pull(place, place) for place in pins))
    drawn = picture_of(seed, psi, label) if seed is not None else None
    opening, pairs = _opening(drawn, layer, state, frame, pulls, release=release, area=area, model=model)
    try:
        request = DragRequest(pairs, area, DragOptions(**settings), preview=None)
    except MessageError as error:
        raise CommandError(str(error)) from None
    with ProgressLine() as line, connect(line).session(opening, model) as session:
        edit = Edit(session, request, layer, marks, animation_size if animation else None, mode or "quick")
        finished = run(edit, line)
    outputs = _write(files, finished, layer)
    _report(finished, outputs, as_json=as_json)


def _check_combination(
    seed: int | None,
    picture: Path | None,
    state: Path | None,
    *,
    psi: float | None,
    label: int | None,
    frame: Frame | None,
    mode: InversionMode | None,
    release: bool,
) -> None:
    """Raises CommandError where options do not go together."""
    if seed is not None and (picture or state):
        raise CommandError("--seed cannot be used with --picture or --state. Choose what the drag begins with.")
    if seed is None and picture is None and state is None:
        raise CommandError("There is nothing to drag on. Give --seed 7, or --picture layer.png, or --state FILE.")
    if psi is not None and seed is None:
        raise CommandError("--psi belongs to --seed: pictures and kept edits have theirs already. Leave it out.")
    if label is not None and seed is None:
        raise CommandError("--class belongs to --seed: pictures and kept edits have theirs already. Leave it out.")
    if frame and (state or not picture):
        raise CommandError("--frame belongs to --picture at the start of an edit. Leave it out.")
    if mode and (state or not picture):
        raise CommandError("--mode belongs to --picture at the start of an edit. Leave it out.")
    if release and not state:
        raise CommandError("--release belongs to --state. Leave it out.")


def _opening(
    drawn: FromSeed | None,
    layer: PictureFile | None,
    state_file: Path | None,
    frame: Frame | None,
    pulls: Sequence[Pull],
    *,
    release: bool,
    area: MaskData | None,
    model: str | None,
) -> tuple[Source, tuple[PointPair, ...]]:
    """What the drag begins with, and its points: looked at now, since opening a picture takes a while.

    Raises CommandError.
    """
    if state_file:
        state = _read_state(state_file)
        if layer and state.source != "picture":
            raise CommandError(f"The edit in {state_file} did not begin with a picture. Leave --picture out.")
        pairs = next_points(pulls, state, release=release)
        check_inside(pairs, state.frame)
        return FromState(state_file.read_bytes(), on_wire(layer.pixels) if layer else None), pairs
    pairs = new_points(pulls)
    if layer is None:
        assert drawn is not None
        return drawn, pairs
    aspect = aspect_of(model)
    try:
        if frame:
            part = CanvasFrame(frame.x, frame.y, frame.size, frame.angle, aspect)
        else:
            part = CanvasFrame.around(layer.width, layer.height, aspect=aspect)
        if area:
            mask_for_model(CanvasMask.covering(layer.as_canvas(), mask_values(area)), part, 64)
    except CanvasError as error:
        raise CommandError(str(error)) from None
    seen = Frame(part.x, part.y, part.size, part.angle, aspect)
    check_inside(pairs, seen)
    return FromPicture(on_wire(layer.pixels), frame=seen), pairs


def _read_state(path: Path) -> EditState:
    try:
        return EditState.from_bytes(path.read_bytes())
    except OSError as error:
        raise CommandError(f"The edit {path} cannot be read: {error.strerror}. Look at the name.") from None
    except EditStateError as error:
        raise CommandError(f"{path}: {error.message} Begin again with --seed or --picture.") from None


def _write(files: Files, finished: Finished, layer: PictureFile | None) -> Outputs:
    """Raises CommandError where a file cannot be written, when all the others are."""
    has_alpha, profile = (layer.has_alpha, layer.profile) if layer else (False, None)
    outputs = Outputs()
    for what, path, pixels in (("before", files.before, finished.before), ("after", files.out, finished.after)):
        if path:
            outputs.write(what, path, partial(encoded, pixels, path, has_alpha=has_alpha, profile=profile))
    if files.animation:
        outputs.write("animation", files.animation, partial(encoded_animation, finished.frames, files.animation))
    outputs.write("state", files.state, lambda: finished.result.edit_state)
    outputs.check()
    return outputs


def _report(finished: Finished, outputs: Outputs, *, as_json: bool) -> None:
    result = finished.result
    if not as_json:
        if result.recognition and result.recognition.word != "good":
            click.echo(recognition_line(result.recognition))
        if finished.lacks_pixels:
            click.echo(
                "The picture is not the one that the edit began with: the result is as fine as the model draws it."
            )
        click.echo(f"{_ENDS[result.reason]}. {result.steps} steps in {result.seconds:.1f} s.")
        for point in result.points:  # where to take hold of it next time
            click.echo(f"  point {point.id}: now at {point.x:.1f},{point.y:.1f}, {point.distance:.1f} px left")
        for what, path in outputs.written.items():
            click.echo(f"  {what + ':':<11}{path}")
        return
    answer = {
        "reason": result.reason,
        "steps": result.steps,
        "seconds": round(result.seconds, 3),
        "points": [
            {
                "id": point.id,
                "handle": [round(point.x, 3), round(point.y, 3)],
                "target": list(finished.targets[point.id]),
                "distance_left": round(point.distance, 3),
            }
            for point in result.points
        ],
        "recognition": as_plain(result.recognition),
        "model": finished.model,
        "files": outputs.written,
    }
    click.echo(json.dumps(answer))
