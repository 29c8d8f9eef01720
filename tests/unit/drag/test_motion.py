"""The dense motion field, on pictures whose motion is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from draggan_server.drag import dense_motion, motion
from draggan_server.stylegan2 import Generator


@dataclass
class Sheet:
    """A textured sheet that the latent pushes and stretches: what `dense_motion` needs of a generator."""

    resolution: int = 64

    @property
    def config(self) -> SimpleNamespace:
        return SimpleNamespace(block_resolutions=(16, 32, 64))

    def old_place(self, ws: Tensor) -> Tensor:
        """[2, R, R]: which place of the sheet is seen at each place of the picture, in parts of its size."""
        push_x, push_y, stretch = ws[0, 0, :3]
        centres = (torch.arange(self.resolution) + 0.5) / self.resolution
        x, y = torch.meshgrid(centres, centres, indexing="xy")
        return torch.stack([x - push_x, y - push_y - stretch * (y - 0.5)])

    def blocks(self, ws: Tensor, resolution: int, noise: str) -> Iterator[tuple[int, Tensor, Tensor]]:
        x, y = self.old_place(ws)
        colours = [torch.sin(40 * x + 9 * y), torch.cos(31 * y - 6 * x), torch.sin(23 * (x + y))]
        features = [torch.sin(13 * x), torch.cos(17 * y), torch.sin(29 * y + 11 * x)]
        for r in (16, 32, 64):
            small = [F.adaptive_avg_pool2d(torch.stack(planes)[None], r) for planes in (features, colours)]
            yield r, small[0], small[1] * 0.8


@pytest.mark.parametrize("moved", [(0.05, 0.0, 0.0), (-0.08, 0.12, 0.0), (0.0, 0.03, 0.2), (0.25, -0.2, -0.1)], ids=str)
def test_a_known_motion_is_found(moved: tuple[float, float, float]) -> None:
    sheet = Sheet()
    before, after = torch.zeros(1, 2, 3), torch.tensor(moved).expand(1, 2, 3)
    motion = dense_motion(sheet, before, after)  # type: ignore[arg-type]
    found = motion.offsets
    assert found.shape == (2, 64, 64) and motion.confidence.shape == (64, 64)
    true = sheet.old_place(after) - sheet.old_place(before)
    # What came in from beyond the picture cannot be known; and near it the window still sees some of it.
    old = sheet.old_place(after)
    known = ((old > 0.12) & (old < 0.88)).all(dim=0)
    assert known.float().mean() > 0.2
    error = (found - true).norm(dim=0)[known] * 64
    assert error.mean() < 0.3, "places"
    assert error.max() < 1.5
    assert motion.confidence.min() >= 0 and motion.confidence.max() <= 1
    assert motion.confidence[known].mean() > 0.6
    beyond = ((old < -0.02) | (old > 1.02)).any(dim=0)
    if beyond.any():
        assert motion.confidence[beyond].mean() < 0.2, "nobody knows what came in from beyond the picture"


def test_one_latent_twice_is_no_motion(generator: Generator, ws: Tensor) -> None:
    generator, ws = generator.float(), ws.float()
    still = dense_motion(generator, ws, ws)
    assert not still.offsets.any() and (still.confidence == 1).all()
    assert not dense_motion(generator, ws, ws, "random").offsets.any(), "other noise is no motion"


def test_a_large_model_is_looked_at_small(generator: Generator, ws: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(motion, "FEATURES", 16)
    monkeypatch.setattr(motion, "PICTURE", 32)
    other = generator.mapping(torch.ones(1, 24).double())
    found = dense_motion(generator.float(), ws.float(), other.float())
    assert found.offsets.shape == (2, 32, 32) and found.confidence.shape == (32, 32)
    assert torch.isfinite(found.offsets).all() and found.offsets.any()
    assert torch.isfinite(found.confidence).all()
    assert not found.offsets.requires_grad and not found.confidence.requires_grad
