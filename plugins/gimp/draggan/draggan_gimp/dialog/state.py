"""What the window of Drag Points shows, and what it wants to be told."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from gi.repository import GdkPixbuf, Gimp

from draggan_client.editing import EditView
from draggan_client.frame_choice import FrameChoice
from draggan_client.messages import AlignmentPoint, Frame

from .edge import Segment
from .pyramid import Pyramid


class Step(Enum):
    """Where the artist is."""

    FRAME = "frame"
    """Choosing what of the layer the model sees."""
    DRAG = "drag"
    """The picture is looked for in the model, and dragged as soon as it is found."""


class Question(Enum):
    """What the artist has to decide."""

    PAINTED_OVER = "painted over"
    CHANGED = "changed"
    """The layer is another than was dragged: apply the result all the same?"""


@dataclass(frozen=True)
class Hooks:
    """What the window wants to be told, on the main thread."""

    changed: Callable[[], object]
    """Something that is shown is another."""
    picture: Callable[[Pyramid], object]
    choose: Callable[[FrameChoice], object]
    """The frame is to be chosen ..."""
    frame: Callable[[Frame], object]
    """... or is this."""
    edge: Callable[[tuple[Segment, ...]], object]
    preview: Callable[[GdkPixbuf.Pixbuf | None], object]
    """None: what is below is as it should be seen."""
    reconstruction: Callable[[GdkPixbuf.Pixbuf | None], object]
    """What the model makes of the frame; None: it is not known."""
    applied: Callable[[Gimp.Layer], object]
    screen_px_per_image_px: Callable[[], float]


@dataclass(frozen=True)
class State:
    """What the window shows."""

    view: EditView
    step: Step = Step.DRAG
    text: str = ""
    """What is going on, or what came of it."""
    hint: str = ""
    detail: str = ""
    is_error: bool = False
    fraction: float | None = 0.0
    """Of the progress bar; None: it pulses."""
    busy: bool = False
    can_use_frame: bool = False
    can_pull_frame: bool = False
    can_choose_frame: bool = False
    """It is chosen already, and could be chosen again."""
    has_selection: bool = False
    landmarks: tuple[AlignmentPoint, ...] = ()
    """Where the model expects what can be clicked."""
    inverting: bool = False
    can_invert: bool = False
    """The picture is not found in the model yet, and nobody looks for it."""
    can_be_faithful: bool = False
    can_start: bool = False
    can_stop: bool = False
    can_edit: bool = False
    """The points can be changed."""
    can_apply: bool = False
    can_seek: bool = False
    can_choose_model: bool = False
    position: int = 0
    """Drags that this window has made, and that are in the picture ..."""
    history_length: int = 0
    """... of so many."""
    going_on: bool = False
    """The layer showed an edit, and this goes on from it ..."""
    model: str = ""
    """... with this model; empty: the chosen one ..."""
    lost_origin: bool = False
    """... without the pixels that it began with."""
    question: Question | None = None
    note: str = ""
    """Something to know about the layer."""
    as_visible: bool | None = None
    """Whether filters are seen; None: it is no question."""
