"""The edit inside a picture, picture files and masks, and animations."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from draggan_client.messages import Frame, Pixels
from draggan_server.cli.animation import FIRST_MS, LAST_MS, MOST_FRAMES, encoded_animation
from draggan_server.cli.errors import CommandError
from draggan_server.cli.files import Outputs, check_writable
from draggan_server.cli.marks import Mark, with_marks
from draggan_server.cli.pictures import encoded, on_wire, read_mask, read_picture, with_copy


def plain(width: int, height: int, rgba: tuple[int, ...]) -> np.ndarray:
    return np.full((height, width, 4), rgba, np.uint8)


def test_a_copy_replaces_what_it_is_a_copy_of():
    picture = plain(6, 5, (100, 100, 100, 255))
    copy = np.random.default_rng(0).integers(0, 256, (2, 3, 4), np.uint8)
    result = with_copy(picture, Pixels(on_wire(copy), offset_x=2, offset_y=1))
    assert (result[1:3, 2:5] == copy).all()
    result[1:3, 2:5] = picture[1:3, 2:5]
    assert (result == picture).all()
    assert (picture == (100, 100, 100, 255)).all(), "the picture given is left alone"


@pytest.mark.parametrize(
    ("image", "dtype", "expected"),
    [
        (Image.fromarray(np.array([[0, 51, 255]], np.uint8)), "u8", [0, 51, 255]),
        (Image.fromarray(np.array([[0, 255, 255]], np.uint8)).convert("1"), "u8", [0, 255, 255]),
        (Image.fromarray(np.array([[0, 300, 65535]], np.uint16)), "u16", [0, 300, 65535]),
        (
            Image.fromarray(np.array([[[255] * 3 + [0], [255] * 3 + [128], [0] * 3 + [255]]], np.uint8)),
            "u8",
            [0, 128, 0],
        ),
    ],
    ids=["grey", "black and white", "16 bit", "transparent is black"],
)
def test_masks_of_every_kind(tmp_path: Path, image: Image.Image, dtype: str, expected: list[int]):
    image.save(tmp_path / "mask.png")
    mask = read_mask(tmp_path / "mask.png")
    assert (mask.array.dtype, mask.array.shape, list(mask.array.numbers())) == (dtype, (1, 3), expected)


def test_a_picture_comes_upright_and_keeps_its_profile(tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    Image.new("RGB", (20, 10), (10, 20, 30)).save(tmp_path / "photo.jpg", exif=exif, icc_profile=b"profile")
    picture = read_picture(tmp_path / "photo.jpg")
    assert (picture.width, picture.height, picture.has_alpha, picture.profile) == (10, 20, False, b"profile")
    with Image.open(io.BytesIO(encoded(picture.pixels, Path("out.png"), profile=picture.profile))) as written:
        assert (written.mode, written.info["icc_profile"]) == ("RGB", b"profile")


@pytest.mark.parametrize(("mode", "name"), [("P", "x.png"), ("LA", "x.png"), ("L", "x.png"), ("CMYK", "x.tif")])
def test_pictures_of_every_kind_can_be_read(tmp_path: Path, mode: str, name: str):
    Image.new("RGB", (9, 8), (255, 255, 255)).convert(mode).save(tmp_path / name)
    picture = read_picture(tmp_path / name)
    assert picture.has_alpha == (mode == "LA")
    assert (picture.pixels == 255).all()


def frames(count: int) -> list[np.ndarray]:
    """A square that goes from left to right."""
    made = []
    for index in range(count):
        frame = np.full((40, 110, 3), 30, np.uint8)
        left = round(100 * index / max(1, count - 1))
        frame[10:20, left : left + 10] = (250, 200, 40)
        made.append(frame)
    return made


@pytest.mark.parametrize("name", ["drag.gif", "drag.webp", "drag.png"])
@pytest.mark.parametrize("count", [2, 7, 500])
def test_an_animation_loops_and_holds_its_last_frame(name: str, count: int):
    with Image.open(io.BytesIO(encoded_animation(frames(count), Path(name)))) as image:
        assert image.n_frames == min(count, MOST_FRAMES)
        assert image.info["loop"] == 0
        durations = []
        for index in range(image.n_frames):
            image.seek(index)
            image.load()
            durations.append(round(image.info["duration"]))
        last = np.asarray(image.convert("RGB"), int)
        image.seek(0)
        first = np.asarray(image.convert("RGB"), int)
    assert (durations[0], durations[-1]) == (FIRST_MS, LAST_MS)
    assert sum(durations[1:-1]) <= 2600
    for found, due in ((first, frames(count)[0]), (last, frames(count)[-1])):
        assert np.abs(found - due).mean() < 3


def test_marks_are_where_the_points_are():
    picture = plain(100, 50, (0, 0, 0, 255))
    marked = with_marks(picture, [Mark((20.0, 10.0), (60.0, 30.0))], Frame(0, 0, 100))
    assert marked.shape == picture.shape
    assert (picture == (0, 0, 0, 255)).all()
    assert marked[10, 20, 0] > 150 > marked[10, 20, 2], "the handle is red"
    assert marked[30, 60, 2] > 150 > marked[30, 60, 0], "the target is blue"
    assert (marked[40:, :10, :3] == 0).all()
    half = with_marks(picture, [Mark((120.0, 60.0), (120.0, 60.0))], Frame(100, 50, 200))
    assert half[5, 10, 0] > 150, "the frame's corner and scale count"


def test_outputs_are_looked_at_before_anything_is_done(tmp_path: Path):
    there = tmp_path / "there.png"
    there.write_bytes(b"old")
    check_writable([there, tmp_path / "new.png", None])
    assert there.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [there]
    for outputs, inputs, text in (
        ([tmp_path], [], "is a folder"),
        ([tmp_path / "no" / "x.png"], [], "there is no folder"),
        ([there / "x.png"], [], "there is no folder"),
        ([there, tmp_path / "." / "there.png"], [], "asked for twice"),
        ([there], [there], "would be overwritten"),
    ):
        with pytest.raises(CommandError, match=text):
            check_writable(outputs, inputs)


def test_a_file_that_cannot_be_written_keeps_no_other_from_it(tmp_path: Path):
    outputs = Outputs()
    outputs.write("lost", tmp_path / "no" / "lost.png", lambda: b"1")
    outputs.write("kept", tmp_path / "kept.png", lambda: b"2")
    outputs.write("unasked", None, lambda: b"3")
    assert (tmp_path / "kept.png").read_bytes() == b"2"
    with pytest.raises(CommandError, match=r"lost\.png could not be written: No such file.*Written: .*kept\.png"):
        outputs.check()
    assert [path.name for path in tmp_path.iterdir()] == ["kept.png"]
