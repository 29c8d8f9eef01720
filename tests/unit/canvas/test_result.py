"""The edit back on the document: its alpha, its colours, and what must stay bit for bit the same."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from draggan_server.canvas import (
    Frame,
    FrameError,
    Mask,
    MaskError,
    Picture,
    PictureError,
    change_alpha,
    composite,
    over,
    picture_for_model,
    result,
    to_rgb8,
)
from tests.unit.canvas import plain

R = 32


def model_pictures(rng: np.random.Generator, changed: tuple[slice, slice]) -> tuple[np.ndarray, np.ndarray]:
    """Before, and after a clear change at [rows, columns] of the model's picture."""
    before = (rng.random((3, R, R)) * 0.8 - 0.9).astype(np.float32)
    after = before.copy()
    after[:, changed[0], changed[1]] += 0.8
    return before, after


def opaque(rng: np.random.Generator, width: int, height: int, depth: type, x: int = 0, y: int = 0) -> Picture:
    values = rng.random((height, width, 4))
    values[..., 3] = 1.0
    return Picture(plain.quantised(values, depth), x, y)


def spread(edit: Picture, width: int, height: int, x: int = 0, y: int = 0) -> np.ndarray:
    """The edit's values in [0, 1] on a document of that size and place."""
    values = np.zeros((height, width, 4))
    values[edit.y - y :, edit.x - x :][: edit.height, : edit.width] = plain.unit(edit.pixels)
    return values


MIDDLE = (slice(12, 20), slice(12, 20))
EVERYWHERE = (slice(None), slice(None))


@pytest.mark.parametrize("frame", [Frame(0, 0, 96), Frame(10.3, -7.75, 71.9), Frame(-30, -20, 160)], ids=str)
def test_outside_the_change_the_composite_is_bit_identical(depth: type, frame: Frame, rng: np.random.Generator) -> None:
    picture = opaque(rng, 120, 100, depth)
    edit = composite(picture, frame, *model_pictures(rng, MIDDLE))
    shown = over(picture, edit).pixels
    left, top = frame.to_document(12, 12, R)
    right, bottom = frame.to_document(20, 20, R)
    # growing and blur reach 1 model px each, interpolation one more
    reach = 3 * frame.scale(R) + 1
    x, y = np.meshgrid(np.arange(120) + 0.5, np.arange(100) + 0.5)
    outside = (x < left - reach) | (x > right + reach) | (y < top - reach) | (y > bottom + reach)
    assert outside.any() and (~outside).any()
    assert np.array_equal(shown[outside], picture.pixels[outside])
    inside = (x > left + 1) & (x < right - 1) & (y > top + 1) & (y < bottom - 1)
    assert (shown[inside][:, :3] != picture.pixels[inside][:, :3]).any(axis=1).mean() > 0.9


def test_no_change_gives_nothing(depth: type, rng: np.random.Generator) -> None:
    before, _ = model_pictures(rng, MIDDLE)
    trembling = before + (rng.random(before.shape) - 0.5).astype(np.float32) * 2 * 2.9 / 127.5
    edit = composite(opaque(rng, 64, 64, depth), Frame(0, 0, 64), before, trembling)
    assert edit.pixels.dtype == depth and not edit.pixels.any()


def test_a_clear_change_shows_fully_and_is_at_its_place(depth: type, rng: np.random.Generator) -> None:
    """At the model's own resolution the colours are the model's, to the depth's last step."""
    before, after = model_pictures(rng, MIDDLE)
    edit = composite(opaque(rng, R, R, depth), Frame(0, 0, R), before, after)
    expected = (after.transpose(1, 2, 0).astype(np.float64) + 1) / 2
    got = spread(edit, R, R)
    assert (got[MIDDLE][..., 3] == 1.0).all()
    np.testing.assert_allclose(
        got[MIDDLE][..., :3], expected[MIDDLE], atol={"uint8": 0.51 / 255}.get(np.dtype(depth).name, 1e-5)
    )


@pytest.mark.parametrize("size", [32.0, 90.0, 20.0, 333.3])
def test_colours_go_through_the_frames_affine(size: float) -> None:
    """`after` says of each model pixel where it is; on the document that must hold to a fraction of a px."""
    picture = Picture(np.full((400, 420, 4), 65535, dtype=np.uint16), -25, 14)
    frame = Frame(-3.3, 21.6, size)
    centres = np.arange(R, dtype=np.float32) + 0.5
    after = np.stack(np.broadcast_arrays(centres[None, :], centres[:, None], 0 * centres[None, :]))
    after = (after / R * 1.8 - 0.9).astype(np.float32)
    edit = composite(picture, frame, -np.ones_like(after), after)
    rows, columns = np.nonzero(edit.pixels[..., 3] == 65535)
    assert len(rows) > 50
    u, v = frame.to_model(edit.x + columns + 0.5, edit.y + rows + 0.5, R)  # type: ignore[arg-type]
    away_from_edges = (u > 3) & (u < R - 3) & (v > 3) & (v < R - 3)
    got = (edit.pixels[rows, columns, :2] / 65535 * 2 - 1 + 0.9) / 1.8 * R
    np.testing.assert_allclose(got[away_from_edges, 0], u[away_from_edges], atol=0.01)
    np.testing.assert_allclose(got[away_from_edges, 1], v[away_from_edges], atol=0.01)


