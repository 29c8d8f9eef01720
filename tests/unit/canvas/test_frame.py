"""The one affine: by hand, there and back, and what is no frame."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draggan_server.canvas import Frame, FrameError

places = st.floats(-20_000, 20_000)
frames = st.builds(Frame, places, places, st.floats(8, 20_000))
resolutions = st.sampled_from([32, 128, 1024])


@pytest.mark.parametrize(
    ("document", "model"),
    [
        ((100.0, 50.0), (0.0, 0.0)),  # the frame's corner is the model picture's corner
        ((356.0, 306.0), (128.0, 128.0)),  # and the far one
        ((101.0, 51.0), (0.5, 0.5)),  # the middle of a 2 px square of the document: a model pixel's centre
        ((90.0, 306.5), (-5.0, 128.25)),  # beside the frame the map goes on
    ],
)
def test_the_affine_by_hand(document: tuple[float, float], model: tuple[float, float]) -> None:
    frame = Frame(100.0, 50.0, 256.0)
    assert frame.to_model(*document, 128) == model
    assert frame.to_document(*model, 128) == document


def test_scale_is_document_px_per_model_px() -> None:
    assert Frame(0, 0, 900).scale(128) == 900 / 128


@given(frames, resolutions, places, places)
def test_round_trip_is_sub_pixel(frame: Frame, resolution: int, x: float, y: float) -> None:
    back = frame.to_document(*frame.to_model(x, y, resolution), resolution)
    assert back == pytest.approx((x, y), abs=1e-7)


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (300, 200, Frame(50, 0, 200)),
        (200, 301, Frame(0, 50.5, 200)),
        (64, 64, Frame(0, 0, 64)),
    ],
)
def test_around_is_the_largest_centred_square(width: int, height: int, expected: Frame) -> None:
    assert Frame.around(width, height) == expected
    assert Frame.around(width, height, -30, 7) == Frame(expected.x - 30, expected.y + 7, expected.size)


@pytest.mark.parametrize("bad", [math.nan, math.inf, 0.0, -5.0, 1.0])
def test_no_frame_without_a_size(bad: float) -> None:
    with pytest.raises(FrameError, match="frame"):
        Frame(0, 0, bad)


def test_no_frame_nowhere() -> None:
    with pytest.raises(FrameError, match="finite"):
        Frame(math.nan, 0, 64)


def test_a_picture_of_one_pixel_has_no_frame() -> None:
    with pytest.raises(FrameError, match=r"1 x 1 px, too small"):
        Frame.around(1, 1)
