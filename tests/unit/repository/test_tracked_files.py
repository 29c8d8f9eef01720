"""What may lie in the repository."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
BUNDLED_MODEL = Path("draggan_server/models/bundled/portraits.safetensors")

MACHINE_PATH = re.compile(
    rb"(?<![\w.~$}/-])/(work|root|opt/wheels|opt/pypi)/|/(home|Users)/[a-z]\w+/|C:\\{1,2}Users\\{1,2}\w"
)


@cache
def tracked_files() -> tuple[Path, ...]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, check=True, capture_output=True)
    paths = (Path(name) for name in listed.stdout.decode().split("\0") if name)
    return tuple(path for path in paths if (CHECKOUT / path).is_file())


@cache
def is_binary(path: Path) -> bool:
    return b"\0" in (CHECKOUT / path).read_bytes()


def test_binary_files_stay_under_40_mib_together():
    sizes = {path: (CHECKOUT / path).stat().st_size for path in tracked_files() if is_binary(path)}
    assert sum(sizes.values()) < 40 * 2**20, sorted(sizes.items(), key=lambda item: -item[1])[:5]


def test_the_bundled_model_is_there_and_at_most_10_mb():
    assert BUNDLED_MODEL in tracked_files()
    assert (CHECKOUT / BUNDLED_MODEL).stat().st_size <= 10e6


def test_no_file_mentions_a_place_on_somebodys_computer():
    found = [
        f"{path}:{number}: {line.decode(errors='replace').strip()}"
        for path in tracked_files()
        if not is_binary(path)
        for number, line in enumerate((CHECKOUT / path).read_bytes().splitlines(), start=1)
        if MACHINE_PATH.search(line)
    ]
    assert not found


@pytest.mark.parametrize("line", ["/wo" + "rk/main/x", "'/ro" + "ot/.cache'", "see /ho" + "me/anna/pictures"])
def test_such_a_place_is_recognised(line):
    assert MACHINE_PATH.search(line.encode())


@pytest.mark.parametrize("line", ["frame/work/x", "https://example.org/work/", "$HOME/work/x", "~/home/anna"])
def test_other_paths_are_not_taken_for_one(line):
    assert not MACHINE_PATH.search(line.encode())
