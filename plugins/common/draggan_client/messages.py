"""Everything that travels between an editor and the server, defined once.

Coordinates are document pixels, x right and y down, floats; pixel (i, j) covers [i, i+1) x [j, j+1). Names
with another unit say so. Every message is checked when it is made, at both ends; see `schema`.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal, get_args

from .arrays import ChangedMask, Latent, Mask, Picture
from .errors import MessageError
from .schema import Between, Length, Message, Record

PROTOCOL = 1
"""Raised with every change to a message: client and server must have the same."""

MEDIA_TYPE = "application/vnd.msgpack"
MAX_POINTS = 100
SAME_PLACE_MODEL_PX = 1.0
"""A handle put further than this from where the last result left it is a new point; see `DragRequest`."""

ErrorCode = Literal[
    "bad_request",
    "bad_edit_state",
    "other_picture",
    "unauthorized",
    "forbidden",
    "not_found",
    "unsupported_media_type",
    "too_large",
    "protocol_mismatch",
    "unknown_model",
    "bad_model",
    "unknown_entry",
    "licence",
    "download_failed",
    "unknown_session",
    "busy",
    "out_of_memory",
    "disk_full",
    "shutting_down",
    "internal",
]
ERROR_CODES: tuple[str, ...] = get_args(ErrorCode)

Reason = Literal["opened", "inverted", "reached", "step_limit", "stalled", "stopped", "sought"]
InversionMode = Literal["quick", "faithful"]
NoiseMode = Literal["const", "random", "none"]
PictureFormat = Literal["jpeg", "png"]
PreviewContent = Literal["model", "edit"]
Form = Literal["edit", "copy", "picture", "model"]
Depth = Literal["u8", "u16", "f32"]

Coordinate = Annotated[float, Between(-1e6, 1e6)]
Offset = Annotated[int, Between(-1_000_000, 1_000_000)]
Count = Annotated[int, Between(0, 1_000_000_000)]
Seconds = Annotated[float, Between(0, 1e9)]
Psi = Annotated[float, Between(-2, 2)]
Seed = Annotated[int, Between(0, 2**32 - 1)]
"""What numpy.random.RandomState takes."""
Name = Annotated[str, Length(1, 200)]
Text = Annotated[str, Length(0, 10_000)]


# Values


@dataclass(frozen=True)
class Frame(Record):
    """The part of the document that the model sees: a square, or a rectangle of its picture's shape, that may be turned
    and may reach past the layer. `frames` says where its corners are, and makes frames."""

    x: Coordinate
    """Of its own top left corner, where the model's picture begins; it turns about this corner."""
    y: Coordinate
    size: Annotated[float, Between(1, 1e6)]
    """The longer side."""
    angle: Annotated[float, Between(-360, 360)] = 0.0
    """Degrees, clockwise as seen."""
    aspect: Annotated[float, Between(0.1, 10)] = 1.0
    """Width over height, the model's."""

    @property
    def width(self) -> float:
        """Along its own upper side."""
        return self.size * min(1.0, self.aspect)

    @property
    def height(self) -> float:
        """Along its own left side."""
        return self.size / max(1.0, self.aspect)


@dataclass(frozen=True)
class Recognition(Record):
    """Whether the model knows pictures like this one, judged before tuning could hide it.

    `score`: 0 (nothing like what it draws) to 1.
    """

    score: Annotated[float, Between(0, 1)]
    word: Literal["good", "fair", "unknown"]


@dataclass(frozen=True)
class PointPair(Record):
    """A handle point and where it is to go; the same place: a pin. `id` is the client's, and lasts."""

    id: Name
    handle_x: Coordinate
    handle_y: Coordinate
    target_x: Coordinate
    target_y: Coordinate


@dataclass(frozen=True)
class HandleState(Record):
    """Where a handle is now, and how far from its target (document px)."""

    id: Name
    x: Coordinate
    y: Coordinate
    distance: Annotated[float, Between(0, 1e7)]


@dataclass(frozen=True)
class MaskData(Record):
    """What may change: 0 = must not, the dtype's maximum (1.0 for f32) = may. Offset: in the document."""

    array: Mask
    offset_x: Offset = 0
    offset_y: Offset = 0


@dataclass(frozen=True)
class AlignmentPoint(Record):
    """Where the model expects a landmark, in fractions of the frame."""

    name: Name
    x: Annotated[float, Between(-1, 2)]
    y: Annotated[float, Between(-1, 2)]


