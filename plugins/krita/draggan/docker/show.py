"""From how everything stands to what the docker shows. Pure: no Qt, no Krita."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..draggan_client import wording
from ..draggan_client.editing import EditView, Phase, ServerPhase, ServerStatus
from ..draggan_client.messages import ModelInfo
from ..draggan_client.points import Pair, Pairs
from ..draggan_client.settings_table import Value
from .state import (
    DockerState,
    FrameState,
    HistoryLook,
    InversionState,
    ModelLook,
    Notice,
    PointLook,
    ProgressLook,
    ServerLook,
    Tone,
)

_TONES = {
    ServerPhase.OFF: Tone.QUIET,
    ServerPhase.STARTING: Tone.BUSY,
    ServerPhase.READY: Tone.GOOD,
    ServerPhase.TROUBLE: Tone.PROBLEM,
}
_RECOGNITION = {
    "good": (Tone.GOOD, "A good match"),
    "fair": (Tone.BUSY, "A fair match"),
    "unknown": (Tone.PROBLEM, "Not what this model knows"),
}


@dataclass(frozen=True)
class EditFacts:
    """How the edit of the active document stands."""

    view: EditView = field(default_factory=EditView)
    layer: str = ""
    elsewhere: str = ""
    since: int = 0
    """The history position whose picture is in the document already."""
    pairs: Pairs = ()
    selected: frozenset[str] = frozenset()
    full: bool = False
    work: str = ""
    """What is being done with the document's pixels; empty: nothing."""
    work_fraction: float | None = None
    reads: bool = False
    """The work changes nothing, and can be stopped."""
    waits_to_start: bool = False
    """Start was pressed; it begins as soon as the layer is known."""
    drags: bool = False
    """A drag was asked for, and is not over."""
    opens: bool = False
    """The layer is opened in the background, for the drag to come."""
    base: bytes = b""
    """A picture of the frame as the layer shows it; empty: as it was opened."""
    blocked: str = ""
    """Why nothing can be dragged or applied; empty: it can."""
    frame: FrameState | None = None
    """While it is chosen."""
    inversion: InversionState | None = None

    @property
    def has_pull(self) -> bool:
        """Whether some point is to go somewhere."""
        return any(not pair.is_pin for pair in self.pairs)

    @property
    def unapplied(self) -> int:
        """How many finished drags are in the picture and not in the document."""
        return max(0, self.view.position - self.since)

    @property
    def is_running(self) -> bool:
        """Whether a drag runs, or is about to."""
        return self.waits_to_start or self.drags

    @property
    def is_busy(self) -> bool:
        """Whether something has to end before the next can begin."""
        return bool(self.work) or self.waits_to_start or self.view.is_busy


@dataclass(frozen=True)
class Facts:
    """How everything stands."""

    server: ServerStatus
    has_document: bool = False
    mode: bool = False
    enter_why: str = ""
    model: str | None = None
    making_picture: bool = False
    options: Mapping[str, Value] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    edit: EditFacts | None = None


def docker_state(facts: Facts) -> DockerState:
    """What the docker shows."""
    edit = facts.edit or EditFacts()
    models = facts.server.models or ()
    running = edit.is_running
    busy = edit.is_busy
    return DockerState(
        notices=facts.notices,
        models=model_looks(models),
        model=facts.model,
        can_choose_model=not facts.making_picture,
        class_model=next((one for one in models if one.id == facts.model and one.classes), None),
        can_make_picture=not (busy or facts.making_picture),
        making_picture=facts.making_picture,
        picture_why="Wait for the drag to end, or stop it." if busy else "",
        mode=facts.mode,
        can_enter=facts.has_document,
        enter_why=facts.enter_why or ("" if facts.has_document else "Open a picture, or make one from a seed."),
        layer=edit.layer,
        elsewhere=edit.elsewhere,
        frame=edit.frame,
        inversion=edit.inversion,
        shows_points=edit.frame is None and (edit.view.phase is not Phase.INVERTING or bool(edit.pairs)),
        points=tuple(_point(pair, edit) for pair in edit.pairs),
        points_full=edit.full,
        can_change_points=not running,
        busy=running,
        stopping=edit.view.phase is Phase.STOPPING,
        can_start=(
            edit.has_pull and not edit.blocked and not running and (not busy or edit.opens) and edit.frame is None
        ),
        start_why=_start_why(facts, edit),
        can_apply=not busy and edit.unapplied > 0 and not edit.blocked,
        apply_why=edit.blocked or ("" if edit.unapplied else "There is no finished drag to apply yet."),
        can_discard=facts.edit is not None and not busy and (edit.unapplied > 0 or bool(edit.pairs)),
        progress=_progress(facts, edit),
        preview=b"" if edit.frame is not None else edit.base or _undragged(edit.view),
        preview_edit=edit_preview(edit.view),
        history=HistoryLook(
            max(0, edit.view.position - edit.since),
            max(0, edit.view.history_length - edit.since),
            not busy and not edit.blocked and edit.view.phase in (Phase.READY, Phase.LOST),
        ),
        options=tuple(facts.options.items()),
        server=server_look(facts.server),
    )


