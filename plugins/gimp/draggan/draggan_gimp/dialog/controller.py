"""What Drag Points does while its window is open: reads the layer, has the frame chosen and the picture found in the
model, drags, applies. Has no widgets.

The window is told through `Hooks` and asks `state` what to show. Everything of GIMP's is done in slices on the main
thread, everything of the server's in threads of the client library.
"""

import math
from dataclasses import replace

from gi.repository import Gimp, GLib

from draggan_client import frames, wording
from draggan_client.diagnostics import recent_errors
from draggan_client.editing import Editing, EditView, Phase, Problem, ServerDesk, ServerPhase
from draggan_client.errors import DragganError
from draggan_client.frame_choice import landmark_words
from draggan_client.layer_record import How
from draggan_client.messages import (
    DragOptions,
    Frame,
    InversionMode,
    MaskData,
    ModelInfo,
    Preview,
    PreviewOptions,
    Source,
)
from draggan_client.points import PointBoard, pairs_of
from draggan_client.rect import Rect

from .. import edit
from ..drags import Drag, outside, outside_text
from ..edit import Beginning
from ..layers import records, watch
from ..layers.records import Form, Kept
from ..layers.result import Plan
from ..layers.source import SourcePixels, part_in, read_source
from ..layers.subject import (
    RefusedError,
    Subject,
    can_do_without_filters,
    find_subject,
    has_filters,
    rect_of,
)
from ..layers.warm_up import warm_up
from ..slices import Work
from .applying import Applying
from .framing import Framing
from .hand_over import hand_over
from .pixbufs import pixbuf_of
from .pyramid import read_pyramid, read_visible
from .selection_edge import read_edge
from .state import Hooks, Question, State, Step
from .tasks import Tasks
from .view import ROUND_FRAME

