"""What the commands' options are made of: points, seeds, frames, and the settings of a drag."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import click

from draggan_client.messages import DragOptions, Frame, FromSeed
from draggan_client.schema import Between

Place = tuple[float, float]
Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Pull:
    """A handle and where it is to go, in the picture's pixels; the same place: a pin."""

    handle: Place
    target: Place

    def __str__(self) -> str:
        return ":".join(f"{x:g},{y:g}" for x, y in (self.handle, self.target))


def limits(record: type, name: str) -> Between:
    """The limits of a message's number, so that an option names them without saying them again."""
    kind = get_type_hints(record, include_extras=True)[name]
    for member in (kind, *get_args(kind)):
        if get_origin(member) is Annotated:
            return next(rule for rule in member.__metadata__ if isinstance(rule, Between))
    raise TypeError(f"{record.__name__}.{name} has no limits")


def number(record: type, name: str) -> click.FloatRange:
    """An option for that number."""
    allowed = limits(record, name)
    return click.FloatRange(allowed.low, allowed.high)


def whole_number(record: type, name: str) -> click.IntRange:
    """An option for that whole number."""
    allowed = limits(record, name)
    return click.IntRange(int(allowed.low), int(allowed.high))


class PullParameter(click.ParamType):
    """`120,160:150,150`"""

    name = "X,Y:X,Y"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Pull:
        if isinstance(value, Pull):
            return value
        parts = [_numbers(part, 2) for part in str(value).split(":")]
        if len(parts) == 2 and parts[0] and parts[1]:
            return Pull((parts[0][0], parts[0][1]), (parts[1][0], parts[1][1]))
        self.fail(f"{value!r} is not a handle and a target. Write it like 120,160:150,150", param, ctx)


class PlaceParameter(click.ParamType):
    """`120,160`"""

    name = "X,Y"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Place:
        if isinstance(value, tuple):
            return value
        found = _numbers(str(value), 2)
        if found:
            return found[0], found[1]
        self.fail(f"{value!r} is not a place. Write it like 120,160", param, ctx)


class FrameParameter(click.ParamType):
    """`40,0,512` or, turned, `40,0,512,20`: a square; a frame of another shape has its model's."""

    name = "X,Y,SIZE[,ANGLE]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Frame:
        if isinstance(value, Frame):
            return value
        found = _numbers(str(value), 3) or _numbers(str(value), 4)
        if found and found[2] >= 8 and all(abs(angle) <= 360 for angle in found[3:]):
            return Frame(*found)
        self.fail(f"{value!r} is not a frame of at least 8 px. Write it like 40,0,512 or 40,0,512,20", param, ctx)


class SeedsParameter(click.ParamType):
    """`7`, `1-6` or `0,3,8-9`"""

    name = "SEED"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        most = int(limits(FromSeed, "seed").high)
        seeds: list[int] = []
        for part in str(value).split(","):
            first, dash, last = part.partition("-")
            last = last if dash else first
            if not (first.isdecimal() and last.isdecimal() and int(first) <= int(last) <= most):
                self.fail(f"{value!r} is not a seed from 0 to {most}. Write it like 7, or 1-6, or 0,3,8", param, ctx)
            if int(last) - int(first) >= 10_000:
                self.fail(f"{value!r} are more than 10000 pictures. Ask for fewer at once", param, ctx)
            seeds += range(int(first), int(last) + 1)
        return tuple(seeds)


def picture_of(seed: int, psi: float | None, label: int | None) -> FromSeed:
    """What is asked for; what was left out as messages have it."""
    return FromSeed(seed, label=label) if psi is None else FromSeed(seed, psi, label=label)


def output(*names: str, **settings: Any) -> Callable[[Command], Command]:
    """An option for a file to be written."""
    return click.option(*names, type=click.Path(path_type=Path), **settings)


def source(*names: str, **settings: Any) -> Callable[[Command], Command]:
    """An option for a file to be read."""
    return click.option(*names, type=click.Path(path_type=Path), **settings)


model_option = click.option("--model", metavar="NAME", help="Which model; see `draggan-server models`.")
psi_option = click.option(
    "--psi",
    type=number(FromSeed, "psi"),
    help="Truncation: nearer to 0 more average, nearer to 1 more varied.  [default: 0.7]",
)
class_option = click.option(
    "--class",
    "label",
    type=whole_number(FromSeed, "label"),
    metavar="NUMBER",
    help="Of a model that draws by class: which one.  [default: they take turns, seed by seed]",
)
mode_option = click.option(
    "--mode",
    type=click.Choice(["quick", "faithful"]),
    help="How a picture of yours is looked for: faithful comes nearer to it and takes several times as long.  "
    "[default: quick]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")

_SETTINGS = (
    click.option(
        "--steps",
        "max_steps",
        type=whole_number(DragOptions, "max_steps"),
        help="Stop after so many steps.  [default: 300]",
    ),
    click.option(
        "--tolerance",
        "tolerance_px",
        type=number(DragOptions, "tolerance_px"),
        help="A handle this near its target has arrived, in the model's pixels.  [default: 1; with more than 5 "
        "points 2]",
    ),
    click.option(
        "--latent-space",
        type=click.Choice(["w", "w+"]),
        help="What may change: w keeps the picture likely, w+ follows the points more freely.  [default: w+]",
    ),
    click.option(
        "--step-size",
        type=number(DragOptions, "step_size"),
        help="How far one step goes: larger is faster and rougher.  [default: 0.002]",
    ),
    click.option(
        "--mask-weight",
        "--lambda",
        type=number(DragOptions, "mask_weight"),
        help="How hard what lies outside the mask is held.  [default: 20]",
    ),
    click.option(
        "--radius",
        "r1",
        type=number(DragOptions, "r1"),
        help="Radius round a handle of what is pulled along, as a part of the picture's width.  [default: 3/512]",
    ),
    click.option(
        "--search-radius",
        "r2",
        type=number(DragOptions, "r2"),
        help="How far round a handle it is looked for after a step, as a part of the picture's width.  "
        "[default: 12/512]",
    ),
    click.option(
        "--feature-resolution",
        type=whole_number(DragOptions, "feature_resolution"),
        help="The model's block whose features are followed: 64, 128 or 256 ...  [default: the model's best]",
    ),
)


def settings_options(command: Command) -> Command:
    """The options that make a DragOptions, under its names."""
    for option in reversed(_SETTINGS):
        command = option(command)
    return command


def _numbers(text: str, count: int) -> tuple[float, ...]:
    """The numbers in "1,2.5", or nothing where there are not `count` finite ones."""
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        return ()
    return found if len(found) == count and all(abs(value) <= 1e6 for value in found) else ()