def model_looks(models: tuple[ModelInfo, ...]) -> tuple[ModelLook, ...]:
    """The models for the chooser."""
    return tuple(
        ModelLook(
            one.id,
            one.name,
            "\n".join(wording.model_lines(one)[1:]),
            one.thumbnail,
            "\n".join(wording.model_lines(one)),
        )
        for one in models
    )


def server_look(status: ServerStatus) -> ServerLook:
    """The server's line."""
    running = status.phase in (ServerPhase.READY, ServerPhase.STARTING)
    text = {
        ServerPhase.OFF: "Server not running",
        ServerPhase.STARTING: "Server starting …",
        ServerPhase.READY: "Server ready",
        ServerPhase.TROUBLE: "Server: there is a problem",
    }[status.phase]
    if status.phase is ServerPhase.READY and status.hello is not None:
        text = f"Server ready · {status.hello.device}"
    tooltip = "\n".join(part for part in (wording.server_text(status), status.hint) if part)
    return ServerLook(_TONES[status.phase], text, tooltip, can_start=not running, can_stop=running)


def _point(pair: Pair, edit: EditFacts) -> PointLook:
    return PointLook(pair.id, pair.is_pin, pair.length, pair.id in edit.selected)


def _start_why(facts: Facts, edit: EditFacts) -> str:
    if facts.edit is None:
        return "Press “Drag points” and put points on the picture first."
    if edit.blocked:
        return edit.blocked
    if edit.frame is not None:
        return "Choose the frame first, and press “Use this frame”."
    if not edit.pairs:
        return "Put points on the picture first."
    return "" if edit.has_pull else "Pull at least one point to where it should go: pins alone change nothing."


def _progress(facts: Facts, edit: EditFacts) -> ProgressLook | None:
    view = edit.view
    if edit.work:
        return ProgressLook(edit.work, edit.work_fraction, can_stop=edit.reads and not edit.is_running)
    if view.phase is Phase.STOPPING:
        return ProgressLook("Stopping …", None)
    if view.phase is Phase.DRAGGING and view.stage == "drag":
        detail = (wording.distance_text(view.distance_document_px), wording.time_left_text(view.remaining_s))
        return ProgressLook(
            _capital(wording.steps_text(view.step, view.total_steps)) or "Dragging …",
            wording.fraction_done(view),
            " · ".join(part for part in detail if part),
        )
    if view.phase in (Phase.OPENING, Phase.INVERTING, Phase.DRAGGING):
        starting = facts.server.phase is ServerPhase.STARTING
        if starting or not view.stage:
            text = "Starting the server …" if starting else "Beginning …"
            return ProgressLook(text, None, can_stop=not edit.is_running)
        what, _, particulars = wording.progress_text(view).partition(": ")
        return ProgressLook(what, wording.fraction_done(view), _capital(particulars), can_stop=not edit.is_running)
    if view.phase is Phase.FETCHING:
        return ProgressLook("Getting the picture …", None)
    if edit.waits_to_start:
        return ProgressLook("Beginning …", None)
    if edit.since and not edit.unapplied and view.phase is Phase.READY:
        return ProgressLook("", 0.0, "The edit is in the document. Dragging goes on from there.")
    if view.phase is Phase.READY and view.reason in ("reached", "step_limit", "stalled", "stopped"):
        all_arrived = bool(edit.pairs) and not edit.has_pull
        return ProgressLook("", 0.0, wording.reason_text("reached" if all_arrived else view.reason))
    return None


def inversion_state(view: EditView, blocked: str = "") -> InversionState:
    """What the model makes of the artist's own picture, before any drag on it."""
    searching = view.phase in (Phase.OPENING, Phase.INVERTING, Phase.STOPPING)
    inversion = view.inversion
    recognition = view.recognition or (inversion.recognition if inversion is not None else None)
    tone, word = _RECOGNITION[recognition.word] if recognition is not None else (Tone.QUIET, "")
    is_faithful = inversion is not None and inversion.mode == "faithful" and inversion.step >= inversion.total_steps
    said = [wording.recognition_text(recognition)]
    if inversion is not None and not searching:
        early = inversion.step < inversion.total_steps
        said.append("The search was stopped early, and can be gone on with." if early else "")
        said.append("Hold H to compare with the layer." if view.reconstruction is not None else "")
        said.append("Put points, and pull them.")
    return InversionState(
        tone=tone,
        word=f"{word} ({wording.score_text(recognition)})" if word else "",
        text=" ".join(part for part in said if part),
        offers_models=recognition is not None and recognition.word != "good",
        offers_faithful=inversion is not None and not is_faithful,
        can_refine=inversion is not None and not view.is_busy and not blocked,
        faithful_why=blocked or ("Wait for the search to end, or stop it." if view.is_busy else ""),
        can_choose_again=view.phase is not Phase.STOPPING,
    )


def _undragged(view: EditView) -> bytes:
    """The frame as the model draws it before any drag: the newest while it is looked for."""
    shown = view.reconstruction if not view.history_length else None
    shown = shown or view.opened_preview
    return shown.data if shown is not None else b""


def edit_preview(view: EditView) -> bytes:
    """What lies over the opened frame now, as a PNG with alpha; empty: nothing."""
    dragged = view.history_length > 0 or view.phase in (Phase.DRAGGING, Phase.STOPPING)
    if view.preview is None or view.preview is view.opened_preview or not dragged:
        return b""
    return view.preview.data


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
