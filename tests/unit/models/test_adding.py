"""Files of other programs become models: tried out, named, and whole or not there at all."""

from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path

import pytest
import torch

from draggan_server.checkpoints import CheckpointError, ModelCard, discriminator_file, load_checkpoint, save_checkpoint
from draggan_server.checkpoints.writing import write_tensors
from draggan_server.models import BUNDLED_MODELS, ModelAddError, ModelLibrary, ModelRemovalError, add_model
from draggan_server.models.adding import id_from_name
from draggan_server.stylegan2 import Generator, GeneratorConfig, z_from_seed
from tests.reference.plain_stylegan2 import draw, judge
from tests.unit.checkpoints import writers
from tests.unit.models.test_library import save


@pytest.fixture(scope="module")
def networks():
    return writers.make_networks()


@pytest.fixture
def user(tmp_path: Path) -> Path:
    return tmp_path / "home" / "models"


@pytest.fixture
def library(user: Path) -> ModelLibrary:
    return ModelLibrary((BUNDLED_MODELS, user))


def test_a_pickle_becomes_a_model_that_draws_the_same(tmp_path: Path, networks, library: ModelLibrary, user: Path):
    source = tmp_path / "my cats (v2).pkl"
    source.write_bytes(writers.nvidia_file(*networks))
    added = add_model(source, library, user)
    assert (added.entry.id, added.entry.name, added.entry.resolution) == ("my-cats-v2", "my cats (v2)", 32)
    assert added.has_discriminator
    assert added.remarks == ()
    source.unlink()
    loaded = library.load("my-cats-v2")
    ws = networks[0].mapping(z_from_seed(3, 20))
    torch.testing.assert_close(loaded.generator.image(ws), draw(networks[0], ws)[0], rtol=0, atol=1e-4)
    assert loaded.discriminator is not None
    assert sorted(file.name for file in user.iterdir()) == [
        "my-cats-v2.discriminator.safetensors",
        "my-cats-v2.origin.json",
        "my-cats-v2.safetensors",
    ]


def test_name_domain_and_licence_are_kept(tmp_path: Path, networks, library: ModelLibrary, user: Path):
    path = writers.save_torch(writers.nvidia_network(networks[0]), tmp_path / "x.pt")
    entry = add_model(path, library, user, name="Cats, big", domain="cats", licence="CC BY-NC 4.0").entry
    assert (entry.id, entry.name, entry.domain, entry.licence) == ("Cats-big", "Cats, big", "cats", "CC BY-NC 4.0")


def test_classes_are_named_all_or_none(tmp_path: Path, library: ModelLibrary, user: Path):
    source = tmp_path / "afhq.pkl"
    source.write_bytes(writers.nvidia_file(*writers.make_networks(3)))
    with pytest.raises(
        ModelAddError, match=r"afhq\.pkl: it has 3 classes, and names of 2\. Name every class, or none\."
    ):
        add_model(source, library, user, class_names=["cat", "dog"])
    assert not user.exists()
    assert add_model(source, library, user, name="numbers").entry.class_names == ()
    named = add_model(source, library, user, class_names=["cat", "dog", "a\nlion"]).entry
    assert named.class_names == ("cat", "dog", "a lion")
    again = add_model(named.path, library, user, name="again").entry
    assert again.class_names == named.class_names, "what a file of ours says is kept"


def test_a_file_of_ours_keeps_what_it_says(tmp_path: Path, library: ModelLibrary, user: Path):
    entry = add_model(save(tmp_path / "elsewhere", "dogs"), library, user).entry
    assert (entry.id, entry.name, entry.licence) == ("dogs", "Dogs", "MIT")


def test_no_model_takes_anothers_place(tmp_path: Path, networks, library: ModelLibrary, user: Path):
    path = writers.save_torch(writers.nvidia_network(networks[0]), tmp_path / "cats.pt")
    user.mkdir(parents=True)
    (user / "broken.safetensors").write_bytes(b"")
    (user / "half.discriminator.safetensors").write_bytes(b"")
    for name in ("portraits", "broken", "half"):
        with pytest.raises(ModelAddError, match=f"a model '{name}' already"):
            add_model(path, library, user, name=name)
    add_model(path, library, user)
    with pytest.raises(ModelAddError, match=r"'cats' already.*--name"):
        add_model(path, library, user)


@pytest.mark.parametrize("architecture", ["skip", "resnet", "orig"])
@pytest.mark.parametrize(("base", "classes"), [((4, 4), 0), ((4, 2), 0), ((2, 4), 3)])
def test_every_architecture_shape_and_class(
    tmp_path: Path, library: ModelLibrary, user: Path, architecture: str, base: tuple[int, int], classes: int
):
    generator, critic = writers.make_networks(classes, architecture=architecture, base=base)
    source = tmp_path / "people.pkl"
    source.write_bytes(writers.nvidia_file(generator, critic))
    added = add_model(source, library, user)
    assert added.has_discriminator
    assert added.entry.resolution == 32
    assert added.entry.aspect == base[1] / base[0]
    assert added.entry.classes == classes
    loaded = library.load("people")
    assert loaded.generator.config == generator.config
    assert loaded.discriminator is not None
    assert loaded.discriminator.config.architecture == critic.config.architecture
    ws = generator.ws_from_seed(3, psi=0.7)
    assert torch.equal(loaded.generator.ws_from_seed(3, psi=0.7), ws)
    picture = draw(generator, ws)[0]
    torch.testing.assert_close(loaded.generator.image(ws), picture, rtol=0, atol=1e-4)
    c = torch.eye(classes)[:1] if classes else None
    torch.testing.assert_close(loaded.discriminator(picture, c), judge(critic, picture, c), rtol=0, atol=1e-4)


