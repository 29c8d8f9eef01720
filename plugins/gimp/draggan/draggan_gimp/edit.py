"""The parts of an edit that dialog and non-interactive run share: how it begins, and how it becomes a layer."""

from dataclasses import dataclass

from gi.repository import Gimp

from draggan_client import frames
from draggan_client.framing import MAX_BODY_BYTES
from draggan_client.messages import Frame, FromPicture, FromState, MaskData, Pixels, ResultRequest, Source
from draggan_client.rect import Rect

from .layers import result, selection
from .layers.origin import Origin, origin_of, read_origin
from .layers.records import Form, Kept
from .layers.result import Keepsake, Plan
from .layers.source import SourcePixels, part_in, read_source
from .layers.subject import Subject, rect_of
from .slices import Work

NAME_ENDING = " dragged"
_ROOM = 1 << 16
"""For what a message holds besides its bytes."""


@dataclass(frozen=True, eq=False)
class Beginning:
    """A layer, and what there is of it to begin with."""

    subject: Subject
    frame: Frame
    kept: Kept | None
    """The edit that is gone on with; None: it begins with the layer's pixels."""
    pixels: SourcePixels
    """The layer inside the frame."""
    origin: Origin | None
    """What the edit began with; None: a picture that the model drew."""
    began_with: SourcePixels | None
    """Of an edit that is gone on with: these pixels, where they are still there."""

    @property
    def lost_its_origin(self) -> bool:
        """The edit is gone on with, and what it began with is not in the image any more: the result can be only as fine
        as the model's picture."""
        return self.kept is not None and self.origin is not None and self.began_with is None

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
            return self._state_source(self.kept.state.to_bytes())
        return FromPicture(self.pixels.array(), self.pixels.rect.left, self.pixels.rect.top, self.frame)

    def _state_source(self, state: bytes) -> FromState:
        began_with = self.began_with
        if began_with is None or began_with.byte_count + len(state) > MAX_BODY_BYTES - _ROOM:
            return FromState(state)
        return FromState(state, began_with.array(), began_with.rect.left, began_with.rect.top)


def begin(subject: Subject, frame: Frame) -> Work[Beginning]:
    """Read the layer's pixels in a frame. Raises RefusedError."""
    pixels = yield from read_source(subject, part_in(subject, frame))
    return Beginning(subject, frame, None, pixels, origin_of(subject, pixels), None)


def go_on(subject: Subject, kept: Kept) -> Work[Beginning]:
    """Read what is needed to go on with what the layer keeps. Raises RefusedError."""
    frame = kept.state.frame
    pixels = yield from read_source(subject, part_in(subject, frame))
    began_with = None
    if kept.origin is not None:
        began_with = yield from read_origin(subject.image, kept.origin, kept.moved_x, kept.moved_y)
    return Beginning(subject, frame, kept, pixels, kept.origin, began_with)


def is_unchanged(beginning: Beginning) -> Work[bool]:
    """Whether the layer still is where it was, and has the pixels that were read."""
    subject = beginning.subject
    if rect_of(subject.layer) != subject.rect:
        return False
    now = yield from read_source(subject, beginning.pixels.rect)
    return now.digest == beginning.pixels.digest


def read_mask(beginning: Beginning) -> Work[MaskData | None]:
    """The selection, over all that the frame shows; None: nothing is selected. Raises RefusedError."""
    area = Rect.around(*frames.bounds(beginning.frame))
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
    keepsake = Keepsake(state, beginning.origin, layer_name(beginning.subject))
    return (yield from make(beginning.subject, pixels, keepsake))


def put_in(beginning: Beginning, plan: Plan, layer: Gimp.Layer) -> None:
    """Show the result: one step for undo."""
    result.put_in(beginning.subject, layer, hide_source=plan.form is Form.COPY)
