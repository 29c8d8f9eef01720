"""What the drags on a layer go on from: an edit state that the document holds, or the layer's own pixels."""

from dataclasses import dataclass, replace
from typing import Any

from ..draggan_client.edit_state import EditState
from ..draggan_client.editing import Problem
from ..draggan_client.errors import DragganError, EditStateError
from ..draggan_client.framing import MAX_BODY_BYTES
from ..draggan_client.messages import Frame
from ..draggan_client.points import Pair, Pairs, Spot, pairs_of
from ..layers.looking import why_not
from ..layers.reading import LayerError, LayerReader
from ..layers.records import FoundEdit, Records
from ..layers.region import Region
from ..layers.slices import Job
from .pictures import lets_nothing_through
from .places import frame_for_layer


@dataclass(frozen=True)
class Origin:
    """Without a state: the layer's own pixels inside the frame."""

    frame: Frame
    state: EditState | None = None
    packed: bytes = b""
    """`state`, as the server takes it."""
    is_opaque: bool = True
    """Whether the picture that the edit began with lets nothing through."""

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


def looking(document: Any, node: Any) -> Job[Looked]:
    """Look what a layer's drags go on from. Raises LayerError where it cannot be dragged."""
    problem = why_not(document, node)
    if problem is not None:
        raise LayerError(problem)
    frame = own_frame(document, node)
    records = Records(document)
    if not records.all():
        return Looked(frame, None, records.unreadable(node))
    printed = yield from LayerReader(document).fingerprint(node)
    return Looked(frame, records.find(node, printed), records.unreadable(node))


def own_frame(document: Any, node: Any) -> Frame | None:
    """The part of a layer that is dragged where it has no edit; None: too little of it is seen."""
    whole = Region(0, 0, document.width(), document.height())
    return frame_for_layer(whole, Region.of(node.bounds()))


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
    return Origin(state.frame, state, packed, lets_nothing_through(state.frame_picture))


def moved_origin(state: EditState, dx: int, dy: int, is_opaque: bool) -> Origin:
    """An edit that goes along with its layer. For another thread, too."""
    moved = state.moved(dx, dy)
    return Origin(moved.frame, moved, moved.to_bytes(), is_opaque)


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
