"""When a result is a copy, and that a copy keeps every byte it need not change."""

import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draggan_client.layer_rules import LayerLook, needs_copy, splice


def test_a_plain_layer_is_left_below() -> None:
    assert needs_copy(LayerLook()) is None


@pytest.mark.parametrize(
    "look",
    [
        LayerLook(mode_is_normal=False),
        LayerLook(opacity=0.6),
        LayerLook(inherits_alpha=True),
        LayerLook(has_mask=True),
        LayerLook(transparent_inside=True),
    ],
)
def test_any_other_look_needs_a_copy_and_says_why(look: LayerLook) -> None:
    reason = needs_copy(look)
    assert reason and reason[0].islower() and not reason.endswith(".")


def plainly(
    target: bytes, source: bytes, changed: bytes, pixel: int, width: int, row: int, left: int, top: int
) -> bytes:
    """Pixel by pixel, as `splice` must come out."""
    out = bytearray(target)
    for number, flag in enumerate(changed):
        if flag:
            at = ((top + number // width) * row + left + number % width) * pixel
            out[at : at + pixel] = source[number * pixel : (number + 1) * pixel]
    return bytes(out)


@given(st.data())
def test_exactly_the_changed_pixels_are_copied(data: st.DataObject) -> None:
    pixel = data.draw(st.sampled_from([1, 2, 3, 4, 8, 10, 16]))
    width, height = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 6))
    left, top = data.draw(st.integers(0, 3)), data.draw(st.integers(0, 2))
    row, rows = left + width + data.draw(st.integers(0, 3)), top + height + data.draw(st.integers(0, 2))
    noise = random.Random(data.draw(st.integers(0, 999))).randbytes
    flags = data.draw(
        st.sampled_from([st.just(0), st.sampled_from([0, 1, 255]), st.just(255), st.sampled_from([0] * 30 + [255])])
    )
    changed = bytes(data.draw(st.lists(flags, min_size=width * height, max_size=width * height)))
    before, source = noise(row * rows * pixel), noise(width * height * pixel)
    target = bytearray(before)
    splice(target, source, changed, pixel, width=width, target_width=row, left=left, top=top)
    assert target == plainly(before, source, changed, pixel, width, row, left, top)
    if (row, rows) == (width, height):
        same_size = bytearray(before)
        splice(same_size, memoryview(source), memoryview(changed), pixel)
        assert same_size == target


@pytest.mark.parametrize(
    ("sizes", "where", "said"),
    [
        ((16, 16, 3), {}, "16 bytes are not 3 pixels of 4 bytes"),
        ((12, 16, 4), {}, "4 pixels do not fit into 12 bytes of 4 each"),
        ((64, 16, 4), {"width": 2, "target_width": 4, "left": 3}, "do not fit into rows of 4 at 3, 0"),
        ((64, 16, 4), {"width": 2, "target_width": 4, "left": -1}, "do not fit into rows of 4 at -1, 0"),
        ((64, 16, 4), {"width": 3, "target_width": 4}, "4 pixels in rows of 3"),
        ((64, 16, 4), {"width": 2, "target_width": 4, "top": 3}, "2 rows from 3 on do not fit into 64 bytes"),
        ((64, 16, 4), {"width": 4, "target_width": 4, "top": 4}, "4 pixels do not fit into 64 bytes"),
        ((64, 16, 4), {"width": 4, "target_width": 4, "top": -1}, "4 pixels do not fit into 64 bytes"),
    ],
)
def test_what_does_not_fit_is_refused(sizes: tuple[int, int, int], where: dict[str, int], said: str) -> None:
    target, source, changed = (bytearray(size) for size in sizes)
    with pytest.raises(ValueError, match=re.escape(said)):
        splice(target, bytes(source), bytes(changed), 4, **where)
    assert target == bytearray(sizes[0])


def masks(width: int, rows: int) -> dict[str, bytes]:
    """The kinds that there are: shapes, speckles, everything, nothing."""
    chance = random.Random(1)
    shape = bytearray(width * rows)
    for y in range(rows):
        shape[y * width + width // 4 : y * width + 3 * width // 4] = b"\xff" * (width // 2)
    return {
        "a shape": bytes(shape),
        "speckles": bytes(255 * (chance.random() < 0.5) for _ in range(width * rows)),
        "rare speckles": bytes(255 * (chance.random() < 0.02) for _ in range(width * rows)),
        "all": b"\xff" * (width * rows),
        "nothing": bytes(width * rows),
    }


@pytest.mark.parametrize("kind", ["a shape", "speckles", "rare speckles", "all", "nothing"])
def test_a_slice_of_a_large_deep_layer_is_quick(kind: str) -> None:
    """64 rows of 2000 pixels of 16 bytes: what an editor does between two frames of its own."""
    width, rows, pixel = 2000, 64, 16
    changed = masks(width, rows)[kind]
    source, target = random.Random(2).randbytes(width * rows * pixel), bytearray(width * rows * pixel)
    took = []
    for _ in range(5):
        began = time.thread_time()  # not what others do on this computer meanwhile
        splice(target, source, changed, pixel)
        took.append(time.thread_time() - began)
    assert min(took) < 0.03, took
