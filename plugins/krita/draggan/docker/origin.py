"""What the drags on a layer go on from: an edit state that the document holds, or the layer's own pixels."""

from dataclasses import dataclass, replace
from typing import Any

from ..draggan_client.edit_state import EditState
from ..draggan_client.editing import Problem
from ..draggan_client.errors import DragganError, EditStateError
from ..draggan_client.frame_choice import default_frame
from ..draggan_client.frames import FrameChoiceError
from ..draggan_client.framing import MAX_BODY_BYTES
from ..draggan_client.messages import Frame
from ..draggan_client.points import Pair, Pairs, Spot, pairs_of
from ..draggan_client.rect import Rect
from ..layers.began import Began
from ..layers.looking import why_not
from ..layers.reading import LayerError, LayerReader, Reading
from ..layers.records import FoundEdit, Records
from ..layers.slices import Job
from ..layers.spaces import Space, pixel_bytes
from .pictures import lets_nothing_through
from .places import readable, region_of, seen, selected


@dataclass(frozen=True)
class Origin:
    """Without a state: the layer's own pixels inside the frame."""

    frame: Frame
    state: EditState | None = None
    packed: bytes = b""
    """`state`, as the server takes it."""
    is_opaque: bool = True
    """Whether the picture that the edit began with lets nothing through."""
    began: Began | None = None
    """The pixels that `state` began with, if any: they may still be in the document."""

    @property
    def since(self) -> int:
        """The history position that the layer shows."""
        return self.state.position if self.state else 0


@dataclass(frozen=True)
class Looked:
    """What was found of a layer: its edit, or only where it would be dragged."""

    frame: Frame | None
    edit: FoundEdit | None = None
    unreadable: DragganError | None = None
    """Why its edit cannot be read."""


def looking(document: Any, node: Any, aspect: float = 1.0) -> Job[Looked]:
    """Look what a layer's drags go on from; `aspect`: the shape of the model's picture. Raises LayerError where it
    cannot be dragged."""
    problem = why_not(document, node)
    if problem is not None:
        raise LayerError(problem)
    frame = own_frame(document, node, aspect)
    records = Records(document)
    if not records.all():
        return Looked(frame, None, records.unreadable(node))
    printed = yield from LayerReader(document).fingerprint(node)
    return Looked(frame, records.find(node, printed), records.unreadable(node))


def own_frame(document: Any, node: Any, aspect: float = 1.0) -> Frame | None:
    """Where the choice of a frame begins for a layer without an edit; None: too little of it is seen."""
    selection = selected(document)
    try:
        return default_frame(
            seen(document, node).box, selection.box if selection else None, aspect, wire_pixel_bytes(node)
        )
    except FrameChoiceError:
        return None


def wire_pixel_bytes(node: Any) -> int:
    """What a pixel of a layer takes on its way to the server."""
    return pixel_bytes(Space.of(node).wire_depth)


def too_little(name: str) -> Problem:
    """For a layer without a frame."""
    return Problem(
        f"Too little of the layer “{name}” lies inside the picture.", "Choose a layer with more on it, or move it."
    )


def origin_of(found: FoundEdit) -> Origin:
    """A layer's own edit, where the layer is now. Takes a while: for another thread. Raises EditStateError."""
    state = found.state()
    if 4 * state.frame.size**2 > MAX_BODY_BYTES:  # no server takes, or makes, so much
        raise EditStateError(
            f"This layer's edit is damaged: its frame is {state.frame.size:g} px wide.",
            "Start a new edit on this layer.",
        )
    packed = found.packed() if (found.dx, found.dy) == (0, 0) else state.to_bytes()
    return Origin(state.frame, state, packed, lets_nothing_through(state.frame_picture), found.began)


def moved_origin(origin: Origin, dx: int, dy: int) -> Origin:
    """An edit that goes along with its layer; `origin` has its state. For another thread, too."""
    assert origin.state is not None
    moved = origin.state.moved(dx, dy)
    began = origin.began.moved(dx, dy) if origin.began is not None else None
    return Origin(moved.frame, moved, moved.to_bytes(), origin.is_opaque, began)


def reopening(document: Any, node: Any, origin: Origin) -> Job[Reading | None]:
    """The pixels that the edit began with, if the document still has them: the state keeps them only as small as the
    model sees them."""
    began = origin.began
    if began is None or node is None:
        return None
    reading = yield from LayerReader(document).read(node, began.region)
    return reading if reading.digest == began.digest else None


def region_to_read(document: Any, node: Any, frame: Frame) -> Rect:
    """The part of a layer that the model is shown: what of the frame lies on the picture, or holds paint beside it."""
    return region_of(frame).cut(readable(document, node))


def moved_pairs(pairs: Pairs, dx: int, dy: int) -> Pairs:
    """Points that go along with their layer."""

    def there(spot: Spot) -> Spot:
        return Spot(spot.x + dx, spot.y + dy)

    return tuple(Pair(pair.id, there(pair.handle), there(pair.target)) for pair in pairs)


def resting_pairs(state: EditState) -> Pairs:
    """The points of an edit state; pins where its last drag has brought them home."""
    pairs = pairs_of(state.points)
    if state.drags and state.drags[-1].reason != "reached":
        return pairs
    return tuple(replace(pair, target=pair.handle) for pair in pairs)