@pytest.mark.parametrize("wrong", ["no contrast", "not finite"])
@pytest.mark.parametrize("architecture", ["skip", "resnet"])
def test_what_cannot_be_dragged_leaves_nothing_behind(
    tmp_path: Path, library: ModelLibrary, user: Path, wrong: str, architecture: str
):
    generator, _ = writers.make_networks(architecture=architecture)
    if wrong == "no contrast":
        for name, parameter in generator.named_parameters():
            if name.endswith(("torgb.weight", "torgb.bias")):
                parameter.zero_()
    if wrong == "not finite":
        for name, parameter in generator.named_parameters():
            if name.endswith("torgb.weight"):
                parameter.fill_(3e38)
    path = tmp_path / "odd.pkl"
    path.write_bytes(writers.dump({"G_ema": writers.nvidia_network(generator)}))
    with pytest.raises(ModelAddError, match=r"odd\.pkl: it draws no picture"):
        add_model(path, library, user)
    assert not user.exists()


@pytest.mark.parametrize("layer", ["conv0", "torgb"])
@pytest.mark.parametrize("architecture", ["skip", "resnet", "orig"])
def test_the_upper_blocks_of_a_large_model_are_tried_too(
    tmp_path: Path, library: ModelLibrary, user: Path, layer: str, architecture: str
):
    source = tmp_path / "large.safetensors"
    torch.manual_seed(4)
    config = GeneratorConfig(z_dim=8, w_dim=8, img_resolution=256, channel_base=1024, channel_max=8, mapping_layers=2)
    generator = Generator(dataclasses.replace(config, architecture=architecture, base_width=2))
    save_checkpoint(source, generator, ModelCard("Large", "noise", "MIT"))
    assert add_model(source, library, user, name="right").entry.resolution == 256
    for parameter in generator.get_submodule(f"synthesis.b256.{layer}").parameters():
        parameter.data.fill_(1e30)
    save_checkpoint(source, generator, ModelCard("Large", "noise", "MIT"))
    with pytest.raises(ModelAddError, match="draws no picture"):
        add_model(source, library, user, name="wrong")


def test_a_refused_file_leaves_nothing_behind(tmp_path: Path, library: ModelLibrary, user: Path):
    path = tmp_path / "evil.pkl"
    path.write_bytes(b"\x80\x02cos\nsystem\n.")
    with pytest.raises(CheckpointError, match=r"evil\.pkl: it asks for os\.system"):
        add_model(path, library, user)
    assert not user.exists()


def test_what_fails_while_it_is_written_leaves_nothing_behind(
    tmp_path: Path, networks, library: ModelLibrary, user: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "cats.pkl"
    path.write_bytes(writers.nvidia_file(*networks))

    def full(path: Path, metadata: dict, shapes: dict, *others) -> None:
        if "mapping.w_avg" in shapes:  # the discriminator, which comes first, still had room
            raise OSError(28, "No space left on device", str(path))
        write_tensors(path, metadata, shapes, *others)

    monkeypatch.setattr("draggan_server.checkpoints.native.write_tensors", full)
    with pytest.raises(OSError, match="No space"):
        add_model(path, library, user)
    assert not user.exists()


def test_what_a_killed_program_has_left_goes_the_day_after(tmp_path: Path, networks, library: ModelLibrary, user: Path):
    path = writers.save_torch(writers.nvidia_network(networks[0]), tmp_path / "cats.pt")
    for name, days in (("old", 2), ("new", 0)):
        left = user / f".adding-{name}"
        left.mkdir(parents=True)
        (left / "model.safetensors").write_bytes(b"half")
        changed = time.time() - days * 86400
        os.utime(left, (changed, changed))
    add_model(path, library, user)
    assert sorted(file.name for file in user.glob(".*")) == [".adding-new"]
    assert library.ids() == {"portraits", "cats"}


@pytest.mark.parametrize(
    ("name", "model_id"),
    [
        ("stylegan2-ffhq-1024x1024", "stylegan2-ffhq-1024x1024"),
        ("../../etc/passwd", "etc-passwd"),
        ("a.discriminator", "a-discriminator"),
        ("Gesichter für alle", "Gesichter-für-alle"),
        ("猫", "猫"),
        ("CON", "CON-model"),
        ("é" * 100, "é" * 50),
    ],
)
def test_names_become_file_names(name: str, model_id: str):
    assert id_from_name(name) == model_id


@pytest.mark.parametrize("name", ["", "...", "///", "x" * 201])
def test_names_that_are_none_are_refused(name: str):
    with pytest.raises(ModelAddError, match="--name"):
        id_from_name(name)


def test_removing(tmp_path: Path, networks, library: ModelLibrary, user: Path):
    path = tmp_path / "cats.pkl"
    path.write_bytes(writers.nvidia_file(*networks))
    add_model(path, library, user)
    (user / "broken.safetensors").write_bytes(b"")
    library.remove("broken")
    assert library.remove("cats") == user / "cats.safetensors"
    assert list(user.iterdir()) == []
    with pytest.raises(ModelRemovalError, match="comes with the program"):
        library.remove("portraits")
    with pytest.raises(LookupError, match="no model 'cats'"):
        library.remove("cats")


def test_a_native_file_with_a_name_as_long_as_can_be(tmp_path: Path):
    user = tmp_path / "models"
    short = save(user, "short")
    longest = user / f"{'x' * (255 - len('.safetensors'))}.safetensors"
    short.rename(longest)
    assert load_checkpoint(longest).discriminator is None
    assert len(discriminator_file(longest).name) > 255
