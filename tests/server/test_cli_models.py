"""`draggan-server models add|list|info|verify|remove`, the real command, with a server that runs meanwhile."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.server.harness import ServerProcess, until
from tests.server.test_cli import Command, answer
from tests.unit.checkpoints import writers


@pytest.fixture
def draggan(server: ServerProcess, tmp_path: Path) -> Command:
    return Command(server.home.folder, tmp_path)


def test_a_model_is_added_drawn_by_the_running_server_and_removed(draggan: Command, server: ServerProcess):
    (draggan.folder / "cats.pkl").write_bytes(writers.nvidia_file(*writers.make_networks()))
    done = draggan("models", "add", "cats.pkl", "--name", "Added cats", "--licence", "CC BY-NC 4.0")
    file = server.home.models / "Added-cats.safetensors"
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert "Added Added-cats (32 px) from NVIDIA's PyTorch networks" in done.stdout
    assert f"sha-256 {sha256}" in done.stdout
    listed = {model["id"]: model for model in answer(draggan("models", "list", "--json"))["models"]}
    assert listed["Added-cats"]["licence"] == "CC BY-NC 4.0"
    thumbnail = server.home.thumbnails / f"{sha256}.png"
    until(thumbnail.exists, "the server to draw the thumbnail")
    draggan("generate", "--model", "Added-cats", "--seed", "1", "--out", "one.png")
    assert draggan.picture("one.png").std() > 5
    draggan("drag", "--model", "Added-cats", "--seed", "1", "--point", "16,16:18,16", "--steps", "3", "--out", "d.png")

    described = answer(draggan("models", "info", "Added-cats", "--json"))["model"]
    assert (described["sha256"], described["discriminator"]) == (sha256, True)
    assert "licence:       CC BY-NC 4.0" in draggan("models", "info", "Added-cats").stdout
    assert f"Added-cats: works, sha-256 {sha256}" in draggan("models", "verify", "Added-cats").stdout

    assert "'Added-cats' already" in draggan.fails("models", "add", "cats.pkl", "--name", "Added cats")
    assert str(file) in draggan("models", "remove", "Added-cats").stdout
    assert not file.exists()
    assert not thumbnail.exists()
    assert "no model 'Added-cats'" in draggan.fails("models", "info", "Added-cats")


def test_a_model_that_draws_by_class(draggan: Command, server: ServerProcess):
    """Its classes are told to whoever asks, by name where they have some; each draws another picture."""
    (draggan.folder / "afhq.pkl").write_bytes(writers.nvidia_file(*writers.make_networks(3)))
    draggan("models", "add", "afhq.pkl", "--class-names", "cat, dog,wild cat")
    try:
        listed = {model.id: model for model in server.connection().models().models}
        assert (listed["afhq"].classes, listed["afhq"].class_names) == (3, ("cat", "dog", "wild cat"))
        assert (listed["noise"].classes, listed["noise"].class_names) == (0, ())
        assert "class_names:   cat, dog, wild cat\n" in draggan("models", "info", "afhq").stdout
        said = draggan.fails("models", "add", "afhq.pkl", "--name", "b", "--class-names", "cat")
        assert "it has 3 classes, and names of 1" in said
        for label in ("0", "2"):
            draggan("generate", "--model", "afhq", "--seed", "1", "--class", label, "--out", f"{label}.png")
        assert (draggan.picture("0.png") != draggan.picture("2.png")).any()
    finally:
        draggan("models", "remove", "afhq")


def test_verify_finds_the_model_that_does_not_work(draggan: Command, server: ServerProcess):
    broken = server.home.models / "broken.safetensors"
    broken.write_bytes(b"no model")
    try:
        done = draggan("models", "verify", code=1)
        assert "broken: DOES NOT WORK. broken.safetensors: the file is damaged or incomplete" in done.stdout
        assert "noise: works" in done.stdout
        assert "portraits: works" in done.stdout
    finally:
        draggan("models", "remove", "broken")
    assert not broken.exists()


def test_what_cannot_be_done_is_one_line(draggan: Command):
    (draggan.folder / "evil.pkl").write_bytes(b"\x80\x02cposix\nsystem\n.")
    assert "evil.pkl: it asks for posix.system" in draggan.fails("models", "add", "evil.pkl")
    assert "gone.pkl: there is no such file" in draggan.fails("models", "add", "gone.pkl")
    assert "comes with the program" in draggan.fails("models", "remove", "portraits")
    assert "Put --json behind info" in draggan.fails("models", "--json", "info", "portraits", code=2)
