"""A model that draws by class, among those that the editors' tests find."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

from draggan_client.edit_state import EditState
from draggan_client.messages import FromSeed
from draggan_server.checkpoints import ModelCard, save_checkpoint
from draggan_server.stylegan2 import Generator, GeneratorConfig
from tests.e2e.editors.server import ServerHome

NAME = "Animals of the tests"
CLASSES = ("cat", "dog", "wild")


@contextlib.contextmanager
def animals(server: ServerHome, model_id: str) -> Iterator[None]:
    """It has random weights, 32 px and three classes, and is there for so long."""
    config = GeneratorConfig(z_dim=16, w_dim=16, img_resolution=32, channel_base=512, channel_max=16, c_dim=3)
    torch.manual_seed(5)
    file = server.home.models / f"{model_id}.safetensors"
    file.parent.mkdir(parents=True, exist_ok=True)
    save_checkpoint(file, Generator(config), ModelCard(NAME, "animals", "MIT", class_names=CLASSES))
    try:
        yield
    finally:
        file.unlink()


def is_of_class(server: ServerHome, model_id: str, seed: int, label: int, state: bytes) -> bool:
    """Whether an edit began with the picture of this seed and class, and of no other class."""
    found = EditState.from_bytes(state).start_latent

    def drawn(of_class: int) -> object:
        with server.connection().session(FromSeed(seed, label=of_class), model_id) as session:
            for _ in session.open():
                pass
            assert session.edit_state is not None
            return EditState.from_bytes(session.edit_state).start_latent

    return [found == drawn(of_class) for of_class in range(len(CLASSES))] == [of == label for of in range(len(CLASSES))]
