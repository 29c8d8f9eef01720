"""The parts of an edit that dialog and non-interactive run share: how it begins, and how it becomes a layer."""

import math
from dataclasses import dataclass

from gi.repository import Gimp

from draggan_client.messages import Frame, FromPicture, FromState, MaskData, Pixels, ResultRequest, Source

from .layers import result, selection
from .layers.pixels import Rect
from .layers.records import Form, Kept
from .layers.result import Plan
from .layers.source import SourcePixels, part_in, read_source
from .layers.subject import Subject
from .slices import Work

NAME_ENDING = " dragged"


@dataclass(frozen=True, eq=False)
class Beginning:
    """A layer, and what there is of it to begin with."""

    subject: Subject
    frame: Frame
    kept: Kept | None
    """The edit that is gone on with; None: it begins with the layer's pixels."""
    pixels: SourcePixels
    """The layer inside the frame."""

    @property
    def since(self) -> int:
        """The drags up to here are in the layer already."""
        return self.kept.state.position if self.kept else 0

    @property
    def lies_over_source(self) -> bool:
        """Whether the layer is itself an edit that lies over its source: its transparency is not the picture's."""
        return self.kept is not None and self.kept.form is Form.EDIT

    def source(self) -> Source:
        """What the server opens. Takes a while for a large layer: not for the main thread."""
        if self.kept is not None:
            return FromState(self.kept.state.to_bytes())
        return FromPicture(self.pixels.array(), self.pixels.rect.left, self.pixels.rect.top, self.frame)


def begin(subject: Subject, kept: Kept | None) -> Work[Beginning]:
    """Read what is needed of the layer. Raises RefusedError."""
    frame = kept.state.frame if kept else subject.frame()
    pixels = yield from read_source(subject, part_in(subject, frame))
    return Beginning(subject, frame, kept, pixels)


def read_mask(beginning: Beginning) -> Work[MaskData | None]:
    """The selection, over all that the frame shows; None: nothing is selected. Raises RefusedError."""
    frame = beginning.frame
    left, top = math.floor(frame.x), math.floor(frame.y)
    right, bottom = math.ceil(frame.x + frame.size), math.ceil(frame.y + frame.size)
    area = Rect(left, top, right - left, bottom - top)
    return (yield from selection.read_mask(beginning.subject.image, area))


def layer_name(subject: Subject) -> str:
    """What the result is called."""
    name = subject.name
    return name if name.endswith(NAME_ENDING) else f"{name}{NAME_ENDING}"


def edit_request(beginning: Beginning) -> ResultRequest:
    """Ask for what is to be laid over the layer."""
    return ResultRequest("edit", beginning.since, beginning.subject.kind.depth)


def copy_request(beginning: Beginning, pixels: SourcePixels) -> ResultRequest:
    """Ask for a copy of the layer's pixels with the edit in it. Takes a while for a large layer."""
    return ResultRequest("copy", beginning.since, pixels.kind.depth, pixels.array(), pixels.rect.left, pixels.rect.top)


def first_plan(beginning: Beginning) -> Plan | None:
    """The result's form where it is known without having looked for transparency."""
    plan = result.plan_without_pixels(beginning.subject)
    if plan is None and beginning.lies_over_source:
        return Plan(Form.EDIT)
    return plan


def make_layer(beginning: Beginning, plan: Plan, pixels: Pixels, state: bytes) -> Work[Gimp.Layer]:
    """The result, not in the image yet."""
    make = result.make_copy if plan.form is Form.COPY else result.make_edit
    return (yield from make(beginning.subject, pixels, state, layer_name(beginning.subject)))


def put_in(beginning: Beginning, plan: Plan, layer: Gimp.Layer) -> None:
    """Show the result: one step for undo."""
    result.put_in(beginning.subject, layer, hide_source=plan.form is Form.COPY)
