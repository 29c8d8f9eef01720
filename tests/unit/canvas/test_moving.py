"""A cut-out's outline moves with what moved."""

from __future__ import annotations

import numpy as np
import pytest

from draggan_server.canvas import (
    Frame,
    Mask,
    Motion,
    Picture,
    PictureError,
    Region,
    edited_copy,
    is_cut_out,
    picture_for_model,
)
from draggan_server.canvas.moving import STILL
from tests.unit.canvas import plain
from tests.unit.canvas.test_copy import whole
from tests.unit.canvas.test_result import EVERYWHERE, R, model_pictures, opaque

SIZE = 96


def all_moved(x: float, y: float, frame: Frame) -> Motion:
    """Everything moved by that many document px."""
    offsets = np.zeros((2, 16, 16), np.float32)
    offsets[0], offsets[1] = -x / frame.size, -y / frame.size
    return Motion(offsets, np.ones((16, 16), np.float32))


def cut_out(rng: np.random.Generator, depth: type) -> Picture:
    """An opaque square in the middle of nothing."""
    values = rng.random((SIZE, SIZE, 4))
    values[..., 3] = 0.0
    values[32:64, 32:64, 3] = 1.0
    return Picture(plain.quantised(values, depth), 4, -6)


def test_it_moves_to_the_pixel_and_has_the_models_colour_there(depth: type, rng: np.random.Generator) -> None:
    onto = cut_out(rng, depth)
    frame = Frame(4, -6, SIZE)
    before = picture_for_model(onto, frame, R).rgb
    after = np.empty_like(before)
    after[:] = np.array([0.5, -0.25, 0.0], np.float32)[:, None, None]
    motion = Motion(all_moved(10, -5, frame).offsets, np.zeros((16, 16), np.float32))
    copy = edited_copy(onto, onto, frame, before, after, None, motion)
    shown = whole(copy.picture, onto)
    expected = np.zeros((SIZE, SIZE))
    expected[27:59, 42:74] = 1.0
    assert np.array_equal(plain.unit(shown)[..., 3], expected)
    new = plain.unit(shown)[expected == 1][:, :3]
    np.testing.assert_allclose(new, np.broadcast_to([0.75, 0.375, 0.5], new.shape), atol=1.01 / 255)
    seen = (onto.pixels[..., 3] > 0) | (shown[..., 3] > 0)
    assert np.array_equal(shown[~seen], onto.pixels[~seen])


def test_where_the_colours_did_not_change_the_outline_moves_all_the_same(rng: np.random.Generator) -> None:
    """Flat hair that moves looks no other inside; only its outline tells."""
    onto = cut_out(rng, np.uint8)
    frame = Frame(4, -6, SIZE)
    before, _ = model_pictures(rng, EVERYWHERE)
    copy = edited_copy(onto, onto, frame, before, before, None, all_moved(0, 8, frame))
    shown = whole(copy.picture, onto)
    assert (shown[40:72, 32:64, 3] == 255).all() and (shown[..., 3] > 0).sum() == 32 * 32
    stayed = slice(40, 64)
    assert np.array_equal(shown[stayed, 32:64], onto.pixels[stayed, 32:64]), "what it was opaque at stays as it was"
    drawn = np.rint((np.clip(before.transpose(1, 2, 0), -1, 1) + 1) * 127.5)
    assert drawn.min(axis=(0, 1))[0] - 20 <= shown[64:72, 32:64, 0].mean() <= drawn.max(axis=(0, 1))[0] + 20
    assert (copy.changed > 0).sum() == 2 * 8 * 32


def test_only_where_the_mask_allows_it(depth: type, rng: np.random.Generator) -> None:
    onto = cut_out(rng, depth)
    frame = Frame(4, -6, SIZE)
    values = np.zeros((SIZE, SIZE))
    values[:, 48:56] = 1.0
    values[:, 56:] = 0.5
    mask = Mask.covering(onto, plain.quantised(values, depth))
    copy = edited_copy(onto, onto, frame, *model_pictures(rng, EVERYWHERE), mask, all_moved(0, 8, frame))
    alpha = plain.unit(whole(copy.picture, onto))[..., 3]
    assert np.array_equal(alpha[:, :48], plain.unit(onto.pixels)[:, :48, 3])
    assert (alpha[64:72, 48:56] == 1).all() and (alpha[32:40, 48:56] == 0).all()
    np.testing.assert_allclose(alpha[64:72, 56:64], 0.5, atol=0.01)
    np.testing.assert_allclose(alpha[32:40, 56:64], 0.5, atol=0.01)
    shown = whole(copy.picture, onto)
    assert np.array_equal(shown[values == 0], onto.pixels[values == 0])


