"""One measurement of model files, taken in this process, which should be fresh: the highest memory so far counts."""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
import torch

from draggan_server.checkpoints import ModelCard, discriminator_file, load_checkpoint, save_checkpoint
from draggan_server.models import ModelLibrary, add_model
from draggan_server.stylegan2 import Discriminator, DiscriminatorConfig, Generator, GeneratorConfig
from tests.benchmarks.surroundings import peak_rss
from tests.unit.checkpoints import writers


@dataclass(frozen=True)
class Adding:
    """A model file of some layout became one of the user's."""

    layout: str
    file_mib: float
    memory_mib: float
    """Highest resident size beyond the size after the imports."""
    memory_ratio: float
    """Of that to the file."""
    seconds: float


@dataclass(frozen=True)
class Loading:
    """A file of ours was loaded and every byte of its tensors looked at, again and again, beside the file's reading."""

    layout: str
    file_mib: float
    read_seconds: float
    """The median of `Path.read_bytes`, of both files where there is a discriminator."""
    into_buffer_seconds: float
    """The median of reading through one small buffer, which keeps nothing."""
    load_seconds: float
    touch_seconds: float
    ratio: float
    """The median of (load + touch) / read, each pair taken one after the other."""


def networks(resolution: int) -> tuple[Generator, Discriminator]:
    """Of full width, with random weights."""
    torch.manual_seed(0)
    generator = Generator(GeneratorConfig(z_dim=512, w_dim=512, img_resolution=resolution))
    return generator.freeze(), Discriminator(DiscriminatorConfig(img_resolution=resolution)).freeze()


def _own(generator: Generator, path: Path, discriminator: Discriminator | None = None) -> None:
    save_checkpoint(path, generator, ModelCard("Benchmark", "noise", "none"), discriminator)


def _nvidia(path: Path, **parts: Generator | Discriminator) -> None:
    path.write_bytes(writers.dump({name: writers.nvidia_network(part) for name, part in parts.items()}))


WRITERS: dict[str, Callable[[Generator, Discriminator, Path], object]] = {
    "NVIDIA .pkl, G_ema": lambda g, d, path: _nvidia(path, G_ema=g),
    "NVIDIA .pkl, D and G_ema": lambda g, d, path: _nvidia(path, D=d, G_ema=g),
    "NVIDIA .pkl, G, D and G_ema": lambda g, d, path: _nvidia(path, G=g, D=d, G_ema=g),
    "whole-module .pt": lambda g, d, path: writers.save_torch(writers.nvidia_network(g), path),
    "TensorFlow .pkl": lambda g, d, path: path.write_bytes(writers.tensorflow_file(g, d)),
    "rosinality .pt": lambda g, d, path: writers.save_torch(
        {"g_ema": writers.rosinality_generator(g), "latent_avg": g.w_avg}, path
    ),
    "rosinality .pt, half precision": lambda g, d, path: writers.save_torch(
        {"g_ema": {name: value.half() for name, value in writers.rosinality_generator(g).items()}}, path
    ),
    "our .safetensors": lambda g, d, path: _own(g, path),
    "our .safetensors, with discriminator": lambda g, d, path: _own(g, path, d),
}
"""By the names of the layouts, as written to a path."""


def write(layout: str, path: Path, resolution: int) -> None:
    WRITERS[layout](*networks(resolution), path)


def add(layout: str, path: Path) -> Adding:
    process = psutil.Process()
    size = _size(path)
    after_import = process.memory_info().rss
    folder = Path(tempfile.mkdtemp(dir=path.parent))
    try:
        began = time.perf_counter()
        add_model(path, ModelLibrary([folder]), folder, name="benchmark")
        seconds = time.perf_counter() - began
        memory = peak_rss(process) - after_import
    finally:
        shutil.rmtree(folder)
    return Adding(layout, size / 2**20, memory / 2**20, memory / size, seconds)


def load(layout: str, path: Path, times: int) -> Loading:
    rows = [_loaded_once(path) for _ in range(times)]
    read, into_buffer, loaded, touched = (statistics.median(column) for column in zip(*rows, strict=True))
    ratio = statistics.median((row[2] + row[3]) / row[0] for row in rows)
    return Loading(layout, _size(path) / 2**20, read, into_buffer, loaded, touched, ratio)


def _loaded_once(path: Path) -> tuple[float, float, float, float]:
    files = [file for file in (path, discriminator_file(path)) if file.exists()]
    marks = [time.perf_counter()]
    contents = [file.read_bytes() for file in files]
    marks.append(time.perf_counter())
    del contents
    marks.append(time.perf_counter())
    buffer = bytearray(1 << 20)
    for name in files:
        with name.open("rb", buffering=0) as file:
            while file.readinto(buffer):
                pass
    marks.append(time.perf_counter())
    checkpoint = load_checkpoint(path)
    marks.append(time.perf_counter())
    for network in (checkpoint.generator, checkpoint.discriminator):
        for tensor in network.state_dict().values() if network else ():
            tensor.reshape(-1).view(torch.uint8).max()
    marks.append(time.perf_counter())
    return marks[1] - marks[0], marks[3] - marks[2], marks[4] - marks[3], marks[5] - marks[4]


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in (path, discriminator_file(path)) if file.exists())


if __name__ == "__main__":
    action, of_layout, file_path, number = sys.argv[1:]
    if action == "write":
        write(of_layout, Path(file_path), int(number))
    else:
        done = add(of_layout, Path(file_path)) if action == "add" else load(of_layout, Path(file_path), int(number))
        print(json.dumps(asdict(done)))
