"""The original's own detail, carried to where it moved."""

from __future__ import annotations

import numpy as np
import pytest

from draggan_server.canvas import Frame, Mask, Motion, Picture, composite, edited_copy, over, picture_for_model
from draggan_server.canvas import detail as detail_module
from tests.unit.canvas import plain
from tests.unit.canvas.test_copy import whole
from tests.unit.canvas.test_result import opaque, spread

SIZE = 192
R = 32
UPRIGHT = Frame(0, 0, SIZE)
TURNED = Frame(110.0, 5.0, 120.0, angle=25.0)


def moved(x: float, y: float, frame: Frame, confidence: float = 1.0) -> Motion:
    """Everything moved by so many document px along the frame's own axes."""
    offsets = np.empty((2, 16, 16), np.float32)
    offsets[0], offsets[1] = -x / frame.size, -y / frame.size
    return Motion(offsets, np.full((16, 16), confidence, np.float32))


def fine(rng: np.random.Generator, depth: type, size: int = SIZE) -> Picture:
    """Much finer than the model: noise, mid-grey on the whole."""
    values = 0.35 + 0.3 * rng.random((size, size, 4))
    values[..., 3] = 1.0
    return Picture(plain.quantised(values, depth))


def lighter(picture: Picture, frame: Frame, by: float) -> tuple[np.ndarray, np.ndarray]:
    """What the model sees, and the same lighter by that part of the full range."""
    before = picture_for_model(picture, frame, R).rgb
    return before, before + np.float32(2 * by)


@pytest.mark.parametrize("frame", [UPRIGHT, TURNED], ids=str)
def test_where_nothing_moved_the_change_is_added_to_the_original(
    depth: type, frame: Frame, rng: np.random.Generator
) -> None:
    picture = fine(rng, depth)
    edit = composite(picture, frame, *lighter(picture, frame, 0.2), motion=moved(0, 0, frame))
    got = spread(edit, SIZE, SIZE)
    full = got[..., 3] == 1
    assert full.sum() > 8000
    atol = 1.01 / 255 if depth is np.uint8 else 2e-4
    np.testing.assert_allclose(got[full][:, :3], plain.unit(picture.pixels)[full][:, :3] + 0.2, atol=atol)


@pytest.mark.parametrize("frame", [UPRIGHT, TURNED], ids=str)
def test_it_goes_with_what_moved(frame: Frame, rng: np.random.Generator) -> None:
    """By whole pixels of the document: there the detail is the original's own, to the pixel."""
    picture = fine(rng, np.float32)
    across, down = 12, -7
    cosine, sine = frame.direction
    motion = moved(across * cosine + down * sine, down * cosine - across * sine, frame)  # in the frame's axes
    before = picture_for_model(picture, frame, R).rgb
    grey = np.full_like(before, 0.4)
    got = spread(composite(picture, frame, before * 0, grey, motion=motion), SIZE, SIZE)
    source = np.roll(picture.pixels[..., :3], (down, across), axis=(0, 1))
    u, v = frame.to_model(np.arange(SIZE) + 0.5, np.arange(SIZE)[:, None] + 0.5, 1)
    inside = (u > 0.2) & (u < 0.8) & (v > 0.2) & (v < 0.8)
    # colour = after + (original - before), before = mid-grey
    np.testing.assert_allclose(got[inside][:, :3], np.clip(0.7 + source[inside] - 0.5, 0, 1), atol=0.01)


def test_without_confidence_only_the_tone_is_carried(rng: np.random.Generator) -> None:
    picture = fine(rng, np.float32)
    before = picture_for_model(picture, UPRIGHT, R).rgb - np.float32(0.2)  # the model draws it darker
    after = np.full_like(before, 0.1)
    got = spread(composite(picture, UPRIGHT, before, after, motion=moved(9, 4, UPRIGHT, 0.0)), SIZE, SIZE)
    full = got[..., 3] == 1
    np.testing.assert_allclose(got[full][:, :3], 0.55 + 0.1, atol=2e-3)


