"""The editable mask at the model's resolution, against a plain area average."""

from __future__ import annotations

import numpy as np
import pytest

from draggan_server.canvas import Frame, Mask, MaskError, Picture, mask_for_model
from tests.unit.canvas import plain


@pytest.mark.parametrize(("x", "y"), [(0, 0), (-7, 11), (25, -40)])
@pytest.mark.parametrize(("corner_x", "corner_y", "size"), [(0, 0, 48), (5.3, 2.25, 33.4), (-10.5, -4.0, 70.0)])
def test_soft_edges_are_averaged(
    depth: type, x: int, y: int, corner_x: float, corner_y: float, size: float, rng: np.random.Generator
) -> None:
    mask = Mask(plain.quantised(rng.random((48, 50)), depth), x, y)
    got = mask_for_model(mask, Frame(x + corner_x, y + corner_y, size), 16)
    expected = plain.area_average(plain.unit(mask.values), corner_x, corner_y, size, 16)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, atol=2e-6)


def test_beside_the_array_nothing_may_change() -> None:
    """A half covered model pixel may change by half."""
    got = mask_for_model(Mask(np.full((64, 30), 255, dtype=np.uint8)), Frame(0, 0, 64), 16)
    assert (got[:, :7] == 1.0).all() and (got[:, 7] == 0.5).all() and (got[:, 8:] == 0.0).all()


@pytest.mark.parametrize("x", [-8, 0, 5])
def test_a_hard_edge_enlarged_stays_inside_the_array(x: int) -> None:
    got = mask_for_model(Mask(np.full((16, 8), 1.0, dtype=np.float32), x, 0), Frame(x, 0, 16), 64)
    assert (got[:, :32] == 1.0).all() and (got[:, 32:] == 0.0).all()


def test_values_beyond_the_range_are_clipped() -> None:
    got = mask_for_model(
        Mask(np.array([[-3.0, 9.0]] * 2, dtype=np.float32).repeat(8, 0).repeat(8, 1)), Frame(0, 0, 16), 16
    )
    assert (got[:, :8] == 0).all() and (got[:, 8:] == 1).all()


def test_an_empty_selection_is_named() -> None:
    with pytest.raises(MaskError, match="zero everywhere inside the frame"):
        mask_for_model(Mask(np.zeros((64, 64), dtype=np.uint8)), Frame(0, 0, 64), 16)


def test_a_selection_elsewhere_is_named() -> None:
    with pytest.raises(MaskError, match="does not reach into the frame"):
        mask_for_model(Mask(np.ones((64, 64), dtype=np.uint8), 200, 0), Frame(0, 0, 64), 16)


def test_nan_is_named() -> None:
    values = np.ones((64, 64), dtype=np.float32)
    values[3, 3] = np.nan
    with pytest.raises(MaskError, match="NaN"):
        mask_for_model(Mask(values), Frame(0, 0, 64), 16)


def test_a_mask_of_another_size_is_named() -> None:
    picture = Picture(np.ones((40, 60, 4), dtype=np.uint8), -3, 8)
    mask = Mask.covering(picture, np.ones((40, 60), dtype=np.uint8))
    assert (mask.x, mask.y) == (-3, 8)
    with pytest.raises(MaskError, match=r"mask is 40 x 60 px, but the picture is 60 x 40 px"):
        Mask.covering(picture, np.ones((60, 40), dtype=np.uint8))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.ones((4, 4, 1), dtype=np.uint8), "shape"),
        (np.ones((0, 4), dtype=np.uint8), "at least one pixel"),
        (np.ones((4, 4), dtype=bool), "bool"),
    ],
)
def test_what_is_no_mask_is_named(values: np.ndarray, message: str) -> None:
    with pytest.raises(MaskError, match=message):
        Mask(values)
