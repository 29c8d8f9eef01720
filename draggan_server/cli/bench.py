"""`draggan-server bench`"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from draggan_client.discovery import find_home
from draggan_server.cli.errors import CommandError
from draggan_server.cli.options import json_option
from draggan_server.cli.table import print_table

if TYPE_CHECKING:
    from draggan_server.server.bench import Speed

_PARTS = ("features", "tracking", "loss", "gradient")
_MIB = 1 << 20


@click.command()
@click.option("--model", metavar="NAME", help="Only this one; see `draggan-server models`.  [default: all]")
@click.option(
    "--points",
    "counts",
    type=click.IntRange(1, 100),
    multiple=True,
    default=(1, 5),
    help="Drag so many points; more than once to compare.  [default: 1, then 5]",
)
@click.option("--steps", type=click.IntRange(3, 1000), default=20, show_default=True, help="At most, for each number.")
@json_option
def bench(model: str | None, counts: tuple[int, ...], steps: int, as_json: bool) -> None:
    """Measure how fast this computer drags, and what takes the time.

    It computes by itself, not in the server: for numbers worth comparing let nothing else run. Krita and GIMP show the
    speed for one point from then on.

    The parts of a step: features are computed round the points, tracking looks where the handles went, the loss says
    how far the picture is from what is wanted, and the gradient how to change it. A preview draws the whole picture.
    """
    from draggan_server.checkpoints import CheckpointError  # torch takes its time
    from draggan_server.models import BUNDLED_MODELS, ModelLibrary, UnknownModelError
    from draggan_server.server.bench import measure
    from draggan_server.server.machine import choose_device, describe_device, prepare_device, prepare_engine_thread
    from draggan_server.server.speeds import Speeds

    home = find_home()
    device = choose_device()
    prepare_device(device)
    prepare_engine_thread()
    computer = describe_device(device)
    library = ModelLibrary((BUNDLED_MODELS, home.models), device=device, resident=1)
    speeds = Speeds(home.speeds_file, computer)
    found: dict[str, list[Speed]] = {}
    try:
        entries = (library.entry(model),) if model else library.entries()
        for entry in entries:
            click.echo(f"Measuring {entry.id} ...", err=True)
            checkpoint = library.load(entry.id)
            found[entry.id] = []
            for count in counts:
                speed = measure(checkpoint, count, steps)
                found[entry.id].append(speed)
                if count == 1:
                    speeds.measured(entry.sha256, speed.steps_per_s)
    except (UnknownModelError, CheckpointError) as error:
        raise CommandError(str(error)) from None
    if as_json:
        rows = [_described(name, speed) for name, measured in found.items() for speed in measured]
        click.echo(json.dumps({"device": computer, "measured": rows}))
        return
    click.echo(f"On {computer}:")
    if not found:
        click.echo(f"There are no models. Put their files into {home.models}.")
        return
    rows_of_text = [("MODEL", "SIZE", "POINTS", "STEPS/S", *(part.upper() for part in _PARTS), "PREVIEW", "MEMORY")]
    rows_of_text += [_row(name, speed) for name, measured in found.items() for speed in measured]
    print_table(rows_of_text)
    for name, measured in found.items():
        slowest = measured[0]
        share = slowest.parts_s[slowest.slowest_part] / slowest.step_s
        click.echo(
            f"{name}: most of a step's time goes to the {slowest.slowest_part} ({share:.0%}); a preview takes as long "
            f"as {slowest.preview_s / slowest.step_s:.1f} steps."
        )


def _row(model: str, speed: Speed) -> tuple[str, ...]:
    return (
        model,
        f"{speed.resolution} px",
        str(speed.points),
        f"{speed.steps_per_s:.1f}",
        *(f"{speed.parts_s.get(part, 0.0) * 1000:.1f} ms" for part in _PARTS),
        f"{speed.preview_s * 1000:.0f} ms",
        f"{speed.memory_bytes / _MIB:.0f} MiB",
    )


def _described(model: str, speed: Speed) -> dict[str, object]:
    return {
        "model": model,
        "resolution": speed.resolution,
        "feature_resolution": speed.feature_resolution,
        "points": speed.points,
        "steps": speed.steps,
        "steps_per_s": round(speed.steps_per_s, 2),
        "parts_ms": {part: round(seconds * 1000, 3) for part, seconds in speed.parts_s.items()},
        "preview_ms": round(speed.preview_s * 1000, 2),
        "memory_mib": round(speed.memory_bytes / _MIB),
    }