def test_no_seam_is_left_where_the_alpha_ends(rng: np.random.Generator) -> None:
    """A model that draws the original badly: pasted, however softly, its picture shows an edge all round."""
    picture = fine(rng, np.float32)
    before = np.clip(picture_for_model(picture, UPRIGHT, R).rgb + rng.normal(0, 0.2, (3, R, R)), -1, 1)
    before = before.astype(np.float32)
    after = before.copy()
    after[:, 12:20, 12:20] += 0.5
    edges = {}
    for name, motion in (("feathered", None), ("carried", moved(0, 0, UPRIGHT))):
        edit = composite(picture, UPRIGHT, before, after, motion=motion)
        alpha = spread(edit, SIZE, SIZE)[..., 3]
        soft = (alpha > 0) & (alpha < 0.5)
        difference = np.abs(over(picture, edit).pixels - picture.pixels)[..., :3]
        edges[name] = difference[soft].mean()
    assert edges["carried"] < 0.25 * edges["feathered"]


def test_a_copy_carries_what_the_layer_has_now(depth: type, rng: np.random.Generator) -> None:
    begun_with, onto = fine(rng, depth), fine(rng, depth)
    before, after = lighter(onto, UPRIGHT, 0.2)
    mask = Mask(plain.quantised(np.pad(np.ones((SIZE, 80)), ((0, 0), (50, SIZE - 130))), depth))
    copy = edited_copy(onto, begun_with, UPRIGHT, before, after, mask, moved(0, 0, UPRIGHT))
    shown = whole(copy.picture, onto)
    atol = 1.01 / 255 if depth is np.uint8 else 2e-4
    expected = plain.unit(onto.pixels)[:, 50:130, :3] + 0.2
    np.testing.assert_allclose(plain.unit(shown)[:, 50:130, :3], expected, atol=atol)
    rest = np.r_[0:50, 130:SIZE]
    assert np.array_equal(shown[:, rest], onto.pixels[:, rest])


def test_transparency_has_no_detail(rng: np.random.Generator) -> None:
    """The hidden colours of transparent pixels never come along."""
    picture = opaque(rng, SIZE, SIZE, np.float32)
    picture.pixels[...] = (0.5, 0.5, 0.5, 1.0)
    picture.pixels[:, :96] = (1.0, 0.0, 1.0, 0.0)
    before, after = lighter(picture, UPRIGHT, 0.2)
    edit = composite(picture, UPRIGHT, before, after, motion=moved(20, 0, UPRIGHT))
    got = spread(edit, SIZE, SIZE)
    shown = got[..., 3] > 0
    assert shown.any() and not shown[:, :96].any()
    np.testing.assert_allclose(got[shown][:, :3], 0.7, atol=0.02)


def test_values_beyond_white_are_carried_into_a_copy(rng: np.random.Generator) -> None:
    picture = fine(rng, np.float32)
    picture.pixels[80:84, 80:84, :3] = 3.0
    before, after = lighter(picture, UPRIGHT, -0.2)
    copy = edited_copy(picture, picture, UPRIGHT, before, after, None, moved(0, 0, UPRIGHT))
    shown = whole(copy.picture, picture)
    np.testing.assert_allclose(shown[82, 82, :3], 2.8, atol=0.01)


def test_groups_and_bands_do_not_show(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = fine(rng, np.float32)
    motion = Motion((rng.random((2, 16, 16)).astype(np.float32) - 0.5) * 0.3, rng.random((16, 16)).astype(np.float32))
    pictures = lighter(picture, TURNED, 0.2)
    at_once = composite(picture, TURNED, *pictures, motion=motion)
    monkeypatch.setattr(detail_module, "_MOST_AT_ONCE", 500)
    monkeypatch.setattr("draggan_server.canvas.result.BAND_PIXELS", SIZE * 5)
    in_parts = composite(picture, TURNED, *pictures, motion=motion)
    np.testing.assert_allclose(in_parts.pixels, at_once.pixels, atol=1e-4)
