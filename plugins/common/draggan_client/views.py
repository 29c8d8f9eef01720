"""What the editors show: values that say how an edit and the server stand. Made by `editing` and `server_desk`."""

from dataclasses import dataclass
from enum import Enum

from .edit_state import EditState, Inversion
from .errors import DragganError
from .messages import HandleState, Hello, ModelInfo, Preview, Reason, Recognition
from .points import Pairs

INVERSION_STAGES = ("w", "w+", "tuning")
"""What the server says that it does while it inverts a picture."""


@dataclass(frozen=True)
class Problem:
    """Something went wrong: what, and what to do about it. `detail` is for who wants to know more; may be long."""

    message: str
    hint: str = ""
    detail: str = ""

    @staticmethod
    def of(error: BaseException) -> "Problem":
        """What an error says. One that is not ours is a fault of the program, and says so."""
        if isinstance(error, DragganError):
            message, _, detail = error.message.partition("\n")  # a server that would not start: the end of its log
            return Problem(message, error.hint, detail.strip())
        what = f"{type(error).__name__}: {error}".rstrip(": ")
        return Problem(
            f"Something unexpected went wrong ({what[:300]}).",
            "Try again. If it stays, copy the diagnostics and report a bug.",
        )

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class Phase(Enum):
    """What an edit is doing."""

    IDLE = "idle"
    """Nothing is open."""
    OPENING = "opening"
    """The server starts, the model is read: see `stage`."""
    READY = "ready"
    """Where the edit began with a picture, see `needs_inversion` before a drag."""
    INVERTING = "inverting"
    """The picture is looked for in the model: see `stage`, `reconstruction` and `recognition`."""
    DRAGGING = "dragging"
    STOPPING = "stopping"
    """It was asked to stop, and will within a step."""
    FETCHING = "fetching"
    """A result, or another place of the history, is being got."""
    LOST = "lost"
    """The server cannot be reached: see `problem`. The next thing that is asked for goes on from `edit_state`."""


@dataclass(frozen=True)
class EditView:
    """How an edit stands. A new one for every change; never changed itself."""

    phase: Phase = Phase.IDLE
    stage: str = ""
    """What the server says that it does: "open", "drag", or an inversion's "w", "w+", "tuning"; empty: nothing yet."""
    step: int = 0
    total_steps: int = 0
    """0: not known."""
    distance_document_px: float | None = None
    """How far the handle that is furthest off has still to go."""
    elapsed_s: float = 0.0
    remaining_s: float | None = None
    position: int = 0
    """So many finished drags are in the picture ..."""
    history_length: int = 0
    """... of so many."""
    reason: Reason | None = None
    """How the last job ended."""
    handles: tuple[HandleState, ...] = ()
    """Where the handles are now: for `PointBoard.follow`. After a drag that was lost: where they were before it."""
    reached: frozenset[str] = frozenset()
    """The points that have arrived: for `PointBoard.settle`."""
    pairs: Pairs = ()
    """The points of the edit state, those that have arrived as pins: for `PointBoard.replace` after seek and undo."""
    problem: Problem | None = None
    edit_state: bytes | None = None
    """The newest, to be kept in the document."""
    state: EditState | None = None
    """The same, read: its frame, its model, its history. None until it was opened."""
    preview: Preview | None = None
    """The newest picture of the frame."""
    opened_preview: Preview | None = None
    """As the frame was before any drag: of a picture, what the model makes of it, and None before it was inverted."""
    inversion: Inversion | None = None
    """How far the picture was inverted; None: not yet, or the edit did not begin with one."""
    recognition: Recognition | None = None
    """Whether the model knows pictures like this one: `wording.recognition_text` says it. None: not known yet."""
    reconstruction: Preview | None = None
    """What the model makes of the picture before any drag: the newest while it is inverted, and kept from then on."""

    lacks_pixels: bool = False
    """The edit began with a picture whose pixels were not given with its edit state, or were others: the result is no
    finer than the model draws. `wording.LACKS_PIXELS` says it."""

    @property
    def is_busy(self) -> bool:
        """Whether something is being done that has to end before the next can begin."""
        return self.phase in (Phase.OPENING, Phase.INVERTING, Phase.DRAGGING, Phase.STOPPING, Phase.FETCHING)

    @property
    def needs_inversion(self) -> bool:
        """Whether the edit is open, and has to be inverted before it can be dragged."""
        return self.state is not None and not self.state.is_known

    @property
    def can_undo(self) -> bool:
        """Whether a finished drag can be undone."""
        return not self.is_busy and self.position > 0

    @property
    def can_redo(self) -> bool:
        """Whether an undone drag can be redone."""
        return not self.is_busy and self.position < self.history_length


class ServerPhase(Enum):
    """How the server stands."""

    OFF = "off"
    STARTING = "starting"
    READY = "ready"
    TROUBLE = "trouble"
    """It cannot be started, does not answer, or is of another version: `text` and `hint` say which."""


@dataclass(frozen=True)
class ServerStatus:
    """How the server stands, in a line of text, and what to do about it. `models` stay known when it is off."""

    phase: ServerPhase
    text: str
    hint: str = ""
    detail: str = ""
    hello: Hello | None = None
    models: tuple[ModelInfo, ...] | None = None
