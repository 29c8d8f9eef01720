"""The engine against the plain implementation of Eq. 1-3: loss, gradient, latents and handles, step by step."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest
import torch

from draggan_server.drag import DragPoint, DragSettings, Point, drag
from draggan_server.drag.feature_map import FeatureMap
from draggan_server.drag.loop import with_references
from draggan_server.drag.supervision import MaskTerm, MotionSupervision
from tests.reference import plain_stylegan2
from tests.reference.plain_drag import PlainDrag, PlainPoint
from tests.unit.drag.conftest import make_generator

SIZE = 64
R1, R2 = 2.5, 4.0
STEP_SIZE = 0.03  # larger than the default, so that ten steps move handles
SETTINGS = DragSettings(
    supervision_radius_fraction=R1 / SIZE,
    tracking_radius_fraction=R2 / SIZE,
    step_size=STEP_SIZE,
    feature_resolution=32,
    tolerance_px=0.01,
)


@dataclass(frozen=True)
class Case:
    name: str
    points: list[PlainPoint]
    masked: bool = False


FIVE = [
    PlainPoint((12.25, 20.5), (20.0, 22.0)),
    PlainPoint((40.0, 41.5), (38.5, 30.0)),
    PlainPoint((50.5, 12.0), (52.0, 19.0)),
    PlainPoint((30.0, 55.25), (22.0, 50.0)),
    PlainPoint((33.5, 31.5), (33.5, 38.0)),
]
CASES = [
    Case("one point", [PlainPoint((30.5, 25.5), (41.0, 29.0))]),
    Case("one point, soft mask", [PlainPoint((30.5, 25.5), (41.0, 29.0))], masked=True),
    Case("five points", FIVE),
    Case("five points, soft mask", FIVE, masked=True),
    Case("a point and a pin", [FIVE[0], PlainPoint((40.5, 40.5), (40.5, 40.5))]),
    Case("at the borders", [PlainPoint((0.0, 0.0), (6.0, 3.0)), PlainPoint((64.0, 33.0), (57.0, 64.0))]),
    Case("at the borders, soft mask", [PlainPoint((20.0, 2.0), (30.0, 8.0))], masked=True),
]


def soft_mask() -> torch.Tensor:
    """1 on the left, falling to 0 on the right."""
    return (torch.linspace(1.6, -0.6, SIZE, dtype=torch.float64).clamp(0, 1)).repeat(SIZE, 1)


def engine_points(case: Case) -> list[DragPoint]:
    return [DragPoint(Point(*point.handle), Point(*point.target)) for point in case.points]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_ten_steps_in_float64(generator, ws, case):
    mask = soft_mask() if case.masked else None
    plain = PlainDrag(make_generator().double(), ws, case.points, mask, 32, r1=R1, r2=R2, step_size=STEP_SIZE)
    steps = list(itertools.islice(drag(generator, ws, engine_points(case), mask, SETTINGS), 11))
    assert len(steps) == 11, f"ended after {len(steps)} steps: {steps[-1].end}"
    moved = False
    for step in steps:
        expected = plain.step()
        assert abs(step.loss - expected.loss.item()) < 1e-8
        torch.testing.assert_close(step.ws, expected.ws, rtol=0, atol=1e-8)
        assert [(p.handle.x, p.handle.y) for p in step.points] == expected.handles
        gradient = engine_gradient(generator, step.ws, step.points, engine_points(case), ws, mask)
        torch.testing.assert_close(gradient, expected.gradient, rtol=0, atol=1e-8)
        moved |= expected.handles != [point.handle for point in case.points]
    assert moved, "the case shows nothing: no handle ever moved"


def engine_gradient(generator, ws, points, asked, start, mask):
    """Of the loss by the moving w, as the engine takes it in one step."""
    dtype = generator.dtype
    with torch.no_grad():
        before = FeatureMap.of_whole(generator.features(start.to(dtype), 32)[0], SIZE)
    supervision = MotionSupervision(before, tuple(asked), R1)
    moving = ws[:, :6].to(dtype).clone().requires_grad_()
    features = generator.features(torch.cat([moving, ws[:, 6:].to(dtype)], dim=1), 32)[0]
    loss = supervision(FeatureMap.of_whole(features, SIZE), points)
    if mask is not None:
        loss = loss + MaskTerm(before.windows[0].values, mask, SETTINGS.mask_weight)(features)
    return torch.autograd.grad(loss, moving)[0]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_float32_is_as_near_to_float64_as_the_plain_path(generator, ws, case):
    mask = soft_mask() if case.masked else None
    moved = ws.clone()
    moved[:, :6] += 0.2 * torch.randn(1, 6, 24, generator=torch.Generator().manual_seed(9), dtype=ws.dtype)
    points = tuple(engine_points(case))

    def plain_gradient(dtype):
        given_mask = None if mask is None else mask.to(dtype)
        given = make_generator().to(dtype), ws.to(dtype), case.points, given_mask
        plain = PlainDrag(*given, 32, r1=R1, r2=R2)
        plain.moving = moved[:, :6].to(dtype)
        return plain.step().gradient.double()

    single = make_generator()
    exact = plain_gradient(torch.float64)
    ours = engine_gradient(single, moved, points, engine_points(case), ws, mask).double()
    plain_error = (plain_gradient(torch.float32) - exact).norm()
    assert (ours - exact).norm() <= 2 * plain_error

    features = single.features(moved.float(), 32)
    _, maps = plain_stylegan2.draw(make_generator().double(), moved)
    torch.testing.assert_close(features.double(), maps[32], rtol=0, atol=1e-5)


def test_gap_to_sampling_an_upsampled_map(generator, ws, record_property):
    """Both ways read the same at the picture's pixel centres. Reports how far their gradients are apart."""
    points = FIVE[:1]
    direct, upsampled = (
        PlainDrag(make_generator().double(), ws, points, None, 32, r1=R1, r2=R2, upsampled=flag)
        for flag in (False, True)
    )
    centre = [(30.5, 25.5)]
    torch.testing.assert_close(direct.read(direct.f0, centre), upsampled.read(upsampled.f0, centre))
    g1, g2 = direct.step().gradient, upsampled.step().gradient
    gap = ((g1 - g2).norm() / g1.norm()).item()
    record_property("gradient_gap", gap)
    print(f"gradient of the first step, sampling an upsampled map against F itself: {gap:.2%} apart")
    assert 0 < gap < 1


def test_references_are_read_where_the_handle_is(generator, ws):
    features = FeatureMap.of_whole(generator.features(ws, 32)[0], SIZE)
    case = CASES[0]
    (point,) = with_references(tuple(engine_points(case)), features)
    plain = PlainDrag(make_generator().double(), ws, case.points, None, 32, r1=R1, r2=R2)
    torch.testing.assert_close(point.reference.feature, plain.references[0][0], rtol=0, atol=1e-10)
