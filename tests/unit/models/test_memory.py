"""How many models stay in memory: by when they were used, and by how much room there is."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import psutil
import pytest
import torch

from draggan_server.models import ModelLibrary
from draggan_server.models.memory import SPARE_BYTES, available_bytes
from tests.unit.models.test_library import save


@pytest.fixture
def user(tmp_path: Path) -> Path:
    for name in "abcd":
        save(tmp_path / "models", name)
    return tmp_path / "models"


def loaded(library: ModelLibrary) -> str:
    return "".join(name for name in "abcd" if library.is_loaded(name))


def test_what_was_used_least_recently_goes(user: Path):
    library = ModelLibrary((user,), resident=2)
    for name in "aba":
        library.load(name)
    library.load("c")
    assert loaded(library) == "ac"


def test_where_memory_is_short_fewer_stay(user: Path):
    """Room for one model: what is let go of is free before the next one comes."""
    size = (user / "a.safetensors").stat().st_size
    library: ModelLibrary
    free = SPARE_BYTES + size

    def available(_device: torch.device) -> int:
        return free - len(loaded(library)) * size

    library = ModelLibrary((user,), resident=3, available=available)
    for name in "abc":
        library.load(name)
        assert loaded(library) == name
    free += 2 * size
    library.load("a")
    library.load("b")
    assert loaded(library) == "abc"


def test_one_model_is_loaded_however_little_there_is(user: Path):
    library = ModelLibrary((user,), resident=2, available=lambda _device: 0)
    library.load("a")
    library.load("b")
    assert loaded(library) == "b"


def test_one_for_once_takes_nobodys_place(user: Path):
    library = ModelLibrary((user,), resident=2)
    library.load("a")
    library.load("b")
    library.load("c", keep=False)
    assert loaded(library) == "ab"


def test_nobody_can_tell(user: Path):
    library = ModelLibrary((user,), resident=2, available=lambda _device: None)
    library.load("a")
    library.load("b")
    assert loaded(library) == "ab"


def test_who_holds_a_model_goes_on_with_it_and_else_it_is_gone(user: Path):
    library = ModelLibrary((user,), resident=1)
    held = library.load("a").generator
    other = weakref.ref(library.load("b").generator)
    assert library.holds(other()) and not library.holds(held)
    library.load("c")
    gc.collect()
    assert other() is None, "its memory is free"
    with torch.no_grad():
        assert held.image(held.mapping(torch.zeros(1, 8))).isfinite().all()


def test_this_computer_has_memory():
    found = available_bytes(torch.device("cpu"))
    assert found is not None and 0 < found <= psutil.virtual_memory().total
