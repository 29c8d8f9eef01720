"""One document's edit: its layer, its points, its session with the server, and what of it is in the document already.

Lives on Krita's GUI thread and never waits: pixels go through `layers.Slices`, all else through `Editing`.
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
from ..draggan_client.layer_rules import needs_copy
from ..draggan_client.messages import (
    DragOptions,
    Frame,
    FromPicture,
    FromSeed,
    FromState,
    MaskData,
    Pixels,
    Preview,
    PreviewOptions,
    ResultRequest,
    Source,
)
from ..draggan_client.points import PointBoard
from ..layers import nodes
from ..layers.inserting import Inserted, insert_copy, insert_edit
from ..layers.looking import look
from ..layers.reading import LayerError, LayerReader, Reading, selection_mask
from ..layers.records import FoundEdit, Records
from ..layers.slices import Job, Slices
from ..layers.spaces import Depth, Space
from ..layers.watch import Event, Watch, What
from ..qt import QtCore
from .levels import Level, Levels
from .notices_kept import Notices, ScopedNotices
from .origin import (
    Looked,
    Origin,
    looking,
    moved_origin,
    moved_pairs,
    origin_of,
    own_frame,
    resting_pairs,
    too_little,
)
from .pictures import laid_over
from .places import region_of
from .show import EditFacts, edit_preview
from .state import Choice

_PREVIEW_SIDES = (128, 512)
_PREVIEW_INTERVAL_S = 0.15
_PROBLEM = "edit"
_QUESTION = "painted"
_GONE = "gone"
_READING = "Reading the layer …"
_READING_SELECTION = "Reading the selection …"
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
    model: Callable[[], str | None]
    options: Callable[[], DragOptions]
    server_asked: Callable[[], None]
    """The server may stand otherwise now, or know more: look at it again."""


class Edit:
    """The edit of one document. Made for a layer, or for a new picture that becomes one."""

    def __init__(self, means: Means, document: Any, watch: Watch, node: Any = None) -> None:
        """watch: the document's; it outlives the edit, which leaves results in the document."""
        self._means = means
        self.document = document
        self.notices = ScopedNotices(means.notices, str(next(_numbers)))
        """Its own, and the controller's about it."""
        self.board = PointBoard()
        self.wants_mode = False
        """The mode is on whenever this document is in front."""
        self.over: bytes = b""
        """What lies over the frame now, as a PNG; empty: nothing."""
        self._editing: Editing | None = None
        self._levels = Levels(Level(nodes.id_of(node), node.name()) if node is not None else None)
        self._origin: Origin | None = None
        self._frame: Frame | None = None
        self._slices: Slices[Any] | None = None
        self._is_reading = False
        """What is done with the document's pixels can be left at any time."""
        self._work = ""
        self._work_fraction: float | None = None
        self._asked = ""
        """What `Editing` was asked for last, while that is not done."""
        self._wants_open = False
        self._wants_start = False
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
        self._watch = watch
        self._shift = (0, 0)
        """How far the layer was moved, and the edit not yet."""
        self._is_moving = False
        self._size = _size(document)
        self._resized_from: tuple[int, ...] | None = None
        """The document's size that the drags which are not applied belong to, while it has another."""
        self._ignored = (0, 0)
        """How far the layer was moved by that."""
        self._applied: tuple[EditView, bool] | None = None
        """What is being put into the document, and whether it is laid over the layer."""
        self._preview_since = 0
        self._previews: list[tuple[Preview, int]] = []
        """The newest pictures, and since which position each shows what was changed."""
        self._watch.happened.connect(self._happened)

    # What it is

    @property
    def view(self) -> EditView:
        """How the session stands."""
        view = self._editing.view if self._editing else EditView()
        state = self._origin.state if self._origin else None
        if view.state is not None or state is None or self._origin is None:
            return view
        # Not open, or not yet: all that was dragged is in the state that it will be opened from.
        return replace(
            view,
            position=state.position,
            history_length=len(state.history),
            edit_state=self._origin.packed,
            state=state,
        )

    @property
    def frame(self) -> Frame | None:
        """The square of the document that the model sees; None: not known yet. The last one while it is looked for."""
        state = self.view.state
        if state is not None:
            self._frame = state.frame
        elif self._origin is not None:
            self._frame = self._origin.frame
        return self._frame

    @property
    def level(self) -> Level | None:
        """The layer that is dragged now."""
        return self._levels.current

    @property
    def node(self) -> Any:
        """Krita's node of that layer; None: it is not in the document."""
        level = self.level
        return self._node(level.layer_id) if level else None

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
        return self._wants_start or self._asked == "drag"

    @property
    def is_busy(self) -> bool:
        """Whether something has to end before the next can begin."""
        return self.facts().is_busy

    @property
    def is_gone(self) -> bool:
        """Whether its layer is not in the document any more."""
        return self._levels.is_gone

    def _node(self, layer_id: str) -> Any:
        return self.document.nodeByUniqueID(QtCore.QUuid(layer_id))

    @property
    def _name(self) -> str:
        return self.level.name if self.level else ""

    @property
    def _since(self) -> int:
        return self.level.since if self.level else 0

    def is_of(self, document: Any) -> bool:
        """Whether it belongs to this document."""
        return bool(document is not None and document == self.document)

    def is_on(self, node: Any) -> bool:
        """Whether this node of Krita's is the layer that is dragged."""
        return self.level is not None and node is not None and nodes.id_of(node) == self.level.layer_id

    def facts(self) -> EditFacts:
        """How it stands, for the docker."""
        level = self.level
        return EditFacts(
            view=self.view,
            layer=self._name,
            since=self._since,
            pairs=self.board.pairs,
            selected=self.board.selected,
            full=self.board.full,
            work=self._work,
            work_fraction=self._work_fraction,
            reads=self._slices is not None and self._is_reading,
            waits_to_start=self._wants_start,
            drags=self._asked == "drag",
            opens=self._asked == "open" and self._after_open is None,
            blocked=self._blocked,
            base=level.base if level else b"",
        )

    def follow(self) -> None:
        """Let the handles be where the drag has brought them. Called when it is shown, not oftener."""
        if self._asked == "drag":
            pins = self._pins()
            self.board.follow(handle for handle in self.view.handles if handle.id not in pins)

    def _pins(self) -> frozenset[str]:
        """The points that hold a place. A drag may push them a little, and they are pins all the same."""
        return frozenset(pair.id for pair in self.board.pairs if pair.is_pin)

    # What the artist does

    def prepare(self) -> None:
        """Find out what drags on this layer go on from. Reads the document, and asks no server."""
        if self._is_stale and self._editing is None and self._slices is None:
            self._is_stale = False
            self._origin = None
        if self._origin is None and self._slices is None and self.level is not None and not self._work:
            self._do("", looking(self.document, self.node), self._looked)

    def points_changed(self) -> None:
        """The artist has put or moved points: with the first one the opening begins, in the background."""
        if self.board.pairs and not self._wants_open and self._asked == "":
            self._wants_open = True
            self.prepare()
            self.advance()

    def start(self) -> None:
        """Pull the points, as soon as the layer is known."""
        facts = self.facts()
        if facts.blocked or facts.is_running or (facts.is_busy and not facts.opens):
            return
        self.notices.drop(_PROBLEM)
        self._wants_start = self._wants_open = True
        self.prepare()
        self.advance()
        self._means.changed()

    def stop(self) -> None:
        """Stop what runs; what a drag has come to stays."""
        self._wants_start = self._wants_open = False
        if self._slices is not None and self._is_reading:
            self._slices.cancel()
            self._slices = None
            self._work = ""
        if self._editing is not None:
            self._editing.stop()
        self._means.changed()

    def seek(self, drags: int) -> None:
        """To the picture after so many of the drags that are not in the document."""
        if self._editing is not None and self.level is not None and not self.is_busy:
            self._asked = "seek"
            self.notices.drop("discard")
            self._editing.seek(self._since + drags, self._preview())

    def apply(self) -> None:
        """Put what the drags have come to into the document, as one layer."""
        facts = self.facts()
        if facts.is_busy or not facts.unapplied or facts.blocked or self._editing is None:
            return
        node = self.node
        if node is None:
            return
        self.notices.drop("discard", "elsewhere")
        reason = needs_copy(look(node, self._origin is None or self._origin.is_opaque))
        if self.level is not None and self.level.is_edit:
            reason = None  # only changes are in that layer: a copy of it would have nothing to change
        self._applied = (self.view, reason is None)
        if reason is None:
            self._fetch(ResultRequest("edit", facts.since, self._depth()))
        else:
            self.notices.remark("copy", wording.copy_text(reason))
            self._do(_READING, self._reading_frame(node), self._fetch_copy)

    def discard(self) -> None:
        """Drop points and drags that are not applied. The document stays as it is."""
        if self._slices is not None or self._asked == "fetch":
            return  # on its way into the document
        self._leave_session()
        self.board.replace(())
        self._is_cleared = True
        self._origin = None
        self._wants_open = self._wants_start = False
        self._blocked = ""
        self._resized_from, self._size = None, _size(self.document)
        self._shift = self._ignored = (0, 0)
        self.notices.drop_all()
        self._levels.forget_others()
        self.prepare()
        self._means.changed()

    def model_changed(self) -> None:
        """Another model was chosen: what was opened only for the points to come is opened anew with it."""
        view = self.view
        if self._origin is None or self._origin.state is not None or view.history_length:
            return
        if self._editing is not None and self._asked != "drag":
            self._leave_session()
            self._wants_open = False
            self.points_changed()

    def close(self) -> None:
        """The document, or the edit, is no more."""
        self._closed = True
        self._leave_session()
        self._watch.happened.disconnect(self._happened)
        self._watch.follow_none()
        if self._slices is not None:
            self._slices.cancel()
            self._slices = None
        self.notices.drop_all()

    # A new picture

    def draw(self, seed: int, psi: float, frame: Frame, model: str | None, name: str, done: Callable[[], None]) -> None:
        """Become the edit of a new layer with the picture of this seed."""
        self._origin = Origin(frame)
        self._drawn = done

        def opened() -> None:
            self._asked = "fetch"
            editing.fetch(ResultRequest("picture", 0, self._depth()), insert, self._gave_up)

        def insert(pixels: Pixels) -> None:
            self._asked = ""
            job = insert_edit(self.document, None, pixels, name)
            self._do("Making the picture …", job, self._inserted)

        editing = self._new_session()
        self._after_open = opened
        self._asked = "open"
        editing.open(FromSeed(seed, psi, frame), model)

    # On the way to the server

    def advance(self) -> None:
        """Do what comes next: open, and then drag."""
        if self._closed or self._origin is None or self._slices is not None or self._work or self._blocked:
            return
        if self._wants_open and self._editing is None:
            self._open(self._origin)
        elif self._wants_start and self._editing is not None and self._asked in ("", "open"):
            self._do(_READING_SELECTION, self._reading_mask(), self._drag)

    def _open(self, origin: Origin) -> None:
        if origin.packed:
            self._begin(FromState(origin.packed))
            return
        node = self.node
        if node is None:
            self._levels_changed()
        else:
            self._watch_layer()
            self._do(_READING, self._reading_frame(node), self._open_picture)

    def _open_picture(self, reading: Reading) -> None:
        assert self._origin is not None
        frame = self._origin.frame
        self._origin = replace(self._origin, is_opaque=reading.is_opaque)
        region = reading.region
        self._work = _READING
        self._means.worker.do(
            lambda: FromPicture(reading.array(), region.left, region.top, frame), self._begin_again, self._failed
        )

    def _begin_again(self, source: Source) -> None:
        self._work = ""
        if self._wants_open and not self._closed and self._editing is None:
            self._begin(source)

    def _begin(self, source: Source) -> None:
        session = self._new_session()
        self._asked = "open"
        session.open(source, None if isinstance(source, FromState) else self._means.model())
        if isinstance(source, FromPicture):
            session.invert()
        self.advance()

    def _reading_mask(self) -> Job[MaskData | None]:
        frame = self.frame
        assert frame is not None
        return (yield from selection_mask(self.document, region_of(frame), self.node))

    def _drag(self, mask: MaskData | None) -> None:
        wanted, self._wants_start = self._wants_start, False
        if not wanted or self._editing is None:
            return
        self._asked = "drag"
        self._editing.drag(self.board.wire(), mask, self._means.options(), self._preview())
        self._means.changed()

    def _new_session(self) -> Editing:
        self._leave_session()
        self._editing = Editing(self._means.connection, self._means.hand_over, self._heard, self._pictured)
        return self._editing

    def _leave_session(self) -> None:
        editing, self._editing = self._editing, None
        self._asked = ""
        self._after_open = None
        self.over = b""
        if editing is not None:
            editing.close()

    def _preview(self) -> PreviewOptions:
        frame = self.frame
        side = min(max(int(frame.size) if frame else 0, _PREVIEW_SIDES[0]), _PREVIEW_SIDES[1])
        self._preview_since = self._since
        return PreviewOptions(side, "png", _PREVIEW_INTERVAL_S, "edit", self._since)

    # What the server says

    def _heard(self) -> None:
        if self._closed or self._editing is None:
            return
        view = self._editing.view
        if view.problem is not None and view.problem is not self._told:
            self._told = view.problem
            self._wants_start = False
            self.notices.tell(_PROBLEM, view.problem)
            self._means.server_asked()
        if self._asked and not view.is_busy:
            asked, self._asked = self._asked, ""
            self._ended(asked, view)
            if self._redraws and not self._asked and self._slices is None:
                self._show_level()
        self._means.changed()

    def _ended(self, asked: str, view: EditView) -> None:
        pins = self._pins()
        if asked == "drag":
            self.board.follow(view.handles)
        if view.problem is not None:
            self._failed_to(asked, view.problem, view.phase)
            return
        if asked == "drag" and view.phase is Phase.READY:
            self.board.settle(view.reached | pins)
            self._means.server_asked()
        elif asked == "seek":
            self.board.replace(view.pairs)
        elif asked == "open":
            self._opened(view)

    def _failed_to(self, asked: str, problem: Problem, phase: Phase) -> None:
        if self._after_open is not None:
            self._gave_up(problem)
        elif asked == "open":
            self._wants_open = False
            refused = phase is Phase.IDLE  # not lost: nothing was opened, and will not be
            if refused:
                self._leave_session()
            if refused and self._origin is not None and self._origin.packed:
                self._ask_begin_anew(problem)

    def _ask_begin_anew(self, problem: Problem) -> None:
        def answered(choice: str) -> None:
            node = self.node
            if choice == "layer" and node is not None:
                self.board.replace(())
                self._take_as_it_is(own_frame(self.document, node))
                self._means.changed()

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
        if view.phase is not Phase.READY:  # stopped
            self._wants_open = self._wants_start = False
            self._leave_session()
            self._end_drawing()
        elif after is not None:
            after()
        else:
            self._watch_layer()
            self.advance()

    def _pictured(self, preview: Preview) -> None:
        if self._asked == "open" or preview is self.view.opened_preview:
            self.over = b""
            return
        if all(known is not preview for known, _ in self._previews):
            self._previews = [*self._previews[-3:], (preview, self._preview_since)]
        since = next(since for known, since in self._previews if known is preview)
        self.over = preview.data if since == self._since else b""

    def _fetch(self, request: ResultRequest) -> None:
        if self._editing is None:
            return
        self._asked = "fetch"
        self._work = "Getting the result …"
        self._editing.fetch(request, self._got, self._gave_up)

    def _gave_up(self, problem: Problem) -> None:
        self._work = ""
        self._asked = ""
        self.notices.tell(_PROBLEM, problem)
        self._end_drawing()
        self._means.changed()

    # Krita's pixels

    def _looked(self, found: Looked) -> None:
        if found.unreadable is not None:
            self.notices.tell(_PROBLEM, Problem.of(found.unreadable))
        if found.edit is None:
            self._take_as_it_is(found.frame)
        elif found.edit.how is How.PAINTED_OVER and not found.edit.fits:
            self.notices.remark(
                "fits",
                f"The picture was cropped, scaled or turned since “{self._name}” was dragged.",
                "That edit does not fit any more: drags begin anew with the layer as it is now.",
            )
            self._take_as_it_is(found.frame)
        elif found.edit.how is How.PAINTED_OVER:
            self._ask_painted(found)
        else:
            self._go_on_from(found.edit)

    def _take_as_it_is(self, frame: Frame | None) -> None:
        if frame is None:
            self._block(too_little(self._name))
            return
        self._origin = Origin(frame)
        self._levels.change(since=0, base=b"", history=())
        self._watch_layer()
        self.advance()

    def _block(self, problem: Problem) -> None:
        self._wants_open = self._wants_start = False
        self._blocked = str(problem)
        self.notices.tell(_GONE, problem)

    def _ask_painted(self, found: Looked) -> None:
        def answered(choice: str) -> None:
            if choice == "edit" and found.edit is not None:
                self._go_on_from(found.edit)
            else:
                self._take_as_it_is(found.frame)
            self._means.changed()

        self.notices.ask(
            _QUESTION,
            f"“{self._name}” was {_what_was_done(found.edit)} since it was dragged.",
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
            self._work = ""
            self._origin = origin
            history = origin.state.drags if origin.state is not None else ()
            self._levels.change(since=origin.since, history=history)
            self._watch_layer()
            if origin.state is not None and not self.board.pairs and not self._is_cleared:
                self.board.replace(resting_pairs(origin.state))
            self.advance()
            self._means.changed()

        def unreadable(error: Exception) -> None:
            self._work = ""
            self.notices.tell(_PROBLEM, Problem.of(error))
            node = self.node
            if node is not None:
                self._take_as_it_is(own_frame(self.document, node))

        self._work = "Reading the layer’s edit …"
        self._means.worker.do(lambda: origin_of(found), loaded, unreadable)

    def _reading_frame(self, node: Any) -> Job[Reading]:
        frame = self.frame
        assert frame is not None
        return (yield from LayerReader(self.document).read(node, region_of(frame)))

    def _fetch_copy(self, reading: Reading) -> None:
        region, since = reading.region, self._since
        self._work = "Getting the result …"
        self._means.worker.do(
            lambda: ResultRequest("copy", since, None, reading.array(), region.left, region.top),
            self._fetch,
            self._failed,
        )

    def _depth(self) -> Depth:
        return Space.of(self.document).wire_depth

    def _got(self, pixels: Pixels) -> None:
        self._asked = ""
        node = self.node
        if node is None:
            self._work = ""
            return
        insert = insert_edit if pixels.changed is None else insert_copy
        self._do("Putting it into the document …", insert(self.document, node, pixels), self._inserted)

    def _inserted(self, inserted: Inserted) -> None:
        node = inserted.node
        view, is_edit = self._applied or (self.view, False)
        self._applied = None
        facts = self.facts()
        opened = view.opened_preview.data if view.opened_preview else b""
        base = laid_over(facts.base or opened, edit_preview(view))
        history = view.state.drags if view.state is not None else ()
        self._levels.put(Level(inserted.layer_id, node.name(), view.position, base, history, is_edit))
        self._watch.add_result(inserted)
        self._watch_layer()
        self.over = b""
        state = view.edit_state
        assert state is not None  # what was opened has one
        self._do("Keeping the edit in the document …", self._keeping(node, state), lambda _: self._end_drawing())

    def _do(self, work: str, job: Job[Any], done: Callable[[Any], None]) -> None:
        """Do something with the document's pixels, a few milliseconds at a time. `work`: what to call it, if at all."""
        self._work = work
        self._is_reading = work in ("", _READING, _READING_SELECTION)

        def finished(got: Any) -> None:
            self._slices = None
            self._work = ""
            if not self._closed:
                done(got)
                self._means.changed()

        def failed(error: Exception) -> None:
            self._slices = None
            self._failed(error)

        self._slices = Slices(job, finished, failed)
        self._means.changed()

    def _failed(self, error: Exception) -> None:
        self._work = ""
        self._wants_open = self._wants_start = False
        recent_errors.note("working with the layer", error)
        problem = error.problem if isinstance(error, LayerError) else Problem.of(error)
        if self._origin is None:  # it was only looked at
            self._block(problem)
        else:
            self.notices.tell(_PROBLEM, problem)
        self._end_drawing()
        self._means.changed()

    def _end_drawing(self) -> None:
        """A new picture is in the document, or will not come."""
        drawn, self._drawn = self._drawn, None
        if drawn is not None:
            drawn()

    def _keeping(self, node: Any, state: bytes) -> Job[None]:
        printed = yield from LayerReader(self.document).fingerprint(node)
        Records(self.document).save(node, printed, state)

    # What happens to the document

    def check(self) -> None:
        """Look at what nothing tells of: the layer's name, and a layer that has become good to drag."""
        if self._slices is not None:  # Krita may be drawing: what it is asked for now would wait for that
            return
        node = self.node
        if node is None and self.level is not None and not self._levels.is_gone:
            self._levels_changed()
        elif node is not None and node.name() != self._name:
            self._levels.change(name=node.name())
            self._means.changed()

    def _happened(self, event: Event) -> None:
        if self._closed:
            return
        if event.what in (What.RESULT_GONE, What.RESULT_BACK, What.SOURCE_GONE, What.SOURCE_BACK):
            self._levels_changed()
        elif event.what is What.LAYER_MOVED:
            self._moved(event.dx, event.dy)
        elif event.what is What.LAYER_PAINTED:
            self._painted()
        elif event.what is What.DOCUMENT_RESIZED:
            self._resized()

    def _levels_changed(self) -> None:
        """Undo takes a result away, and redo brings it back: the highest that is there is the edit's layer."""
        if not self._levels.look(lambda layer_id: self._node(layer_id) is not None):
            return
        if self._levels.is_gone:
            self.stop()
            if self.is_worth_keeping:
                self._block(
                    Problem(
                        f"The layer “{self._name}” was deleted.", "Undo brings it back. Or discard the points on it."
                    )
                )
        else:
            if self._resized_from is None:
                self._blocked = ""
                self.notices.drop(_GONE)
            self._level_came()
        self._means.changed()

    def _level_came(self) -> None:
        """Another layer is the edit's now. One that comes back by redo may be of drags that were undone since."""
        state, level = self.view.state, self.level
        if state is None or level is None or level.belongs_to(state.history):
            self._show_level()
            return
        self._leave_session()
        self.board.replace(())
        self._origin = None
        self._wants_open = False
        self._levels.forget_others()
        self.prepare()

    def _moved(self, dx: int, dy: int) -> None:
        """The layer was moved: the edit goes with it."""
        dx, dy = dx + self._ignored[0], dy + self._ignored[1]
        self._ignored = (0, 0)
        if self._resized_from is not None:
            self._ignored = (dx, dy)
        elif (dx, dy) != (0, 0):
            self.board.replace(moved_pairs(self.board.pairs, dx, dy))
            self._shift = (self._shift[0] + dx, self._shift[1] + dy)
            if not self._is_moving:
                self._move_along()

    def _move_along(self) -> None:
        view, origin, (dx, dy) = self.view, self._origin, self._shift
        self._shift = (0, 0)
        self._wants_start = False
        if view.state is None or view.edit_state is None or origin is None:
            self._forget_session()
            self.points_changed()
            return
        state, is_opaque = view.state, origin.is_opaque
        self._origin = Origin(state.frame, state, view.edit_state, is_opaque)
        self._leave_session()
        self._is_moving = True
        self._work = "Moving the edit along …"
        self._means.worker.do(lambda: moved_origin(state, dx, dy, is_opaque), self._moved_along, self._failed)

    def _moved_along(self, origin: Origin) -> None:
        self._work = ""
        self._is_moving = False
        self._origin = origin
        if self._shift != (0, 0):
            self._move_along()
            return
        self._wants_open = self._redraws = self.unapplied > 0
        self.advance()
        self._means.changed()

    def _painted(self) -> None:
        if not self.unapplied and not self.is_running:
            was_opening = self._asked == "open"
            self._forget_session()
            if was_opening:
                self.points_changed()
        else:
            self.notices.remark(
                "meanwhile",
                f"“{self._name}” was painted on.",
                "The drags that are not applied do not know of that: what they change lies over it.",
            )

    def _resized(self) -> None:
        size = _size(self.document)
        if self._resized_from == size:  # undone
            self._resized_from = None
            self._blocked = ""
            self.notices.drop(_GONE)
            self._show_level()
        elif self._resized_from is None and not (self.unapplied or self.is_running):
            self._size = size
            self._forget_session()
        elif self._resized_from is None:
            self.stop()
            self._resized_from = self._size
            self._block(
                Problem(
                    "The picture was cropped, scaled or turned: the drags that are not applied do not fit any more.",
                    "Undo that, or discard the drags.",
                )
            )
        self._means.changed()

    def _forget_session(self) -> None:
        """The layer is read again when it is next needed; the points stay."""
        self._leave_session()
        self._is_stale = True
        self._wants_open = False

    def _watch_layer(self) -> None:
        node, frame = self.node, self.frame
        if node is not None and frame is not None:
            self._watch.follow(node, region_of(frame))

    def _show_level(self) -> None:
        """Another layer is the edit's now: what is not in it shows over it again."""
        self.over = b""
        self._watch_layer()
        self._redraws = self._editing is not None and self.view.is_busy
        if self._editing is not None and not self._redraws and self.view.state is not None:
            self._asked = "level"
            self._editing.seek(max(self.view.position, self._since), self._preview())
        self._means.changed()


def _size(document: Any) -> tuple[int, ...]:
    return document.xOffset(), document.yOffset(), document.width(), document.height()


def _what_was_done(found: FoundEdit | None) -> str:
    """To a layer that has other pixels now; nothing tells a conversion from paint."""
    return "converted or painted on" if found is not None and found.is_converted else "painted on"