@dataclass(frozen=True)
class ModelInfo(Record):
    """A model that this computer has. `thumbnail` is a PNG, or empty."""

    id: Name
    name: Name
    domain: Text
    licence: Text
    resolution: Annotated[int, Between(4, 4096)]
    sha256: Annotated[str, Length(0, 64)]
    alignment: Annotated[tuple[AlignmentPoint, ...], Length(0, 100)] = ()
    bundled: bool = False
    thumbnail: Annotated[bytes, Length(0, 1 << 20)] = b""
    steps_per_s: Annotated[float, Between(0, 1e6)] | None = None
    """Steps per second on this computer, as the newest drag or `draggan-server bench` measured it; None: not yet."""
    aspect: Annotated[float, Between(0.1, 10)] = 1.0
    """Width over height of the model's picture: the shape of its frames."""
    classes: Annotated[int, Between(0, 1_000_000)] = 0
    """How many a model that draws by class has; 0: it draws without."""
    estimated_steps_per_s: Annotated[float, Between(0, 1e6)] | None = None
    """Steps per second as the model's size and this computer's speed have it; None: the computer's is not known yet."""

    class_names: Annotated[tuple[Name, ...], Length(0, 10_000)] = ()
    """What each class draws; empty: they have numbers alone."""

    def check_together(self) -> None:
        if self.class_names and len(self.class_names) != self.classes:
            raise MessageError("class_names", f"{len(self.class_names)} names", f"{self.classes}, or none")

    @property
    def is_finished(self) -> bool:
        """Nothing is missing that the server makes when it has nothing else to do."""
        return bool(self.thumbnail) and (self.steps_per_s is not None or self.estimated_steps_per_s is not None)


@dataclass(frozen=True)
class DragOptions(Record):
    """Settings of a drag. None leaves the choice to the engine, whose defaults are the paper's."""

    r1: Annotated[float, Between(0.001, 0.25)] | None = None
    """Radius of motion supervision, in fractions of the model's picture."""
    r2: Annotated[float, Between(0.001, 0.25)] | None = None
    """Radius of the search in point tracking, in fractions of the model's picture."""
    mask_weight: Annotated[float, Between(0, 1000)] | None = None
    step_size: Annotated[float, Between(1e-6, 1)] | None = None
    feature_resolution: Annotated[int, Between(4, 1024)] | None = None
    latent_space: Literal["w", "w+"] | None = None
    moving_resolution: Annotated[int, Between(4, 1024)] | None = None
    """The latents that feed blocks up to this many pixels move; the finer ones stay."""
    max_steps: Annotated[int, Between(1, 10_000)] | None = None
    tolerance_px: Annotated[float, Between(0.01, 1000)] | None = None
    """How near the target counts as reached, in the model's pixels."""
    tracking_norm: Literal["l1", "l2"] | None = None


@dataclass(frozen=True)
class PreviewOptions(Record):
    """How previews are drawn. A side of `size` px; at least `interval_s` apart.

    `content`: "model" is the frame as the model draws it. "edit" is what the drags after history position `since`
    changed, by the rule of ResultRequest's "edit" at the preview's size: a PNG to be drawn over the frame.
    """

    size: Annotated[int, Between(16, 2048)] = 256
    format: PictureFormat = "jpeg"
    interval_s: Seconds = 0.25
    content: PreviewContent = "model"
    since: Count = 0

    def check_together(self) -> None:
        if self.content == "edit" and self.format != "png":
            raise MessageError("format", repr(self.format), "'png' for the content \"edit\", which is transparent")


@dataclass(frozen=True)
class ModelFile(Record):
    """A file in the models folder that is no model yet: it is being converted, or cannot be; `problem` says why."""

    name: Name
    state: Literal["waiting", "converting", "refused"]
    problem: Text = ""


@dataclass(frozen=True)
class CatalogueEntry(Record):
    """A model that can be had from elsewhere."""

    id: Name
    """Becomes the model's id."""
    name: Name
    domain: Text
    licence: Text
    licence_page: Text
    """Where the licence can be read."""
    resolution: Annotated[int, Between(4, 4096)]
    page: Text
    """The model's own page, on which its address is quoted."""
    address: Text = ""
    """Empty: only by hand, from its page."""
    size: Annotated[int, Between(1, 1 << 40)] | None = None
    """Of the file, in bytes; None: not published."""
    sha256: Annotated[str, Length(0, 64)] = ""
    """Published, or that of the file that was got from there before; empty: neither."""
    origin: Name = "DragGAN"
    """Whose catalogue: this program's, or the name of the user's file."""
    is_here: bool = False
    """It is a model of this computer already."""
    bytes_here: Annotated[int, Between(0, 1 << 40)] = 0
    """Of a download that was cut or stopped: it goes on from there."""


# Requests