def test_an_outline_that_hardly_moved_stays_bit_for_bit(depth: type, rng: np.random.Generator) -> None:
    onto = cut_out(rng, depth)
    frame = Frame(4, -6, SIZE)
    pictures = model_pictures(rng, EVERYWHERE)
    still = edited_copy(onto, onto, frame, *pictures, None, all_moved(0.9 * STILL * SIZE, 0, frame))
    without = edited_copy(onto, onto, frame, *pictures)
    assert np.array_equal(still.picture.pixels[..., 3], without.picture.pixels[..., 3])
    assert np.array_equal(still.changed, without.changed)


def test_it_may_move_beyond_what_the_layer_had_when_the_edit_began(rng: np.random.Generator) -> None:
    onto = cut_out(rng, np.uint8)
    opened = Picture(onto.pixels[32:64, 32:64], 36, 26)
    frame = Frame(4, -6, SIZE)
    copy = edited_copy(onto, opened, frame, *model_pictures(rng, EVERYWHERE), None, all_moved(0, 20, frame))
    alpha = whole(copy.picture, onto)[..., 3]
    assert (alpha[52:84, 32:64] == 255).all() and (alpha > 0).sum() == 32 * 32


def test_what_the_layers_edge_cuts_off_stays_cut_off_there() -> None:
    """Shoulders that reach the lower edge still reach it when they are pulled up."""
    pixels = np.zeros((40, 40, 4), np.uint8)
    pixels[20:, :, 3] = 255
    layer = Picture(pixels, 7, 9)
    frame = Frame(7, 9, 40)
    region = Region(10, 12, 30, 49)
    moved = all_moved(0, -6, frame).moved_alpha(layer, frame, region)
    assert moved.shape == (37, 20)
    expected = np.zeros((40, 1))
    expected[14:] = 1.0
    assert np.array_equal(moved, np.broadcast_to(expected[3:40], (37, 20)))


def test_a_half_pixel_is_between() -> None:
    pixels = np.zeros((16, 16, 4), np.uint16)
    pixels[:, 8:, 3] = 65535
    layer, frame = Picture(pixels), Frame(0, 0, 16)
    moved = all_moved(2.5, 0, frame).moved_alpha(layer, frame, Region(0, 0, 16, 16))
    np.testing.assert_allclose(moved[3], [0] * 10 + [0.5] + [1] * 5, atol=1e-5)


def test_bands_do_not_show(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    onto = cut_out(rng, np.float32)
    frame = Frame(10.3, -2.6, 71.7)
    motion = Motion((rng.random((2, 16, 16)).astype(np.float32) - 0.5) * 0.2, rng.random((16, 16)).astype(np.float32))
    pictures = model_pictures(rng, EVERYWHERE)
    at_once = edited_copy(onto, onto, frame, *pictures, None, motion)
    monkeypatch.setattr("draggan_server.canvas.copy.BAND_PIXELS", SIZE * 5)
    banded = edited_copy(onto, onto, frame, *pictures, None, motion)
    np.testing.assert_allclose(banded.picture.pixels, at_once.picture.pixels, atol=1e-4)
    assert np.array_equal(banded.changed, at_once.changed)


def test_what_is_a_cut_out(depth: type, rng: np.random.Generator) -> None:
    frame = Frame(4, -6, 30)
    assert not is_cut_out(opaque(rng, SIZE, SIZE, depth), frame)
    layer = cut_out(rng, depth)
    assert not is_cut_out(layer, Frame(4, -6, 30)), "nothing of it in the frame"
    assert not is_cut_out(layer, Frame(40, 30, 16)), "only what is opaque in the frame"
    assert is_cut_out(layer, Frame(4, -6, 40))
    assert not is_cut_out(layer, Frame(500, 500, 40))


@pytest.mark.parametrize("bad", [np.zeros((2, 4, 0)), np.zeros((3, 4, 4)), np.full((2, 4, 4), np.nan)])
def test_a_motion_that_is_none_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(PictureError, match=r"motion has the shape \[2, g, h\]"):
        Motion(bad, np.ones(bad.shape[1:]))


@pytest.mark.parametrize("bad", [np.ones((4, 4)), np.full((4, 5), np.nan)])
def test_a_confidence_that_is_none_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(PictureError, match=r"confidence in a motion of \[2, 4, 5\]"):
        Motion(np.zeros((2, 4, 5)), bad)
