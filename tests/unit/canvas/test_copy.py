"""The edit inside a copy of the layer, and the model's picture as a layer of its own."""

from __future__ import annotations

import numpy as np
import pytest

from draggan_server.canvas import Frame, Mask, Picture, PictureError, composite, edited_copy, over, result, whole_frame
from tests.unit.canvas import plain
from tests.unit.canvas.test_result import EVERYWHERE, MIDDLE, R, model_pictures, opaque, spread


def whole(copy_picture: Picture, onto: Picture) -> np.ndarray:
    """The layer with the copy spliced in."""
    values = onto.pixels.copy()
    values[copy_picture.y - onto.y :, copy_picture.x - onto.x :][: copy_picture.height, : copy_picture.width] = (
        copy_picture.pixels
    )
    return values


@pytest.mark.parametrize("frame", [Frame(0, 0, 96), Frame(10.3, -7.75, 71.9), Frame(-30, -20, 160)], ids=str)
def test_of_an_opaque_layer_it_shows_what_the_layer_above_would(
    depth: type, frame: Frame, rng: np.random.Generator
) -> None:
    picture = opaque(rng, 120, 100, depth, 7, -3)
    pictures = model_pictures(rng, MIDDLE)
    mask = Mask.covering(picture, plain.quantised(rng.random((100, 120)), depth))
    copy = edited_copy(picture, picture, frame, *pictures, mask)
    shown = over(picture, composite(picture, frame, *pictures, mask)).pixels
    atol = {"uint8": 2.01 / 255}.get(np.dtype(depth).name, 1e-4)  # the layer's alpha and colour are rounded on the way
    np.testing.assert_allclose(plain.unit(whole(copy.picture, picture)), plain.unit(shown), atol=atol)


def test_what_it_does_not_call_changed_is_the_layers_bit_for_bit(depth: type, rng: np.random.Generator) -> None:
    values = rng.random((100, 120, 4))
    values[:, 40:60, 3] = 0.0
    onto = Picture(plain.quantised(values, depth), -5, 8)
    if depth is np.float32:
        onto.pixels[..., :3] *= 40.0  # brighter than white
    mask = Mask(plain.quantised(rng.integers(0, 2, (60, 70)) * 1.0, depth), 10, 20)
    copy = edited_copy(onto, onto, Frame(0, 4.5, 90), *model_pictures(rng, EVERYWHERE), mask)
    got = copy.picture
    assert got.pixels.dtype == depth and copy.changed.shape == got.pixels.shape[:2]
    assert set(np.unique(copy.changed)) == {0, 255}
    for edge in (copy.changed[0], copy.changed[-1], copy.changed[:, 0], copy.changed[:, -1]):
        assert edge.any(), "it is cropped to what changed"
    same = onto.pixels[got.y - 8 :, got.x + 5 :][: got.height, : got.width]
    assert np.array_equal(got.pixels[copy.changed == 0], same[copy.changed == 0])
    assert (got.pixels[copy.changed == 255] != same[copy.changed == 255]).any(axis=-1).mean() > 0.95
    assert np.array_equal(got.pixels[..., 3], same[..., 3]), "its alpha stays"
    allowed = np.zeros((100, 120), bool)
    allowed[12:72, 15:85] = mask.values > 0
    allowed[:, 40:60] = False
    changed = np.zeros((100, 120), bool)
    changed[got.y - 8 :, got.x + 5 :][: got.height, : got.width] = copy.changed > 0
    assert not (changed & ~allowed).any()


def test_a_transparent_pixel_that_changed_wholly_has_the_models_colour_and_its_own_alpha(
    depth: type, rng: np.random.Generator
) -> None:
    values = rng.random((R, R, 4))
    values[..., 3] = 0.25
    onto = Picture(plain.quantised(values, depth))
    before, after = model_pictures(rng, EVERYWHERE)
    copy = edited_copy(onto, onto, Frame(0, 0, R), before, after)
    assert (copy.picture.width, copy.picture.height) == (R, R)
    expected = (after.transpose(1, 2, 0) + 1) / 2
    atol = {"uint8": 0.51 / 255}.get(np.dtype(depth).name, 1e-5)
    np.testing.assert_allclose(plain.unit(copy.picture.pixels)[..., :3], expected, atol=atol)
    assert np.array_equal(copy.picture.pixels[..., 3], onto.pixels[..., 3])


def test_without_a_change_it_is_one_pixel_of_the_layer(depth: type, rng: np.random.Generator) -> None:
    onto = opaque(rng, 64, 50, depth, 3, 4)
    before, _ = model_pictures(rng, MIDDLE)
    copy = edited_copy(onto, onto, Frame(10, 10, 40), before, before)
    assert copy.changed.tolist() == [[0]]
    assert (copy.picture.x, copy.picture.y) == (10, 10)
    assert np.array_equal(copy.picture.pixels[0, 0], onto.pixels[6, 7])


