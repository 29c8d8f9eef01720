"""What NVIDIA's networks say of themselves: what ours compute loads with the right numbers, all else is refused."""

from __future__ import annotations

import copy
import math
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from draggan_server.checkpoints import CheckpointError, open_checkpoint
from draggan_server.stylegan2 import Discriminator, Generator
from tests.unit.checkpoints import writers
from tests.unit.checkpoints.test_formats import check, plain_mapping, read

Networks = tuple[Generator, Discriminator]
Changes = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def networks() -> Networks:
    return writers.make_networks(3, 0.9)


def file_of(networks: Networks, ours: Changes | None = None, critics: Changes | None = None, **options: Any) -> bytes:
    """A snapshot whose modules have other attributes, by their paths."""
    generator = writers.nvidia_network(networks[0], changes=ours, **options)
    return writers.dump({"G_ema": generator, "D": writers.nvidia_network(networks[1], changes=critics)})


OF_GENERATOR: dict[str, tuple[Changes, str]] = {
    "mapping's activation": (
        {"mapping.fc1": {"activation": "relu"}},
        "activation of mapping.fc1 is relu, and only lrelu",
    ),
    "mapping's gain": (
        {"mapping.fc2": {"weight_gain": 0.5}},
        r"weight_gain of mapping.fc2 is 0.5, and only 0.0025 can",
    ),
    "mapping's bias": ({"mapping.fc1": {"bias_gain": 1}}, "bias_gain of mapping.fc1 is 1, and only 0.01"),
    "embedding's activation": ({"mapping.embed": {"activation": "lrelu"}}, "activation of mapping.embed is lrelu"),
    "embedding's bias": ({"mapping.embed": {"bias_gain": 0.01}}, "bias_gain of mapping.embed is 0.01, and only 1"),
    "style's gain": (
        {"synthesis.b8.conv0.affine": {"weight_gain": 1}},
        "weight_gain of synthesis.b8.conv0.affine is 1",
    ),
    "style's activation": (
        {"synthesis.b8.torgb.affine": {"activation": "relu"}},
        "of synthesis.b8.torgb.affine is relu",
    ),
    "activation": ({"synthesis.b16.conv1": {"activation": "linear"}}, "activation of synthesis.b16.conv1 is linear"),
    "gain": ({"synthesis.b4.conv1": {"act_gain": 1.0}}, "act_gain of synthesis.b4.conv1 is 1, and only 1.41421"),
    "one clamp": (
        {"synthesis.b16.conv1": {"conv_clamp": 256}},
        "conv_clamp of synthesis.b16.conv1 is 256, and only 0.9",
    ),
    "no clamp": ({"synthesis.b16.conv1": {"conv_clamp": None}}, "conv_clamp of synthesis.b16.conv1 is None, and only"),
    "clamp of colours": ({"synthesis.b32.torgb": {"conv_clamp": None}}, "conv_clamp of synthesis.b32.torgb is None"),
    "gain of colours": ({"synthesis.b32.torgb": {"weight_gain": 1.5}}, "weight_gain of synthesis.b32.torgb is 1.5"),
    "not doubled": ({"synthesis.b32.conv0": {"up": 1}}, "up of synthesis.b32.conv0 is 1, and only 2 can be drawn"),
    "no number": ({"mapping.fc0": {"bias_gain": "much"}}, "bias_gain of mapping.fc0 is no number"),
    "infinite": (
        {"synthesis.b4.conv1": {"conv_clamp": math.inf}},
        "conv_clamp of synthesis.b4.conv1 is no finite number",
    ),
    "not a number": ({"synthesis.b8.conv1": {"act_gain": math.nan}}, "act_gain of synthesis.b8.conv1 is nan"),
    "yes": ({"synthesis.b8.conv1": {"up": True}}, "up of synthesis.b8.conv1 is 1, and only 1"),
    "architecture": ({"synthesis.b8": {"architecture": "orig"}}, "b8 is said to be of the orig architecture"),
}
OF_DISCRIMINATOR: dict[str, tuple[Changes, str]] = {
    "activation": ({"b32.fromrgb": {"activation": "linear"}}, "activation of b32.fromrgb is linear, and only lrelu"),
    "last activation": ({"b4.fc": {"activation": "relu"}}, "activation of b4.fc is relu"),
    "output's activation": ({"b4.out": {"activation": "sigmoid"}}, "activation of b4.out is sigmoid"),
    "clamp": ({"b4.conv": {"conv_clamp": 5}}, "is 0.9, and only 5 can be drawn"),
    "clamp of colours": ({"b32.fromrgb": {"conv_clamp": None}}, "conv_clamp of b32.fromrgb is None"),
    "clamped shortcut": ({"b16.skip": {"conv_clamp": 256}}, "conv_clamp of b16.skip is 256, and only None"),
    "gain": ({"b16.skip": {"act_gain": 0.5}}, "act_gain of b16.skip is 0.5, and only 1"),
    "not halved": ({"b16.conv1": {"down": 1}}, "down of b16.conv1 is 1, and only 2"),
    "mapping's rate": ({"mapping.fc1": {"bias_gain": 1, "weight_gain": 0.25}}, "weight_gain of mapping.fc1 is 0.25"),
    "groups of none": ({"b4.mbstd": {"group_size": 0}}, "mbstd_group_size must be at least 1, not 0"),
}


