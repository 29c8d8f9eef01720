"""The models' thumbnails: kept on disk where one could be drawn, tried again where not."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from draggan_server.models import ModelLibrary
from draggan_server.server import thumbnails
from draggan_server.server.thumbnails import Thumbnails
from tests.server.harness import save_model


def no_memory(*_: object) -> None:
    raise MemoryError


def test_one_that_failed_is_not_kept_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    save_model(tmp_path / "models", "noise")
    library = ModelLibrary((tmp_path / "models",))
    (entry,) = library.entries()
    folder = tmp_path / "thumbnails"

    first = Thumbnails(folder)
    with monkeypatch.context() as patched:
        patched.setattr(thumbnails, "draw", no_memory)
        assert first.make_one(library)
    assert first.get(entry) == b"", "it is not tried over and over"
    assert not first.make_one(library)

    next_run = Thumbnails(folder)
    assert next_run.get(entry) is None
    assert next_run.make_one(library)
    assert Thumbnails(folder).get(entry).startswith(b"\x89PNG")


def test_a_picture_that_is_not_square_lies_in_a_transparent_square(tmp_path: Path):
    save_model(tmp_path / "models", "people", base_width=2, architecture="resnet", c_dim=5)
    library = ModelLibrary((tmp_path / "models",))
    (entry,) = library.entries()
    drawn = Thumbnails(tmp_path / "thumbnails")
    assert drawn.make_one(library)
    alpha = np.asarray(Image.open(io.BytesIO(drawn.get(entry))))[..., 3]
    assert alpha.shape == (128, 128)
    assert alpha[:, 32:96].min() == 255
    assert alpha[:, :32].max() == alpha[:, 96:].max() == 0