def test_a_layer_larger_than_what_was_opened_keeps_what_lies_beyond(rng: np.random.Generator) -> None:
    """And a frame edge that lies inside the layer fades, though the pixels that were opened end there."""
    onto = opaque(rng, 300, 200, np.uint8)
    opened = Picture(onto.pixels[40:160, 50:170], 50, 40)
    copy = edited_copy(onto, opened, Frame(50, 40, 120), *model_pictures(rng, EVERYWHERE))
    assert (copy.picture.x, copy.picture.y, copy.picture.width, copy.picture.height) == (50, 40, 120, 120)
    difference = np.abs(copy.picture.pixels.astype(int) - onto.pixels[40:160, 50:170]).max(axis=-1)
    assert difference[:, 0].max() <= 14 and difference[:, 60].max() > 50


def test_a_copy_of_too_few_pixels_is_refused(rng: np.random.Generator) -> None:
    picture = opaque(rng, 100, 90, np.uint8, 5, 5)
    onto = Picture(picture.pixels[:, :80], 5, 5)
    pictures = model_pictures(rng, MIDDLE)
    with pytest.raises(PictureError, match=r"80 x 90 px at \(5, 5\).* has 90 x 85 px at \(5, 10\) inside the frame"):
        edited_copy(onto, picture, Frame(-10, 10, 105), *pictures)


def test_bands_do_not_show(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = opaque(rng, 150, 140, np.float32)
    pictures = model_pictures(rng, MIDDLE)
    frame = Frame(4.3, -6.1, 133.7)
    at_once = edited_copy(picture, picture, frame, *pictures)
    drawn = whole_frame(pictures[1], frame, np.dtype(np.float32))
    monkeypatch.setattr(result, "BAND_PIXELS", 150 * 7)
    monkeypatch.setattr("draggan_server.canvas.copy.BAND_PIXELS", 150 * 7)
    banded = edited_copy(picture, picture, frame, *pictures)
    np.testing.assert_allclose(banded.picture.pixels, at_once.picture.pixels, atol=2e-5)
    assert np.array_equal(banded.changed, at_once.changed)
    np.testing.assert_allclose(whole_frame(pictures[1], frame, np.dtype(np.float32)).pixels, drawn.pixels, atol=2e-5)


@pytest.mark.parametrize("frame", [Frame(0, 0, R), Frame(-7.5, 3.25, 100.5), Frame(20, 10, 12)], ids=str)
def test_the_whole_frame_is_opaque_and_covers_every_pixel_it_touches(
    depth: type, frame: Frame, rng: np.random.Generator
) -> None:
    ramp = (np.arange(R, dtype=np.float32) + 0.5) / R * 1.8 - 0.9
    drawn = np.stack([*np.meshgrid(ramp, ramp), np.zeros((R, R), np.float32)])
    picture = whole_frame(drawn, frame, np.dtype(depth))
    assert picture.pixels.dtype == depth
    assert (picture.x, picture.y) == (int(np.floor(frame.x)), int(np.floor(frame.y)))
    assert picture.x + picture.width == int(np.ceil(frame.x + frame.size))
    assert (plain.unit(picture.pixels)[..., 3] == 1).all()
    u, v = frame.to_model(
        *np.meshgrid(picture.x + np.arange(picture.width) + 0.5, picture.y + 0.5 + np.arange(picture.height)), R
    )
    inside = (u > 3) & (u < R - 3) & (v > 3) & (v < R - 3)
    got = plain.unit(picture.pixels) * 2 - 1
    atol = 1.01 / 127.5 if depth is np.uint8 else 2e-3
    np.testing.assert_allclose(got[inside][:, 0], (u[inside] / R) * 1.8 - 0.9, atol=atol)
    np.testing.assert_allclose(got[inside][:, 1], (v[inside] / R) * 1.8 - 0.9, atol=atol)


def test_an_edit_comes_in_the_depth_asked_for(depth: type, rng: np.random.Generator) -> None:
    picture = opaque(rng, R, R, np.uint8)
    pictures = model_pictures(rng, MIDDLE)
    frame = Frame(0, 0, R)
    edit = composite(picture, frame, *pictures, depth=np.dtype(depth))
    assert edit.pixels.dtype == depth
    fine = composite(opaque(rng, R, R, np.float32), frame, *pictures)
    np.testing.assert_allclose(spread(edit, R, R), spread(fine, R, R), atol=0.51 / 255)
