"""Editing one layer, off the editor's thread. A shell asks, shows `view`, and is told when that is another.

The names that an editor's shell needs for this are all here: HandOver, Worker, ServerDesk, Editing and the values
that they show.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from .connection import Connection
from .diagnostics import recent_errors
from .edit_state import EditState
from .errors import (
    ConnectionLostError,
    DragganError,
    DragLostError,
    InversionLostError,
    ProtocolMismatchError,
    ServerNotRunningError,
    StoppedError,
)
from .messages import (
    DragOptions,
    FromState,
    HandleState,
    InversionMode,
    MaskData,
    Pixels,
    PointPair,
    Preview,
    PreviewOptions,
    Progress,
    Result,
    ResultRequest,
    Source,
)
from .points import Pair, pairs_of
from .server_desk import ServerDesk
from .session import Session, SessionEvent
from .views import INVERSION_STAGES, EditView, Phase, Problem, ServerPhase, ServerStatus
from .worker import Bell, HandOver, Worker

__all__ = [
    "EditView",
    "Editing",
    "HandOver",
    "Phase",
    "Problem",
    "ServerDesk",
    "ServerPhase",
    "ServerStatus",
    "Worker",
]

_NOBODY_THERE = (ConnectionLostError, ServerNotRunningError, ProtocolMismatchError)
_AGAIN = "Everything up to the last finished drag is kept. {}: the server is started again by itself."


@dataclass(eq=False)
class _Task:
    """Something that was asked for."""

    phase: Phase
    doing: str
    stopped: threading.Event = field(default_factory=threading.Event)
    left: bool = False
    """It belongs to an edit that was left for another: nothing of it is shown any more."""
    replaceable: bool = False
    """A newer one of its kind makes it needless."""
    refused: Callable[[Problem], object] | None = None
    starts: tuple[HandleState, ...] | None = None
    """Where the handles were when a drag began."""


_Work = Callable[[_Task], Callable[[], object] | None]
"""What a task does; returns what is to be told on the editor's thread when it has ended."""


