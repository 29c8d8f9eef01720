"""What opening a session hands on to the inversion."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from draggan_client.arrays import Array
from draggan_client.messages import FromPicture, OpenRequest, Result
from draggan_server.inversion import InversionSettings, invert
from draggan_server.models import ModelLibrary
from draggan_server.server import opening
from draggan_server.server.limits import Limits
from draggan_server.server.opening import open_session
from draggan_server.server.sessions import Sessions
from tests.server.harness import save_model


def test_what_is_transparent_does_not_weigh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    save_model(tmp_path, "noise")
    asked = []

    def quick(generator, discriminator, target, settings, weight=None):
        asked.append((target, weight))
        quicker = dataclasses.replace(InversionSettings(), w_steps=1, w_plus_steps=1)
        return invert(generator, discriminator, target, quicker, weight)

    monkeypatch.setattr(opening, "invert", quick)
    pixels = np.full((64, 64, 4), 200, np.uint8)
    pixels[..., 3] = 255
    pixels[:, 32:, 3] = 0
    request = OpenRequest(FromPicture(Array("u8", pixels.shape, pixels.tobytes())), "noise")
    work = open_session(request, ModelLibrary((tmp_path,)), Sessions(Limits()))
    with pytest.raises(StopIteration) as ended:
        while True:
            next(work)
    assert isinstance(ended.value.value, Result)

    ((target, weight),) = asked
    assert target.shape == (1, 3, 32, 32)
    assert weight.shape == (1, 1, 32, 32)
    assert torch.equal(weight[..., :16], torch.ones(1, 1, 32, 16))
    assert not weight[..., 16:].any()
