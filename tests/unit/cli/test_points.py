"""Points as they are typed, and as an edit goes on with them."""

from __future__ import annotations

import click
import numpy as np
import pytest

from draggan_client.arrays import Array
from draggan_client.edit_state import EditState, StatePoint
from draggan_client.messages import DragOptions, Frame
from draggan_server.cli.errors import CommandError
from draggan_server.cli.options import FrameParameter, PlaceParameter, Pull, PullParameter, SeedsParameter, limits
from draggan_server.cli.points import check_inside, new_points, next_points


def state(*points: StatePoint) -> EditState:
    """An edit whose model's pixel is 4 of the document's."""
    latent = np.zeros((2, 3), "<f2")
    return EditState(
        "m",
        "0" * 64,
        32,
        Frame(100, 0, 128),
        0.7,
        "const",
        "seed",
        7,
        Array("f16", latent.shape, latent.tobytes()),
        points=points,
    )


def typed(kind: click.ParamType, text: str):
    return kind.convert(text, None, None)


def test_what_can_be_typed():
    assert typed(PullParameter(), "120,160:150.5,1e2") == Pull((120, 160), (150.5, 100))
    assert typed(PlaceParameter(), " 1 , -2") == (1, -2)
    assert typed(FrameParameter(), "-4,0,512") == Frame(-4, 0, 512)
    assert typed(SeedsParameter(), "7") == (7,)
    assert typed(SeedsParameter(), "0,3-5,9") == (0, 3, 4, 5, 9)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *((PullParameter(), text) for text in ("", "1,2", "1,2:3", "1,2:3,4:5,6", "1;2:3;4", "nan,1:2,3", "inf,1:2,3")),
        *((PlaceParameter(), text) for text in ("1", "a,b", "1,2,3", "1e9,0")),
        *((FrameParameter(), text) for text in ("0,0", "0,0,0", "0,0,-5", "0,0,nan")),
        *((SeedsParameter(), text) for text in ("-1", "1-", "5-3", "4294967296", "x", "1,,2", "0-4000000000", "²")),
    ],
)
def test_what_cannot_be_typed_says_how_it_is_done(kind: click.ParamType, text: str):
    with pytest.raises(click.BadParameter, match=r"Write it like|Ask for fewer"):
        typed(kind, text)


def test_options_take_their_limits_from_the_messages():
    assert (limits(DragOptions, "r1").low, limits(DragOptions, "max_steps").high) == (0.001, 10_000)


def test_a_new_edit_needs_points():
    with pytest.raises(CommandError, match="nothing to drag"):
        new_points([])
    assert [point.id for point in new_points([Pull((1, 2), (3, 4)), Pull((5, 6), (5, 6))])] == ["1", "2"]


JAW = StatePoint("1", 110.0, 20.0, 130.0, 20.0)
EAR = StatePoint("ear", 200.0, 40.0, 200.0, 40.0)


def test_an_edit_goes_on_to_its_targets():
    points = {point.id: point for point in next_points([], state(JAW, EAR), release=False)}
    assert (points["1"].handle_x, points["1"].target_x) == (110, 130)
    assert points["ear"].target_x == 200


def test_points_that_are_not_pulled_again_hold_their_places():
    points = {point.id: point for point in next_points([Pull((202, 41), (210, 50))], state(JAW, EAR), release=False)}
    assert points.keys() == {"1", "ear"}
    assert (points["ear"].handle_x, points["ear"].handle_y) == (200, 40), "the very handle, so that its reference stays"
    assert (points["ear"].target_x, points["ear"].target_y) == (210, 50)
    assert (points["1"].target_x, points["1"].target_y) == (110, 20), "a pin now"


def test_a_pull_elsewhere_is_a_new_point_with_a_new_name():
    points = {point.id: point for point in next_points([Pull((150, 90), (160, 90))], state(JAW, EAR), release=False)}
    assert points.keys() == {"1", "ear", "2"}
    assert points["2"].handle_x == 150


def test_released_points_are_let_go_of():
    points = next_points([Pull((110, 20), (120, 20))], state(JAW, EAR), release=True)
    assert [point.id for point in points] == ["2"], "not even the reference of the one pulled is kept"
    with pytest.raises(CommandError, match="no points to go on with"):
        next_points([], state(JAW), release=True)


def test_points_outside_the_frame_are_named():
    check_inside(new_points([Pull((100, 0), (228, 128))]), Frame(100, 0, 128))
    with pytest.raises(CommandError, match=r"target 229,5 lies outside .* from 100,0 to 228,128"):
        check_inside(new_points([Pull((150, 5), (229, 5))]), Frame(100, 0, 128))