@pytest.mark.parametrize("kind", OF_GENERATOR)
def test_generators_that_compute_otherwise_are_named(tmp_path: Path, networks: Networks, kind: str):
    changes, said = OF_GENERATOR[kind]
    with pytest.raises(CheckpointError, match=said):
        read(tmp_path, file_of(networks, changes))


@pytest.mark.parametrize("kind", OF_DISCRIMINATOR)
def test_discriminators_that_compute_otherwise_are_left_out_and_said(tmp_path: Path, networks: Networks, kind: str):
    changes, said = OF_DISCRIMINATOR[kind]
    path = tmp_path / "model.pkl"
    path.write_bytes(file_of(networks, critics=changes))
    opened = open_checkpoint(path)
    (remark,) = opened.remarks
    assert re.match(f"The discriminator is left out: .*{said}", remark)
    check(opened.checkpoint, networks[0], None)


@pytest.mark.parametrize(
    ("of_generator", "of_critic"),
    [
        ({"embed_features": 5}, {"embed_features": 9}),
        ({"layer_features": 11}, {"layer_features": 7}),
        ({"mapping_lr_multiplier": 0.05}, {"mapping_lr_multiplier": 0.2}),
        ({"mapping_layers": 1, "embed_features": 3, "z_dim": 16}, {"mapping_layers": 1}),
        ({"mapping_layers": 8}, {"mapping_layers": 0}),
        ({"mapping_layers": 12}, {"mapping_layers": 0, "cmap_dim": 6}),
        ({}, {"mbstd_group_size": None}),
        ({}, {"mbstd_group_size": 1}),
        ({}, {"mbstd_num_channels": 0}),
        ({}, {"mbstd_num_channels": 3}),
        ({"channel_base": 288}, {"channel_base": 544, "channel_max": 60}),
        ({"img_channels": 1}, {"img_channels": 1}),
    ],
)
def test_settings_of_every_kind(tmp_path: Path, of_generator: dict[str, Any], of_critic: dict[str, Any]):
    networks = writers.make_networks(3, 0.9, critic="skip", of_generator=of_generator, of_critic=of_critic)
    loaded = read(tmp_path, file_of(networks))
    assert loaded.generator.config == networks[0].config
    assert loaded.discriminator is not None
    due = copy.deepcopy(networks[1].config.__dict__)
    if not networks[1].config.mbstd_num_channels:
        due["mbstd_group_size"] = 4  # the file does not say it, and nothing reads it
    assert {name: getattr(loaded.discriminator.config, name) for name in due} == due
    check(loaded, *networks)


