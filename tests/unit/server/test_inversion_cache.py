"""What is kept of inversions on the disk: found again, bounded, and never believed when it is damaged."""

from __future__ import annotations

import dataclasses
import errno
import os
from pathlib import Path

import numpy as np
import pytest

from draggan_client.arrays import Array
from draggan_client.edit_state import EditState, Inversion
from draggan_client.messages import Frame, Recognition
from draggan_server.canvas import Frame as CanvasFrame
from draggan_server.canvas import ModelPicture, Picture, picture_for_model
from draggan_server.server.inversion_cache import InversionCache, KeptInversion, picture_key

LATENT = Array("f16", (2, 4), bytes(16))
FOUND = KeptInversion(LATENT, Inversion("faithful", 6, 6, Recognition(0.75, "good"), b"delta" * 100))
STATE = EditState("m", "a" * 64, 32, Frame(0, 0, 64), 1.0, "const", "picture", None, LATENT)
KEYS = [f"{number:064x}" for number in range(5)]


def quick(found: KeptInversion = FOUND) -> KeptInversion:
    return dataclasses.replace(found, inversion=dataclasses.replace(found.inversion, mode="quick"))


def test_what_is_put_is_found_after_a_restart(tmp_path: Path):
    InversionCache(tmp_path / "new", 10_000).put(KEYS[0], FOUND)
    again = InversionCache(tmp_path / "new", 10_000)
    assert again.get(KEYS[0], "faithful") == FOUND
    assert again.get(KEYS[0], "quick") is None
    assert again.get(KEYS[1], "faithful") is None
    again.put(KEYS[0], quick())
    assert (again.get(KEYS[0], "faithful"), again.get(KEYS[0], "quick")) == (FOUND, quick())
    assert {file.suffix for file in (tmp_path / "new").iterdir()} == {".faithful", ".quick"}


def test_the_one_unused_for_longest_goes(tmp_path: Path):
    cache = InversionCache(tmp_path, 10_000)
    cache.put(KEYS[0], FOUND)
    size = next(tmp_path.iterdir()).stat().st_size
    cache = InversionCache(tmp_path, 3 * size)
    for age, key in ((30, KEYS[0]), (20, KEYS[1]), (10, KEYS[2])):
        cache.put(key, FOUND)
        os.utime(tmp_path / f"{key}.faithful", (1e9 - age, 1e9 - age))
    assert cache.get(KEYS[0], "faithful")  # used: now the newest
    (tmp_path / f"{KEYS[4]}.part").write_bytes(b"of a server that was killed")
    cache.put(KEYS[3], FOUND)
    assert {file.stem for file in tmp_path.iterdir()} == {KEYS[0], KEYS[2], KEYS[3]}


def test_what_is_too_large_alone_drives_nobody_out(tmp_path: Path):
    cache = InversionCache(tmp_path, 2000)
    cache.put(KEYS[0], FOUND)
    inversion = dataclasses.replace(FOUND.inversion, delta=bytes(3000))
    cache.put(KEYS[1], dataclasses.replace(FOUND, inversion=inversion))
    assert [file.stem for file in tmp_path.iterdir()] == [KEYS[0]]


@pytest.mark.parametrize("damage", ["cut", "flipped", "foreign", "empty", "older"])
def test_a_damaged_file_is_ignored_and_removed(tmp_path: Path, damage: str):
    cache = InversionCache(tmp_path, 10_000)
    cache.put(KEYS[0], FOUND)
    file = tmp_path / f"{KEYS[0]}.faithful"
    data = file.read_bytes()
    file.write_bytes(
        {
            "cut": data[:-1],
            "flipped": data[:-9] + bytes([data[-9] ^ 1]) + data[-8:],
            "foreign": b"PNG" * 50,
            "empty": b"",
            "older": b"DRGI0" + data[5:],
        }[damage]
    )
    assert cache.get(KEYS[0], "faithful") is None
    assert not file.exists()


def test_a_full_disk_costs_nothing_but_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(self: Path, data: bytes) -> int:
        self.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    cache = InversionCache(tmp_path, 10_000)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        cache.put(KEYS[0], FOUND)
    assert list(tmp_path.iterdir()) == []
    cache.put(KEYS[0], FOUND)
    assert cache.get(KEYS[0], "faithful") == FOUND


def test_a_folder_that_cannot_be_is_none(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    cache = InversionCache(tmp_path / "file" / "inversions", 10_000)
    cache.put(KEYS[0], FOUND)
    assert cache.get(KEYS[0], "faithful") is None


def painted(x: int = 0, y: int = 0) -> Picture:
    values = np.random.RandomState(1).randint(0, 256, (200, 150, 4)).astype(np.uint8)
    return Picture(values, x, y)


def seen(picture: Picture, frame: CanvasFrame) -> ModelPicture:
    return picture_for_model(picture, frame, 32)


@pytest.mark.parametrize("frame", [CanvasFrame(7.3, 9.1, 100.7), CanvasFrame(60.2, 10.0, 90.1, 20.0)])
def test_a_moved_layer_is_the_same_picture(frame: CanvasFrame):
    key = picture_key(STATE, seen(painted(), frame))
    moved = dataclasses.replace(frame, x=frame.x + 1234, y=frame.y - 77)
    assert picture_key(STATE, seen(painted(1234, -77), moved)) == key


def test_what_an_inversion_depends_on_is_in_the_key():
    frame = CanvasFrame(7.3, 9.1, 100.7)
    key = picture_key(STATE, seen(painted(), frame))
    other_pixel = painted()
    other_pixel.pixels[60, 60] ^= 255
    clearer = painted()
    clearer.pixels[..., 3] //= 2
    others = [
        picture_key(dataclasses.replace(STATE, model_sha256="b" * 64), seen(painted(), frame)),
        picture_key(dataclasses.replace(STATE, noise="none"), seen(painted(), frame)),
        picture_key(STATE, seen(painted(), CanvasFrame(7.3, 9.1, 100.8))),
        picture_key(STATE, seen(other_pixel, frame)),
        picture_key(STATE, seen(clearer, frame)),
        picture_key(STATE, picture_for_model(painted(), frame, 64)),
    ]
    assert len({key, *others}) == 1 + len(others)
