"""The edit state on the layer that shows it, as parasites: they are saved in the .xcf, and go with a copied layer.

A parasite takes no bytes above 127, and a large one holds up GIMP for long, so that the record is ASCII in parts. The
first parasite says what the result is and how many parts follow.
"""

import json
from dataclasses import dataclass
from enum import Enum

from gi.repository import Gimp

from draggan_client.edit_state import EditState
from draggan_client.errors import EditStateError, EditStateVersionError
from draggan_client.layer_record import Fingerprint, Found, How, LayerRecord, find
from draggan_client.rect import Rect

from ..slices import Work
from .origin import Origin
from .pixels import read, strips_of
from .subject import rect_of

NAME = "draggan-edit"
PART_BYTES = 256 << 10
VERSION = 1


class Form(Enum):
    """What a result layer is."""

    EDIT = "edit"
    """Laid over its source: it holds only what changed."""
    COPY = "copy"
    """A complete copy of its source with the edit in it."""
    PICTURE = "picture"
    """A picture that the model drew."""


@dataclass(frozen=True)
class Kept:
    """What a layer keeps of its edit, and how the layer was recognised."""

    state: EditState
    """Where the layer lies now."""
    form: Form
    how: How
    origin: Origin | None
    """What it began with; None: a picture that the model drew."""
    moved_x: int
    moved_y: int
    """How far the layer lies from where it was when this was written."""


def fingerprint(layer: Gimp.Layer) -> Work[bytes]:
    """A hash of the layer's own pixels, as they are stored."""
    width, height, pixel_bytes = layer.get_width(), layer.get_height(), layer.get_bpp()
    precision = layer.get_image().get_precision().value_nick
    hashed = Fingerprint(width, height, f"GIMP {layer.type().value_nick} {precision}")
    buffer = layer.get_buffer()
    for strip in strips_of(Rect(0, 0, width, height), pixel_bytes):
        (rows,) = yield from read(buffer, strip, None, pixel_bytes)
        hashed.update(rows)
        yield strip.bottom / height
    return hashed.digest()


def write(layer: Gimp.Layer, state: bytes, form: Form, rect: Rect, origin: Origin | None) -> Work[None]:
    """Keep the state on a layer, which must not be in the image yet: then this is no undo step of its own.

    `rect`: where the layer will lie. `origin`: what the edit began with.
    """
    erase(layer)
    digest = yield from fingerprint(layer)
    record = LayerRecord(str(layer.get_tattoo()), digest, rect.left, rect.top, rect.width, rect.height, "", state)
    text = record.to_ascii()
    parts = [text[start : start + PART_BYTES] for start in range(0, len(text), PART_BYTES)]
    yield 0.0
    for number, part in enumerate(parts):
        _attach(layer, f"{NAME}-{number}", part)
        yield (number + 1) / len(parts)
    began = None if origin is None else origin.to_map()
    head = {"version": VERSION, "form": form.value, "parts": len(parts), "origin": began}
    _attach(layer, NAME, json.dumps(head))


def erase(layer: Gimp.Layer) -> None:
    """Take all parasites of ours off a layer that is not in the image."""
    for name in layer.get_parasite_list():
        if name == NAME or name.startswith(f"{NAME}-"):
            layer.detach_parasite(name)


def has_record(layer: Gimp.Layer) -> bool:
    """Whether the layer shows an edit that can be gone on with."""
    return layer.get_parasite(NAME) is not None


def read_record(layer: Gimp.Layer) -> Work[Kept | None]:
    """What the layer keeps, moved to where the layer now lies; None: nothing.

    Raises EditStateError where it is damaged, EditStateVersionError where a newer plug-in has written it.
    """
    head = layer.get_parasite(NAME)
    if head is None:
        return None
    form, parts, origin = _read_head(head)
    texts = []
    for number in range(parts):
        parasite = layer.get_parasite(f"{NAME}-{number}")
        if parasite is None:
            raise EditStateError("This layer's edit is damaged: a part is missing.", "Start a new edit on this layer.")
        texts.append(bytes(parasite.get_data()).decode("ascii", errors="replace"))
        yield 0.0
    record = LayerRecord.from_ascii("".join(texts))
    yield 0.1
    digest = yield from fingerprint(layer)
    found = find([record], str(layer.get_tattoo()), digest)
    # The record came with this very layer, so that a layer it does not fit has been painted over.
    how = found.how if isinstance(found, Found) else How.PAINTED_OVER
    rect = rect_of(layer)
    state = EditState.from_bytes(record.state)
    yield 1.0
    dx, dy = rect.left - record.left, rect.top - record.top
    return Kept(state.moved(dx, dy), form, how, origin, dx, dy)


def _read_head(parasite: Gimp.Parasite) -> tuple[Form, int, Origin | None]:
    try:
        head = json.loads(bytes(parasite.get_data()))
        version = head["version"]
        if version == VERSION:
            origin = None if head["origin"] is None else Origin.from_map(head["origin"])
            return Form(head["form"]), int(head["parts"]), origin
    except (ValueError, KeyError, TypeError):
        raise EditStateError("This layer's edit is damaged.", "Start a new edit on this layer.") from None
    raise EditStateVersionError(
        f"This layer's edit was saved in format {version}; this plug-in reads format {VERSION} only.",
        "Update the plug-in, or start a new edit on this layer.",
    )


def _attach(layer: Gimp.Layer, name: str, text: str) -> None:
    flags = Gimp.PARASITE_PERSISTENT | Gimp.PARASITE_UNDOABLE
    layer.attach_parasite(Gimp.Parasite.new(name, flags, text.encode("ascii")))
