"""What Drag Points does while its window is open: reads the layer, drags, applies. Has no widgets.

The window is told through `Hooks` and asks `state` what to show. Everything of GIMP's is done in slices on the main
thread, everything of the server's in threads of the client library.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from gi.repository import GdkPixbuf, Gimp, GLib

from draggan_client import wording
from draggan_client.diagnostics import recent_errors
from draggan_client.editing import Editing, EditView, Phase, Problem, ServerDesk, ServerPhase, Worker
from draggan_client.errors import DragganError
from draggan_client.layer_record import How
from draggan_client.messages import (
    DragOptions,
    Frame,
    FromPicture,
    MaskData,
    Pixels,
    Preview,
    PreviewOptions,
    Source,
)
from draggan_client.points import PointBoard, pairs_of

from .. import edit
from ..drags import Drag
from ..edit import Beginning
from ..layers import records, result, watch
from ..layers.pixels import Rect
from ..layers.records import Form, Kept
from ..layers.result import Plan
from ..layers.source import SourcePixels, part_in, read_source
from ..layers.subject import RefusedError, Subject, can_do_without_filters, find_subject, has_filters
from ..layers.warm_up import warm_up
from ..slices import Slices, Work
from .edge import Segment
from .hand_over import hand_over
from .pixbufs import pixbuf_of
from .pyramid import Pyramid, read_pyramid, read_visible
from .selection_edge import read_edge

_POLL_MS = 500
_PREVIEW_INTERVAL_S = 0.2
_PREVIEW_SIZES = (64, 512)


class Question(Enum):
    """What the artist has to decide."""

    PAINTED_OVER = "painted over"


@dataclass(frozen=True)
class Hooks:
    """What the window wants to be told, on the main thread."""

    changed: Callable[[], object]
    """Something that is shown is another."""
    picture: Callable[[Pyramid], object]
    frame: Callable[[Frame], object]
    edge: Callable[[tuple[Segment, ...]], object]
    preview: Callable[[GdkPixbuf.Pixbuf | None], object]
    """None: what is below is as it should be seen."""
    applied: Callable[[Gimp.Layer], object]
    screen_px_per_image_px: Callable[[], float]


@dataclass(frozen=True)
class State:
    """What the window shows."""

    view: EditView
    text: str = ""
    """What is going on, or what came of it."""
    hint: str = ""
    detail: str = ""
    is_error: bool = False
    fraction: float | None = 0.0
    """Of the progress bar; None: it pulses."""
    busy: bool = False
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
    """The layer showed an edit, and this goes on from it."""
    question: Question | None = None
    note: str = ""
    """Something to know about the layer."""
    as_visible: bool | None = None
    """Whether filters are seen; None: it is no question."""


class Controller:
    """One for each window."""

    def __init__(
        self, image: Gimp.Image, drawables: list[Gimp.Drawable], as_visible: bool, hooks: Hooks, desk: ServerDesk
    ) -> None:
        """Raises RefusedError when the layer cannot be edited. Nothing runs before `begin`."""
        self._hooks = hooks
        self.board = PointBoard()
        self._desk = desk
        self._drawables = drawables
        self._image = image
        self._subject = find_subject(image, drawables, as_visible)
        self._asks_for_filters = has_filters(self._subject.layer) and can_do_without_filters(self._subject.layer)
        self._editing = Editing(desk.connection, hand_over, self._edit_changed, self._previewed)
        self._worker = Worker("draggan-gimp", hand_over)
        self._slices: list[Slices] = []
        self._beginning: Beginning | None = None
        self._question: Question | None = None
        self._kept: Kept | None = None
        self._asked_about: Kept | None = None
        self._model: str | None = None
        self._opened = False
        """The session was asked for."""
        self._start: DragOptions | None = None
        """Start was pressed while the layer was still being read."""
        self._doing = ""
        """What is done here, besides what the server does."""
        self._done: float | None = None
        self._trouble: Problem | None = None
        self._applying: Plan | None = None
        self._dragging: Drag | None = None
        """What was pulled when Start was pressed, until that drag is over."""
        self._asked = False
        """The drag was asked for ..."""
        self._state_before: bytes | None = None
        """... when this was the edit state."""
        self._just_ended = False
        """A drag has ended, and no point was edited since: tell how it ended."""
        self._sought: bytes | None = None
        """The edit state that going through the history came to last."""
        self._drags: list[Drag] = []
        self._looked: watch.Look | None = None
        self._seen = self._subject.rect
        """What of the image the canvas shows."""
        self._gone = ""
        self._note = ""
        self._closed = False
        self._poll_id = 0

    # What is shown

    @property
    def subject(self) -> Subject:
        """The layer that is edited."""
        return self._subject

    @property
    def drags(self) -> tuple[Drag, ...]:
        """The drags that are in the picture, as they were started: what "Repeat" does again."""
        return tuple(self._drags[: self.state.position])

    @property
    def state(self) -> State:
        """How things stand now."""
        view, since = self._editing.view, self._since
        position = max(0, view.position - since) if self._opened else 0
        busy = bool(self._doing) or view.is_busy
        usable = not self._gone and self._beginning is not None and self._question is None
        free = usable and not busy
        opens = usable and self._opens_unasked and not self._doing
        wanted = not self._gone and (self._start is not None or self._dragging is not None)
        shown = State(
            view=view,
            busy=busy,
            can_start=(free or opens) and bool(self.board.pairs),
            can_stop=wanted and view.phase is not Phase.STOPPING,
            can_edit=free or opens,
            can_apply=free and position > 0,
            # While one place of the history is being got the next can be asked for, or the slider would lose its grip.
            can_seek=usable and not self._doing and (not busy or view.phase is Phase.FETCHING),
            can_choose_model=free and self._kept is None and position == 0,
            position=position,
            history_length=max(0, view.history_length - since) if self._opened else 0,
            going_on=self._kept is not None,
            question=self._question,
            note=self._note,
            as_visible=self._subject.as_visible if self._asks_for_filters else None,
        )
        return self._told(shown)

    def _told(self, shown: State) -> State:
        view = shown.view
        trouble = self._trouble or (view.problem if not view.is_busy else None)
        if self._gone:
            return replace(shown, text=self._gone, hint="Close this window.", is_error=True)
        if self._doing:
            return replace(shown, text=f"{self._doing} …", fraction=self._done)
        if trouble is not None:
            return replace(shown, text=trouble.message, hint=trouble.hint, detail=trouble.detail, is_error=True)
        if view.phase is Phase.OPENING and self._desk.status.phase is ServerPhase.STARTING:
            return replace(shown, text=self._desk.status.text, fraction=None)
        if view.is_busy:
            return replace(shown, text=wording.phase_text(view), fraction=wording.fraction_done(view))
        if self._question is not None or self._beginning is None:
            return shown
        if self.board.full:
            return replace(shown, text=wording.POINTS_FULL)
        if not self.board.pairs:
            return replace(
                shown,
                text="Press on a feature and pull it to where it should go.",
                hint="A click puts a pin, which holds its place.",
            )
        if self._just_ended:
            return replace(shown, text=wording.phase_text(view))
        return replace(shown, text="Press Start, and the picture follows." if self._pulled() else "Pull a point.")

    def _pulled(self) -> bool:
        return any(not pair.is_pin for pair in self.board.pairs)

    @property
    def _opens_unasked(self) -> bool:
        """The picture is being opened in the background, and no drag waits for it."""
        return self._editing.view.phase is Phase.OPENING and self._dragging is None and self._start is None

    @property
    def _since(self) -> int:
        return self._kept.state.position if self._kept else 0

    # Beginning

    def begin(self, model: str | None) -> None:
        """Read the layer and what it keeps. `model`: None: the default."""
        self._model = model
        self._desk.start()
        self._poll_id = GLib.timeout_add(_POLL_MS, self._poll)
        self._busy("Reading the layer")
        self._worker.do(warm_up(self._subject), lambda _: self._begin_reading(), lambda _: self._begin_reading())

    def _begin_reading(self) -> None:
        if records.has_record(self._subject.layer):
            self._do("Reading the layer's edit", records.read_record(self._subject.layer), self._kept_read)
        else:
            self._read_layer()

    def _kept_read(self, kept: Kept | None) -> None:
        self._kept = kept
        if kept is not None and kept.how is How.PAINTED_OVER:
            self._question = Question.PAINTED_OVER
            self._kept = None
            self._asked_about = kept
            self._do("", read_pyramid(self._subject), self._hooks.picture)  # so that one sees what is asked about
            self._hooks.changed()
        else:
            self._read_layer()

    def answer(self, go_on: bool) -> None:
        """What the artist wants of a layer that was painted over."""
        self._question = None
        self._kept = self._asked_about if go_on else None
        self._read_layer()

    def begin_anew(self) -> None:
        """Leave the layer's edit, and begin with its pixels. Drags of this window are given up."""
        self._leave_edit()
        self._kept = None
        self._read_layer()

    def see_filters(self, as_visible: bool) -> None:
        """Read the layer anew, with its filters or without. Drags of this window are given up."""
        try:
            self._subject = find_subject(self._image, self._drawables, as_visible)
        except DragganError as error:
            self._failed(error)
            return
        self._leave_edit()
        self._read_layer()

    def reload(self) -> None:
        """The layer was changed: read it anew. Drags of this window are given up."""
        self.see_filters(self._subject.as_visible)

    def choose_model(self, model: str | None) -> None:
        """Use another model from now on."""
        if model == self._model or not self.state.can_choose_model:
            return
        self._model = model
        if self._opened:
            self._leave_edit()
            self._open()

    def _leave_edit(self) -> None:
        self._cancel_slices()
        if self._opened:
            self._editing.close()
            self._editing = Editing(self._desk.connection, hand_over, self._edit_changed, self._previewed)
        self._opened = False
        self._start = None
        self._drags.clear()
        self._note = ""
        self._trouble = None
        self._hooks.preview(None)

    def _read_layer(self) -> None:
        self._beginning = None
        looked = watch.look(self._subject)
        self._looked = looked if isinstance(looked, watch.Look) else None
        self._do("Reading the layer", self._reading(), self._layer_read)

    def _reading(self) -> Work[Beginning]:
        kept = self._kept
        if kept is not None and kept.form is Form.EDIT:
            # The layer holds only what changed; the artist should see it over what lies below.
            pyramid = yield from _half(read_visible(self._image, _outer(kept.state.frame)), 0.0)
        else:
            pyramid = yield from _half(read_pyramid(self._subject), 0.0)
        self._hooks.picture(pyramid)
        beginning = yield from _half(edit.begin(self._subject, kept), 0.5)
        self._hooks.frame(beginning.frame)
        self._seen = pyramid.rect
        self._hooks.edge((yield from read_edge(self._image, self._seen)))
        return beginning

    def _layer_read(self, beginning: Beginning) -> None:
        self._beginning = beginning
        if self._kept is not None:
            self.board.replace(pairs_of(self._kept.state.points))
        self._hooks.changed()
        start, self._start = self._start, None
        if start is not None:
            self.start(start)
        elif self.board.pairs and self._kept is None:
            self._open()

    # Dragging

    def points_edited(self) -> None:
        """The artist has changed the points. The first one has the picture opened in the background."""
        self._trouble = None
        self._just_ended = False
        if self.board.pairs and self._beginning is not None and not self._opened and not self._gone:
            self._open()
        self._hooks.changed()

    def _open(self) -> None:
        beginning = self._beginning
        assert beginning is not None
        self._opened = True
        editing, model = self._editing, self._model if beginning.kept is None else None

        def begin(source: Source) -> None:
            editing.open(source, model)
            if isinstance(source, FromPicture):
                editing.invert()

        self._worker.do(beginning.source, begin, self._failed)

    def start(self, options: DragOptions) -> None:
        """Drag. Where the layer is still being read: as soon as that is done."""
        self._trouble = None
        if self._beginning is None:
            self._start = options
        elif self.state.can_start:
            beginning = self._beginning
            self._do("Reading the selection", edit.read_mask(beginning), lambda mask: self._drag(mask, options))
        self._hooks.changed()

    def _drag(self, mask: MaskData | None, options: DragOptions) -> None:
        if not self._opened:
            self._open()
        pairs = self.board.pairs
        self._dragging = pairs
        preview, editing = self._preview_options(), self._editing

        def ask(_nothing: None) -> None:
            self._state_before = editing.view.edit_state
            self._asked = True
            editing.drag(pairs, mask, options, preview)

        # Behind what opens the picture, which takes the same way.
        self._asked = False
        self._worker.do(lambda: None, ask)

    def stop(self) -> None:
        """Stop what the server does for us. Returns at once."""
        self._start = None
        self._editing.stop()
        self._hooks.changed()

    def seek(self, position: int) -> None:
        """To the picture after so many of this window's drags."""
        if self._opened and position != self.state.position:
            self._editing.seek(self._since + position, self._preview_options())

    def _preview_options(self) -> PreviewOptions:
        assert self._beginning is not None
        # No finer than the layer, or the preview would promise more than the result holds.
        frame = self._beginning.frame.size
        size = min(_PREVIEW_SIZES[1], max(_PREVIEW_SIZES[0], round(frame * self._hooks.screen_px_per_image_px())))
        size = max(_PREVIEW_SIZES[0], min(size, round(frame)))
        return PreviewOptions(size, "png", _PREVIEW_INTERVAL_S, "edit", self._since)

    def _previewed(self, preview: Preview) -> None:
        view = self._editing.view
        if preview.format != "png" or view.phase is Phase.OPENING:
            return  # what the model makes of the picture while it looks for it
        self._hooks.preview(pixbuf_of(preview))

    def _edit_changed(self) -> None:
        view = self._editing.view
        if self._dragging is not None and view.phase in (Phase.DRAGGING, Phase.STOPPING):
            self.board.follow(view.handles)
        elif self._dragging is not None and self._asked and self._has_ended(view):
            self._drag_ended(view)
        elif view.reason == "sought" and view.phase is Phase.READY and view.edit_state is not self._sought:
            self._sought = view.edit_state
            self._show_points_of(view)
        if view.phase is Phase.LOST:
            self._desk.refresh()
        self._hooks.changed()

    def _show_points_of(self, view: EditView) -> None:
        """After going through the history: the points as they were pulled from there, else as they lie there now."""
        position = view.position - self._since
        self.board.replace(self._drags[position] if position < len(self._drags) else view.pairs)

    def _has_ended(self, view: EditView) -> bool:
        """Whether the drag that was asked for is over: between opening and dragging nothing is busy either."""
        if view.is_busy:
            return False
        if view.problem is not None or view.reason == "stopped":
            return True
        return view.reason != "opened" and view.edit_state is not self._state_before

    def _drag_ended(self, view: EditView) -> None:
        dragged, self._dragging = self._dragging, None
        self._just_ended = view.problem is None
        assert dragged is not None
        position = view.position - self._since
        self.board.follow(view.handles)
        if view.problem is None and position > 0 and view.reason != "opened":
            self.board.settle(view.reached)
            self._drags[position - 1 :] = [dragged]
        if view.preview is None or view.preview.format != "png":
            self._hooks.preview(None)
        elif view.problem is not None:
            self._hooks.preview(pixbuf_of(view.preview))

    # Applying

    def apply(self) -> None:
        """Get the result and put it into the image; `Hooks.applied` is told at the end."""
        if not self.state.can_apply:
            return
        beginning = self._beginning
        assert beginning is not None
        self._trouble = None
        plan = edit.first_plan(beginning)
        if plan is not None and plan.form is Form.EDIT:
            self._fetch_edit(plan)
            return
        try:
            part = part_in(self._subject, beginning.frame)
        except RefusedError as error:
            self._failed(error)
            return
        self._do("Reading the layer", read_source(self._subject, part), lambda pixels: self._plan(plan, pixels))

    def _plan(self, plan: Plan | None, pixels: SourcePixels) -> None:
        beginning = self._beginning
        assert beginning is not None

        def prepared():
            if plan is None and not result.has_transparency(pixels):
                return None
            return edit.copy_request(beginning, pixels)

        def go(request) -> None:
            if request is None:
                self._fetch_edit(Plan(Form.EDIT))
            else:
                self._fetch(request, lambda copy: self._copied(plan, pixels, copy), plan or Plan(Form.COPY))

        self._busy("Preparing the result")
        self._worker.do(prepared, go, self._failed)

    def _copied(self, plan: Plan | None, pixels: SourcePixels, copy: Pixels) -> None:
        if plan is not None:
            self._make(plan, copy)
            return

        def planned(touched: bool) -> None:
            found = result.plan_by_transparency(self._subject, touched)
            if found.form is Form.COPY:
                self._make(found, copy)
            else:
                self._fetch_edit(found)

        self._worker.do(lambda: result.touches_transparency(pixels, copy), planned, self._failed)

    def _fetch_edit(self, plan: Plan) -> None:
        assert self._beginning is not None
        self._fetch(edit.edit_request(self._beginning), lambda pixels: self._make(plan, pixels), plan)

    def _fetch(self, request, done: Callable[[Pixels], object], plan: Plan) -> None:
        self._applying = plan
        self._busy("Getting the result")

        def failed(problem: Problem) -> None:
            self._applying = None
            self._trouble = problem
            self._idle()

        self._editing.fetch(request, done, failed)

    def _make(self, plan: Plan, pixels: Pixels) -> None:
        beginning, state = self._beginning, self._editing.view.edit_state
        assert beginning is not None and state is not None
        if result.changes_nothing(pixels):
            self._failed(
                RefusedError(
                    "The drag has changed nothing that may change.",
                    "Pull the points further, or select more of the layer.",
                )
            )
            return
        work = edit.make_layer(beginning, plan, pixels, state)
        self._do("Making the layer", work, lambda layer: self._put_in(plan, layer))

    def _put_in(self, plan: Plan, layer: Gimp.Layer) -> None:
        self._applying = None
        self._look_again()
        if self._gone:
            if layer.is_valid():
                layer.delete()
            self._hooks.changed()
            return
        assert self._beginning is not None
        edit.put_in(self._beginning, plan, layer)
        self._hooks.applied(layer)

    # What happens in GIMP meanwhile

    def _poll(self) -> bool:
        if self._closed:
            return False
        self._look_again()
        return not self._gone

    def _look_again(self) -> None:
        now = watch.look(self._subject)
        if isinstance(now, watch.Gone):
            self._gone = now.text
            self._cancel_slices()
            self._idle()
            self._editing.stop()
            self._hooks.changed()
            return
        before, self._looked = self._looked, now
        if before is None or now == before or self._applying is not None:
            return
        if now.rect != before.rect:
            self._note = "The layer was moved or resized in the image."
        elif now.pixels != before.pixels:
            self._note = "The layer was changed in the image since it was read."
        if (now.selected, now.selection) != (before.selected, before.selection) and self._beginning is not None:
            self._do("", read_edge(self._image, self._seen), self._hooks.edge)
        self._hooks.changed()

    # Work

    def _do(self, doing: str, work: Work, done: Callable[..., object]) -> None:
        """Do a work in slices. Without `doing` nobody needs to know."""
        if doing:
            self._busy(doing, 0.0)

        def ended(value: object) -> None:
            self._slices.remove(slices)
            if doing:
                self._idle()
            done(value)
            self._hooks.changed()

        def failed(error: Exception) -> None:
            self._slices.remove(slices)
            self._failed(error)

        def progress(fraction: float) -> None:
            if doing and not self._closed:
                self._done = fraction
                self._hooks.changed()

        slices: Slices = Slices(work, ended, failed, progress)
        self._slices.append(slices)

    def _busy(self, doing: str, done: float | None = None) -> None:
        self._doing, self._done = doing, done
        self._hooks.changed()

    def _idle(self) -> None:
        self._doing, self._done = "", 0.0

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, DragganError):
            recent_errors.note("in the dialog", error)
        self._applying = None
        self._start = None
        self._idle()
        self._trouble = Problem.of(error)
        self._look_again()
        self._hooks.changed()

    def tell(self, error: DragganError) -> None:
        """Say that something did not work."""
        self._trouble = Problem.of(error)
        self._hooks.changed()

    def _cancel_slices(self) -> None:
        for slices in self._slices:
            slices.cancel()
        self._slices.clear()

    def close(self) -> None:
        """Stop everything, and let the server forget the edit. The image is left as it is."""
        if self._closed:
            return
        self._closed = True
        if self._poll_id:
            GLib.source_remove(self._poll_id)
        self._cancel_slices()
        self._worker.close()
        self._editing.close()

    def wait_closed(self, timeout_s: float) -> None:
        """After `close`: the process ends now, so give the server time to be told."""
        self._editing.wait_closed(timeout_s)


def _half(work: Work, begin: float):
    """A work that is the half of another, told so."""
    while True:
        try:
            yield begin + next(work) / 2
        except StopIteration as end:
            return end.value


def _outer(frame: Frame) -> Rect:
    left, top = math.floor(frame.x), math.floor(frame.y)
    return Rect(left, top, math.ceil(frame.x + frame.size) - left, math.ceil(frame.y + frame.size) - top)