@dataclass(frozen=True)
class FromSeed(Message, type="seed"):
    """A picture out of the model: z from the seed as NVIDIA's tools draw it, truncated by psi.

    It lies in `frame`; without one in the document's corner, as large as the model draws it. `label`: the class that a
    model with classes is to draw; None: the classes take turns, seed by seed.
    """

    seed: Seed
    psi: Psi = 0.7
    frame: Frame | None = None
    label: Annotated[int, Between(0, 1_000_000)] | None = None


@dataclass(frozen=True)
class FromLatent(Message, type="latent"):
    """A picture from its latent code, as it is. `frame`: see FromSeed."""

    ws: Latent
    psi: Psi = 1.0
    frame: Frame | None = None


@dataclass(frozen=True)
class FromState(Message, type="state"):
    """Go on from an edit state (`EditState.to_bytes()`). Model and noise are the state's own.

    `picture`: the pixels that the edit began with, where they are still at hand. The state keeps them only as small as
    the model sees them, too small for a result as sharp as the layer.
    """

    state: bytes
    picture: Picture | None = None
    offset_x: Offset = 0
    offset_y: Offset = 0


@dataclass(frozen=True)
class FromPicture(Message, type="picture"):
    """A picture to invert: sRGB-encoded RGBA, straight alpha, at its offset in the document. It opens at once; its
    latent is what an InvertRequest looks for, unless the same was inverted before.

    Without a frame: the largest of the model's shape, centred in the picture.
    """

    picture: Picture
    offset_x: Offset = 0
    offset_y: Offset = 0
    frame: Frame | None = None


Source = FromSeed | FromLatent | FromState | FromPicture


@dataclass(frozen=True)
class OpenRequest(Message, type="open"):
    """Open a session. Without a model: the edit state's, else the server's default."""

    source: Source
    model: Name | None = None
    noise: NoiseMode = "const"


@dataclass(frozen=True)
class DragRequest(Message, type="drag"):
    """Pull these points. Points left out are forgotten.

    A point of known id keeps its reference while its handle is where the last result left it; put elsewhere
    by hand, further away than SAME_PLACE_MODEL_PX, it is a new point.

    Without `preview` none is sent.
    """

    points: Annotated[tuple[PointPair, ...], Length(1, MAX_POINTS)]
    mask: MaskData | None = None
    settings: DragOptions = field(default_factory=DragOptions)
    preview: PreviewOptions | None = field(default_factory=PreviewOptions)

    def check_together(self) -> None:
        if len({point.id for point in self.points}) != len(self.points):
            raise MessageError("points", "one id twice", "a different id for every point")


@dataclass(frozen=True)
class InvertRequest(Message, type="invert"):
    """Look for the latent that draws the session's picture, and in the mode "faithful" tune the model to it.

    Goes on from what an earlier one came to. The previews are the reconstruction. A cancelled one keeps the best that
    it has seen. Refused once there are drags: they stand on the latent that it would replace.
    """

    mode: InversionMode = "quick"
    preview: PreviewOptions | None = field(default_factory=PreviewOptions)


@dataclass(frozen=True)
class SeekRequest(Message, type="seek"):
    """Go to the picture after `position` finished drags; 0 is before the first.

    The Result has a preview as asked for; without `preview` none.
    """

    position: Count
    preview: PreviewOptions | None = field(default_factory=PreviewOptions)


@dataclass(frozen=True)
class HistoryRequest(Message, type="history"):
    """Undo or redo a finished drag; `preview`: see SeekRequest."""

    preview: PreviewOptions | None = field(default_factory=PreviewOptions)


@dataclass(frozen=True)
class ResultRequest(Message, type="result_request"):
    """Ask for pixels, in one of these forms:

    - "edit": what the drags after history position `since` changed, to be laid over the layer. Alpha is 0 where they
      changed nothing and where their masks are 0. Cropped to what shows; one transparent pixel where nothing does.
    - "copy": `onto`, the layer's own pixels at the offset, with that edit in it. Cropped to what changed; the reply's
      `changed` tells the pixels that differ from `onto`. Where `onto` is transparent in parts of the frame, its alpha
      follows the drag, which no layer above could do.
    - "picture": the whole frame as the model draws it, at the document's resolution, opaque.
    - "model": the model's own square picture, in its own pixels.

    `depth`: of the pixels in the reply. None: that of `onto`, else of the picture that the edit began with, else u8.
    """

    form: Form = "edit"
    since: Count = 0
    depth: Depth | None = None
    onto: Picture | None = None
    offset_x: Offset = 0
    offset_y: Offset = 0

    def check_together(self) -> None:
        if (self.form == "copy") != (self.onto is not None):
            found = "pixels" if self.onto is not None else "nothing"
            raise MessageError("onto", f"{found} for the form {self.form!r}", "pixels exactly for the form 'copy'")
        if self.onto is not None and self.depth not in (None, self.onto.dtype):
            raise MessageError("depth", repr(self.depth), f"that of `onto`, {self.onto.dtype!r}, or none")


