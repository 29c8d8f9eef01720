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
from draggan_server.canvas.model_input import frame_region
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
_ROUNDED = 2.0
"""Of 255: an editor that keeps 8 bits of a deeper layer rounds, and so does the small copy."""
_DEPTHS: dict[str, np.dtype] = {
    "uint8": np.dtype(np.uint8),
    "uint16": np.dtype(np.uint16),
    "float32": np.dtype(np.float32),
}


def crop(picture: Picture, frame: Frame) -> Picture:
    """A copy of what the frame touches, and one pixel more on each side where there is more: whether the
    picture goes on beyond the frame's edge can still be seen from it. Raises FrameError where that is too little."""
    shared = frame_region(picture, frame)
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
    file = io.BytesIO()
    _small(cropped, size).save(file, "PNG", pnginfo=facts)
    return file.getvalue()


def _small(cropped: Picture, size: tuple[int, int]) -> Image.Image:
    rgba = np.clip(np.nan_to_num(to_unit(cropped.pixels)), 0.0, 1.0)
    return Image.fromarray(np.rint(rgba * 255.0).astype(np.uint8)).resize(size, Image.Resampling.BOX)


def from_png(data: bytes) -> Picture:
    """The cropped picture again, as fine as the PNG holds it. Raises EditStateError."""
    try:
        small, region, dtype = _read(data)
        rgba = small.resize((region.width, region.height), Image.Resampling.BILINEAR)
        unit = np.asarray(rgba, np.float32) / np.float32(255.0)
        return Picture(from_unit(unit, dtype), region.left, region.top)
    except _DAMAGED as error:
        raise _damaged(error) from None


def sharper(data: bytes, given: Picture) -> Picture | None:
    """The part of `given` that the PNG is a small copy of; None where `given` is another picture, or lies elsewhere.

    Raises EditStateError for a damaged PNG.
    """
    try:
        small, region, _ = _read(data)
        kept = _premultiplied(small)
    except _DAMAGED as error:
        raise _damaged(error) from None
    if not given.region.contains(region):
        return None
    part = Picture(region.of(given.pixels, given.x, given.y).copy(), region.left, region.top)
    difference = np.abs(_premultiplied(_small(part, small.size)) - kept)
    return part if difference.max() <= _ROUNDED else None


def _read(data: bytes) -> tuple[Image.Image, Region, np.dtype]:
    """The PNG's own pixels, the document pixels that they show, and how deep these were. Raises _DAMAGED."""
    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        facts = json.loads(image.info[_KEY])
        x, y, width, height = (int(value) for value in facts["place"])
        if not (width > 0 and height > 0 and width * height <= _MOST_PIXELS):
            raise ValueError("a picture of an impossible size")
        if max(abs(x), abs(y)) > _FURTHEST_PX:
            raise ValueError("a picture at an impossible place")
        return image.convert("RGBA"), Region(x, y, x + width, y + height), _DEPTHS[facts["dtype"]]


def _premultiplied(image: Image.Image) -> np.ndarray:
    """[H, W, 4] in 0 .. 255: what is transparent has no colour that could differ."""
    values = np.asarray(image, np.float32)
    return np.concatenate([values[..., :3] * values[..., 3:] / np.float32(255.0), values[..., 3:]], axis=2)


def _damaged(error: Exception) -> EditStateError:
    return EditStateError(
        f"This edit state is damaged: its picture cannot be read ({type(error).__name__}: {error}).",
        "Start a new edit on this layer.",
    )
