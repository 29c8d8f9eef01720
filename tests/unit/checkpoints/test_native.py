"""The native file: what is written is what is read, and what is damaged is refused with a reason."""

import json
from dataclasses import replace

import pytest
import safetensors
import torch
from safetensors.torch import load_file, save_file

from draggan_server.checkpoints import (
    Alignment,
    AlignmentPoint,
    CheckpointError,
    ClassNamesError,
    DragDefaults,
    ModelCard,
    discriminator_file,
    load_checkpoint,
    read_card,
    save_checkpoint,
)
from draggan_server.stylegan2 import (
    Discriminator,
    DiscriminatorConfig,
    Generator,
    GeneratorConfig,
    z_from_seed,
)

CONFIG = GeneratorConfig(z_dim=16, w_dim=16, img_resolution=16, channel_base=256, channel_max=16, mapping_layers=2)
CARD = ModelCard(
    name="Test",
    domain="noise",
    licence="MIT",
    alignment=Alignment((AlignmentPoint("eye_left", 0.38, 0.48),)),
    drag=DragDefaults(feature_resolution=16, latent_space="w", step_size=0.01),
)


@pytest.fixture
def networks():
    torch.manual_seed(5)
    discriminator = DiscriminatorConfig(img_resolution=16, channel_base=256, channel_max=16)
    return Generator(CONFIG).freeze(), Discriminator(discriminator).freeze()


@pytest.fixture
def file(tmp_path, networks):
    path = tmp_path / "test.safetensors"
    save_checkpoint(path, networks[0], CARD, networks[1])
    return path


def rewrite(path, tensors=None, **changes):
    """The file with other tensors or metadata."""
    with safetensors.safe_open(path, framework="pt") as file:
        old = file.metadata()
    save_file(tensors or load_file(path), path, old | changes)


def metadata(path, name):
    with safetensors.safe_open(path, framework="pt") as file:
        return json.loads(file.metadata()[name])


def test_round_trip(file, networks):
    loaded = load_checkpoint(file)
    ws = networks[0].mapping(z_from_seed(1, 16), psi=0.5)
    assert torch.equal(loaded.generator.mapping(z_from_seed(1, 16), psi=0.5), ws)
    picture = networks[0].image(ws)
    assert torch.equal(loaded.generator.image(ws), picture)
    assert torch.equal(loaded.discriminator(picture), networks[1](picture))
    assert loaded.card == CARD
    assert read_card(file) == (CARD, CONFIG)
    assert not any(p.requires_grad for p in loaded.generator.parameters())


def test_half_precision_is_half_the_size_and_nearly_the_same(file, tmp_path, networks):
    half = tmp_path / "half.safetensors"
    save_checkpoint(half, networks[0], CARD, dtype=torch.float16)
    assert half.stat().st_size < 0.6 * file.stat().st_size
    ws = networks[0].mapping(z_from_seed(1, 16))
    difference = load_checkpoint(half).generator.image(ws) - networks[0].image(ws)
    assert 0 < difference.abs().max() < 0.05
    assert load_checkpoint(half).discriminator is None


def test_a_truncated_file_is_refused(file):
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=r"test\.safetensors: .*damaged or incomplete.*again"):
        load_checkpoint(file)


def test_garbage_is_refused(file):
    file.write_bytes(b"\x80\x04 a pickle it is not" * 20)
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(file)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"gone\.safetensors: there is no such file"):
        load_checkpoint(tmp_path / "gone.safetensors")


def test_a_foreign_safetensors_file_is_refused(file):
    save_file({"lora_up": torch.zeros(3)}, file)
    with pytest.raises(CheckpointError, match="not a model file of this program"):
        load_checkpoint(file)


def test_another_version_is_refused(file):
    rewrite(file, version="2")
    with pytest.raises(CheckpointError, match="version 2, not 1"):
        load_checkpoint(file)


def test_a_discriminator_in_the_generators_place_is_refused(file):
    with pytest.raises(CheckpointError, match="holds a discriminator, not a generator"):
        load_checkpoint(discriminator_file(file))


def test_missing_parameters_are_named(file):
    tensors = load_file(file)
    del tensors["synthesis.b8.conv0.weight"]
    rewrite(file, tensors)
    with pytest.raises(CheckpointError, match=r"1 parameters are missing.*synthesis\.b8\.conv0\.weight"):
        load_checkpoint(file)


def test_parameters_that_are_no_numbers_are_refused(file):
    tensors = load_file(file)
    tensors["synthesis.b8.conv0.bias"][3] = float("nan")
    rewrite(file, tensors)
    with pytest.raises(CheckpointError, match="no finite numbers"):
        load_checkpoint(file)


@pytest.mark.parametrize(
    "change", [{"img_resolution": 2**20}, {"channel_max": 10**9, "channel_base": 10**12}, {"w_dim": 10**9}]
)
def test_a_configuration_that_asks_for_the_moon_allocates_nothing(file, change):
    rewrite(file, config=json.dumps(metadata(file, "config") | change))
    said = r"parameters are missing|where the configuration asks|from 8 to 4096|describes no network"
    with pytest.raises(CheckpointError, match=said):
        load_checkpoint(file)


@pytest.mark.parametrize("change", [{"w_dim": -1}, {"z_dim": 0}, {"mapping_lr_multiplier": 0}, {"w_dim": 10**30}])
def test_a_configuration_of_no_network_is_refused(file, change):
    rewrite(file, config=json.dumps(metadata(file, "config") | change))
    with pytest.raises(CheckpointError, match="its configuration describes no network"):
        load_checkpoint(file)


