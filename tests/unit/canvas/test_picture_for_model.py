"""Document pixels -> what the model sees, against a plain area average."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from draggan_server.canvas import (
    EmptyPictureError,
    Frame,
    FrameError,
    Picture,
    PictureError,
    picture_for_model,
    resample,
)
from tests.unit.canvas import plain


def random_picture(
    rng: np.random.Generator,
    width: int,
    height: int,
    depth: type,
    x: int = 0,
    y: int = 0,
    opaque: bool = True,
) -> Picture:
    values = rng.random((height, width, 4))
    if opaque:
        values[..., 3] = 1.0
    return Picture(plain.quantised(values, depth), x, y)


def coordinate_ramp(width: int, height: int, depth: type) -> np.ndarray:
    """Red is x at the pixel's centre / 1000, green y / 1000, from the array's corner."""
    values = np.ones((height, width, 4))
    values[..., 0] = (np.arange(width) + 0.5) / 1000
    values[..., 1] = (np.arange(height)[:, None] + 0.5) / 1000
    return plain.quantised(values, depth)


@pytest.mark.parametrize(
    "frame",
    [
        Frame(0, 0, 48),  # whole factor
        Frame(3.25, 1.6, 37.3),  # sub-pixel corner and factor
        Frame(-9.5, 4.25, 60.0),  # past the left edge and the lower one
        Frame(-20.0, -20.0, 90.0),  # past all edges
    ],
    ids=str,
)
def test_shrinking_is_the_area_average(frame: Frame, depth: type, rng: np.random.Generator) -> None:
    picture = random_picture(rng, 50, 48, depth, opaque=False)
    got = picture_for_model(picture, frame, 16)
    values = plain.unit(picture.pixels)
    alpha = plain.area_average(values[..., 3], frame.x, frame.y, frame.size, 16)
    np.testing.assert_allclose(got.alpha, alpha, atol=2e-6)
    seen = alpha > 0.01
    for channel in range(3):
        premultiplied = values[..., channel] * values[..., 3]
        colour = plain.area_average(premultiplied, frame.x, frame.y, frame.size, 16)
        np.testing.assert_allclose((got.rgb[channel][seen] + 1) / 2, colour[seen] / alpha[seen], atol=5e-6)


def test_bands_do_not_show(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = random_picture(rng, 61, 57, np.uint16, opaque=False)
    frame = Frame(-3.3, 2.7, 55.5)
    whole = picture_for_model(picture, frame, 16)
    monkeypatch.setattr(resample, "BAND_VALUES", 4 * 61 * 3)
    banded = picture_for_model(picture, frame, 16)
    np.testing.assert_allclose(banded.rgb, whole.rgb, atol=1e-6)
    np.testing.assert_allclose(banded.alpha, whole.alpha, atol=1e-6)


def test_enlarging_is_linear_interpolation(depth: type, rng: np.random.Generator) -> None:
    picture = random_picture(rng, 20, 18, depth)
    frame = Frame(2.4, 3.7, 11.3)
    got = picture_for_model(picture, frame, 32)
    red = plain.unit(picture.pixels)[..., 0]
    for j, i in [(0, 0), (3, 30), (16, 16), (31, 31), (31, 0)]:
        x, y = frame.to_document(i + 0.5, j + 0.5, 32)
        assert (got.rgb[0, j, i] + 1) / 2 == pytest.approx(plain.bilinear(red, x, y), abs=2e-6)


def test_enlarging_a_whole_picture_keeps_its_edges_opaque(rng: np.random.Generator) -> None:
    picture = random_picture(rng, 10, 10, np.uint8)
    got = picture_for_model(picture, Frame.around(10, 10), 32)
    assert (got.alpha == 1.0).all()
    assert (got.rgb[0, 0, 0] + 1) / 2 == pytest.approx(picture.pixels[0, 0, 0] / 255, abs=1e-6)


@pytest.mark.parametrize("size", [17.0, 64.0, 200.3])
@pytest.mark.parametrize(("x", "y"), [(0, 0), (40, 9), (-13, -170)])
def test_a_pixel_lands_where_a_point_does(depth: type, size: float, x: int, y: int) -> None:
    """Pixels and points go through the same affine: a ramp of coordinates reads back as Frame says."""
    picture = Picture(coordinate_ramp(260, 240, depth), x, y)
    frame = Frame(x + 21.35, y + 18.8, size)
    got = picture_for_model(picture, frame, 64)
    # A document pixel is a square of one colour: the average over 3.13 of them is off the ramp by up to 0.04.
    step = {"uint8": 0.6 * 1000 / 255, "uint16": 0.02, "float32": 0.001}[np.dtype(depth).name]
    for j, i in [(5, 5), (31, 40), (58, 12)]:
        expected = frame.to_document(i + 0.5, j + 0.5, 64)
        red, green = (float(got.rgb[c, j, i] + 1) * 500 for c in (0, 1))
        assert (x + red, y + green) == pytest.approx(expected, abs=step + (0.04 if size > 64 else 0.0))


def test_the_same_pixels_at_the_same_place_look_the_same(rng: np.random.Generator) -> None:
    """Cropping a layer and moving its offset along changes nothing that the frame sees."""
    picture = random_picture(rng, 80, 70, np.uint8, x=-31, y=12)
    cropped = Picture(picture.pixels[5:66, 7:75], -31 + 7, 12 + 5)
    frame = Frame(-20.5, 20.25, 40.0)
    np.testing.assert_array_equal(picture_for_model(picture, frame, 32).rgb, picture_for_model(cropped, frame, 32).rgb)


def test_the_hidden_colour_of_transparent_pixels_never_shows(depth: type) -> None:
    values = np.zeros((32, 32, 4))
    values[..., 1] = 1.0  # transparent green everywhere ...
    values[8:24, 8:24] = (1.0, 0.0, 0.0, 1.0)  # ... but for an opaque red square
    got = picture_for_model(Picture(plain.quantised(values, depth)), Frame(0.4, 0.7, 30), 16)
    np.testing.assert_allclose(got.rgb[0], 1.0, atol=1e-5)
    np.testing.assert_allclose(got.rgb[1], -1.0, atol=1e-5)
    assert got.alpha.min() == 0.0 and got.alpha.max() == 1.0


def test_transparency_is_filled_from_the_nearest_edges() -> None:
    values = np.zeros((64, 64, 4))
    values[:, :16] = (1.0, 0.0, 0.0, 1.0)
    values[:, 48:] = (0.0, 0.0, 1.0, 1.0)
    got = picture_for_model(Picture(plain.quantised(values, np.uint8)), Frame.around(64, 64), 64)
    red, blue = got.rgb[0, 32], got.rgb[2, 32]
    assert (got.rgb >= -1).all() and (got.rgb <= 1).all()
    assert red[20] > 0.5 > -0.5 > red[43] and blue[20] < -0.5 < 0.5 < blue[43]
    # and what is opaque is as it was
    np.testing.assert_allclose(got.rgb[:, :, :16], [[[1.0]], [[-1.0]], [[-1.0]]] * np.ones((3, 64, 16)), atol=1e-6)


def test_a_translucent_layer_keeps_its_own_colours(rng: np.random.Generator) -> None:
    values = rng.random((32, 32, 4))
    values[..., 3] = 0.25
    got = picture_for_model(Picture(plain.quantised(values, np.float32)), Frame.around(32, 32), 32)
    np.testing.assert_allclose((got.rgb + 1) / 2, values[..., :3].transpose(2, 0, 1), atol=1e-5)


def test_colours_beyond_white_are_clipped() -> None:
    values = np.full((16, 16, 4), 4.0, dtype=np.float32)
    values[..., 3] = 1.0
    assert picture_for_model(Picture(values), Frame.around(16, 16), 16).rgb.max() == 1.0


def test_only_the_frame_of_a_big_picture_is_touched() -> None:
    """16k x 16k px as a memory map: reading more than the frame would take 1 GiB and more."""
    pixel = np.full((1, 1, 4), 200, dtype=np.uint8)
    picture = Picture(np.broadcast_to(pixel, (16384, 16384, 4)))
    tracemalloc.start()
    got = picture_for_model(picture, Frame(9000.5, 15000.25, 1000), 64)
    assert tracemalloc.get_traced_memory()[1] < 150e6
    tracemalloc.stop()
    np.testing.assert_allclose(got.rgb, 200 / 127.5 - 1, atol=1e-5)


def test_memory_is_bounded_also_where_the_frame_is_big() -> None:
    picture = Picture(np.broadcast_to(np.full((1, 1, 4), 255, dtype=np.uint8), (1000, 16384, 4)))
    tracemalloc.start()
    picture_for_model(picture, Frame(0, -6000, 16384), 64)
    assert tracemalloc.get_traced_memory()[1] < 150e6  # as float64 its pixels alone would be 524 MB
    tracemalloc.stop()


def test_a_fully_transparent_frame_is_named() -> None:
    values = np.full((64, 64, 4), 255, dtype=np.uint8)
    values[:, :32, 3] = 0
    picture = Picture(values)
    picture_for_model(picture, Frame(30, 0, 20), 16)
    with pytest.raises(EmptyPictureError, match=r"fully transparent inside the frame \(20 x 20 px\)"):
        picture_for_model(picture, Frame(2, 0, 20), 16)


@pytest.mark.parametrize("frame", [Frame(100, 0, 64), Frame(0, -64, 64), Frame(-500, -500, 64)], ids=str)
def test_a_frame_beside_the_picture_is_named(frame: Frame) -> None:
    with pytest.raises(FrameError, match=r"lies beside the picture \(x 0 to 100, y 0 to 80\)"):
        picture_for_model(Picture(np.ones((80, 100, 4), dtype=np.uint8)), frame, 16)


def test_a_sliver_of_picture_is_not_enough() -> None:
    with pytest.raises(FrameError, match="Only 1 x 64 px"):
        picture_for_model(Picture(np.ones((80, 100, 4), dtype=np.uint8)), Frame(99.5, 0, 64), 16)


def test_a_picture_of_one_pixel_is_not_enough() -> None:
    with pytest.raises(FrameError, match="Only 1 x 1 px"):
        picture_for_model(Picture(np.ones((1, 1, 4), dtype=np.uint8)), Frame(0, 0, 64), 16)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("channel", [0, 3])
def test_nan_inside_the_frame_is_named_and_outside_is_nobodys_business(bad: float, channel: int) -> None:
    values = np.ones((64, 64, 4), dtype=np.float32)
    values[50, 50, channel] = bad
    picture_for_model(Picture(values), Frame(0, 0, 32), 16)
    with pytest.raises(PictureError, match="NaN"):
        picture_for_model(Picture(values), Frame(30, 30, 32), 16)


@pytest.mark.parametrize(
    ("pixels", "error", "message"),
    [
        (np.ones((0, 5, 4), dtype=np.uint8), EmptyPictureError, "empty"),
        (np.ones((5, 5, 3), dtype=np.uint8), PictureError, r"\[height, width, 4\]"),
        (np.ones((5, 5), dtype=np.uint8), PictureError, r"\[height, width, 4\]"),
        (np.ones((5, 5, 4), dtype=np.float64), PictureError, "float64"),
        (np.ones((5, 5, 4), dtype=np.int32), PictureError, "int32"),
    ],
)
def test_what_is_no_picture_is_named(pixels: np.ndarray, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Picture(pixels)