@dataclass(frozen=True)
class GetModelRequest(Message, type="get_model"):
    """Download a model of the catalogue, and convert it. Hanging up stops it; what has come is kept for the next time.

    `licence` is the one that the user has agreed to, word for word: another than the catalogue's is refused.
    `unverified`: the user has said yes to a file of which no sha-256 is known; without that it is refused.
    """

    entry: Name
    licence: Text
    unverified: bool = False


@dataclass(frozen=True)
class AddModelRequest(Message, type="add_model"):
    """Convert a model file of this computer. None: guessed, or what the file says.

    `alignment`: the name of a known one, or "none".
    """

    path: Annotated[str, Length(1, 4096)]
    name: Name | None = None
    domain: Text | None = None
    licence: Text | None = None
    alignment: Name | None = None


# Replies


@dataclass(frozen=True)
class Hello(Message, type="hello"):
    """Who answers. The one message that must stay readable across protocol versions."""

    version: Name
    protocol: Count
    pid: Count
    device: Name
    default_model: Annotated[str, Length(0, 200)]
    sessions: Count
    max_sessions: Count


@dataclass(frozen=True)
class Models(Message, type="models"):
    """The models of this computer, and the files in its models folder that are none yet."""

    models: Annotated[tuple[ModelInfo, ...], Length(0, 1000)]
    files: Annotated[tuple[ModelFile, ...], Length(0, 1000)] = ()


@dataclass(frozen=True)
class Catalogue(Message, type="catalogue"):
    """The models that can be had from elsewhere. `problems`: catalogues of the user's that cannot be read, and why."""

    entries: Annotated[tuple[CatalogueEntry, ...], Length(0, 10_000)]
    problems: Annotated[tuple[Text, ...], Length(0, 1000)] = ()


@dataclass(frozen=True)
class Progress(Message, type="progress"):
    """A step of a job. `step` of `total_steps` (0: not known); the loss where there is one.

    In the stage "download" a step is a KiB.
    """

    stage: Name
    step: Count
    total_steps: Count
    points: Annotated[tuple[HandleState, ...], Length(0, MAX_POINTS)] = ()
    loss: float | None = None
    elapsed_s: Seconds = 0.0
    remaining_s: Seconds | None = None


@dataclass(frozen=True)
class Preview(Message, type="preview"):
    """The frame as it looks now, as a JPEG or PNG file for the editor's toolkit to decode."""

    step: Count
    width: Annotated[int, Between(1, 4096)]
    height: Annotated[int, Between(1, 4096)]
    format: PictureFormat
    data: Annotated[bytes, Length(1, 32 << 20)]


@dataclass(frozen=True)
class Result(Message, type="result"):
    """How a job ended, and everything needed to go on: `edit_state` is `EditState.to_bytes()`.

    `position` of `history_length`: how many finished drags are in the picture, of those undo and redo reach.
    """

    session: Name
    reason: Reason
    steps: Count
    seconds: Seconds
    points: Annotated[tuple[HandleState, ...], Length(0, MAX_POINTS)]
    edit_state: bytes
    position: Count
    history_length: Count
    preview: Preview | None = None
    recognition: Recognition | None = None
    """Of a picture that was inverted."""


@dataclass(frozen=True)
class ModelAdded(Message, type="model_added"):
    """There is a new model. `remarks`: what of its file is not used, and why."""

    model: ModelInfo
    format: Text
    remarks: Annotated[tuple[Text, ...], Length(0, 100)] = ()
    source_sha256: Annotated[str, Length(0, 64)] = ""
    """Of the file that was downloaded; empty where none was."""


@dataclass(frozen=True)
class Pixels(Message, type="pixels"):
    """A picture at its place in the document: sRGB-encoded RGBA, straight alpha.

    `changed`, of a copy only: 255 where a pixel may differ from the one that the copy was made of, else 0.
    """

    picture: Picture
    offset_x: Offset = 0
    offset_y: Offset = 0
    changed: ChangedMask | None = None

    def check_together(self) -> None:
        if self.changed is not None and self.changed.shape != self.picture.shape[:2]:
            raise MessageError("changed", str(list(self.changed.shape)), str(list(self.picture.shape[:2])))


@dataclass(frozen=True)
class Ack(Message, type="ack"):
    """Done."""


@dataclass(frozen=True)
class Error(Message, type="error"):
    """What went wrong and where (`message`), and what to do about it (`hint`)."""

    code: ErrorCode
    message: Text
    hint: Text = ""


Event = Progress | Preview | Result | ModelAdded | Error
EVENTS: tuple[type[Message], ...] = (Progress, Preview, Result, ModelAdded, Error)