class Editing:
    """One layer that is being edited. Made and used on the editor's thread, which it never keeps waiting.

    What is asked for is done one thing after another. When something goes wrong, `view.problem` says what and what
    to do; the next thing asked for tries anew. A lost server (LOST) is found or started again by it, and the edit
    goes on from the newest edit state.
    """

    def __init__(
        self,
        connection: Connection,
        hand_over: HandOver,
        changed: Callable[[], object],
        on_preview: Callable[[Preview], object] | None = None,
    ) -> None:
        """changed: called on the editor's thread when `view` is another. on_preview: there too, with each new picture
        that the editor comes to look at; of a burst only the newest."""
        self._connection = connection
        self._changed = changed
        self._on_preview = on_preview
        self._bell = Bell(hand_over, self._heard)
        self._worker = Worker("draggan-edit", hand_over)
        self._lock = threading.RLock()
        self._view = EditView()
        self._tasks: list[_Task] = []
        self._stopper: threading.Thread | None = None
        self._session: Session | None = None
        self._heard_of: EditView | None = None
        self._kept_preview: Preview | None = None
        self._closed = False

    @property
    def view(self) -> EditView:
        """How the edit stands now."""
        with self._lock:
            return self._view

    def open(self, source: Source | Callable[[], Source], model: str | None = None) -> None:
        """Open a picture, in the background. An edit that was open here before is left.

        Without a model: the edit state's, else the server's default. What `view` showed is gone, but for the edit
        state that `source` may be. Where pixels are many, give a function that makes the source: it is called on
        the worker's thread, and what it raises is shown as the problem. So for `drag` and `fetch`.
        """
        state = source.state if isinstance(source, FromState) else None
        with self._lock:
            for task in self._tasks:
                task.stopped.set()
                task.left = True
            if self._tasks:
                self._ask_to_stop()
            self._view = EditView(Phase.OPENING, edit_state=state)
            self._kept_preview = None
        before: list[Session] = []

        def work(task: _Task) -> None:
            if self._session is not None:
                before.append(self._session)
            made = source() if callable(source) else source
            self._session = self._connection.session(made, model)
            for session in before:
                session.close()
            self._follow(task, self._session.open())

        self._do(_Task(Phase.OPENING, "opening the picture"), work)

    def drag(
        self,
        pairs: Iterable[PointPair | Pair],
        mask: MaskData | Callable[[], MaskData | None] | None = None,
        options: DragOptions | None = None,
        preview: PreviewOptions | None = None,
    ) -> None:
        """Pull the points, after opening what `open` was asked for where that is not open (any more).

        Without `preview` no pictures are sent.
        """
        points = tuple(_wired(pair) for pair in pairs)
        settings = options or DragOptions()
        task = _Task(
            Phase.DRAGGING,
            "dragging",
            starts=tuple(_at_start(point) for point in points),
        )

        def work(task: _Task) -> None:
            made = mask() if callable(mask) else mask
            self._follow(task, self._opened().drag(points, made, settings, preview))

        self._do(task, work)

    def invert(self, mode: InversionMode = "quick", preview: PreviewOptions | None = None) -> None:
        """Look for what draws the picture that was opened: `view.reconstruction`, `view.recognition` and the time left
        follow; a drag needs it. May be asked for together with `open`; where it was done before, it ends at once.

        `stop` ends it and keeps what it has come to, which can be used as it is. Asked for again, "faithful" too, it
        goes on from there; refused once there are drags. Without `preview` no reconstruction is sent on the way.
        """

        def work(task: _Task) -> None:
            self._follow(task, self._opened().invert(mode, preview))

        self._do(_Task(Phase.INVERTING, "inverting the picture"), work)

    def seek(self, position: int, preview: PreviewOptions | None = None) -> None:
        """To the picture after `position` finished drags; 0 is before the first. Of many only the newest is done."""
        self._history(lambda session: session.seek(position, preview), replaceable=True)

    def undo(self, preview: PreviewOptions | None = None) -> None:
        """Back to before the last finished drag."""
        self._history(lambda session: session.undo(preview))

    def redo(self, preview: PreviewOptions | None = None) -> None:
        """Forward to the drag that was undone last."""
        self._history(lambda session: session.redo(preview))

    def fetch(
        self,
        request: ResultRequest | Callable[[], ResultRequest],
        done: Callable[[Pixels], object],
        failed: Callable[[Problem], object] | None = None,
    ) -> None:
        """Get pixels, for `done` on the editor's thread; else `failed` is told there what `view.problem` says too."""
        task = _Task(Phase.FETCHING, "getting the result", refused=failed)

        def work(task: _Task) -> Callable[[], object]:
            pixels = self._opened().pixels(request() if callable(request) else request)
            return lambda: done(pixels)

        self._do(task, work)

    def stop(self) -> None:
        """Stop what runs and what waits. A drag ends within a step and keeps what it has come to. Returns at once."""
        with self._lock:
            for task in self._tasks:
                task.stopped.set()
            if not self._tasks:
                return
            self._view = replace(self._view, phase=Phase.STOPPING)
            self._ask_to_stop()
        self._bell.ring()

    def close(self) -> None:
        """Stop, and let the server forget the edit. Returns at once; nothing is told any more."""
        with self._lock:
            self._closed = True
            for task in self._tasks:
                task.stopped.set()
            if self._tasks:
                self._ask_to_stop()
        self._bell.close()
        self._worker.close(self._leave)

    def wait_closed(self, timeout_s: float) -> bool:
        """After `close`, for a program that ends now: wait until the server was told; whether it was in time."""
        return self._worker.join(timeout_s)

    # On the editor's thread

    def _heard(self) -> None:
        before, view = self._heard_of, self.view
        self._heard_of = view
        if view == before:
            return
        preview = view.preview
        is_new = preview is not None and (before is None or preview is not before.preview)
        if is_new and preview is not None and self._on_preview is not None:
            self._on_preview(preview)
        self._changed()

    def _history(self, ask: Callable[[Session], Result], replaceable: bool = False) -> None:
        task = _Task(Phase.FETCHING, "going through the history", replaceable=replaceable)
        self._do(task, lambda task: self._took(task, ask(self._opened())))

    def _do(self, task: _Task, work: _Work) -> None:
        if self._closed:
            return
        with self._lock:
            self._tasks.append(task)
            if len(self._tasks) == 1:
                self._view = _begun(self._view, task)
            elif task.starts is not None:
                self._view = _at_starts(self._view, task.starts)
        self._bell.ring()
        self._worker.do(lambda: self._run(task, work))

    def _ask_to_stop(self) -> None:
        """`Session.cancel` asks the server, so it is done on a thread of its own."""
        if self._stopper is None or not self._stopper.is_alive():
            stopper = threading.Thread(target=self._cancel, name="draggan-stop", daemon=True)
            stopper.start()
            self._stopper = stopper  # with the lock held, and only now: who finds it may join it

    # On other threads

    def _cancel(self) -> None:
        session = self._session
        if session is not None:
            session.cancel()

    def _run(self, task: _Task, work: _Work) -> None:
        self._wait_for_stopper()  # a stop that was meant for the task before must not hit this one
        with self._lock:
            if not task.left:
                self._view = _begun(self._view, task)
            newer = self._tasks[self._tasks.index(task) + 1 :]
        self._bell.ring()
        tell: Callable[[], object] | None = None
        error: Exception | None = None
        try:
            if not (task.replaceable and any(other.replaceable for other in newer)):
                _check(task)
                tell = work(task)
        except Exception as raised:
            error = raised
            if not isinstance(error, StoppedError):
                recent_errors.note(task.doing, error)
        self._ended(task, error)
        if error is not None and task.refused is not None:
            refused, said = task.refused, _explained(error)
            tell = lambda: refused(said)  # noqa: E731
        if tell is not None:
            self._worker.tell(tell)

    def _ended(self, task: _Task, error: Exception | None) -> None:
        with self._lock:
            self._tasks.remove(task)
            if task.left:
                return
            view = self._view
            is_open = self._session is not None and self._session.result is not None
            if error is not None and task.starts is not None:  # the drag did not happen: all is where it was
                view = replace(_at_starts(view, task.starts), preview=self._kept_preview)
            if isinstance(error, StoppedError):
                view = replace(view, reason="stopped")
            elif error is not None:
                view = replace(view, problem=_explained(error))
            lost = isinstance(error, _NOBODY_THERE)
            phase = Phase.LOST if lost else Phase.READY if is_open else Phase.IDLE
            self._view = replace(view, phase=phase, remaining_s=None, stage="")
            if self._tasks:  # nobody shall see a rest between two things that were asked for
                self._view = _begun(self._view, self._tasks[0])
        self._bell.ring()

    def _opened(self) -> Session:
        if self._session is None:
            raise DragganError("There is no picture to drag yet.", "Choose a layer, and put a point on it.")
        return self._session

    def _follow(self, task: _Task, events: Iterable[SessionEvent]) -> None:
        _check(task)  # Session forgets an earlier cancel when it is asked for something; we do not
        for event in events:
            if isinstance(event, Result):
                self._took(task, event)
            elif isinstance(event, Preview) and task.phase is Phase.INVERTING:
                self._change(task, lambda view, event=event: replace(view, reconstruction=event))  # type: ignore[misc]
            elif isinstance(event, Preview):
                self._change(task, lambda view, event=event: replace(view, preview=event))  # type: ignore[misc]
            else:
                self._change(task, lambda view, event=event: _progressed(view, event))  # type: ignore[misc]

    def _took(self, task: _Task, result: Result) -> None:
        state = EditState.from_bytes(result.edit_state)

        shown = result.preview
        inverting = task.phase is Phase.INVERTING
        opening = task.phase is Phase.OPENING
        lacks_pixels = state.source == "picture" and self._session is not None and not self._session.gave_pixels
        drawn_undragged = inverting or (opening and state.inversion is not None and not state.position)

        def taken(view: EditView) -> EditView:
            reached = _reached(state)
            distances = [point.distance for point in result.points]
            return replace(
                view,
                position=result.position,
                history_length=result.history_length,
                reason=result.reason,
                step=result.steps,
                elapsed_s=result.seconds,
                handles=result.points,
                reached=reached,
                pairs=tuple(
                    replace(pair, target=pair.handle) if pair.id in reached else pair for pair in pairs_of(state.points)
                ),
                distance_document_px=max(distances, default=None),
                edit_state=result.edit_state,
                state=state,
                preview=view.preview if inverting else shown or view.preview,
                opened_preview=shown if opening or inverting else view.opened_preview,
                inversion=state.inversion,
                lacks_pixels=lacks_pixels,
                recognition=result.recognition,
                reconstruction=(shown if drawn_undragged else None) or view.reconstruction,
            )

        with self._lock:
            if shown is not None and not inverting and not task.left:
                self._kept_preview = shown
            waiting = next((task.starts for task in self._tasks[1:] if task.starts is not None), None)
            self._change(task, taken if waiting is None else lambda view: _at_starts(taken(view), waiting))

    def _change(self, task: _Task, change: Callable[[EditView], EditView]) -> None:
        with self._lock:
            if task.left:
                return
            self._view = change(self._view)
        self._bell.ring()

    def _leave(self) -> None:
        self._wait_for_stopper()
        if self._session is not None:
            self._session.close()

    def _wait_for_stopper(self) -> None:
        with self._lock:
            stopper = self._stopper
        if stopper is not None:
            stopper.join()


