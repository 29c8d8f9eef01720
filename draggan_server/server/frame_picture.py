"""The artist's picture inside the frame: cropped for the session, and small enough for the edit state.

A session that began with a picture needs to know of it where it lies, how deep it is and how transparent,
and what the model saw. A PNG at the model's resolution holds these; its text chunk the numbers.
"""

from __future__ import annotations

import io
import json

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from draggan_client.errors import EditStateError
from draggan_client.framing import MAX_BODY_BYTES
from draggan_server.canvas import CanvasError, Frame, Picture
from draggan_server.canvas.depth import from_unit, to_unit
from draggan_server.canvas.picture import Region

_KEY = "draggan"
_DAMAGED = (
    # Pillow's own
    *(OSError, ValueError, SyntaxError, Image.DecompressionBombError),
    # of the facts in the text chunk
    *(KeyError, TypeError, OverflowError, RecursionError, CanvasError),
)
_MOST_PIXELS = MAX_BODY_BYTES // 4
"""No picture that a session began with has more: it came in one request, with at least 4 bytes for each pixel."""
_FURTHEST_PX = 1_000_000
_DEPTHS: dict[str, np.dtype] = {
    "uint8": np.dtype(np.uint8),
    "uint16": np.dtype(np.uint16),
    "float32": np.dtype(np.float32),
}


def crop(picture: Picture, frame: Frame) -> Picture:
    """A copy of what the frame touches, and one pixel more on each side where there is more: whether the
    picture goes on beyond the frame's edge can still be seen from it."""
    shared = Region.shared(frame, picture)
    left, top = max(picture.x, shared.left - 1), max(picture.y, shared.top - 1)
    right = min(picture.x + picture.width, shared.right + 1)
    bottom = min(picture.y + picture.height, shared.bottom + 1)
    part = picture.pixels[top - picture.y : bottom - picture.y, left - picture.x : right - picture.x]
    return Picture(part.copy(), left, top)


def to_png(cropped: Picture, frame: Frame, resolution: int) -> bytes:
    """The cropped picture, its pixels no smaller than those of a model of `resolution`; 8 bits deep."""
    facts = PngInfo()
    place = [cropped.x, cropped.y, cropped.width, cropped.height]
    facts.add_text(_KEY, json.dumps({"dtype": cropped.pixels.dtype.name, "place": place}))
    scale = min(1.0, resolution / frame.size)
    size = max(1, round(cropped.width * scale)), max(1, round(cropped.height * scale))
    rgba = np.clip(np.nan_to_num(to_unit(cropped.pixels)), 0.0, 1.0)
    image = Image.fromarray(np.rint(rgba * 255.0).astype(np.uint8))
    file = io.BytesIO()
    image.resize(size, Image.Resampling.BOX).save(file, "PNG", pnginfo=facts)
    return file.getvalue()


def from_png(data: bytes) -> Picture:
    """The cropped picture again, as fine as the PNG holds it. Raises EditStateError."""
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            facts = json.loads(image.info[_KEY])
            x, y, width, height = (int(value) for value in facts["place"])
            if not (width > 0 and height > 0 and width * height <= _MOST_PIXELS):
                raise ValueError("a picture of an impossible size")
            if max(abs(x), abs(y)) > _FURTHEST_PX:
                raise ValueError("a picture at an impossible place")
            rgba = image.convert("RGBA").resize((width, height), Image.Resampling.BILINEAR)
        unit = np.asarray(rgba, np.float32) / np.float32(255.0)
        return Picture(from_unit(unit, _DEPTHS[facts["dtype"]]), x, y)
    except _DAMAGED as error:
        raise EditStateError(
            f"This edit state is damaged: its picture cannot be read ({type(error).__name__}: {error}).",
            "Start a new edit on this layer.",
        ) from None
