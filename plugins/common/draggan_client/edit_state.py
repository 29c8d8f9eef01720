"""The edit state: everything that is needed to go on with an edit after server, editor and computer were off.

It goes into the document (Krita: an annotation; GIMP: a parasite), so its format outlives the code: a
header with a magic word and a version, then a compressed MessagePack map. A change to the record means a
new `VERSION`.
"""

import base64
import binascii
import struct
import zlib
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from . import framing, png_place, schema
from .arrays import Feature, Latent
from .errors import EditStateError, EditStateVersionError, FramingError, MessageError
from .messages import (
    Coordinate,
    Count,
    DragOptions,
    Frame,
    InversionMode,
    Name,
    NoiseMode,
    Offset,
    Psi,
    Reason,
    Recognition,
    Seed,
)
from .schema import Between, Length, Message

VERSION = 1
MAX_STATE_BYTES = framing.MAX_EVENT_BYTES - (16 << 20)
"""Unpacked. Held to while inflating, so that a small file cannot fill the memory. Packed, a state of that size
still fits into a Result, beside the largest preview."""
MAX_DRAGS = 10_000

_MAGIC = b"DRGN"
_HEADER = struct.Struct("<4sH")


@dataclass(frozen=True)
class StatePoint(schema.Record):
    """A point, and what it was when it was first put: its place, and the feature there.

    `reference_resolution` is the side of the feature map. No feature: the point has not been dragged yet.
    """

    id: Name
    handle_x: Coordinate
    handle_y: Coordinate
    target_x: Coordinate
    target_y: Coordinate
    reference_x: Coordinate | None = None
    reference_y: Coordinate | None = None
    reference_feature: Feature | None = None
    reference_resolution: Annotated[int, Between(4, 4096)] | None = None

    def check_together(self) -> None:
        parts = (self.reference_x, self.reference_y, self.reference_feature, self.reference_resolution)
        if 0 < sum(part is not None for part in parts) < len(parts):
            raise MessageError("reference", "only a part of it", "place, feature and resolution, or none of them")

    def moved(self, dx: float, dy: float) -> "StatePoint":
        """This point, and where it was first put, elsewhere in the document."""
        return replace(
            self,
            handle_x=self.handle_x + dx,
            handle_y=self.handle_y + dy,
            target_x=self.target_x + dx,
            target_y=self.target_y + dy,
            reference_x=None if self.reference_x is None else self.reference_x + dx,
            reference_y=None if self.reference_y is None else self.reference_y + dy,
        )


@dataclass(frozen=True)
class KeptMask(schema.Record):
    """The editable mask of a drag as a PNG of 8 or 16 bit grey, white = may change. Offset: in the document."""

    png: Annotated[bytes, Length(1, MAX_STATE_BYTES)]
    offset_x: Offset = 0
    offset_y: Offset = 0


@dataclass(frozen=True)
class FinishedDrag(schema.Record):
    """A drag that has ended: the latent it left, and its points as they were then.

    The points keep their references here, so that undo brings back what a later drag moved or left out.
    `mask` is the place of its editable mask among the edit state's; None: everything could change.
    """

    latent: Latent
    points: Annotated[tuple[StatePoint, ...], Length(0, 100)]
    reason: Reason
    steps: Count
    mask: Annotated[int, Between(0, MAX_DRAGS - 1)] | None = None


@dataclass(frozen=True)
class Inversion(schema.Record):
    """How far a picture was inverted: `step` of `total_steps` of the mode; fewer where it was stopped early.

    `delta` is what tuning added to the model's weights, as the server packs it; empty: nothing. One that would make the
    edit state too large is left out, and made again from the frame's picture when the edit is opened.
    """

    mode: InversionMode
    step: Count
    total_steps: Count
    recognition: Recognition | None = None
    delta: Annotated[bytes, Length(0, MAX_STATE_BYTES)] = b""
    delta_left_out: bool = False


