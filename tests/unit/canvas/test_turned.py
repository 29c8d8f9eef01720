"""Turned and rectangular frames: one affine for points, masks and pixels, there and back."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from draggan_server.canvas import (
    EditPreview,
    EmptyPictureError,
    Frame,
    FrameError,
    Mask,
    Picture,
    PictureError,
    Region,
    composite,
    edited_copy,
    mask_for_model,
    over,
    picture_for_model,
    resample,
    result,
    whole_frame,
)
from tests.unit.canvas import plain
from tests.unit.canvas.test_copy import whole
from tests.unit.canvas.test_result import opaque, spread

TURNED = [
    Frame(70.3, 12.2, 90.0, angle=20.0),
    Frame(30.5, 100.25, 101.0, angle=-37.5),
    Frame(150.0, 20.0, 120.0, angle=90.0),
    Frame(170.4, 160.8, 96.0, angle=180.0, aspect=2.0),
    Frame(60.7, 15.1, 110.0, angle=33.0, aspect=0.5),
]


def waves(width: int, height: int, x: int, y: int, dtype: type = np.float32) -> Picture:
    """Smooth colours, opaque."""
    u, v = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    values = np.stack([0.5 + 0.4 * np.sin(u / 40), 0.5 + 0.4 * np.cos(v / 35), u / 1000, np.ones_like(u)], axis=-1)
    return Picture(plain.quantised(values, dtype), x, y)


def in_frame(frame: Frame, picture: Picture) -> tuple[np.ndarray, np.ndarray]:
    """Where the pixels of a picture lie in the frame, in parts of its width and height."""
    x = picture.x + np.arange(picture.width) + 0.5
    y = picture.y + np.arange(picture.height)[:, None] + 0.5
    u, v = frame.to_model(x, y, 1)
    return u * frame.size / frame.width, v * frame.size / frame.height


def changed_everywhere(frame: Frame, resolution: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    before = (rng.random((3, *frame.shape(resolution))) * 0.8 - 0.9).astype(np.float32)
    return before, before + np.float32(0.8)


@pytest.mark.parametrize("frame", TURNED, ids=str)
def test_there_and_back(frame: Frame) -> None:
    """What the model saw, laid back unchanged, is the picture again: no shift of a twentieth of a pixel."""
    picture = waves(220, 200, 5, -9)
    seen = picture_for_model(picture, frame, 64).rgb
    assert seen.shape == (3, *frame.shape(64))
    edit = composite(picture, frame, -seen, seen)
    source = picture.pixels[edit.y + 9 :, edit.x - 5 :][: edit.height, : edit.width]
    u, v = in_frame(frame, edit)
    inside = (u > 0.06) & (u < 0.94) & (v > 0.06) & (v < 0.94)
    assert inside.sum() > 1000
    shift = np.abs(edit.pixels[inside][:, :3] - source[inside][:, :3]).max() / (0.4 / 35)  # the steepest slope
    assert shift < 0.05


@pytest.mark.parametrize("frame", TURNED, ids=str)
def test_a_pixel_lands_where_a_point_does(frame: Frame) -> None:
    x, y = np.meshgrid(np.arange(240) + 0.5, np.arange(260) + 0.5)
    picture = Picture(np.stack([x / 1000, y / 1000, 0 * x, 0 * x + 1], axis=-1).astype(np.float32), -4, 3)
    rows, columns = frame.shape(48)
    seen = picture_for_model(picture, frame, 48)
    for row, column in [(0, 0), (rows - 1, columns - 1), (rows // 2, columns // 3)]:
        if seen.alpha[row, column] < 1:
            continue
        expected = frame.to_document(column + 0.5, row + 0.5, 48)
        found = (seen.rgb[:2, row, column] + 1) * 500 + (-4, 3)
        np.testing.assert_allclose(found, expected, atol=0.02)


@pytest.mark.parametrize("resolution", [16, 40, 128])
@pytest.mark.parametrize("frame", TURNED[:3], ids=str)
def test_the_average_over_a_turned_pixel(frame: Frame, resolution: int, rng: np.random.Generator) -> None:
    """Against twenty samples along each axis of each of the model's pixels."""
    mask = Mask(plain.quantised(rng.random((260, 250)), np.uint8), 3, -8)
    got = mask_for_model(mask, frame, resolution)
    fine = 20
    rows, columns = frame.shape(resolution)
    u, v = np.meshgrid((np.arange(columns * fine) + 0.5) / fine, (np.arange(rows * fine) + 0.5) / fine)
    x, y = frame.to_document(u, v, resolution)
    column, row = np.floor(x - 3).astype(int), np.floor(y + 8).astype(int)
    there = (column >= 0) & (column < 250) & (row >= 0) & (row < 260)
    values = np.where(there, plain.unit(mask.values)[np.clip(row, 0, 259), np.clip(column, 0, 249)], 0.0)
    expected = values.reshape(rows, fine, columns, fine).mean(axis=(1, 3))
    # Enlarging is linear interpolation, as in upright frames, and no average.
    rms = {16: 0.012, 40: 0.03, 128: 0.12}[resolution]
    assert np.sqrt(np.mean((got - expected) ** 2)) < rms
    assert abs(got.mean() - expected.mean()) < 0.002


