"""Picture files and masks, and the edit put into a picture."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from draggan_client.arrays import Array
from draggan_client.messages import MaskData, Pixels
from draggan_server.canvas import Picture
from draggan_server.cli.errors import CommandError

Rgba = NDArray[np.uint8]
"""[height, width, 4], straight alpha."""

_FORMATS = {".png": "PNG", ".webp": "WEBP", ".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", ".tiff": "TIFF"}
_OPAQUE_ONLY = {"JPEG"}
_SETTINGS: dict[str, dict[str, object]] = {
    "PNG": {"optimize": True},
    "WEBP": {"lossless": True, "exact": True},
    "JPEG": {"quality": 95, "subsampling": 0},
    "TIFF": {"compression": "tiff_deflate"},
}
_FULL = {"u8": 255.0, "u16": 65535.0, "f32": 1.0}
_NUMPY = {"u8": "<u1", "u16": "<u2", "f32": "<f4"}


@dataclass(frozen=True, eq=False)
class PictureFile:
    """A picture as it was read: 8 bits per channel, upright."""

    path: Path
    pixels: Rgba
    has_alpha: bool
    """Whether the file keeps transparency, so that the result does as well."""
    profile: bytes | None
    """Its colour profile, handed on to the result."""

    def as_canvas(self) -> Picture:
        """At its place, the document's corner."""
        return Picture(self.pixels)

    @property
    def width(self) -> int:
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        return self.pixels.shape[0]


def read_picture(path: Path) -> PictureFile:
    """Raises CommandError where there is no picture in the file."""
    image = _open(path, "picture")
    has_alpha = image.has_transparency_data
    pixels = np.array(image.convert("RGBA"))
    return PictureFile(path, pixels, has_alpha, image.info.get("icc_profile"))


def read_mask(path: Path) -> MaskData:
    """White may change, black must not, and neither must what is transparent. 8 or 16 bits deep.

    Raises CommandError where there is no picture in the file, or nothing may change.
    """
    image = _open(path, "mask")
    if image.mode.startswith("I"):
        values = np.clip(np.asarray(image, np.int64), 0, 65535).astype("<u2")
    elif image.has_transparency_data:
        grey, alpha = (np.asarray(band, np.float32) for band in image.convert("LA").split())
        values = np.rint(grey * alpha / 255.0).astype("<u1")
    else:
        values = np.asarray(image.convert("L"), "<u1")
    if not values.any():
        raise CommandError(f"The mask {path} is black all over: nothing may change. Paint white what may.")
    return MaskData(Array("u8" if values.itemsize == 1 else "u16", values.shape, values.tobytes()))


def mask_values(mask: MaskData) -> NDArray:
    """[height, width], in the mask's depth."""
    return np.frombuffer(mask.array.data, _NUMPY[mask.array.dtype]).reshape(mask.array.shape)


def check_format(path: Path, *, has_alpha: bool = False) -> None:
    """Raises CommandError where the file's ending names no format that we write, or one too poor for the picture."""
    name = _FORMATS.get(path.suffix.lower())
    if name is None:
        endings = ", ".join(_FORMATS)
        raise CommandError(f"{path}: no picture format is known by the ending {path.suffix!r}. Use one of {endings}.")
    if has_alpha and name in _OPAQUE_ONLY:
        raise CommandError(f"{path}: {name} keeps no transparency, and the picture has some. Use .png.")


def encoded(pixels: Rgba, path: Path, *, has_alpha: bool = False, profile: bytes | None = None) -> bytes:
    """The picture as a file of the format that `path` ends in."""
    name = _FORMATS[path.suffix.lower()]
    image = Image.fromarray(pixels if has_alpha else np.ascontiguousarray(pixels[..., :3]))
    file = io.BytesIO()
    image.save(file, name, icc_profile=profile, **_SETTINGS[name])
    return file.getvalue()


def on_wire(pixels: Rgba) -> Array:
    """The pixels as messages carry them."""
    return Array("u8", pixels.shape, pixels.tobytes())


def in_unit(pixels: Pixels) -> NDArray[np.float64]:
    """[height, width, 4] in [0, 1], whatever their depth."""
    array = pixels.picture
    values = np.frombuffer(array.data, _NUMPY[array.dtype]).reshape(array.shape)
    return np.clip(values / _FULL[array.dtype], 0.0, 1.0)


def from_wire(pixels: Pixels) -> Rgba:
    """The pixels in 8 bits."""
    return np.rint(in_unit(pixels) * 255.0).astype(np.uint8)


def with_copy(picture: Rgba, copy: Pixels) -> Rgba:
    """The picture with a part of it replaced by the copy that was made of it."""
    height, width = copy.picture.shape[:2]
    result = picture.copy()
    result[copy.offset_y : copy.offset_y + height, copy.offset_x : copy.offset_x + width] = from_wire(copy)
    return result


def _open(path: Path, what: str) -> Image.Image:
    if not path.exists():
        raise CommandError(f"There is no {what} {path}. Look at the name.")
    try:
        with Image.open(path) as image:
            image.load()
            return ImageOps.exif_transpose(image)
    except Image.DecompressionBombError:
        raise CommandError(f"The {what} {path} is too large to be opened. Make it smaller.") from None
    except (OSError, ValueError, SyntaxError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "no picture that can be read"
        raise CommandError(f"The {what} {path} cannot be opened: {reason}. Save it as PNG.") from None