@dataclass(frozen=True)
class EditState(Message, type="edit_state"):
    """An edit, whole. `position` of the `history`'s drags are in the picture; the others can be redone.

    `masks` are those of the history's drags, each once, however many drags had it.
    `points` are those of the picture shown, with their references; `settings` the last drag's.
    `frame_picture` is a PNG of the frame's pixels where the edit began with a picture, empty otherwise; `inversion`
    is None where such a picture was not inverted yet: its latent is no more than a start then.
    """

    model_id: Name
    model_sha256: Annotated[str, Length(64, 64)]
    resolution: Annotated[int, Between(4, 4096)]
    frame: Frame
    psi: Psi
    noise: NoiseMode
    source: Literal["seed", "latent", "picture"]
    seed: Seed | None
    start_latent: Latent
    history: Annotated[tuple[FinishedDrag, ...], Length(0, MAX_DRAGS)] = ()
    masks: Annotated[tuple[KeptMask, ...], Length(0, MAX_DRAGS)] = ()
    position: Count = 0
    points: Annotated[tuple[StatePoint, ...], Length(0, 10_000)] = ()
    settings: DragOptions = field(default_factory=DragOptions)
    frame_picture: bytes = b""
    inversion: Inversion | None = None

    def check_together(self) -> None:
        if self.position > len(self.history):
            raise MessageError("position", str(self.position), f"0 to {len(self.history)}, the finished drags")
        if (self.seed is None) == (self.source == "seed"):
            raise MessageError("seed", str(self.seed), "a seed exactly where the source is a seed")
        for index, drag in enumerate(self.history):
            if drag.latent.shape != self.start_latent.shape:
                shape = list(drag.latent.shape)
                raise MessageError(f"history[{index}].latent", str(shape), str(list(self.start_latent.shape)))
            if drag.mask is not None and drag.mask >= len(self.masks):
                allowed = f"the place of one of the {len(self.masks)} masks, counted from 0"
                raise MessageError(f"history[{index}].mask", str(drag.mask), allowed)

    @property
    def drags(self) -> tuple[FinishedDrag, ...]:
        """The finished drags that are in the picture."""
        return self.history[: self.position]

    @property
    def is_known(self) -> bool:
        """Whether there is a latent of the picture. One that the edit began with may still have to be inverted."""
        return self.source != "picture" or self.inversion is not None or bool(self.history)

    def mask_of(self, drag: FinishedDrag) -> KeptMask | None:
        """The editable mask of a drag of the history; None: it had none."""
        return None if drag.mask is None else self.masks[drag.mask]

    def moved(self, dx: float, dy: float) -> "EditState":
        """This edit for a layer that was moved by so many document px: frame, points, references and masks.

        Pixels lie on whole ones, so masks and the picture move by the nearest whole number. Raises EditStateError
        where that leads out of any document, or the picture is damaged.
        """
        if dx == 0 and dy == 0:
            return self
        whole_x, whole_y = round(dx), round(dy)
        try:
            return replace(
                self,
                frame=replace(self.frame, x=self.frame.x + dx, y=self.frame.y + dy),
                points=tuple(point.moved(dx, dy) for point in self.points),
                history=tuple(
                    replace(drag, points=tuple(point.moved(dx, dy) for point in drag.points)) for drag in self.history
                ),
                masks=tuple(
                    replace(mask, offset_x=mask.offset_x + whole_x, offset_y=mask.offset_y + whole_y)
                    for mask in self.masks
                ),
                frame_picture=self.frame_picture and png_place.moved(self.frame_picture, whole_x, whole_y),
            )
        except MessageError as error:
            raise EditStateError(f"This edit cannot be moved by {dx:g}, {dy:g} px: {error}") from None
        except ValueError as error:
            raise EditStateError(
                f"This edit state is damaged: its picture cannot be moved ({error}).", "Start a new edit on this layer."
            ) from None

    def to_bytes(self) -> bytes:
        """This state as bytes, for a document that takes any."""
        # Level 1: most of it is latents and a PNG, which no level makes much smaller.
        return _HEADER.pack(_MAGIC, VERSION) + zlib.compress(framing.pack(self), level=1)

    def to_ascii(self) -> str:
        """This state as text, for a document that refuses bytes above 127."""
        return base64.b64encode(self.to_bytes()).decode("ascii")

    @staticmethod
    def from_bytes(data: bytes) -> "EditState":
        """Reads `to_bytes()`. EditStateVersionError, or EditStateError for damaged or foreign bytes."""
        if len(data) < _HEADER.size or data[:4] != _MAGIC:
            raise EditStateError("This is not a DragGAN edit state.", "Start a new edit on this layer.")
        version = _HEADER.unpack_from(data)[1]
        if version != VERSION:
            raise EditStateVersionError(
                f"This edit was saved in format {version}; this plugin reads format {VERSION} only.",
                "Update the plugin, or start a new edit on this layer.",
            )
        try:
            return framing.unpack(EditState, _inflated(data[_HEADER.size :]), MAX_STATE_BYTES)
        except (zlib.error, FramingError, MessageError) as error:
            raise EditStateError(f"This edit state is damaged: {error}", "Start a new edit on this layer.") from None

    @staticmethod
    def from_ascii(text: str) -> "EditState":
        """Reads `to_ascii()`. Raises as `from_bytes` does."""
        try:
            data = base64.b64decode(text.strip(), validate=True)
        except (binascii.Error, ValueError):
            raise EditStateError("This edit state is damaged: it is not base64.", "Start a new edit.") from None
        return EditState.from_bytes(data)


def _inflated(data: bytes) -> bytes:
    inflater = zlib.decompressobj()
    plain = inflater.decompress(data, MAX_STATE_BYTES)
    if not inflater.eof or inflater.unused_data:
        raise zlib.error("it is cut short, too long, or has something after its end")
    return plain
