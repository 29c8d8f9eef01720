"""What loading a file gives, or says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..stylegan2 import Discriminator, Generator
from .card import ModelCard


class CheckpointError(Exception):
    """A model file cannot be used. The text names the file, what is wrong with it, and what to do."""

    def __init__(self, path: Path, problem: str, remedy: str) -> None:
        super().__init__(f"{path.name}: {problem}. {remedy}")
        self.path = path
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True)
class Checkpoint:
    """Networks, frozen, in float32 on the CPU, and what the file says of them."""

    generator: Generator
    discriminator: Discriminator | None
    card: ModelCard
