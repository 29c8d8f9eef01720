"""Real model files in real folders."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch

from draggan_server.checkpoints import CheckpointError, ModelCard, save_checkpoint
from draggan_server.models import ModelLibrary, UnknownModelError
from draggan_server.stylegan2 import Generator, GeneratorConfig


def save(folder: Path, name: str, seed: int = 0) -> Path:
    torch.manual_seed(seed)
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.safetensors"
    generator = Generator(GeneratorConfig(z_dim=8, w_dim=8, img_resolution=8, channel_base=64, channel_max=8))
    save_checkpoint(path, generator, ModelCard(name.title(), "noise", "MIT"))
    return path


@pytest.fixture
def user(tmp_path: Path) -> Path:
    return tmp_path / "models"


def test_it_lists_what_the_folders_hold_and_finds_new_files(tmp_path: Path, user: Path):
    library = ModelLibrary((tmp_path / "missing", user))
    assert library.entries() == ()
    path = save(user, "cats")
    (entry,) = library.entries()
    assert (entry.id, entry.name, entry.resolution, entry.bundled) == ("cats", "Cats", 8, False)
    assert entry.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    save(user, "dogs")
    assert [entry.id for entry in library.entries()] == ["cats", "dogs"]


def test_a_discriminator_is_no_model_of_its_own(user: Path):
    path = save(user, "cats")
    (user / "cats.discriminator.safetensors").write_bytes(path.read_bytes())
    assert [entry.id for entry in ModelLibrary((user,)).entries()] == ["cats"]


def test_the_first_folder_wins(tmp_path: Path, user: Path):
    first = save(tmp_path / "first", "cats")
    save(user, "cats", seed=1)
    (entry,) = ModelLibrary((tmp_path / "first", user)).entries()
    assert entry.path == first


@pytest.mark.parametrize("damage", ["truncated", "empty", "garbage", "huge header"])
def test_a_damaged_file_is_named_and_the_others_stay(user: Path, damage: str):
    whole = save(user, "whole").read_bytes()
    contents = {
        "truncated": whole[: len(whole) // 2],
        "empty": b"",
        "garbage": b"\x93garbage" * 100,
        "huge header": (2**62).to_bytes(8, "little") + whole,
    }
    (user / "broken.safetensors").write_bytes(contents[damage])
    library = ModelLibrary((user,))
    assert [entry.id for entry in library.entries()] == ["whole"]
    (problem,) = library.problems()
    assert problem.id == "broken"
    with pytest.raises(CheckpointError, match=r"broken\.safetensors") as raised:
        library.load("broken")
    assert raised.value.remedy
    library.load("whole")


def test_an_unknown_model_is_told_which_there_are(user: Path):
    save(user, "cats")
    with pytest.raises(UnknownModelError, match=r"'tigers'.*cats"):
        ModelLibrary((user,)).load("tigers")


def test_the_models_used_last_stay_loaded(user: Path):
    for name in "abc":
        save(user, name)
    library = ModelLibrary((user,), resident=2)
    a, b = library.load("a"), library.load("b")
    assert library.load("a") is a
    library.load("c")
    assert library.load("a") is a
    assert library.load("b") is not b


def test_a_replaced_file_is_another_model(user: Path):
    save(user, "cats")
    library = ModelLibrary((user,))
    (before,), loaded = library.entries(), library.load("cats")
    sha = before.sha256
    save(user, "cats", seed=1)
    (after,) = library.entries()
    assert after.sha256 != sha
    assert library.load("cats") is not loaded