@pytest.mark.parametrize("layers", [-1, 65, 10**9])
def test_the_mapping_network_has_bounds(file, layers):
    rewrite(file, config=json.dumps(metadata(file, "config") | {"mapping_layers": layers}))
    with pytest.raises(CheckpointError, match=f"mapping_layers must be from 0 to 64, not {layers}"):
        load_checkpoint(file)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mbstd_group_size": 0}, "mbstd_group_size must be at least 1, not 0"),
        ({"mbstd_num_channels": 7}, "mbstd_num_channels 7 does not divide the 16 channels"),
    ],
)
def test_a_discriminators_statistics_have_bounds(file, change, said):
    beside = discriminator_file(file)
    rewrite(beside, config=json.dumps(metadata(beside, "config") | change))
    with pytest.raises(CheckpointError, match=said):
        load_checkpoint(file)


@pytest.mark.parametrize(
    "config",
    [
        *("", "[]", '{"z_dim": 16}', "[" * 100_000, '{"img_resolution": "a", "z_dim": 1, "w_dim": 1}'),
        *('{"img_resolution": 16.0, "z_dim": 1, "w_dim": 1}', '{"img_resolution": 16, "z_dim": true, "w_dim": 1}'),
    ],
)
def test_an_unreadable_configuration_is_refused(file, config):
    rewrite(file, config=config)
    for read in (load_checkpoint, read_card):
        with pytest.raises(CheckpointError, match="configuration cannot be read"):
            read(file)


def eye(**changes):
    return {"alignment": {"points": [{"name": "eye", "x": 0.5, "y": 0.5} | changes]}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"drag": {"step_size": "fast"}}, r"drag\.step_size is 'fast', not a finite number"),
        ({"drag": {"step_size": True}}, r"drag\.step_size is True, not a finite number"),
        ({"drag": {"step_size": float("nan")}}, r"drag\.step_size is nan, not a finite number"),
        ({"drag": {"mask_weight": 10**400}}, r"drag\.mask_weight is 10+…, not a finite number"),
        ({"drag": {"feature_resolution": 16.5}}, r"drag\.feature_resolution is 16\.5, not a whole number"),
        ({"drag": {"latent_space": 3}}, r"drag\.latent_space is 3, not a text"),
        ({"drag": {"speed": 3}}, r"unknown settings \['speed'\]"),
        ({"drag": ["step_size"]}, r"drag is \['step_size'\], not a map"),
        ({"drag": None}, "drag is None, not a map"),
        ({"name": 7}, "name is 7, not a text"),
        ({"name": ""}, "name has 0 characters, not 1 to 200"),
        ({"licence": "x" * 20_000}, "licence has 20000 characters"),
        ({"domain": None}, "domain is None, not a text"),
        ({"alignment": "none"}, "alignment is 'none', not a map"),
        ({"alignment": {}}, r"alignment\.points is missing"),
        ({"alignment": {"points": {}}}, r"alignment\.points is \{\}, not a list"),
        (eye(x="left"), r"alignment\.points\[0\]\.x is 'left', not a finite number"),
        (eye(y=7), r"'eye' at \(0\.5, 7\) lies far outside"),
        ({"alignment": {"points": eye()["alignment"]["points"] * 101}}, "101 points, more than 100"),
        ({"class_names": "cat"}, "class_names is 'cat', not a list"),
        ({"class_names": [3]}, r"class_names\[0\] is 3, not a text"),
        ({"class_names": [""]}, "a class's name has 0 characters"),
        ({"class_names": ["cat"] * 10_001}, "10001 names of classes, more than 10000"),
        ({"class_names": ["cat", "dog"]}, "it has 0 classes, and names of 2"),
    ],
)
def test_a_description_with_values_of_the_wrong_kind_is_refused_by_their_names(file, change, said):
    rewrite(file, card=json.dumps(metadata(file, "card") | change))
    for read in (load_checkpoint, read_card):
        with pytest.raises(CheckpointError, match=rf"its description cannot be read \(.*{said}"):
            read(file)


@pytest.mark.parametrize("card", ["", "null", '"a text"', "[1, 2]", "[" * 100_000, '{"name": "x"}'])
def test_an_unreadable_description_is_refused(file, card):
    rewrite(file, card=card)
    with pytest.raises(CheckpointError, match="its description cannot be read"):
        read_card(file)


def test_whole_numbers_are_numbers_too(file):
    rewrite(file, card=json.dumps(metadata(file, "card") | {"drag": {"mask_weight": 20}} | eye(x=1)))
    card = read_card(file)[0]
    assert card.drag == DragDefaults(mask_weight=20.0)
    assert card.alignment == Alignment((AlignmentPoint("eye", 1.0, 0.5),))


def test_names_of_classes_are_kept_and_belong_to_as_many_classes(tmp_path):
    file, card = tmp_path / "model.safetensors", replace(CARD, class_names=("cat", "dog", "wild"))
    generator = Generator(replace(CONFIG, c_dim=3))
    save_checkpoint(file, generator, card)
    assert load_checkpoint(file).card == read_card(file)[0] == card
    with pytest.raises(ClassNamesError, match="it has 2 classes, and names of 3"):
        save_checkpoint(tmp_path / "other.safetensors", Generator(replace(CONFIG, c_dim=2)), card)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
