"""The artist's picture on its way through the edit state."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from draggan_client.errors import EditStateError
from draggan_server.canvas import Frame, Picture, composite
from draggan_server.server.frame_picture import crop, from_png, sharper, to_png

RESOLUTION = 32


def picture(dtype: type, height: int = 90, width: int = 120, x: int = -7, y: int = 5) -> Picture:
    """Colours at random, opaque but for a soft left side."""
    values = np.random.RandomState(0).rand(height, width, 4)
    values[..., 3] = np.clip(np.linspace(0.2, 4.0, width), 0, 1)
    full = {np.uint8: 255, np.uint16: 65535, np.float32: 1.0}[dtype]
    return Picture((values * full).astype(dtype), x, y)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize(
    "frame",
    [Frame(20.0, 20.0, 50.0), Frame(-7.0, 5.0, 90.0), Frame(-30.5, -10.25, 64.0), Frame(80.5, 60.0, 100.0)],
    ids=["inside", "at the corner", "past the corner", "past the other corner"],
)
def test_the_edit_fits_as_before(dtype: type, frame: Frame):
    whole = picture(dtype)
    cropped = crop(whole, frame)
    again = from_png(to_png(cropped, frame, RESOLUTION))
    assert (again.x, again.y, again.pixels.shape) == (cropped.x, cropped.y, cropped.pixels.shape)
    assert again.pixels.dtype == dtype

    before = np.full((3, RESOLUTION, RESOLUTION), -0.5, np.float32)
    results = [composite(source, frame, before, -before) for source in (whole, cropped, again)]
    full = {np.uint8: 255, np.uint16: 65535, np.float32: 1.0}[dtype]
    for result in results[1:]:
        assert (result.x, result.y, result.pixels.shape) == (
            results[0].x,
            results[0].y,
            results[0].pixels.shape,
        )
    np.testing.assert_array_equal(results[1].pixels, results[0].pixels)
    # The soft alpha comes back as fine as the model's resolution holds it.
    difference = np.abs(results[2].pixels.astype(float) - results[0].pixels) / full
    assert difference[..., 3].max() < 0.06
    opaque = np.s_[:, max(0, 40 - results[0].x) :]
    assert difference[opaque][..., 3].max(initial=0.0) < 0.005


def test_a_crop_is_a_copy_and_no_larger_than_needed():
    whole = picture(np.uint8)
    cropped = crop(whole, Frame(20.0, 20.0, 50.0))
    assert (cropped.x, cropped.y, cropped.width, cropped.height) == (19, 19, 52, 52)
    assert not np.shares_memory(cropped.pixels, whole.pixels)


@pytest.mark.parametrize("data", [b"", b"no PNG", b"\x89PNG\r\n\x1a\n" + b"\0" * 50])
def test_a_damaged_picture_is_refused(data: bytes):
    with pytest.raises(EditStateError, match="picture cannot be read"):
        from_png(data)


@pytest.mark.parametrize(
    "facts",
    [
        '{"dtype": "uint8", "place": [Infinity, 0, 5, 5]}',
        '{"dtype": "uint8", "place": [0, 0, 1e300, 5]}',
        '{"dtype": "uint8", "place": [0, 0, 100000, 100000]}',
        '{"dtype": "uint8", "place": [1e12, 0, 5, 5]}',
        '{"dtype": "uint8", "place": [0, 0, -5, 5]}',
        '{"dtype": "uint8", "place": 5}',
        '{"dtype": "object", "place": [0, 0, 5, 5]}',
        "[" * 100_000,
        "5",
    ],
)
def test_impossible_facts_are_refused(facts: str):
    info = PngInfo()
    info.add_text("draggan", facts)
    file = io.BytesIO()
    Image.new("RGBA", (5, 5)).save(file, "PNG", pnginfo=info)
    with pytest.raises(EditStateError, match="picture cannot be read") as raised:
        from_png(file.getvalue())
    assert len(str(raised.value)) < 500


def test_a_picture_that_breaks_off_into_nonsense_is_refused():
    """Pillow has another exception for that."""
    whole = to_png(crop(picture(np.uint8), Frame(20.0, 20.0, 50.0)), Frame(20.0, 20.0, 50.0), RESOLUTION)
    place = whole.index(b"IDAT")
    (length,) = struct.unpack(">I", whole[place - 4 : place])
    data = whole[place + 4 : place + 4 + length]
    broken = whole[: place - 4] + chunk(b"IDAT", data[: length // 2]) + chunk(b"k\xff\xa4\xae", data[length // 2 :])
    with pytest.raises(EditStateError, match="picture cannot be read"):
        from_png(broken)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_a_png_of_somebody_else_is_refused():
    file = io.BytesIO()
    Image.new("RGBA", (32, 32)).save(file, "PNG")
    with pytest.raises(EditStateError):
        from_png(file.getvalue())


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("frame", [Frame(20.0, 20.0, 50.0), Frame(-30.5, -10.25, 64.0), Frame(60.0, 10.0, 50.0, 30.0)])
def test_the_pixels_themselves_are_known_again(dtype: type, frame: Frame):
    whole = picture(dtype)
    cropped = crop(whole, frame)
    png = to_png(cropped, frame, RESOLUTION)
    for given in (whole, cropped):
        sharp = sharper(png, given)
        assert sharp is not None and sharp.region == cropped.region
        np.testing.assert_array_equal(sharp.pixels, cropped.pixels)
    sharp = sharper(png, whole)
    assert not np.shares_memory(sharp.pixels, whole.pixels)


def test_an_8_bit_copy_of_a_deep_layer_is_known():
    deep, frame = picture(np.uint16), Frame(20.0, 20.0, 50.0)
    png = to_png(crop(deep, frame), frame, RESOLUTION)
    assert sharper(png, Picture((deep.pixels >> 8).astype(np.uint8), deep.x, deep.y)) is not None


def test_other_pixels_are_not_taken():
    whole, frame = picture(np.uint8), Frame(20.0, 20.0, 50.0)
    png = to_png(crop(whole, frame), frame, RESOLUTION)
    painted = whole.pixels.copy()
    painted[30:36, 40:46] = (255, 0, 0, 255)
    assert sharper(png, Picture(painted, whole.x, whole.y)) is None
    assert sharper(png, Picture(whole.pixels, whole.x + 1, whole.y)) is None
    assert sharper(png, Picture(whole.pixels[:40], whole.x, whole.y)) is None, "a part of it is missing"
    erased = whole.pixels.copy()
    erased[30:36, 40:46, 3] = 0
    assert sharper(png, Picture(erased, whole.x, whole.y)) is None


def test_what_cannot_be_seen_may_differ():
    whole, frame = picture(np.uint8), Frame(20.0, 20.0, 50.0)
    whole.pixels[..., 3] = 0
    whole.pixels[40:, :, 3] = 255
    png = to_png(crop(whole, frame), frame, 50)
    other = whole.pixels.copy()
    other[:40, :, :3] = 77
    assert sharper(png, Picture(other, whole.x, whole.y)) is not None


def test_damage_is_told_before_pixels_are_compared():
    with pytest.raises(EditStateError, match="damaged"):
        sharper(b"no PNG", picture(np.uint8))