def _begun(view: EditView, task: _Task) -> EditView:
    phase = Phase.STOPPING if task.stopped.is_set() else task.phase
    view = replace(view, phase=phase, problem=None, stage="", step=0, total_steps=0, elapsed_s=0.0, remaining_s=None)
    return view if task.starts is None else _at_starts(view, task.starts)


def _at_starts(view: EditView, starts: tuple[HandleState, ...]) -> EditView:
    """With the handles where the artist has them: that may be elsewhere than the last drag left them."""
    furthest = max((handle.distance for handle in starts), default=None)
    return replace(view, handles=starts, reached=frozenset(), distance_document_px=furthest)


def _progressed(view: EditView, event: Progress) -> EditView:
    phase = view.phase
    if phase in (Phase.OPENING, Phase.INVERTING, Phase.DRAGGING):
        # Whatever is asked for opens a session that was lost first.
        known = {"open": Phase.OPENING, "drag": Phase.DRAGGING, **dict.fromkeys(INVERSION_STAGES, Phase.INVERTING)}
        phase = known.get(event.stage, phase if phase is Phase.INVERTING else Phase.OPENING)
    furthest = max((point.distance for point in event.points), default=None)
    return replace(
        view,
        phase=phase,
        stage=event.stage,
        step=event.step,
        total_steps=event.total_steps,
        distance_document_px=furthest,
        elapsed_s=event.elapsed_s,
        remaining_s=event.remaining_s,
        handles=event.points or view.handles,
    )


