"""Dragging a figure on a transparent layer: its outline goes along. With the bundled portraits, on the real server."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from draggan_client.arrays import Array
from draggan_client.messages import DragOptions, Frame, FromPicture, FromSeed, Pixels, PointPair, ResultRequest, Source
from draggan_client.session import Session
from draggan_server.stylegan2 import z_from_seed
from draggan_server.training.portraits import factors_from_z
from draggan_server.training.portraits.geometry import geometry
from tests.server.harness import ServerProcess

SIZE = 256
LEFT, TOP = 40, -10
FRAME = Frame(float(LEFT), float(TOP), float(SIZE))
FAR = 18.0
"""How far the chin is dragged, in document px: 7 % of the portrait."""


def numbers(pixels: Pixels) -> np.ndarray:
    return np.frombuffer(pixels.picture.data, "<u1").reshape(pixels.picture.shape)


def head(seed: int) -> tuple[np.ndarray, float, float]:
    """The face's coverage [SIZE, SIZE], as the renderer draws it for this seed, and where its chin is (document px)."""
    shape = geometry(factors_from_z(z_from_seed(seed, 32))).head
    centres = (torch.arange(SIZE) + 0.5) / SIZE
    half = shape.squared_width(centres.view(1, SIZE, 1)).clamp(min=0).sqrt()
    inside = ((half - (centres - shape.middle(centres.view(1, SIZE, 1))).abs()) * SIZE + 0.5).clamp(0, 1)
    inside = torch.where(half > 0.01, inside, 0.0)
    return inside.reshape(SIZE, SIZE).numpy(), LEFT + shape.chin_x.item() * SIZE, TOP + shape.chin_y.item() * SIZE


def portrait(server: ServerProcess, seed: int) -> np.ndarray:
    """The model's picture of the seed, as a layer of SIZE px, with everything but the face cut away."""
    with server.connection().session(FromSeed(seed, frame=FRAME)) as session:
        layer = numbers(session.pixels(ResultRequest("picture"))).copy()
    layer[..., 3] = np.rint(head(seed)[0] * 255)
    return layer


def array(layer: np.ndarray) -> Array:
    return Array("u8", layer.shape, layer.tobytes())


def dragged(session: Session, layer: np.ndarray, chin: tuple[float, float], down: float) -> tuple[np.ndarray, Pixels]:
    """The layer after its chin was dragged, and the copy that it was made with."""
    pull = PointPair("chin", *chin, chin[0], chin[1] + down)
    list(session.drag([pull], settings=DragOptions(max_steps=200)))
    copy = session.pixels(ResultRequest("copy", onto=array(layer), offset_x=LEFT, offset_y=TOP))
    result = layer.copy()
    height, width = copy.picture.shape[:2]
    result[copy.offset_y - TOP :, copy.offset_x - LEFT :][:height, :width] = numbers(copy)
    return result, copy


def lowest(layer: np.ndarray, chin_x: float) -> float:
    """How far down the figure reaches at the chin, in document px."""
    column = round(chin_x - LEFT)
    return TOP + 1 + np.flatnonzero(layer[:, column - 5 : column + 5, 3].mean(axis=1) > 127).max()


def check(server: ServerProcess, source: Source, seed: int, layer: np.ndarray) -> None:
    _, *chin = head(seed)
    before = lowest(layer, chin[0])
    assert before == pytest.approx(chin[1], abs=2)
    with server.connection().session(source) as session:
        if isinstance(source, FromPicture):
            list(session.invert())
        for down in (FAR, -FAR):
            result, copy = dragged(session, layer, (chin[0], chin[1]), down)
            moved = lowest(result, chin[0]) - before
            assert 0.4 * FAR < moved / np.sign(down) < 1.5 * FAR, (
                f"the outline of seed {seed} moved {moved} of {down} px"
            )
            grew = (layer[..., 3] < 50) & (result[..., 3] > 200)
            below = grew[round(before) - TOP :].sum()
            if down > 0:
                assert below > 300
                drawn = numbers(session.pixels(ResultRequest("picture"))).astype(int)
                new = grew & (layer[..., 3] == 0)
                # The model's, in the tone of the layer's own where the model draws that a little off.
                assert np.abs(result[new][:, :3] - drawn[new][:, :3]).max() <= 12
            else:
                assert below == 0
                assert ((layer[..., 3] > 200) & (result[..., 3] < 50)).sum() > 1000
            unchanged = np.ones((SIZE, SIZE), bool)
            changed = np.frombuffer(copy.changed.data, "<u1").reshape(copy.changed.shape)
            height, width = changed.shape
            unchanged[copy.offset_y - TOP :, copy.offset_x - LEFT :][:height, :width] = changed == 0
            assert np.array_equal(result[unchanged], layer[unchanged])
            edit = session.pixels()
            assert numbers(edit)[..., 3].any()
            session.undo()


def test_a_chin_takes_the_outline_along(server: ServerProcess, full: bool) -> None:
    for seed in range(1, 10) if full else (1, 9):
        check(server, FromSeed(seed, frame=FRAME), seed, portrait(server, seed))


def test_so_it_does_on_a_layer_that_was_opened(server: ServerProcess) -> None:
    """The model has never seen what is transparent, and has to invent what lies around the face."""
    layer = portrait(server, 9)
    check(server, FromPicture(array(layer), LEFT, TOP, FRAME), 9, layer)


def test_nothing_dragged_leaves_the_outline(server: ServerProcess) -> None:
    layer = portrait(server, 1)
    with server.connection().session(FromSeed(1, frame=FRAME)) as session:
        copy = session.pixels(ResultRequest("copy", onto=array(layer), offset_x=LEFT, offset_y=TOP))
    assert copy.changed.data == b"\0"