@pytest.mark.parametrize("c_dim", [0, 3])
def test_a_generator_that_was_trained_without_mean_gets_one(tmp_path: Path, c_dim: int):
    networks = writers.make_networks(c_dim)
    loaded = read(tmp_path, file_of(networks, without=("w_avg",)))
    check(loaded, *networks, w_avg=False)
    z = torch.randn(20_000, 20, generator=torch.Generator().manual_seed(8))
    c = torch.eye(3)[torch.arange(20_000) % 3] if c_dim else None
    mean = plain_mapping(networks[0], z, c, 1.0).mean(dim=0)
    torch.testing.assert_close(loaded.generator.w_avg, mean, rtol=0, atol=0.05 * float(mean.std()) + 0.01)


def test_resampling_filters_are_the_files_own(tmp_path: Path):
    """Another one in each layer, and no two sides of it alike."""
    networks = writers.make_networks(architecture="resnet", critic="skip")
    skip = writers.make_networks()
    random = torch.Generator().manual_seed(4)
    for network in (*networks, *skip):
        for name, kernel in network.state_dict().items():
            if name.endswith("resample_filter"):
                kernel.add_(0.05 * torch.rand(4, 4, generator=random))
                kernel.div_(kernel.sum())
    for pair in (networks, skip):
        check(read(tmp_path, file_of(pair)), *pair)
    trained = writers.save_torch(writers.trainer_file(*skip), tmp_path / "trained.pt")
    check(open_checkpoint(trained).checkpoint, *skip, w_avg=False)
    with pytest.raises(
        CheckpointError, match=r"synthesis.b8.conv0.resample_filter is \[3, 3\] where .* asks for \[4, 4\]"
    ):
        networks[0].synthesis.b8.conv0.resample_filter = torch.ones(3, 3) / 9
        read(tmp_path, file_of(networks))


def test_layers_that_were_frozen_are_buffers(tmp_path: Path, networks: Networks, monkeypatch: pytest.MonkeyPatch):
    """As `freeze_layers` leaves them."""
    with monkeypatch.context() as patch:
        patch.setattr(Discriminator, "named_parameters", lambda self, **_: iter(()))
        data = file_of(networks)
    check(read(tmp_path, data), *networks)


def test_settings_that_nobody_knows_are_said(tmp_path: Path, networks: Networks):
    ours = {
        "": {"_init_kwargs": {"z_dim": 20, "synthesis_kwargs": {"num_fp16_res": 4, "fp16_channels_last": True}}},
        "mapping": {"_init_kwargs": {"w_avg_beta": 0.995, "wobble": 1, "a\nb": 2}},
    }
    path = tmp_path / "model.pkl"
    path.write_bytes(file_of(networks, ours, {"b32": {"_init_kwargs": {"freeze_layers": 3, "squash": True}}}))
    opened = open_checkpoint(path)
    assert opened.remarks == (
        "The generator was made with settings that are not known here and were left out: a?b, wobble.",
        "The discriminator was made with settings that are not known here and were left out: squash.",
    )
    check(opened.checkpoint, *networks)


def test_a_discriminator_that_does_not_fit_is_left_out_and_said(tmp_path: Path, networks: Networks):
    other = writers.make_networks(3, 0.9, of_critic={"img_resolution": 16})[1]
    path = tmp_path / "model.pkl"
    for critic, said in (
        (writers.nvidia_network(other), "it reads pictures of 16 px and 3 channels"),
        (
            writers.nvidia_network(networks[1], without=("b4.fc.bias",)),
            "1 parameters are missing and 0 unknown: ['b4.fc.bias']",
        ),
    ):
        path.write_bytes(writers.dump({"G_ema": writers.nvidia_network(networks[0]), "D": critic}))
        opened = open_checkpoint(path)
        assert opened.remarks == (f"The discriminator is left out: {said}.",)
        check(opened.checkpoint, networks[0], None)