@pytest.mark.parametrize("size", [40.0, 150.5])
def test_there_and_back(size: float, rng: np.random.Generator) -> None:
    """What the model saw, laid back unchanged, is a smooth picture again: no shift, no change of colour."""
    x, y = np.meshgrid(np.arange(200) + 0.5, np.arange(180) + 0.5)
    values = np.stack([0.5 + 0.4 * np.sin(x / 60), 0.5 + 0.4 * np.cos(y / 50), x / 400, np.ones_like(x)], axis=-1)
    picture = Picture(values.astype(np.float32), 5, -9)
    frame = Frame(16.3, 2.2, size)
    seen = picture_for_model(picture, frame, 64).rgb
    edit = composite(picture, frame, -seen, seen)
    source = picture.pixels[edit.y + 9 :, edit.x - 5 :][: edit.height, : edit.width]
    full = edit.pixels[..., 3] == 1.0
    assert full.mean() > 0.7
    assert np.abs(edit.pixels[full][:, :3] - source[full][:, :3]).max() < 1e-3


def test_the_mask_weighs_alpha_exactly_once(depth: type, rng: np.random.Generator) -> None:
    picture = opaque(rng, 80, 64, depth)
    pictures = model_pictures(rng, EVERYWHERE)
    frame = Frame(8, 0, 64)
    free = plain.unit(composite(picture, frame, *pictures).pixels)
    half = plain.quantised(np.full((64, 80), 0.5), depth)
    masked = plain.unit(composite(picture, frame, *pictures, Mask.covering(picture, half)).pixels)
    np.testing.assert_allclose(masked[..., 3], free[..., 3] * plain.unit(half)[0, 0], atol=1.01 / plain.FULL["uint8"])
    assert masked[..., 3].max() == pytest.approx(0.5, abs=0.005)
    np.testing.assert_array_equal(masked[masked[..., 3] > 0][:, :3], free[masked[..., 3] > 0][:, :3])


def test_a_mask_is_met_to_the_document_pixel(depth: type, rng: np.random.Generator) -> None:
    """Also one that is smaller than the frame, off its grid, and far finer than the model's pixels."""
    picture = opaque(rng, 200, 180, depth, -40, -30)
    values = rng.integers(0, 2, (61, 47)) * 1.0
    mask = Mask(plain.quantised(values, depth), 3, 11)
    edit = composite(picture, Frame(-40, -30, 180), *model_pictures(rng, EVERYWHERE), mask)
    expected = np.zeros((180, 200))
    expected[41:102, 43:90] = values
    assert np.array_equal(spread(edit, 200, 180, -40, -30)[..., 3], expected)
    shown = over(picture, edit).pixels
    assert np.array_equal(shown[expected == 0], picture.pixels[expected == 0])


def test_a_mask_beside_the_frame_leaves_everything(rng: np.random.Generator) -> None:
    picture = opaque(rng, 64, 64, np.uint8)
    mask = Mask(np.full((10, 10), 255, dtype=np.uint8), 500, 500)
    assert not composite(picture, Frame(0, 0, 64), *model_pictures(rng, EVERYWHERE), mask).pixels.any()


def test_a_frame_edge_inside_the_picture_fades_and_the_pictures_own_edge_does_not(
    rng: np.random.Generator,
) -> None:
    picture = opaque(rng, 300, 256, np.float32)
    edit = composite(picture, Frame(0, 0, 256), *model_pictures(rng, EVERYWHERE))
    alpha = edit.pixels[..., 3]
    assert (alpha[:, :200] == 1.0).all()  # left, top and bottom edge are the picture's
    assert (alpha[:, -1] < 0.05).all() and (np.diff(alpha[100, 240:]) <= 0).all()


def test_transparent_parts_stay_transparent(depth: type, rng: np.random.Generator) -> None:
    values = rng.random((64, 64, 4))
    values[..., 3] = 0.0
    values[16:48, 16:48, 3] = 1.0
    picture = Picture(plain.quantised(values, depth))
    edit = composite(picture, Frame(0, 0, 64), *model_pictures(rng, EVERYWHERE))
    assert (plain.unit(edit.pixels)[16:48, 16:48, 3] == 1.0).all()
    shown = over(picture, edit).pixels
    assert np.array_equal(shown[values[..., 3] == 0], picture.pixels[values[..., 3] == 0])


def test_over_is_porter_and_duffs(depth: type, rng: np.random.Generator) -> None:
    below = Picture(plain.quantised(rng.random((9, 11, 4)), depth), 3, 4)
    values = rng.random((8, 9, 4))
    values[2:4, :, 3] = 0.0
    above = Picture(plain.quantised(values, depth), -1, 7)  # past the left and the lower edge
    got = over(below, above)
    assert (got.x, got.y) == (3, 4) and got.pixels.dtype == depth
    for row in range(9):
        for column in range(11):
            j, i = row + 4 - 7, column + 3 + 1
            expected = plain.unit(below.pixels)[row, column]
            if 0 <= j < 8 and 0 <= i < 9:
                expected = plain.over(expected, plain.unit(above.pixels)[j, i])
            atol = {"uint8": 0.51 / 255}.get(np.dtype(depth).name, 1e-5)
            np.testing.assert_allclose(plain.unit(got.pixels)[row, column], expected, atol=atol)


