"""Drag Points without a window: for scripts, for many images, and for "Repeat"."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gi.repository import Gimp

from draggan_client import wording
from draggan_client.connection import Connection
from draggan_client.errors import DragganError
from draggan_client.frame_choice import trouble
from draggan_client.launcher import Waiting
from draggan_client.layer_record import How
from draggan_client.messages import (
    DragOptions,
    Frame,
    InversionMode,
    ModelInfo,
    Pixels,
    PointPair,
    Progress,
    Recognition,
    Result,
)
from draggan_client.session import Session, SessionEvent
from draggan_client.views import INVERSION_STAGES

from . import edit
from .drags import Drag, drags_from, outside, outside_text
from .edit import Beginning
from .framing import Ground, frame_from
from .layers import records, result, selection
from .layers.records import Form, Kept
from .layers.result import Plan
from .layers.subject import RefusedError, Subject, find_subject
from .paths import pairs_from
from .settings import options_of
from .slices import Work, straight

_SHARES = {"open": (0.0, 0.05), **dict.fromkeys(INVERSION_STAGES, (0.05, 0.45)), "drag": (0.5, 0.45)}
"""Of the progress bar: where each stage begins, and how much of it is its own."""


class Starting:
    """How an edit begins on a layer that shows one already; the values of the procedure's argument."""

    AUTOMATIC = "automatic"
    GO_ON = "go-on"
    ANEW = "anew"


@dataclass(frozen=True)
class Job:
    """What a non-interactive run was asked for."""

    drags: tuple[Drag, ...]
    options: DragOptions
    model: str | None
    as_visible: bool
    starting: str
    frame: str
    """As `framing.frame_from` reads it; an edit that is gone on with has its own."""
    inversion: InversionMode


def job_from(config: Gimp.ProcedureConfig) -> Job:
    """What the procedure's arguments ask for. Raises DragganError."""
    drags = drags_from(config.get_property("points") or "")
    path = config.get_property("path")
    if drags and path is not None:
        raise RefusedError("Both points and a path are given.", "Give one of them.")
    if path is not None:
        drags = (pairs_from(path),)
    if not drags:
        raise RefusedError("There is nothing to drag.", "Give points or a path.")
    return Job(
        drags,
        options_of(config),
        config.get_property("model") or None,
        config.get_property("read") == "visible",
        config.get_property("start"),
        config.get_property("frame") or "",
        config.get_property("inversion"),
    )


def run(image: Gimp.Image, drawables: list[Gimp.Drawable], job: Job) -> Gimp.Layer:
    """Drag, and put the result in. Shows its progress in GIMP's own bar. Raises DragganError."""
    subject = find_subject(image, drawables, job.as_visible)
    Gimp.progress_init("Drag Points")
    try:
        connection = Connection(on_wait=_waiting)
        beginning = _begin(subject, job, connection)
        for drag in job.drags:
            _check(drag, beginning.frame)
        mask = _now("Reading the selection", edit.read_mask(beginning))
        with connection.session(beginning.source(), job.model) as session:
            _follow(session.open())
            if beginning.kept is None:
                _follow(session.invert(job.inversion))
                _warn(subject, session)
            for drag in job.drags:
                _follow(session.drag(_wired(drag), mask, job.options))
            return _apply(beginning, session)
    finally:
        Gimp.progress_end()


def _begin(subject: Subject, job: Job, connection: Connection) -> Beginning:
    kept = _kept(subject, job.starting)
    if kept is not None:
        return _now("Reading the layer", edit.go_on(subject, kept))
    frame = frame_from(job.frame, _ground(subject, _model(connection, job.model)))
    problem = trouble(frame, subject.box, subject.kind.pixel_bytes)
    if problem is not None:
        raise RefusedError(problem.message, problem.hint)
    beginning = _now("Reading the layer", edit.begin(subject, frame))
    if beginning.pixels.is_empty:
        raise RefusedError("There is nothing in the frame.", "Choose one round something that is painted.")
    return beginning


def _model(connection: Connection, wanted: str | None) -> ModelInfo | None:
    name = wanted or connection.hello().default_model
    return next((model for model in connection.models().models if model.id == name), None)