def _check(task: _Task) -> None:
    if task.stopped.is_set():
        raise StoppedError("It was stopped before it began.")


def _explained(error: Exception) -> Problem:
    said = Problem.of(error)
    detail = "\n".join(part for part in (said.message, said.detail) if part)
    if isinstance(error, InversionLostError):
        return Problem(
            "The DragGAN server ended or stopped answering while it looked for the picture.",
            "Try again: the server is started again by itself.",
            detail,
        )
    if isinstance(error, DragLostError):
        return Problem(
            "The DragGAN server ended or stopped answering in the middle of the drag.",
            _AGAIN.format("Press Start"),
            detail,
        )
    if isinstance(error, ConnectionLostError):
        return Problem("The DragGAN server ended or no longer answers.", _AGAIN.format("Try again"), detail)
    return said


def _reached(state: EditState) -> frozenset[str]:
    """The points that the last drag of the picture has brought to their targets."""
    if state.position and state.history[state.position - 1].reason == "reached":
        return frozenset(point.id for point in state.points)
    tolerance_model_px = state.settings.tolerance_px or (2.0 if len(state.points) > 5 else 1.0)
    tolerance = tolerance_model_px * state.frame.size / state.resolution
    return frozenset(pair.id for pair in pairs_of(state.points) if pair.length <= tolerance)


def _wired(pair: PointPair | Pair) -> PointPair:
    if isinstance(pair, PointPair):
        return pair
    return PointPair(pair.id, pair.handle.x, pair.handle.y, pair.target.x, pair.target.y)


def _at_start(point: PointPair) -> HandleState:
    distance = ((point.target_x - point.handle_x) ** 2 + (point.target_y - point.handle_y) ** 2) ** 0.5
    return HandleState(point.id, point.handle_x, point.handle_y, distance)
