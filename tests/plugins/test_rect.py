"""Rectangles of whole pixels."""

from hypothesis import given
from hypothesis import strategies as st

from draggan_client.rect import Rect

PLACES, SIDES = st.integers(-20, 20), st.integers(0, 12)
RECTS = st.builds(Rect, PLACES, PLACES, SIDES, SIDES)


def pixels(rect: Rect) -> set[tuple[int, int]]:
    return {(x, y) for x in range(rect.left, rect.right) for y in range(rect.top, rect.bottom)}


@given(RECTS, RECTS)
def test_what_lies_in_both_and_round_both(one: Rect, other: Rect) -> None:
    assert pixels(one.cut(other)) == pixels(one) & pixels(other)
    assert one.cut(other).is_empty == (not pixels(one) & pixels(other))
    both = one.united(other)
    assert pixels(both) >= pixels(one) | pixels(other)
    if pixels(one) and pixels(other):
        assert (both.left, both.bottom) == (min(one.left, other.left), max(one.bottom, other.bottom))
    else:
        assert pixels(both) == pixels(one) | pixels(other)


@given(RECTS, st.integers(1, 80))
def test_strips_are_all_of_it_from_the_top(rect: Rect, most: int) -> None:
    strips = list(rect.strips(most))
    assert set().union(*map(pixels, strips)) == pixels(rect)
    assert sum(len(pixels(strip)) for strip in strips) == len(pixels(rect))
    assert [strip.top for strip in strips] == sorted({strip.top for strip in strips})
    assert all(strip.width * strip.height <= max(most, rect.width) for strip in strips)


@given(RECTS, st.integers(-9, 9), st.integers(-9, 9))
def test_moved(rect: Rect, dx: int, dy: int) -> None:
    assert pixels(rect.moved(dx, dy)) == {(x + dx, y + dy) for x, y in pixels(rect)}


def test_whole_pixels_round_an_area_with_fractions() -> None:
    assert Rect.around(10.5, -0.5, 20, 20) == Rect(10, -1, 21, 21)
    assert Rect.around(10, 0, 20, 20) == Rect(10, 0, 20, 20)
    assert Rect.around(10.5, -0.5, 20, 20, border=1) == Rect(9, -2, 23, 23)
    assert Rect(10, -1, 21, 21).box == (10.0, -1.0, 21.0, 21.0)
