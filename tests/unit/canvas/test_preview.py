"""The edit's preview, held against what is inserted in the end."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from PIL import Image

from draggan_server.canvas import EditPreview, Frame, Mask, Picture, composite
from tests.unit.canvas import plain
from tests.unit.canvas.test_result import EVERYWHERE, MIDDLE, model_pictures, opaque, spread


def smooth(size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The model's pictures before and after, without detail that a small preview could not have."""
    pictures = model_pictures(rng, MIDDLE)
    return tuple(  # type: ignore[return-value]
        np.stack([np.asarray(Image.fromarray(plane).resize((size, size), Image.Resampling.BICUBIC)) for plane in each])
        for each in pictures
    )


@pytest.mark.parametrize("resolution", [32, 128, 256])
@pytest.mark.parametrize("frame", [Frame(0, 0, 128), Frame(20.5, 9.25, 96)], ids=str)
def test_it_is_what_will_be_inserted(resolution: int, frame: Frame, rng: np.random.Generator) -> None:
    x, y = np.meshgrid(np.arange(160) / 160, np.arange(140) / 140)
    values = np.stack([x, y, x, np.clip(1.6 - 1.2 * x, 0, 1)], axis=-1)
    picture = Picture(plain.quantised(values, np.uint8))
    mask = Mask.covering(picture, plain.quantised(y, np.uint8))
    before, after = smooth(resolution, rng)
    size = 128
    layer = EditPreview(picture, frame, mask, size).layer(before, after)
    assert layer.shape == (size, size, 4) and layer.dtype == np.uint8
    edit = spread(composite(picture, frame, before, after, mask), 160, 140)
    edit[..., :3] *= edit[..., 3:]
    # The part of the document that the frame shows, at the preview's size.
    box = (frame.x, frame.y, frame.x + frame.size, frame.y + frame.size)
    seen = [Image.fromarray(edit[..., c].astype(np.float32)).resize((size, size), 2, box=box) for c in range(4)]
    expected = np.dstack([np.asarray(each) for each in seen])
    got = plain.unit(layer)
    got[..., :3] *= got[..., 3:]
    assert expected[..., 3].max() > 0.4
    assert np.abs(got - expected).mean() < 0.01
    assert np.abs(got - expected).max() < 0.2


def test_it_shows_nothing_where_nothing_changed_or_may(rng: np.random.Generator) -> None:
    picture = opaque(rng, 96, 96, np.uint8)
    values = np.zeros((96, 96), np.uint8)
    values[:, 48:] = 255
    before, after = model_pictures(rng, EVERYWHERE)
    preview = EditPreview(picture, Frame(0, 0, 96), Mask(values), 64)
    assert not preview.layer(before, before).any()
    layer = preview.layer(before, after)
    assert not layer[:, :32].any()
    assert (layer[:, 34:, 3] == 255).all()


def test_a_layer_smaller_than_the_frame_shows_only_where_it_is(rng: np.random.Generator) -> None:
    picture = opaque(rng, 48, 96, np.float32, 24, 0)
    layer = EditPreview(picture, Frame(0, 0, 96), None, 96).layer(*model_pictures(rng, EVERYWHERE))
    assert not layer[:, :24].any() and not layer[:, 72:].any()
    assert (layer[:, 25:71, 3] == 255).all()


def test_a_frame_far_larger_than_the_picture_takes_no_more_memory(rng: np.random.Generator) -> None:
    picture = opaque(rng, 40, 40, np.uint8, 500_000, 0)
    tracemalloc.start()
    layer = EditPreview(picture, Frame(0, 0, 1e6), None, 64).layer(*model_pictures(rng, EVERYWHERE))
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()
    assert not layer.any(), "too small to be seen"


def test_a_large_mask_is_looked_at_here_and_there_and_still_where_it_is() -> None:
    values = np.zeros((1500, 1500), np.uint8)
    values[300:1203, 450:] = 255
    before = np.zeros((3, 32, 32), np.float32)
    layer = EditPreview(Picture(np.full((1500, 1500, 4), 255, np.uint8)), Frame(0, 0, 1500), Mask(values), 50).layer(
        before, before + 0.5
    )
    expected = np.zeros((50, 50))
    expected[10:40, 15:] = 255
    assert np.array_equal(np.delete(layer[..., 3], 40, axis=0), np.delete(expected, 40, axis=0)), "but for the edge"
