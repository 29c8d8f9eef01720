"""What the docker shows, as values. The controller makes a `DockerState`; the widgets only draw it. No Qt, no Krita."""

from dataclasses import dataclass, field
from enum import Enum

from ..draggan_client.messages import ModelInfo


class Tone(Enum):
    """How a line is meant; decides its colour and icon."""

    QUIET = "quiet"
    BUSY = "busy"
    GOOD = "good"
    PROBLEM = "problem"
    QUESTION = "question"


@dataclass(frozen=True)
class Choice:
    """An answer to a question, as a button."""

    key: str
    label: str
    tooltip: str = ""


@dataclass(frozen=True)
class Notice:
    """Something to tell the artist or to ask: what, where (`message`), and what to do (`hint`).

    `key` tells notices apart: of the same key only the newest is shown. With choices it is a question, and is answered
    by one of them; without, it has a close button.
    """

    key: str
    tone: Tone
    message: str
    hint: str = ""
    choices: tuple[Choice, ...] = ()
    closable: bool = True


@dataclass(frozen=True)
class ModelLook:
    """A model in the chooser. `thumbnail` is a PNG, or empty."""

    id: str
    name: str
    detail: str
    thumbnail: bytes = b""
    tooltip: str = ""


@dataclass(frozen=True)
class SeedWish:
    """Which picture of the chosen model."""

    seed: int
    psi: float
    label: int | None = None
    """The class; None: by the seed, or the model has none."""


@dataclass(frozen=True)
class PointLook:
    """A line of the list of points; distance in document px, None where it is not known."""

    id: str
    is_pin: bool
    distance: float | None
    selected: bool = False


@dataclass(frozen=True)
class ProgressLook:
    """How far something is: `fraction` of 0 to 1, or None while that is not known. Without `text` there is no bar."""

    text: str
    fraction: float | None
    detail: str = ""
    can_stop: bool = False
    """It can be stopped here: no other button does."""


@dataclass(frozen=True)
class HistoryLook:
    """The finished drags: `position` of `length` are in the picture."""

    position: int = 0
    length: int = 0
    enabled: bool = False


@dataclass(frozen=True)
class FrameState:
    """The frame while it is chosen; lengths in document px, degrees clockwise."""

    size: float
    angle: float
    can_select: bool = False
    """Something is selected."""
    domain: str = ""
    """What the model knows."""
    landmarks: int = 0
    """How many the model has that can be clicked."""
    landmarks_title: str = ""
    asked: str = ""
    """The one to be clicked now; empty: none is asked for."""
    asked_number: int = 0
    trouble: str = ""
    """Why the frame cannot be used; empty: it can."""


@dataclass(frozen=True)
class InversionState:
    """What the model makes of the artist's own picture."""

    tone: Tone = Tone.QUIET
    word: str = ""
    """Whether it knows such pictures, with a number; empty while that is not known."""
    text: str = ""
    offers_models: bool = False
    offers_faithful: bool = False
    can_refine: bool = False
    faithful_why: str = ""
    can_choose_again: bool = True


@dataclass(frozen=True)
class ServerLook:
    """The server's state in a line."""

    tone: Tone = Tone.QUIET
    text: str = ""
    tooltip: str = ""
    can_start: bool = True
    can_stop: bool = False


@dataclass(frozen=True)
class DockerState:
    """All of it. Where something cannot be done now, `*_why` says why in a tooltip."""

    notices: tuple[Notice, ...] = ()
    models: tuple[ModelLook, ...] = ()
    model: str | None = None
    can_choose_model: bool = True
    class_model: ModelInfo | None = None
    """The chosen model, where it draws by class."""
    can_make_picture: bool = False
    making_picture: bool = False
    picture_why: str = ""
    mode: bool = False
    can_enter: bool = False
    enter_why: str = ""
    layer: str = ""
    elsewhere: str = ""
    """The layer chosen in the layer list where that is another one than the edit's."""
    frame: FrameState | None = None
    """While it is chosen."""
    inversion: InversionState | None = None
    """Of the artist's own picture, until it was dragged."""
    shows_points: bool = True
    """Points and drags are what comes next."""
    points: tuple[PointLook, ...] = ()
    points_full: bool = False
    can_change_points: bool = True
    busy: bool = False
    """Something runs that Stop ends."""
    stopping: bool = False
    can_start: bool = False
    start_why: str = ""
    can_apply: bool = False
    apply_why: str = ""
    can_discard: bool = False
    progress: ProgressLook | None = None
    preview: bytes = b""
    """The frame as the model drew it when it was opened, as a JPEG or PNG."""
    preview_edit: bytes = b""
    """What lies over it, as a PNG with alpha; empty: nothing."""
    history: HistoryLook = field(default_factory=HistoryLook)
    options: tuple[tuple[str, object], ...] = ()
    server: ServerLook = field(default_factory=ServerLook)
