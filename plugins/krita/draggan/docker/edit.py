"""One document's edit: its layer, its points, its session with the server, and what of it is in the document already.

Lives on Krita's GUI thread and never waits: pixels go through `Work`, all else through `Editing`. `OwnPicture` says
what comes before the first drag of a layer, `Applying` how a result becomes a layer, `Following` what becomes of the
edit when the artist changes the document.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..draggan_client import wording
from ..draggan_client.connection import Connection
from ..draggan_client.diagnostics import recent_errors
from ..draggan_client.editing import Editing, EditView, HandOver, Phase, Problem, Worker
from ..draggan_client.layer_record import How
from ..draggan_client.messages import (
    DragOptions,
    Frame,
    FromPicture,
    FromSeed,
    FromState,
    InversionMode,
    MaskData,
    ModelInfo,
    Preview,
    PreviewOptions,
    ResultRequest,
    Source,
)
from ..draggan_client.points import PointBoard, Spot
from ..layers import nodes
from ..layers.began import Began
from ..layers.reading import LayerError, Reading, selection_mask
from ..layers.records import FoundEdit
from ..layers.slices import Job
from ..layers.spaces import Space
from ..layers.watch import Event, Watch
from ..qt import QtCore
from .applying import Applying
from .following import Following
from .levels import Level, Levels
from .notices_kept import Notices, ScopedNotices
from .origin import Looked, Origin, looking, origin_of, own_frame, reopening, resting_pairs, too_little
from .own_picture import READING, OwnPicture
from .places import region_of
from .show import EditFacts, inversion_state
from .state import Choice, SeedWish
from .work import Work

_PREVIEW_SIDES = (128, 512)
_PREVIEW_INTERVAL_S = 0.15
_PROBLEM = "edit"
_QUESTION = "painted"
_GONE = "gone"
_READING_SELECTION = "Reading the selection …"
_UNANSWERED = "Answer the question above first."
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Means:
    """What every edit works with."""

    connection: Connection
    hand_over: HandOver
    worker: Worker
    """For what is neither the server's nor Krita's, and takes time."""
    notices: Notices
    changed: Callable[[], None]
    model_id: Callable[[], str | None]
    model: Callable[[], ModelInfo | None]
    """None: not known before the server has run."""
    options: Callable[[], DragOptions]
    leftovers: Callable[[Any], frozenset[str]]
    """The layers of a document that were deleted before it was loaded, and left their records; told once."""
    server_asked: Callable[[], None]
    """The server may stand otherwise now, or know more: look at it again."""


class Edit:
    """The edit of one document. Made for a layer, or for a new picture that becomes one."""

    def __init__(self, means: Means, document: Any, watch: Watch, node: Any = None) -> None:
        """watch: the document's; it outlives the edit, which leaves results in the document."""
        self.means = means
        self.document = document
        self.watch = watch
        self.notices = ScopedNotices(means.notices, str(next(_numbers)))
        """Its own, and the controller's about it."""
        self.board = PointBoard()
        self.wants_mode = False
        """The mode is on whenever this document is in front."""
        self.work = Work(means.worker, means.changed, self._failed)
        self.levels = Levels(Level(nodes.id_of(node), node.name()) if node is not None else None)
        self.editing: Editing | None = None
        self.origin: Origin | None = None
        self.asked = ""
        """What `Editing` was asked for last, while that is not done."""
        self.wants_open = False
        self.wants_start = False
        self._wants_invert: InversionMode | None = None
        self.own = OwnPicture(self)
        self._applying = Applying(self)
        self._following = Following(self)
        self._over: bytes = b""
        self._frame: Frame | None = None
        self._told: Problem | None = None
        self._blocked = ""
        self._closed = False
        self._is_stale = False
        """The layer has changed since it was read."""
        self._is_cleared = False
        """The points were discarded: those that the layer's edit remembers are not wanted back."""
        self._redraws = False
        """What is opened next has drags that are to lie over the frame again."""
        self._after_open: Callable[[], None] | None = None
        self._drawn: Callable[[], None] | None = None
        self._preview_since = 0
        self._previews: list[tuple[Preview, int]] = []
        """The newest pictures, and since which position each shows what was changed."""
        watch.happened.connect(self._happened)

    # What it is

    @property
    def view(self) -> EditView:
        """How the session stands."""
        view = self.editing.view if self.editing else EditView()
        state = self.origin.state if self.origin else None
        if view.state is not None or state is None or self.origin is None:
            return view
        # Not open, or not yet: all that was dragged is in the state that it will be opened from.
        return replace(
            view,
            position=state.position,
            history_length=len(state.history),
            edit_state=self.origin.packed,
            state=state,
            inversion=state.inversion,
            recognition=state.inversion.recognition if state.inversion else None,
        )

    @property
    def frame(self) -> Frame | None:
        """The part of the document that the model sees; None: not known yet. The last one while it is looked for."""
        state = self.view.state
        if self.own.choice is not None:
            self._frame = self.own.choice.frame
        elif state is not None:
            self._frame = state.frame
        elif self.origin is not None:
            self._frame = self.origin.frame
        return self._frame

    @property
    def over(self) -> bytes:
        """What lies over the frame now, as a picture file; empty: nothing."""
        reconstruction = self.view.reconstruction
        shows_it = self.own.is_used and (self.is_searching or not self.board.pairs)
        if shows_it and reconstruction is not None and not self.view.history_length:
            return reconstruction.data
        return self._over

    @property
    def level(self) -> Level | None:
        """The layer that is dragged now."""
        return self.levels.current

    @property
    def node(self) -> Any:
        """Krita's node of that layer; None: it is not in the document."""
        level = self.level
        return self._node(level.layer_id) if level else None

    @property
    def name(self) -> str:
        """Of that layer, as it was last seen."""
        return self.level.name if self.level else ""

    @property
    def since(self) -> int:
        """The history position that the layer shows."""
        return self.level.since if self.level else 0

    @property
    def began(self) -> Began | None:
        """The pixels of the document that the edit began with."""
        return self.own.began or (self.origin.began if self.origin is not None else None)

    @property
    def unapplied(self) -> int:
        """How many finished drags are shown, and not in the document."""
        return self.facts().unapplied

    @property
    def is_worth_keeping(self) -> bool:
        """Whether something would be lost with it that is not in the document."""
        facts = self.facts()
        return facts.is_busy or facts.unapplied > 0 or facts.has_pull

    @property
    def is_running(self) -> bool:
        """Whether a drag runs, or is about to: the points stay as they are."""
        return self.wants_start or self.asked == "drag"

    @property
    def is_searching(self) -> bool:
        """Whether the picture is opened, or looked for in the model."""
        return self.asked in ("open", "invert")

    @property
    def is_busy(self) -> bool:
        """Whether something has to end before the next can begin."""
        return self.facts().is_busy

    @property
    def is_gone(self) -> bool:
        """Whether its layer is not in the document any more."""
        return self.levels.is_gone

    def has_layer(self, layer_id: str) -> bool:
        """Whether its document has a layer of this id."""
        return self._node(layer_id) is not None

    def _node(self, layer_id: str) -> Any:
        return self.document.nodeByUniqueID(QtCore.QUuid(layer_id))

    def is_of(self, document: Any) -> bool:
        """Whether it belongs to this document."""
        return bool(document is not None and document == self.document)

    def is_on(self, node: Any) -> bool:
        """Whether this node of Krita's is the layer that is dragged."""
        return self.level is not None and node is not None and nodes.id_of(node) == self.level.layer_id

    def facts(self) -> EditFacts:
        """How it stands, for the docker."""
        level, view = self.level, self.view
        is_own = self.own.is_used or (view.inversion is not None and self.since == 0)
        return EditFacts(
            view=view,
            layer=self.name,
            since=self.since,
            pairs=self.board.pairs,
            selected=self.board.selected,
            full=self.board.full,
            work=self.work.text,
            reads=self.work.can_stop,
            waits_to_start=self.wants_start,
            drags=self.asked == "drag",
            opens=self.is_searching and self._after_open is None,
            blocked=self._blocked,
            base=level.base if level else b"",
            frame=self.own.state(),
            inversion=inversion_state(view, self._blocked) if is_own and not view.history_length else None,
        )

    def follow(self) -> None:
        """Let the handles be where the drag has brought them. Called when it is shown, not oftener."""
        if self.asked == "drag":
            pins = self._pins()
            self.board.follow(handle for handle in self.view.handles if handle.id not in pins)

    def _pins(self) -> frozenset[str]:
        """The points that hold a place. A drag may push them a little, and they are pins all the same."""
        return frozenset(pair.id for pair in self.board.pairs if pair.is_pin)

    # What the artist does

    def prepare(self) -> None:
        """Find out what drags on this layer go on from. Reads the document, and asks no server."""
        if self._is_stale and self.editing is None and not self.work.is_at_pixels:
            self._is_stale = False
            self.origin = None
            self.own.end()
        if self.origin is None and self.level is not None and self.work.is_free:
            model = self.means.model()
            aspect = model.aspect if model is not None else 1.0
            self.work.read("", looking(self.document, self.node, aspect), self._looked)

    def use_frame(self, first: Spot | None = None) -> None:
        """The frame is chosen; `first`: where the first point is to be."""
        self.own.use_frame(first)
        self.means.changed()

    def points_changed(self) -> None:
        """The artist has put or moved points: with the first one the opening begins, in the background."""
        if self.board.pairs and self.own.choice is None and not self.wants_open and self.asked == "":
            self.open_soon()

    def open_soon(self) -> None:
        """Open the layer for the drags to come, as soon as it is known."""
        self.wants_open = True
        self.prepare()
        self.advance()

    def start(self) -> None:
        """Pull the points, as soon as the layer is known."""
        facts = self.facts()
        if facts.blocked or facts.is_running or facts.frame is not None or (facts.is_busy and not facts.opens):
            return
        self.notices.drop(_PROBLEM)
        self.wants_start = True
        self.open_soon()
        self.means.changed()

    def invert(self, mode: InversionMode) -> None:
        """Look for the picture once more."""
        if self.is_busy or self._blocked or self.view.history_length or not self.view.inversion:
            return
        self.notices.drop(_PROBLEM)
        self._wants_invert = mode
        self.open_soon()
        self.means.changed()

    def stop(self) -> None:
        """Stop what runs; what a drag or a search has come to stays."""
        self.wants_start = self.wants_open = False
        self._wants_invert = None
        self.work.stop()
        if self.editing is not None:
            self.editing.stop()
        elif self.own.is_used and self.work.is_free:
            self.own.failed()
        self.means.changed()

    def seek(self, drags: int) -> None:
        """To the picture after so many of the drags that are not in the document."""
        if self.editing is not None and self.level is not None and not self.is_busy:
            self.asked = "seek"
            self.notices.drop("discard")
            self.editing.seek(self.since + drags, self._preview())

    def apply(self) -> None:
        """Put what the drags have come to into the document, as one layer."""
        self._applying.begin()

    def discard(self) -> None:
        """Drop points and drags that are not applied. The document stays as it is."""
        if self.work.is_at_pixels or self.asked == "fetch":
            return  # on its way into the document
        self.board.replace(())
        self._is_cleared = True
        self.wants_open = self.wants_start = False
        self._blocked = ""
        self._following.begin_anew()
        self.notices.drop_all()
        undragged = self.own.undragged if self.since == 0 else None
        if undragged is None or self.view.history_length:
            self.leave_session()
            self.origin = undragged
        self.levels.forget_others()
        self.prepare()
        self.means.changed()

    def model_changed(self) -> None:
        """Another model was chosen: what was opened only for the points to come is opened anew with it."""
        if self.origin is not None and self.origin.state is None and self.asked != "drag":
            self.own.model_changed()
            self.means.changed()

    def close(self) -> None:
        """The document, or the edit, is no more."""
        self._closed = True
        self.leave_session()
        self.watch.happened.disconnect(self._happened)
        self.watch.follow_none()
        self.work.close()
        self.notices.drop_all()

    # A new picture

    def draw(self, wish: SeedWish, frame: Frame, model: str | None, name: str, done: Callable[[], None]) -> None:
        """Become the edit of a new layer with the picture that is wished for."""
        self.origin = Origin(frame)
        self._drawn = done

        def opened() -> None:
            self.asked = "fetch"
            request = ResultRequest("picture", 0, Space.of(self.document).wire_depth)
            editing.fetch(request, lambda pixels: self._applying.drawn(pixels, name), self._applying.gave_up)

        editing = self._new_session()
        self._after_open = opened
        self.asked = "open"
        editing.open(FromSeed(wish.seed, wish.psi, frame, wish.label), model)

    def end_drawing(self) -> None:
        """A new picture is in the document, or will not come."""
        drawn, self._drawn = self._drawn, None
        if drawn is not None:
            drawn()

    # On the way to the server

    def advance(self) -> None:
        """Do what comes next: open, and then drag."""
        if self._closed or self.origin is None or not self.work.is_free or self._blocked or self.own.choice is not None:
            return
        if self.wants_open and self.editing is None:
            self._open(self.origin)
        elif self._wants_invert is not None and self.editing is not None and self.asked == "":
            mode, self._wants_invert = self._wants_invert, None
            self.asked = "invert"
            self.editing.invert(mode, self.own.preview())
        elif self.wants_start and self.editing is not None and self._can_drag:
            self.work.read(_READING_SELECTION, self._reading_mask(), self._drag)

    @property
    def _can_drag(self) -> bool:
        """Whether it is open, or will be by itself. A layer's own pixels are looked for, and compared, before."""
        if self.own.is_used:
            return self.asked == "" and not self.view.needs_inversion and self.own.undragged is not None
        return self.asked in ("", "open")

    def _open(self, origin: Origin) -> None:
        if self.node is None:
            self._following.levels_changed()
        elif origin.packed:
            source = self._node(origin.began.layer_id) if origin.began is not None else None
            job = reopening(self.document, source, origin)
            self.work.read(READING, job, lambda reading: self._open_state(origin.packed, reading))
        else:
            self.watch_layer()
            self.own.read()

    def _open_state(self, packed: bytes, reading: Reading | None) -> None:
        if reading is None:
            self.begin(FromState(packed))
            return
        region = reading.region
        self.work.think(READING, lambda: FromState(packed, reading.array(), region.left, region.top), self.begin)

    def begin(self, source: Source) -> None:
        """Open it on the server."""
        if self._closed or self.editing is not None:
            return
        if not self.wants_open:  # stopped meanwhile
            if self.own.is_used:
                self.own.failed()
            return
        session = self._new_session()
        self.asked = "open"
        session.open(source, None if isinstance(source, FromState) else self.means.model_id())
        if isinstance(source, FromPicture):
            session.invert("quick", self.own.preview())
        self.advance()

    def _reading_mask(self) -> Job[MaskData | None]:
        frame = self.frame
        assert frame is not None
        region = self.began.region if self.began is not None else region_of(frame)
        return (yield from selection_mask(self.document, region, self.node))

    def _drag(self, mask: MaskData | None) -> None:
        wanted, self.wants_start = self.wants_start, False
        if not wanted or self.editing is None:
            return
        self.asked = "drag"
        self.editing.drag(self.board.wire(), mask, self.means.options(), self._preview())
        self.means.changed()

    def _new_session(self) -> Editing:
        self.leave_session()
        self.editing = Editing(self.means.connection, self.means.hand_over, self._heard, self._pictured)
        return self.editing

    def leave_session(self) -> None:
        """The server may forget it."""
        editing, self.editing = self.editing, None
        self.asked = ""
        self._wants_invert = None
        self._after_open = None
        self._over = b""
        if editing is not None:
            editing.close()

    def preview_side(self) -> int:
        """So many px are worth sending."""
        frame = self.frame
        return min(max(int(frame.size) if frame else 0, _PREVIEW_SIDES[0]), _PREVIEW_SIDES[1])

    def _preview(self) -> PreviewOptions:
        self._preview_since = self.since
        return PreviewOptions(self.preview_side(), "png", _PREVIEW_INTERVAL_S, "edit", self.since)

    # What the server says

    def tell(self, problem: Problem) -> None:
        """Tell the artist what went wrong."""
        self.notices.tell(_PROBLEM, problem)

    def show_over(self, picture: bytes) -> None:
        """Lay this over the frame."""
        self._over = picture

    def _heard(self) -> None:
        if self._closed or self.editing is None:
            return
        view = self.editing.view
        if view.problem is not None and view.problem is not self._told:
            self._told = view.problem
            self.wants_start = False
            self.tell(view.problem)
            self.means.server_asked()
        if self.asked and not view.is_busy:
            asked, self.asked = self.asked, ""
            self._ended(asked, view)
            if self._redraws and not self.asked and not self.work.is_at_pixels:
                self.show_level()
        self.means.changed()

    def _ended(self, asked: str, view: EditView) -> None:
        pins = self._pins()
        if asked == "drag":
            self.board.follow(view.handles)
        if view.problem is not None:
            self._failed_to(asked, view.problem, view.phase)
            return
        if asked == "drag" and view.phase is Phase.READY:
            self.board.settle(view.reached | pins)
            self.means.server_asked()
        elif asked == "seek":
            self.board.replace(view.pairs)
        elif asked == "invert":
            self.own.found(view)
        elif asked == "open":
            self._opened(view)

    def _failed_to(self, asked: str, problem: Problem, phase: Phase) -> None:
        if self._after_open is not None:
            self._applying.gave_up(problem)
        elif asked in ("open", "invert") and self.own.is_used:
            self.wants_open = False
            self.own.failed()
        elif asked == "open":
            self.wants_open = False
            refused = phase is Phase.IDLE  # not lost: nothing was opened, and will not be
            if refused:
                self.leave_session()
            if refused and self.origin is not None and self.origin.packed:
                self._ask_begin_anew(problem)

    def _ask_begin_anew(self, problem: Problem) -> None:
        def answered(choice: str) -> None:
            node = self.node
            if choice == "layer" and node is not None:
                self.board.replace(())
                self._take_as_it_is(own_frame(self.document, node))
                self.means.changed()

        self.notices.drop(_PROBLEM)
        self.notices.ask(
            _QUESTION,
            problem.message,
            f"{problem.hint} Or begin anew with the layer as it is now.".strip(),
            (Choice("layer", "Take the layer as it is"), Choice("keep", "Leave it")),
            answered,
        )

    def _opened(self, view: EditView) -> None:
        after, self._after_open = self._after_open, None
        if view.lacks_pixels:
            self.notices.remark("pixels", wording.LACKS_PIXELS)
        if self.own.is_used:
            self.own.found(view)
        elif view.phase is not Phase.READY:  # stopped
            self.wants_open = self.wants_start = False
            self.leave_session()
            self.end_drawing()
        elif after is not None:
            after()
        else:
            self.watch_layer()
            self.advance()

    def _pictured(self, preview: Preview) -> None:
        if self.is_searching or preview is self.view.opened_preview:
            self._over = b""
            return
        if all(known is not preview for known, _ in self._previews):
            self._previews = [*self._previews[-3:], (preview, self._preview_since)]
        since = next(since for known, since in self._previews if known is preview)
        self._over = preview.data if since == self.since else b""

    # Where it begins

    def _looked(self, found: Looked) -> None:
        if found.unreadable is not None:
            self.tell(Problem.of(found.unreadable))
        if found.edit is None:
            self._take_as_it_is(found.frame)
        elif found.edit.how is How.PAINTED_OVER and not found.edit.fits:
            self.notices.remark(
                "fits",
                f"The picture was cropped, scaled or turned since “{self.name}” was dragged.",
                "That edit does not fit any more: drags begin anew with the layer as it is now.",
            )
            self._take_as_it_is(found.frame)
        elif found.edit.how is How.PAINTED_OVER:
            self._ask_painted(found)
        else:
            self._go_on_from(found.edit)

    def _take_as_it_is(self, frame: Frame | None) -> None:
        """The artist chooses a frame; then it is looked for in the model."""
        if frame is None:
            self.block(too_little(self.name))
            return
        self.wants_open = self.wants_start = False
        self.origin = Origin(frame)
        self.own.begin(frame)
        self.levels.change(since=0, base=b"", history=())
        self.watch_layer()

    def _ask_painted(self, found: Looked) -> None:
        def answered(choice: str) -> None:
            if choice == "edit" and found.edit is not None:
                self._go_on_from(found.edit)
            else:
                self._take_as_it_is(found.frame)
            self.means.changed()

        self.notices.ask(
            _QUESTION,
            f"“{self.name}” was {_what_was_done(found.edit)} since it was dragged.",
            "Go on from the edit, which does not know what was painted, or begin anew with the layer as it is now?",
            (
                Choice("edit", "Go on from the edit", "Drags start from the picture before it was painted on."),
                Choice("layer", "Take the layer as it is", "The model looks for this picture first."),
            ),
            answered,
        )

    def _go_on_from(self, found: FoundEdit) -> None:
        """The layer's own edit state, moved to where the layer is now."""

        def loaded(origin: Origin) -> None:
            self.own.end()
            self.origin = origin
            history = origin.state.drags if origin.state is not None else ()
            self.levels.change(since=origin.since, history=history)
            self.watch_layer()
            if origin.state is not None and not self.board.pairs and not self._is_cleared:
                self.board.replace(resting_pairs(origin.state))
            self.advance()

        def unreadable(error: Exception) -> None:
            self.tell(Problem.of(error))
            node = self.node
            if node is not None:
                self._take_as_it_is(own_frame(self.document, node))

        self.work.think("Reading the layer’s edit …", lambda: origin_of(found), loaded, unreadable)

    def block(self, problem: Problem) -> None:
        """Nothing can be dragged or applied until `unblock`."""
        self.wants_open = self.wants_start = False
        self._blocked = str(problem)
        self.notices.tell(_GONE, problem)

    def block_until_answered(self) -> None:
        """The same, and the artist is asked something."""
        self.wants_start = False
        self._blocked = _UNANSWERED

    def unblock(self) -> None:
        """What was in the way is gone."""
        self._blocked = ""
        self.notices.drop(_GONE)

    def _failed(self, error: Exception) -> None:
        self.wants_open = self.wants_start = False
        recent_errors.note("working with the layer", error)
        problem = error.problem if isinstance(error, LayerError) else Problem.of(error)
        if self.origin is None:  # it was only looked at
            self.block(problem)
        else:
            self.tell(problem)
            if self.own.is_used:
                self.own.failed()
        self.end_drawing()
        self.means.changed()

    # What happens to the document

    def check(self) -> None:
        """Look at what nothing tells of: the layer's name, and a layer that has become good to drag."""
        if self.work.is_at_pixels:  # Krita may be drawing: what it is asked for now would wait for that
            return
        node = self.node
        if node is None and self.level is not None and not self.levels.is_gone:
            self._following.levels_changed()
        elif node is not None and node.name() != self.name:
            self.levels.change(name=node.name())
            self.means.changed()

    def _happened(self, event: Event) -> None:
        if not self._closed:
            self._following.happened(event)

    def level_came(self) -> None:
        """Another layer is the edit's now. One that comes back by redo may be of drags that were undone since."""
        state, level = self.view.state, self.level
        if state is None or level is None or level.belongs_to(state.history):
            self.show_level()
            return
        self.leave_session()
        self.board.replace(())
        self.origin = None
        self.own.end()
        self.wants_open = False
        self.levels.forget_others()
        self.prepare()

    def reopen(self, redraw: bool) -> None:
        """The edit has gone along with its layer; `redraw`: it has drags that are to be seen."""
        self.wants_open = self._redraws = redraw
        self.advance()
        self.means.changed()

    def look_anew(self, open_again: bool) -> None:
        """The layer is another than the one that was opened."""
        if self.own.is_used and not self.view.history_length:
            self.own.look_again()
            return
        self.forget_session()
        if open_again:
            self.points_changed()

    def forget_session(self) -> None:
        """The layer is read again when it is next needed; the points stay."""
        self.leave_session()
        self._is_stale = True
        self.wants_open = False

    def watch_layer(self) -> None:
        """Be told what happens to the layer that is dragged."""
        node, frame = self.node, self.frame
        if node is not None and frame is not None:
            self.watch.follow(node, self.began.region if self.began is not None else region_of(frame))

    def show_level(self) -> None:
        """Another layer is the edit's now: what is not in it shows over it again."""
        self._over = b""
        self.watch_layer()
        self._redraws = self.editing is not None and self.view.is_busy
        if self.editing is not None and not self._redraws and self.view.state is not None:
            self.asked = "level"
            self.editing.seek(max(self.view.position, self.since), self._preview())
        self.means.changed()


def _what_was_done(found: FoundEdit | None) -> str:
    """To a layer that has other pixels now; nothing tells a conversion from paint."""
    return "converted or painted on" if found is not None and found.is_converted else "painted on"
