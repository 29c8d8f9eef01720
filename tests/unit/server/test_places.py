"""Points between the document and the model: what lies on the frame's edge lies on the picture's, never beyond."""

from __future__ import annotations

import math

import pytest
import torch

from draggan_client.edit_state import StatePoint
from draggan_server.canvas import Frame
from draggan_server.server.errors import RefusedError
from draggan_server.server.places import Places

CPU = torch.device("cpu")
FRAMES = [
    (Frame(x, y, size, angle, width / height), width, height)
    for x, y in ((0.0, 0.0), (123.456, -77.7))
    for size in (333.3, 1000 / 3, 64.0)
    for angle in (0.0, 37.0, -90.0)
    for width, height in ((64, 64), (32, 64), (64, 48), (16, 64))
]


@pytest.mark.parametrize(("frame", "width", "height"), FRAMES)
def test_the_frames_edge_is_the_pictures(frame: Frame, width: int, height: int):
    places = Places(frame, 64)
    cosine, sine = math.cos(math.radians(frame.angle)), math.sin(math.radians(frame.angle))
    for across in (0.0, 0.3, 1.0):
        for down in (0.0, 0.7, 1.0):
            along, below = across * frame.width, down * frame.height
            x, y = frame.x + along * cosine - below * sine, frame.y + along * sine + below * cosine
            point = StatePoint("p", x, y, x, y)
            places.check([point])
            handle = places.to_model(point, CPU).handle
            assert 0 <= handle.x <= width
            assert 0 <= handle.y <= height
            assert math.isclose(handle.x, across * width, abs_tol=1e-9)
            assert math.isclose(handle.y, down * height, abs_tol=1e-9)
    outside = frame.x - 0.01 * cosine, frame.y - 0.01 * sine
    with pytest.raises(RefusedError, match="outside the picture"):
        places.check([StatePoint("p", *outside, *outside)])