def test_a_quarter_of_a_turn_is_the_upright_picture_turned(depth: type, rng: np.random.Generator) -> None:
    picture = opaque(rng, 80, 80, depth)
    upright = picture_for_model(picture, Frame(8, 8, 64), 32).rgb
    quarter = picture_for_model(picture, Frame(72, 8, 64, angle=90), 32).rgb
    np.testing.assert_allclose(quarter, np.rot90(upright, 1, (1, 2)), atol=0.01)


def test_tiles_do_not_show(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = opaque(rng, 200, 190, np.uint16)
    at_once = picture_for_model(picture, TURNED[0], 32)
    monkeypatch.setattr(resample, "BAND_VALUES", 4 * 30 * 30)
    tiled = picture_for_model(picture, TURNED[0], 32)
    np.testing.assert_allclose(tiled.rgb, at_once.rgb, atol=2e-5)
    before, after = changed_everywhere(TURNED[0], 32, rng)
    whole_edit = composite(picture, TURNED[0], before, after)
    monkeypatch.setattr(result, "BAND_PIXELS", 200 * 7)
    banded = composite(picture, TURNED[0], before, after)
    assert np.abs(banded.pixels.astype(int) - whole_edit.pixels).max() <= 1


@pytest.mark.parametrize("frame", TURNED, ids=str)
def test_beyond_the_frame_everything_is_bit_identical(depth: type, frame: Frame, rng: np.random.Generator) -> None:
    picture = opaque(rng, 230, 240, depth, -4, 2)
    pictures = changed_everywhere(frame, 32, rng)
    shown = over(picture, composite(picture, frame, *pictures)).pixels
    copied = whole(edited_copy(picture, picture, frame, *pictures).picture, picture)
    u, v = in_frame(frame, picture)
    beyond = (u < 0) | (u > 1) | (v < 0) | (v > 1)
    for after in (shown, copied):
        assert np.array_equal(after[beyond], picture.pixels[beyond])
        middle = (u > 0.1) & (u < 0.9) & (v > 0.1) & (v < 0.9)
        assert (after[middle] != picture.pixels[middle]).any(axis=-1).mean() > 0.95


def test_an_edge_inside_the_picture_fades_and_one_beside_nothing_does_not(rng: np.random.Generator) -> None:
    frame = Frame(100.0, 30.0, 100.0, angle=45.0)
    pixels = np.ones((220, 220, 4), np.float32)
    picture = Picture(pixels)
    u, v = in_frame(frame, picture)
    inside = (u > 0) & (u < 1) & (v > 0) & (v < 1)
    faded = spread(composite(picture, frame, *changed_everywhere(frame, 32, rng)), 220, 220)[..., 3]
    near = inside & (u < 0.01)
    assert faded[near].max() < 0.15 and (faded[(u > 0.05) & (u < 0.95) & (v > 0.05) & (v < 0.95)] == 1).all()
    cut_off = pixels.copy()
    cut_off[..., 3] *= u >= 0  # nothing beyond the left edge
    own = spread(composite(Picture(cut_off), frame, *changed_everywhere(frame, 32, rng)), 220, 220)[..., 3]
    assert (own[near & (v > 0.06) & (v < 0.94)] == 1).all()
    assert own[inside & (u > 0.99)].max() < 0.15


@pytest.mark.parametrize("frame", TURNED, ids=str)
def test_the_whole_frame_is_opaque_inside_and_transparent_beyond(depth: type, frame: Frame) -> None:
    rows, columns = frame.shape(64)
    drawn = np.zeros((3, rows, columns), np.float32)
    drawn[0] = (np.arange(columns) + 0.5) / columns * 1.6 - 0.8
    picture = whole_frame(drawn, frame, np.dtype(depth))
    assert Region.covering(frame) == picture.region
    values = plain.unit(picture.pixels)
    assert values[..., 3].sum() == pytest.approx(frame.width * frame.height, rel=0.005)
    u, v = in_frame(frame, picture)
    assert not values[(u < -0.02) | (u > 1.02) | (v < -0.02) | (v > 1.02)].any()
    inside = (u > 0.05) & (u < 0.95) & (v > 0.05) & (v < 0.95)
    assert (values[inside][:, 3] == 1).all()
    np.testing.assert_allclose(values[inside][:, 0] * 2 - 1, u[inside] * 1.6 - 0.8, atol=1.3 / 127)


@pytest.mark.parametrize("frame", TURNED, ids=str)
def test_the_preview_is_turned_with_the_frame(frame: Frame, rng: np.random.Generator) -> None:
    u, v = np.meshgrid(np.arange(230) / 230, np.arange(240) / 240)
    picture = Picture(plain.quantised(np.stack([u, v, u, np.clip(1.6 - u, 0, 1)], axis=-1), np.uint8), -4, 2)
    mask = Mask.covering(picture, plain.quantised(v, np.uint8))
    rows, columns = frame.shape(128)
    before = np.full((3, rows, columns), -0.4, np.float32)
    after = before.copy()
    after[:, rows // 4 : rows // 2, columns // 4 : columns // 2] = 0.4
    layer = EditPreview(picture, frame, mask, 128).layer(before, after)
    assert layer.shape == (rows, columns, 4)
    edit = composite(picture, frame, before, after, mask)
    across, down = np.meshgrid(np.arange(columns) + 0.5, np.arange(rows) + 0.5)
    x, y = frame.to_document(across, down, 128)
    alpha = spread(edit, 230, 240, -4, 2)[..., 3]
    column, row = np.floor(x + 4).astype(int), np.floor(y - 2).astype(int)
    there = (column >= 0) & (column < 230) & (row >= 0) & (row < 240)
    expected = np.where(there, alpha[np.clip(row, 0, 239), np.clip(column, 0, 229)], 0)
    assert expected.max() > 0.2
    assert np.abs(plain.unit(layer)[..., 3] - expected).mean() < 0.02


def test_a_rectangular_upright_frame(depth: type, rng: np.random.Generator) -> None:
    picture = opaque(rng, 140, 100, depth)
    frame = Frame(10.5, 20.25, 96.0, aspect=2.0)
    seen = picture_for_model(picture, frame, 32)
    assert seen.rgb.shape == (3, 16, 32) and (seen.alpha == 1).all()
    red = plain.unit(picture.pixels)[..., 0]
    expected = plain.area_average(red, 10.5, 20.25, 96.0, 32)[:16]
    np.testing.assert_allclose((seen.rgb[0] + 1) / 2, expected, atol=5e-6)
    edit = composite(picture, frame, -seen.rgb, seen.rgb)
    assert Region.covering(frame) == Region(10, 20, 107, 69)
    assert Region(12, 22, 105, 67).intersection(edit.region) == Region(12, 22, 105, 67), "but for the fading edges"


def test_the_pixels_that_a_turned_frame_and_a_picture_share() -> None:
    frame = Frame(100.0, 0.0, 100.0, angle=45.0)  # a diamond from (29.3, 0) to (170.7, 141.4)
    assert Region.covering(frame) == Region(29, 0, 171, 142)
    picture = Picture(np.ones((100, 60, 4), np.uint8))
    shared = Region.shared(frame, picture)
    assert (shared.left, shared.right) == (29, 60) and shared.top == pytest.approx(40, abs=1) and shared.bottom == 100
    corner = Picture(np.ones((30, 60, 4), np.uint8))  # inside its rectangle, beside the diamond
    assert Region.shared(frame, corner).empty
    with pytest.raises(FrameError, match="lies beside the picture"):
        picture_for_model(corner, frame, 16)


def test_bad_pictures_of_a_turned_frame_are_named() -> None:
    frame = Frame(60.0, 10.0, 60.0, angle=30.0)
    with pytest.raises(EmptyPictureError, match="fully transparent"):
        picture_for_model(Picture(np.zeros((100, 120, 4), np.uint8)), frame, 16)
    with pytest.raises(FrameError, match="Only 1 x 1 px"):
        picture_for_model(Picture(np.ones((1, 1, 4), np.uint8), 60, 40), frame, 16)
    with pytest.raises(FrameError, match="at least 8 px"):
        Frame(0, 0, 1.0, angle=30.0)
    values = np.ones((200, 200, 4), np.float32)
    values[12, 20] = np.nan  # in the rectangle round the frame, not in it
    picture_for_model(Picture(values), frame, 16)
    values[45, 60] = np.nan
    with pytest.raises(PictureError, match="NaN"):
        picture_for_model(Picture(values), frame, 16)


def test_memory_is_bounded_where_the_layer_is_huge(rng: np.random.Generator) -> None:
    picture = Picture(np.broadcast_to(np.full((1, 1, 4), 200, np.uint8), (16384, 16384, 4)))
    tracemalloc.start()
    seen = picture_for_model(picture, Frame(5000.0, 100.0, 4000.0, angle=30.0), 32)
    assert tracemalloc.get_traced_memory()[1] < 100e6
    np.testing.assert_allclose(seen.rgb, 200 / 127.5 - 1, atol=1e-4)
    frame = Frame(9000.5, 15000.25, 900, angle=20)
    edit = composite(picture, frame, *changed_everywhere(frame, 32, rng))
    assert tracemalloc.get_traced_memory()[1] < 150e6
    tracemalloc.stop()
    assert 900 < edit.width < 1160 and 900 < edit.height < 1160
