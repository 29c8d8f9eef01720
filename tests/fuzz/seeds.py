"""Small model files of every dialect, where a fuzzer begins, and the words that such files are made of."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from draggan_server.checkpoints import ModelCard, save_checkpoint
from draggan_server.checkpoints.untrusted.stand_ins import ALLOWED
from draggan_server.stylegan2 import Discriminator, DiscriminatorConfig, Generator, GeneratorConfig
from tests.unit.checkpoints import writers


def _networks(**changes: Any) -> tuple[Generator, Discriminator]:
    size = {"img_resolution": 8, "channel_base": 16, "channel_max": 2}
    generator = Generator(GeneratorConfig(z_dim=2, w_dim=2, mapping_layers=1, **{**size, **changes}))
    return generator.freeze(), Discriminator(DiscriminatorConfig(**size)).freeze()


def files() -> dict[str, bytes]:
    """By the dialects' names; a few kilobytes each."""
    generator, discriminator = _networks()
    resnet, orig = _networks(architecture="resnet")[0], _networks(architecture="orig")[0]
    human, classes = _networks(base_width=2)[0], _networks(c_dim=2)[0]
    plain_classes = _networks(c_dim=2, condition="plain")[0]
    state = writers.rosinality_generator(generator)
    converted = {"g_ema": state, "latent_avg": generator.w_avg}

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"

        def saved(value: Any) -> bytes:
            return writers.save_torch(value, path).read_bytes()

        save_checkpoint(path, generator, ModelCard("x", "y", "z"))
        return {
            "own": path.read_bytes(),
            "nvidia": writers.dump({"G_ema": writers.nvidia_network(generator)}),
            "nvidia-2": writers.dump({"G_ema": writers.nvidia_network(generator)}, 2),
            "nvidia-d": writers.dump(
                {"G_ema": writers.nvidia_network(generator), "D": writers.nvidia_network(discriminator)}, 5
            ),
            "nvidia-resnet": writers.dump({"G_ema": writers.nvidia_network(resnet)}),
            "nvidia-orig": writers.dump({"G_ema": writers.nvidia_network(orig)}),
            "nvidia-human": writers.dump({"G_ema": writers.nvidia_network(human)}),
            "nvidia-classes": writers.dump({"G_ema": writers.nvidia_network(classes)}),
            "whole-module": saved(writers.nvidia_network(generator)),
            "tensorflow": writers.tensorflow_file(generator, discriminator),
            "tensorflow-classes": writers.tensorflow_file(classes, discriminator),
            "tensorflow-plain-classes": writers.tensorflow_file(plain_classes, discriminator),
            "rosinality": saved(converted),
            "rosinality-stream": writers.as_stream(converted),
            "trainer": saved(writers.trainer_file(generator, discriminator)),
            "encoder": saved(writers.encoder_file(generator)),
        }


def words() -> list[bytes]:
    """What whole pieces of such files look like."""
    names = [*ALLOWED, "os.system", "builtins.eval", "functools.partial"]
    found = [f"c{module}\n{last}\n".encode() for module, _, last in (name.rpartition(".") for name in names)]
    keys = ("G_ema", "D", "state", "_parameters", "_buffers", "_modules", "g_ema", "latent_avg", "storage", "variables")
    found += [b"X" + len(key).to_bytes(4, "little") + key.encode() for key in keys]
    found += [b"\x85R", b"\x86R", b"\x81", b"}\x92", b"\x93", b"sb", b"Q.", b"\x82\x01", b"\x83\x01\x00", b"\x8a\x08"]
    found += [b"\x8a\x08" + value.to_bytes(8, "little") for value in (2**31, 2**40, 2**62)] + [b"J\xff\xff\xff\xff"]
    found += [b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x07", b"PK\x06\x06", b"\xff\xff\xff\xff"]
    return found