_POLL_MS = 500
_PREVIEW_INTERVAL_S = 0.2
_RECONSTRUCTION_INTERVAL_S = 0.4
_PREVIEW_SIZES = (64, 512)
_LAYER_CHANGED = "The layer was changed in the image since it was read."
_LAYER_MOVED = "The layer was moved or resized in the image."
_PRESS = "Press on a feature and pull it to where it should go."
_PIN = "A click puts a pin, which holds its place."
_NOT_DRAGGED = ("opened", "inverted")
"""How a job ended that was no drag."""


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
        self._tasks = Tasks(self._hooks.changed, self._failed)
        self._step = Step.FRAME
        self.framing = Framing(lambda: self._subject, lambda: self.model, self.frame_edited, self.tell)
        self._chosen: Frame | None = None
        """The frame that was taken."""
        self._beginning: Beginning | None = None
        self._question: Question | None = None
        self._kept: Kept | None = None
        self._asked_about: Kept | None = None
        self._model: str | None = None
        self._opened = False
        """The session was asked for."""
        self._start: DragOptions | None = None
        """Start was pressed while the layer was still being read."""
        self._trouble: Problem | None = None
        self._applying = False
        self._dragging: Drag | None = None
        """What was pulled when Start was pressed, until that drag is over."""
        self._asked = False
        """The drag was asked for ..."""
        self._state_before: bytes | None = None
        """... when this was the edit state."""
        self._just_ended = False
        """A job has ended, and no point was edited since: tell how it ended."""
        self._was_inverting = False
        self._reconstruction: Preview | None = None
        self._pressed_beside = False
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
    def frame(self) -> Frame | None:
        """What the model sees; None: nothing yet."""
        return self._beginning.frame if self._beginning is not None else None

    @property
    def drags(self) -> tuple[Drag, ...]:
        """The drags that are in the picture, as they were started: what "Repeat" does again."""
        return tuple(self._drags[: self.state.position])

    @property
    def model(self) -> ModelInfo | None:
        """The model that is used; None: not known yet."""
        status = self._desk.status
        wanted = self._model or (status.hello.default_model if status.hello is not None else "")
        return next((model for model in status.models or () if model.id == wanted), None)

    @property
    def state(self) -> State:
        """How things stand now."""
        view, since = self._editing.view, self._since
        position = max(0, view.position - since) if self._opened else 0
        doing = bool(self._tasks.doing)
        busy = doing or view.is_busy
        usable = not self._gone and self._beginning is not None and self._question is None
        free = usable and not busy
        opens = usable and self._opens_unasked and not doing
        wanted = not self._gone and (self._start is not None or self._dragging is not None)
        model, is_new = self.model, self._kept is None
        choosing = not self._gone and self._step is Step.FRAME and self.framing.choice is not None and not doing
        inverting = opens and is_new
        known = view.state is not None and view.state.is_known
        startable = (free or opens) if not is_new else free and known
        shown = State(
            view=view,
            step=self._step,
            busy=busy,
            can_pull_frame=choosing,
            can_use_frame=choosing and self.framing.problem is None and self.framing.wanted is None,
            can_choose_frame=free and is_new,
            has_selection=self._step is Step.FRAME and self.framing.selected is not None,
            landmarks=model.alignment if model is not None else (),
            inverting=inverting,
            can_invert=free and is_new and not known,
            can_be_faithful=free and is_new and known and view.history_length == 0 and not _is_faithful(view),
            can_start=startable and bool(self.board.pairs) and not self._outside,
            can_stop=(wanted or inverting) and view.phase is not Phase.STOPPING,
            can_edit=free or opens,
            can_apply=free and position > 0,
            # While one place of the history is being got the next can be asked for, or the slider would lose its grip.
            can_seek=usable and not doing and (not busy or view.phase is Phase.FETCHING),
            can_choose_model=choosing or (free and is_new and view.history_length == 0),
            position=position,
            history_length=max(0, view.history_length - since) if self._opened else 0,
            going_on=self._kept is not None,
            model=self._kept.state.model_id if self._kept is not None else "",
            lost_origin=view.lacks_pixels or (self._beginning is not None and self._beginning.lost_its_origin),
            question=self._question,
            note=self._note,
            as_visible=self._subject.as_visible if self._asks_for_filters else None,
        )
        return self._told(shown)

    def _told(self, shown: State) -> State:
        view, tasks = shown.view, self._tasks
        problem = self._trouble or (view.problem if not view.is_busy else None)
        if self._gone:
            return replace(shown, text=self._gone, hint="Close this window.", is_error=True)
        if tasks.doing:
            return replace(shown, text=f"{tasks.doing} …", fraction=tasks.done)
        if problem is not None:
            return replace(shown, text=problem.message, hint=problem.hint, detail=problem.detail, is_error=True)
        if self._step is Step.FRAME:
            return self._frame_told(shown)
        if view.phase is Phase.OPENING and self._desk.status.phase is ServerPhase.STARTING:
            return replace(shown, text=self._desk.status.text, fraction=None)
        if view.is_busy:
            return replace(shown, text=wording.phase_text(view), fraction=wording.fraction_done(view))
        if self._question is not None or self._beginning is None:
            return shown
        return self._points_told(shown)

    def _frame_told(self, shown: State) -> State:
        problem, landmark = self.framing.problem, self.framing.wanted
        if self.framing.choice is None or self._question is not None:
            return shown
        if landmark is not None:
            number, count = len(self.framing.choice.clicks) + 1, len(self.framing.choice.landmarks)
            text = f"Click {landmark_words(landmark.name)} ({number} of {count})."
            return replace(shown, text=text, hint="Backspace takes a click back, Escape ends this.")
        if problem is not None:
            return replace(shown, text=problem.message, hint=problem.hint, is_error=True)
        model = self.model
        hint = f"The model knows {model.domain}." if model is not None and model.domain else ""
        if shown.landmarks:
            names = sorted({landmark_words(point.name).split(" on the ")[0] for point in shown.landmarks})
            hint = f"{hint} The crosses are where it expects {' and '.join(names)}.".strip()
        return replace(shown, text="Put the frame round what is to be dragged.", hint=hint)

    def _points_told(self, shown: State) -> State:
        view = shown.view
        if shown.can_invert:
            return replace(shown, text=wording.phase_text(view) or "The picture has to be found in the model first.")
        if self._outside:
            return replace(
                shown,
                text=outside_text(self._outside),
                hint="Pull them into it, or choose the frame again." if shown.can_choose_frame else "",
                is_error=True,
            )
        if self._pressed_beside:
            hint = "Press inside it, or choose the frame again." if shown.can_choose_frame else "Press inside it."
            return replace(shown, text="The model sees only what lies in the frame.", hint=hint)
        if self.board.full:
            return replace(shown, text=wording.POINTS_FULL)
        if not self.board.pairs and self._just_ended:
            return replace(shown, text=wording.phase_text(view), hint=f"{_PRESS} {_PIN}")
        if not self.board.pairs:
            return replace(shown, text=_PRESS, hint=_PIN)
        if self._just_ended:
            return replace(shown, text=wording.phase_text(view))
        return replace(shown, text="Press Start, and the picture follows." if self._pulled() else "Pull a point.")

    def _pulled(self) -> bool:
        return any(not pair.is_pin for pair in self.board.pairs)

    @property
    def _outside(self) -> Drag:
        """The points that the frame does not show."""
        return outside(self.board.pairs, self._beginning.frame) if self._beginning is not None else ()

    @property
    def _opens_unasked(self) -> bool:
        """The picture is being opened or looked for in the background, and no drag waits for it."""
        opens = self._editing.view.phase in (Phase.OPENING, Phase.INVERTING) or (
            self._was_inverting and self._editing.view.phase is Phase.STOPPING
        )
        return opens and self._dragging is None and self._start is None

    @property
    def _since(self) -> int:
        return self._kept.state.position if self._kept else 0

    # Beginning

    def begin(self, model: str | None) -> None:
        """Read the layer and what it keeps. `model`: None: the default."""
        self._model = model
        self._desk.start()
        self._poll_id = GLib.timeout_add(_POLL_MS, self._poll)
        self._tasks.busy("Reading the layer")
        read = lambda _: self._begin_reading()  # noqa: E731
        self._tasks.beside(warm_up(self._subject), read, read)

    def _begin_reading(self) -> None:
        if records.has_record(self._subject.layer):
            self._tasks.do("Reading the layer's edit", records.read_record(self._subject.layer), self._kept_read)
        else:
            self._read_layer()

    def _kept_read(self, kept: Kept | None) -> None:
        self._kept = kept
        if kept is not None and kept.how is How.PAINTED_OVER:
            self._question = Question.PAINTED_OVER
            self._kept = None
            self._asked_about = kept
            self._tasks.do("", read_pyramid(self._subject), self._hooks.picture)  # so that one sees what is asked about
            self._hooks.changed()
        else:
            self._read_layer()

    def answer(self, yes: bool) -> None:
        """What the artist has decided: to go on from the edit, to apply all the same; or not."""
        question, self._question = self._question, None
        if question is Question.PAINTED_OVER:
            self._kept = self._asked_about if yes else None
            self._read_layer()
        elif question is Question.CHANGED and yes:
            self._apply()
        elif question is Question.CHANGED:
            self.reload()

    def begin_anew(self) -> None:
        """Leave the layer's edit, and begin with its pixels. Drags of this window are given up."""
        self._leave_edit()
        self._kept = self._chosen = None
        self.framing.choice = None
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
        self.models_known()
        if self._step is Step.DRAG:
            self._leave_edit()
            assert self.framing.choice is not None and self._beginning is not None
            if self.framing.choice.frame == self._beginning.frame:
                self._open()
            else:
                self._take(self.framing.choice.frame)
        self._hooks.changed()

    def models_known(self) -> None:
        """What the models are like is known now: the frame gets the shape of the model's picture."""
        self.framing.reshape()

    def _leave_edit(self) -> None:
        self._tasks.cancel()
        self._tasks.idle()
        if self._opened:
            self._editing.close()
            self._editing = Editing(self._desk.connection, hand_over, self._edit_changed, self._previewed)
        self._opened = self._was_inverting = self._just_ended = False
        self._start = self._dragging = None
        self._drags.clear()
        self._note = ""
        self._trouble = None
        self._reconstruction = None
        self._hooks.preview(None)
        self._hooks.reconstruction(None)

    def _read_layer(self) -> None:
        self._beginning = None
        looked = watch.look(self._subject)
        self._looked = looked if isinstance(looked, watch.Look) else None
        if self._kept is not None:
            self._step = Step.DRAG
            self._tasks.do("Reading the layer", self._reading(self._kept), self._layer_read)
        else:
            self._step = Step.FRAME
            self._tasks.do("Reading the layer", self._looking(), lambda _: self._layer_seen())

    def _reading(self, kept: Kept) -> Work[Beginning]:
        if kept.form is Form.EDIT:
            # The layer holds only what changed; the artist should see it over what lies below, and round it.
            pyramid = yield from _half(read_visible(self._image, _round_frame(kept.state.frame, self._image)), 0.0)
        else:
            pyramid = yield from _half(read_pyramid(self._subject), 0.0)
        self._hooks.picture(pyramid)
        beginning = yield from _half(edit.go_on(self._subject, kept), 0.5)
        self._hooks.frame(beginning.frame)
        self._seen = pyramid.rect
        self._hooks.edge((yield from read_edge(self._image, self._seen)))
        return beginning

    def _layer_read(self, beginning: Beginning) -> None:
        self._beginning = beginning
        assert self._kept is not None
        self.board.replace(pairs_of(self._kept.state.points))
        self._hooks.changed()
        self._start_if_wanted()

    def _start_if_wanted(self) -> None:
        start, self._start = self._start, None
        if start is not None:
            self.start(start)

    # The frame

    def _looking(self) -> Work[None]:
        pyramid = yield from read_pyramid(self._subject)
        self._seen = pyramid.rect
        self._hooks.picture(pyramid)
        self._hooks.edge((yield from read_edge(self._image, self._seen)))

    def _layer_seen(self) -> None:
        if self.framing.choice is None:
            self.framing.begin()
            if self.framing.choice is None:
                return
        if self._chosen is not None and self.framing.problem is None:
            self._take(self.framing.choice.frame)
        else:
            self._hooks.choose(self.framing.choice)

    def frame_edited(self) -> None:
        """The artist has changed the frame, or clicked a landmark."""
        self._trouble = None
        self._hooks.changed()

    def use_frame(self) -> None:
        """Show the model what lies in the frame, and have it looked for."""
        if self.framing.choice is not None and self.state.can_use_frame:
            self._trouble = None
            self._take(self.framing.choice.frame)

    def choose_frame_again(self) -> None:
        """Back to choosing it. Drags of this window are given up, points stay."""
        if self.state.can_choose_frame and self.framing.choice is not None:
            self._leave_edit()
            self._beginning = self._chosen = None
            self._step = Step.FRAME
            self._hooks.choose(self.framing.choice)
            self._hooks.changed()

    def _take(self, frame: Frame) -> None:
        self._chosen = frame
        self._tasks.do("Reading the layer", edit.begin(self._subject, frame), self._frame_read)

    def _frame_read(self, beginning: Beginning) -> None:
        def looked(is_empty: bool) -> None:
            self._tasks.idle()
            if is_empty:
                self._chosen = self._beginning = None
                self._step = Step.FRAME
                assert self.framing.choice is not None
                self._hooks.choose(self.framing.choice)
                self._failed(RefusedError("There is nothing in the frame.", "Pull it over something that is painted."))
                return
            self._beginning = beginning
            self._step = Step.DRAG
            self._hooks.frame(beginning.frame)
            self._open()
            self._hooks.changed()

        self._tasks.busy("Reading the layer")
        self._tasks.beside(lambda: beginning.pixels.is_empty, looked)

    # Finding the picture

    def invert(self) -> None:
        """Look for the picture in the model, where that was not done or came to nothing."""
        if not self.state.can_invert:
            return
        self._trouble = None
        if self._editing.view.state is None:
            self._open()
        else:
            self._invert("quick")

    def make_faithful(self) -> None:
        """Look longer, and fit the model to the picture."""
        if self.state.can_be_faithful:
            self._trouble = None
            self._invert("faithful")

    def _invert(self, mode: InversionMode) -> None:
        self._just_ended = False
        self._editing.invert(mode, self._reconstruction_options())

    def _reconstruction_options(self) -> PreviewOptions:
        return PreviewOptions(self._preview_side(), "jpeg", _RECONSTRUCTION_INTERVAL_S)

    def _inverted(self) -> None:
        """It has ended, however it did: is the layer still what was looked for?"""
        self._just_ended = True
        beginning = self._beginning
        if beginning is not None and not self._gone:
            self._tasks.do("", edit.is_unchanged(beginning), self._compared)

    def _compared(self, is_unchanged: bool) -> None:
        if not is_unchanged and not self._note:
            self._note = _LAYER_CHANGED

    # Dragging

    def points_edited(self) -> None:
        """The artist has changed the points. The first one has the edit opened in the background."""
        self._trouble = None
        self._just_ended = self._pressed_beside = False
        if self.board.pairs and self._beginning is not None and not self._opened and not self._gone:
            self._open()
        self._hooks.changed()

    def pressed_beside(self) -> None:
        """A press outside the frame, where no point can be."""
        self._trouble = None
        self._pressed_beside = True
        self._hooks.changed()

    def _open(self) -> None:
        beginning = self._beginning
        assert beginning is not None
        self._opened = True
        editing, is_new = self._editing, beginning.kept is None
        model = self._model if is_new else None
        preview = self._reconstruction_options()

        def made(source: Source) -> None:
            editing.open(source, model)
            if is_new:
                editing.invert("quick", preview)

        self._tasks.beside(beginning.source, made)

    def start(self, options: DragOptions) -> None:
        """Drag. Where the layer is still being read: as soon as that is done."""
        self._trouble = None
        if self._beginning is None:
            self._start = options
        elif self.state.can_start:
            beginning = self._beginning
            self._tasks.do("Reading the selection", edit.read_mask(beginning), lambda mask: self._drag(mask, options))
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
        self._tasks.beside(lambda: None, ask)

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
        return PreviewOptions(self._preview_side(), "png", _PREVIEW_INTERVAL_S, "edit", self._since)

    def _preview_side(self) -> int:
        """No finer than the layer, or the preview would promise more than the result holds."""
        assert self._beginning is not None
        frame = self._beginning.frame.size
        side = min(_PREVIEW_SIZES[1], max(_PREVIEW_SIZES[0], round(frame * self._hooks.screen_px_per_image_px())))
        return max(_PREVIEW_SIZES[0], min(side, round(frame)))

    def _previewed(self, preview: Preview) -> None:
        if preview.format == "png":  # else it is the model's whole picture
            self._hooks.preview(pixbuf_of(preview))

    def _edit_changed(self) -> None:
        view = self._editing.view
        self._reconstruction_changed(view)
        if view.phase is Phase.INVERTING:
            self._was_inverting = True
        elif self._was_inverting and not view.is_busy:
            self._was_inverting = False
            self._inverted()
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

    def _reconstruction_changed(self, view: EditView) -> None:
        if view.reconstruction is not None and view.reconstruction is not self._reconstruction:
            self._reconstruction = view.reconstruction
            self._hooks.reconstruction(pixbuf_of(view.reconstruction))

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
        return view.reason not in _NOT_DRAGGED and view.edit_state is not self._state_before

    def _drag_ended(self, view: EditView) -> None:
        dragged, self._dragging = self._dragging, None
        self._just_ended = view.problem is None
        assert dragged is not None
        position = view.position - self._since
        self.board.follow(view.handles)
        if view.problem is None and position > 0 and view.reason not in _NOT_DRAGGED:
            self.board.settle(view.reached)
            self._drags[position - 1 :] = [dragged]
        if view.preview is None or view.preview.format != "png":
            self._hooks.preview(None)
        elif view.problem is not None:
            self._hooks.preview(pixbuf_of(view.preview))

    # Applying

    def apply(self) -> None:
        """Get the result and put it into the image; `Hooks.applied` is told at the end. Asks where the layer is another
        than was dragged."""
        if self.state.can_apply:
            self._trouble = None
            self._tasks.do("Reading the layer", self._read_again(), self._compared_for_apply)

    def _read_again(self) -> Work[SourcePixels]:
        assert self._beginning is not None
        if rect_of(self._subject.layer) != self._subject.rect:
            yield 0.0
            return replace(self._beginning.pixels, digest=b"")
        part = part_in(self._subject, self._beginning.frame)
        return (yield from read_source(self._subject, part))

    def _compared_for_apply(self, now: SourcePixels) -> None:
        assert self._beginning is not None
        if now.digest == self._beginning.pixels.digest:
            self._apply()
        else:
            self._beginning = replace(self._beginning, pixels=now)  # what a copy is made of
            self._question = Question.CHANGED

    def _apply(self) -> None:
        beginning = self._beginning
        assert beginning is not None
        self._applying = True
        Applying(self._tasks, self._editing, beginning, self._put_in, self._not_applied).begin()

    def _not_applied(self, problem: Problem) -> None:
        self._applying = False
        self._trouble = problem
        self._tasks.idle()
        self._hooks.changed()

    def _put_in(self, plan: Plan, layer: Gimp.Layer) -> None:
        self._applying = False
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
            self._tasks.cancel()
            self._tasks.idle()
            self._editing.stop()
            self._hooks.changed()
            return
        before, self._looked = self._looked, now
        if before is None or now == before or self._applying:
            return
        if now.rect != before.rect:
            self._note = _LAYER_MOVED
        elif now.pixels != before.pixels:
            self._note = _LAYER_CHANGED
        is_read = self._beginning is not None or self.framing.choice is not None
        if (now.selected, now.selection) != (before.selected, before.selection) and is_read:
            self._tasks.do("", read_edge(self._image, self._seen), self._hooks.edge)
        self._hooks.changed()

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, DragganError):
            recent_errors.note("in the dialog", error)
        self._applying = False
        self._start = None
        self._tasks.idle()
        self._trouble = Problem.of(error)
        self._look_again()
        self._hooks.changed()

    def tell(self, error: DragganError) -> None:
        """Say that something did not work."""
        self._trouble = Problem.of(error)
        self._hooks.changed()

    def close(self) -> None:
        """Stop everything, and let the server forget the edit. The image is left as it is."""
        if self._closed:
            return
        self._closed = True
        if self._poll_id:
            GLib.source_remove(self._poll_id)
        self._tasks.close()
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


def _round_frame(frame: Frame, image: Gimp.Image) -> Rect:
    """As much of the image as is seen with the frame fitted in."""
    left, top, width, height = frames.bounds(frame)
    border = math.ceil(ROUND_FRAME * max(width, height))
    around = Rect.around(left, top, width, height, border).cut(Rect(0, 0, image.get_width(), image.get_height()))
    return Rect.around(left, top, width, height) if around.is_empty else around


def _is_faithful(view: EditView) -> bool:
    """Whether the longest search has been brought to its end."""
    found = view.inversion
    return found is not None and found.mode == "faithful" and found.step >= found.total_steps