def _ground(subject: Subject, model: ModelInfo | None) -> Ground:
    selected = selection.bounds(subject.image)
    shared = selected.cut(subject.rect) if selected is not None else None
    box = None if shared is None or shared.is_empty else shared.box
    if model is None:  # opening it will say so
        return Ground(subject.box, box, 1.0, (), "")
    return Ground(subject.box, box, model.aspect, model.alignment, model.id)


def _check(drag: Drag, frame: Frame) -> None:
    lost = outside(drag, frame)
    if lost:
        shown = f"[{frame.x:g}, {frame.y:g}, {frame.size:g}" + (f", {frame.angle:g}]" if frame.angle else "]")
        raise RefusedError(
            outside_text(lost), f"The frame is {shown}. Put the points inside it, or give another frame."
        )


def _warn(subject: Subject, session: Session) -> None:
    """A script goes on with a picture that the model does not know, and is told."""
    found: Recognition | None = session.result.recognition if session.result is not None else None
    if found is not None and found.word != "good":
        Gimp.message(f"“{subject.name}”: {wording.recognition_text(found)} ({wording.score_text(found)})")


def _kept(subject: Subject, starting: str) -> Kept | None:
    if starting == Starting.ANEW or not records.has_record(subject.layer):
        if starting == Starting.GO_ON:
            raise RefusedError(f"The layer “{subject.name}” shows no edit that could be gone on with.")
        return None
    kept = straight(records.read_record(subject.layer))
    if kept is not None and kept.how is How.PAINTED_OVER and starting == Starting.AUTOMATIC:
        raise RefusedError(
            f"The layer “{subject.name}” shows an edit, and was painted on since.",
            f'Choose with "start": "{Starting.GO_ON}" goes on from the edit, without what was painted; '
            f'"{Starting.ANEW}" begins with the layer as it is now.',
        )
    return kept


def _wired(drag: Drag) -> list[PointPair]:
    return [PointPair(pair.id, pair.handle.x, pair.handle.y, pair.target.x, pair.target.y) for pair in drag]


def _apply(beginning: Beginning, session: Session) -> Gimp.Layer:
    subject = beginning.subject
    Gimp.progress_set_text("Getting the result")
    plan, pixels = _fetch(beginning, session)
    if result.changes_nothing(pixels):
        raise DragganError(
            "The drag has changed nothing that may change.",
            "Put the points further apart, or select more of the layer.",
        )
    state = session.edit_state
    assert state is not None
    layer = _now("Making the layer", edit.make_layer(beginning, plan, pixels, state))
    if not (subject.image.is_valid() and subject.layer.is_valid()):
        raise RefusedError("The layer or its image was closed while it was being dragged.")
    edit.put_in(beginning, plan, layer)
    return layer


def _fetch(beginning: Beginning, session: Session) -> tuple[Plan, Pixels]:
    plan = edit.first_plan(beginning)
    if plan is None and not result.has_transparency(beginning.pixels):
        plan = Plan(Form.EDIT)
    if plan is None or plan.form is Form.COPY:
        copy = session.pixels(edit.copy_request(beginning, beginning.pixels))
        plan = plan or result.plan_by_transparency(
            beginning.subject, result.touches_transparency(beginning.pixels, copy)
        )
        if plan.form is Form.COPY:
            return plan, copy
    return plan, session.pixels(edit.edit_request(beginning))


def _follow(events: Iterable[SessionEvent]) -> None:
    for event in events:
        if isinstance(event, Progress):
            Gimp.progress_set_text(wording.progress_text(event))
            begin, share = _SHARES.get(event.stage, (0.0, 0.0))
            if event.total_steps:
                Gimp.progress_update(begin + share * min(1.0, event.step / event.total_steps))
        elif isinstance(event, Result):
            Gimp.progress_set_text(wording.reason_text(event.reason))


def _waiting(waiting: Waiting) -> None:
    Gimp.progress_set_text(f"{waiting.text} … {waiting.elapsed_s:.0f} s")
    Gimp.progress_pulse()


def _now(text: str, work: Work, progress: Callable[[float], object] = Gimp.progress_update):
    Gimp.progress_set_text(text)
    return straight(work, progress)
