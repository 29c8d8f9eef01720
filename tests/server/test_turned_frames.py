"""A turned frame on a larger layer, with the bundled portraits, on the real server: what is inserted keeps to the frame
and has the layer's own detail."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image

from draggan_client.arrays import Array
from draggan_client.messages import DragOptions, Frame, FromPicture, FromSeed, Pixels, PointPair, Result, ResultRequest
from draggan_client.session import Session
from draggan_server.canvas import Frame as CanvasFrame
from draggan_server.canvas import Picture, over, picture_for_model
from tests.server.harness import ServerProcess

FRAME = Frame(210.5, 60.25, 260.0, angle=25.0)
CANVAS_FRAME = CanvasFrame(210.5, 60.25, 260.0, angle=25.0)
SIZE = 420


def numbers(pixels: Pixels) -> np.ndarray:
    return np.frombuffer(pixels.picture.data, "<u1").reshape(pixels.picture.shape)


def place(across: float, down: float) -> tuple[float, float]:
    """In document px, of a place in parts of the frame's size."""
    return CANVAS_FRAME.to_document(across, down, 1)


def beyond(picture: Pixels) -> np.ndarray:
    """Which of its pixels lie outside the frame."""
    height, width = picture.picture.shape[:2]
    x = picture.offset_x + np.arange(width) + 0.5
    u, v = CANVAS_FRAME.to_model(x, picture.offset_y + np.arange(height)[:, None] + 0.5, 1)
    return np.asarray((u < -0.01) | (u > 1.01) | (v < -0.01) | (v > 1.01))


def drag(session: Session, down: float) -> Result:
    """The chin, along the frame's own axes, not far."""
    (x, y), (to_x, to_y) = place(0.5, 0.85), place(0.5, 0.85 + down)
    *_, last = session.drag([PointPair("chin", x, y, to_x, to_y)], settings=DragOptions(max_steps=40))
    assert isinstance(last, Result)
    return last


def test_a_drawn_picture_fills_the_turned_frame_and_its_edit_reaches_the_edge(server: ServerProcess) -> None:
    with server.connection().session(FromSeed(1, frame=FRAME)) as session:
        drawn = session.pixels(ResultRequest("picture"))
        alpha = numbers(drawn)[..., 3]
        assert not alpha[beyond(drawn)].any()
        assert alpha.sum() / 255 == pytest.approx(260**2, rel=0.01)
        (handle,) = drag(session, 0.06).points
        edit = session.pixels(ResultRequest("edit"))
        shown = numbers(edit)[..., 3]
        assert shown.any() and not shown[beyond(edit)].any()
        u, v = CANVAS_FRAME.to_model(handle.x, handle.y, 1)
        assert abs(u - 0.5) < 0.03 and v > 0.86, "it went down along the frame, not down the page"


def test_an_edit_has_the_layers_own_grain_and_so_have_those_that_follow(server: ServerProcess) -> None:
    with server.connection().session(FromSeed(3, frame=FRAME)) as session:
        drawn = session.pixels(ResultRequest("picture"))
    layer = np.full((SIZE, SIZE + 90, 4), 255, np.uint8)
    layer[..., :3] = (90, 120, 110)
    portrait = Picture(numbers(drawn), drawn.offset_x, drawn.offset_y)
    layer = over(Picture(layer), portrait).pixels
    grain = np.random.default_rng(0).normal(0, 12, layer.shape[:2])
    layer[..., :3] = np.clip(layer[..., :3] + grain[..., None], 0, 255).round()
    source = FromPicture(Array("u8", layer.shape, layer.tobytes()), 0, 0, FRAME)
    with server.connection().session(source) as session:
        list(session.invert("quick"))
        drag(session, 0.05)
        first = session.pixels(ResultRequest("edit"))
        drag(session, -0.03)
        both, second = session.pixels(ResultRequest("edit")), session.pixels(ResultRequest("edit", since=1))
    once = over(Picture(layer), Picture(numbers(first), first.offset_x, first.offset_y))
    twice = over(once, Picture(numbers(second), second.offset_x, second.offset_y)).pixels
    at_once = over(Picture(layer), Picture(numbers(both), both.offset_x, both.offset_y)).pixels
    for edit, shown in ((first, once.pixels), (both, at_once), (second, twice)):
        assert not numbers(edit)[..., 3][beyond(edit)].any()
        changed = numbers(edit)[..., 3] == 255
        assert changed.sum() > 500
        top, left = edit.offset_y, edit.offset_x
        part = np.s_[top : top + changed.shape[0], left : left + changed.shape[1]]
        # The model at 128 px draws no grain of single pixels of the layer.
        assert roughness(shown[part])[changed].mean() > 0.4 * roughness(layer[part])[changed].mean()
    seen = [picture_for_model(Picture(each), CANVAS_FRAME, 128).rgb for each in (twice, at_once)]
    assert np.abs(seen[0] - seen[1]).mean() * 127.5 < 3, "the changes one by one are the change"


def roughness(pixels: np.ndarray) -> np.ndarray:
    """How far each pixel is from what lies round it."""
    grey = Image.fromarray(pixels[..., :3].mean(axis=2).astype(np.float32))
    small = (max(1, grey.width // 4), max(1, grey.height // 4))
    smooth = grey.resize(small, Image.Resampling.BOX).resize(grey.size, Image.Resampling.BICUBIC)
    return np.abs(np.asarray(grey) - np.asarray(smooth))


def test_a_frame_turned_all_the_way_is_refused_nowhere(server: ServerProcess) -> None:
    for angle in (90.0, -180.0, 359.9):
        x, y = 200 - 100 * math.cos(math.radians(angle)), 200 - 100 * math.sin(math.radians(angle))
        with server.connection().session(FromSeed(2, frame=Frame(x, y, 100.0, angle=angle))) as session:
            assert numbers(session.pixels(ResultRequest("picture")))[..., 3].any()