def test_over_leaves_its_pictures_alone(rng: np.random.Generator) -> None:
    picture = opaque(rng, 16, 16, np.uint8)
    before = picture.pixels.copy()
    over(picture, opaque(rng, 16, 16, np.uint8))
    assert np.array_equal(picture.pixels, before)


def test_over_refuses_another_depth(rng: np.random.Generator) -> None:
    with pytest.raises(PictureError, match="uint16 values, but the picture uint8"):
        over(opaque(rng, 16, 16, np.uint8), opaque(rng, 16, 16, np.uint16))


def test_bands_do_not_show(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = opaque(rng, 150, 140, np.float32)
    pictures = model_pictures(rng, MIDDLE)
    frame = Frame(4.3, -6.1, 133.7)
    whole = composite(picture, frame, *pictures)
    shown = over(picture, whole)
    monkeypatch.setattr(result, "BAND_PIXELS", 150 * 7)
    banded = composite(picture, frame, *pictures)
    np.testing.assert_allclose(banded.pixels, whole.pixels, atol=2e-5)
    np.testing.assert_allclose(over(picture, banded).pixels, shown.pixels, atol=2e-5)


def test_only_the_frame_of_a_big_picture_is_touched(rng: np.random.Generator) -> None:
    pixel = np.full((1, 1, 4), 255, dtype=np.uint8)
    picture = Picture(np.broadcast_to(pixel, (16384, 16384, 4)))
    tracemalloc.start()
    edit = composite(picture, Frame(9000.5, 15000.25, 1000), *model_pictures(rng, EVERYWHERE))
    assert tracemalloc.get_traced_memory()[1] < 100e6
    tracemalloc.stop()
    assert (edit.x, edit.y, edit.width, edit.height) == (9001, 15001, 999, 998), "the edges fade"


def test_change_alpha_is_soft_and_never_less_than_the_change(rng: np.random.Generator) -> None:
    before = np.zeros((3, 128, 128), dtype=np.float32)
    after = before.copy()
    after[1, 40:80, 50:90] = 12.5 / 127.5
    after[0, 10, 10] = 7.5 / 127.5  # half-way between unseen and clear
    alpha = change_alpha(before, after)
    assert (alpha[40:80, 50:90] == 1.0).all()
    assert 0.5 <= alpha[10, 10] < 0.51
    assert (alpha[100:, :] == 0.0).all() and alpha.max() <= 1.0
    edge = alpha[60, 90:96]
    assert (np.diff(edge) <= 0).all() and 0 < edge[1] < 1 and edge[-1] == 0


def test_to_rgb8_is_nvidias_rounding() -> None:
    picture = np.linspace(-1.2, 1.2, 3 * 16 * 16, dtype=np.float32).reshape(3, 16, 16)
    expected = np.clip(np.floor(picture.astype(np.float64) * 127.5 + 128), 0, 255).astype(np.uint8)
    assert np.array_equal(to_rgb8(picture), expected.transpose(1, 2, 0))


def test_to_rgb8_takes_what_numpy_can_read() -> None:
    assert to_rgb8([[[1.0]], [[0.0]], [[-1.0]]]).tolist() == [[[255, 128, 0]]]


@pytest.mark.parametrize(("bad", "message"), [(np.zeros((1, 3, 4, 4)), "shape"), (np.full((3, 4, 4), np.nan), "NaN")])
def test_to_rgb8_names_what_it_cannot_show(bad: np.ndarray, message: str) -> None:
    with pytest.raises(PictureError, match=message):
        to_rgb8(bad)


def test_what_cannot_be_composited_is_named(rng: np.random.Generator) -> None:
    picture = opaque(rng, 64, 64, np.float32)
    before, after = model_pictures(rng, MIDDLE)
    frame = Frame(0, 0, 64)
    with pytest.raises(FrameError, match="beside"):
        composite(picture, Frame(64, 0, 64), before, after)
    with pytest.raises(PictureError, match="differ in size"):
        composite(picture, frame, before[:, :16, :16], after)
    with pytest.raises(PictureError, match=r"\[3, h, w\]"):
        composite(picture, frame, before[:1], after[:1])
    after[0, 0, 0] = np.nan
    with pytest.raises(PictureError, match="'after' holds NaN"):
        composite(picture, frame, before, after)
    after[0, 0, 0] = 0
    with pytest.raises(MaskError, match="NaN"):
        composite(picture, frame, before, after, Mask(np.full((64, 64), np.nan, dtype=np.float32)))
    picture.pixels[20, 20, 3] = np.nan
    with pytest.raises(PictureError, match="alpha holds NaN"):
        composite(picture, frame, before, after)
