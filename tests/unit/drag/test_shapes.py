"""Drags on generators of other architectures and on pictures that are not square, against the plain Eq. 1-3."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest
import torch

from draggan_server.drag import DragInputError, DragPoint, DragSettings, Norm, Point, Reference, drag
from draggan_server.drag.feature_map import FeatureMap, reading_box
from draggan_server.drag.tracking import Tracker
from draggan_server.stylegan2 import Box, z_from_seed
from tests.reference.plain_drag import PlainDrag, PlainPoint, read
from tests.unit.drag.conftest import make_generator
from tests.unit.drag.test_against_plain import R1, R2, SETTINGS, STEP_SIZE


@dataclass(frozen=True)
class Kind:
    architecture: str
    base_height: int
    base_width: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture."""
        return self.base_width * 16, self.base_height * 16


KINDS = [Kind("skip", 4, 2), Kind("skip", 2, 4), Kind("resnet", 4, 4), Kind("resnet", 4, 2), Kind("orig", 3, 4)]


@pytest.fixture(params=KINDS, ids=lambda kind: f"{kind.architecture} {kind.base_height} x {kind.base_width}")
def kind(request) -> Kind:
    return request.param


def points_in(width: float, height: float) -> list[PlainPoint]:
    """Two that move, one of them from a corner, and a pin on the edge across from it."""
    return [
        PlainPoint((0.45 * width, 0.4 * height), (0.7 * width, 0.55 * height)),
        PlainPoint((0.0, 0.0), (6.0, 4.0)),
        PlainPoint((width, 0.8 * height), (width, 0.8 * height)),
    ]


def soft_mask(width: int, height: int) -> torch.Tensor:
    """1 at the upper left, 0 at the lower right."""
    across, down = (torch.linspace(1.3, -0.3, n, dtype=torch.float64).clamp(0, 1) for n in (width, height))
    return down[:, None] * across


@pytest.mark.parametrize("masked", [False, True], ids=["free", "soft mask"])
def test_ten_steps_in_float64(kind: Kind, masked: bool):
    settings = dict(vars(kind))
    generator = make_generator(**settings).double()
    ws = generator.mapping(z_from_seed(3, 24).double())
    points = points_in(*kind.size)
    mask = soft_mask(*kind.size) if masked else None
    plain = PlainDrag(make_generator(**settings).double(), ws, points, mask, 32, r1=R1, r2=R2, step_size=STEP_SIZE)
    asked = [DragPoint(Point(*point.handle), Point(*point.target)) for point in points]
    steps = list(itertools.islice(drag(generator, ws, asked, mask, SETTINGS), 11))
    assert len(steps) == 11, f"ended after {len(steps)} steps: {steps[-1].end}"
    moved = False
    for step in steps:
        expected = plain.step()
        assert abs(step.loss - expected.loss.item()) < 1e-8
        torch.testing.assert_close(step.ws, expected.ws, rtol=0, atol=1e-8)
        assert [(p.handle.x, p.handle.y) for p in step.points] == expected.handles
        moved |= expected.handles != [point.handle for point in points]
    assert moved, "the case shows nothing: no handle ever moved"


def test_reads_are_the_plain_ones_everywhere(kind: Kind):
    width, height = kind.size
    features = torch.randn(3, kind.base_height * 4, kind.base_width * 4, dtype=torch.float64)
    places = [(x, y) for x in (0.0, 0.3, width / 2, width - 0.2, float(width)) for y in (0.0, 1.7, float(height))]
    ours = FeatureMap.of_whole(features, 64).read(torch.tensor([places], dtype=torch.float64))[0]
    torch.testing.assert_close(ours, read(features, places, kind.size))


def test_what_is_read_lies_inside_its_box(kind: Kind):
    """Each window that a drag computes holds all that is read near its point, wherever that is."""
    generator = make_generator(**vars(kind))
    width, height = kind.size
    whole = Box.whole(*generator.config.map_size(32))
    sizes = set()
    for x, y in itertools.product((0.0, 0.4, width / 2, width - 0.1, width), (0.0, 0.4, height / 2, height)):
        box = reading_box(Point(x, y), 5.0, whole, 64)
        sizes.add((box.height, box.width))
        assert whole.contains(box)
        corners = torch.tensor([[x - 5.0, y - 5.0], [x + 5.0, y + 5.0]], dtype=torch.float64).clamp(min=0)
        corners = corners.minimum(torch.tensor([width, height], dtype=torch.float64))
        index = (corners * 0.5 - 0.5).clamp(min=0)
        assert box.left <= index[0, 0].floor() and box.top <= index[0, 1].floor()
        assert index[1, 0] <= box.right - 1 or box.right == whole.right
        assert index[1, 1] <= box.bottom - 1 or box.bottom == whole.bottom
    assert len(sizes) == 1, "a drag's windows keep their size"


def test_a_handle_is_not_looked_for_outside(kind: Kind):
    """The border's features go on outside: seen from 0.9 px before each edge, the place 0.1 px beyond it is as good."""
    width, height = kind.size
    down, across = torch.meshgrid(torch.arange(float(height)), torch.arange(float(width)), indexing="ij")
    features = FeatureMap.of_whole(torch.stack([across, down]).double(), 64)
    reference = Reference(Point(width, height), torch.tensor([width - 1.0, height - 1.0]).double(), 64)
    point = DragPoint(Point(width - 0.9, height - 0.9), Point(width, height), reference)
    assert Tracker(1.0, Norm.L2, width, height)(features, [point]) == [Point(width, height)]


def test_handles_stay_inside_and_points_outside_are_refused(kind: Kind):
    generator = make_generator(**vars(kind)).double()
    ws = generator.mapping(z_from_seed(3, 24).double())
    width, height = kind.size
    settings = DragSettings(step_size=0.2, max_steps=5, tolerance_px=0.01)
    edge = DragPoint(Point(width - 0.5, height - 0.5), Point(float(width), float(height)))
    for step in drag(generator, ws, [edge], None, settings):
        assert 0 <= step.points[0].handle.x <= width
        assert 0 <= step.points[0].handle.y <= height
    for handle in (Point(width + 0.1, 1.0), Point(1.0, height + 0.1)):
        with pytest.raises(DragInputError, match=f"outside the picture of {width} x {height} px"):
            drag(generator, ws, [DragPoint(handle, Point(1.0, 1.0))])
    if width != height:
        with pytest.raises(DragInputError, match=rf"the mask must be \[{height}, {width}\] like"):
            drag(generator, ws, [edge], torch.ones(width, height))
