"""What is measured: a model, the domain that it was taught, and the finder that judges its pictures."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import click
import torch
from torch import Tensor

from draggan_server.checkpoints import Checkpoint, load_checkpoint
from draggan_server.models import BUNDLED_MODELS
from draggan_server.stylegan2 import Generator
from draggan_server.training.domains import Domain
from draggan_server.training.factors import factors_from_z
from draggan_server.training.finder import LandmarkFinder, load_finder
from draggan_server.training.recipe import RECIPES

CHECKOUT = Path(__file__).resolve().parents[2]
RESULTS = CHECKOUT / "tests" / "quality" / "results"
FINDERS = CHECKOUT / "tests" / "data" / "finders"
BUNDLED, FINDER = BUNDLED_MODELS / "portraits.safetensors", FINDERS / "portraits.safetensors"
"""The model that most is measured of, and its finder."""

_AT_ONCE = 8
"""Pictures drawn at a time."""

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Unseen:
    """A picture's latent vector that no training drew, and its factors."""

    z: Tensor
    """[N, z_dim]"""
    factors: Tensor
    """[N, F]"""


def unseen(count: int, seed: int, domain: Domain) -> Unseen:
    """`count` of them, drawn from a seed."""
    z = torch.randn(count, len(domain.factors), generator=torch.Generator().manual_seed(seed))
    return Unseen(z, factors_from_z(z))


@dataclass(frozen=True)
class Subject:
    """A model file, and the recipe whose pictures it was taught."""

    recipe: str
    file: Path

    @classmethod
    def of(cls, model: str, recipe: str | None = None) -> Subject:
        """`model` is a bundled model's id or a file. Without `recipe`, it is the one that the file is called by.

        Raises:
            click.UsageError: there is no such model, or nothing says by which recipe it was trained.
        """
        file = BUNDLED_MODELS / f"{model}.safetensors" if model in RECIPES else Path(model)
        if not file.is_file():
            raise click.UsageError(f"{model} is neither a file nor one of {', '.join(RECIPES)}")
        recipe = recipe or file.stem
        if recipe not in RECIPES:
            raise click.UsageError(f"say by --domain what {file.name} was taught: {', '.join(RECIPES)}")
        return cls(recipe, file)

    @property
    def domain(self) -> Domain:
        return RECIPES[self.recipe].domain

    @cached_property
    def checkpoint(self) -> Checkpoint:
        return load_checkpoint(self.file)

    @property
    def generator(self) -> Generator:
        return self.checkpoint.generator

    @property
    def finder_file(self) -> Path:
        return FINDERS / f"{self.recipe}.safetensors"

    @cached_property
    def finder(self) -> LandmarkFinder:
        return load_finder(self.finder_file)

    def drawn(self, z: Tensor, psi: float = 1.0) -> Tensor:
        """The generator's pictures [N, 3, R, R] of z [N, z_dim]."""
        with torch.no_grad():
            generator = self.generator
            return torch.cat([generator.image(generator.mapping(part, psi=psi)) for part in z.split(_AT_ONCE)])

    def true(self, factors: Tensor) -> Tensor:
        """The renderer's pictures [N, 3, R, R] of factors [N, F], as large as the generator's."""
        return self.domain.render(factors, self.generator.resolution)

    def record(self) -> dict[str, Any]:
        """The head of every record: what was measured, by which finder, with which code."""
        return {
            "model": {"file": self.file.name, "sha256": file_sha256(self.file)},
            "domain": self.recipe,
            "finder": {"file": self.finder_file.name, "sha256": file_sha256(self.finder_file)},
            "revision": revision(),
            "torch": {"version": torch.__version__, "threads": torch.get_num_threads()},
        }


def measured_model(results: str) -> Callable[[Command], Command]:
    """The options of a command that measures a model: --model, --domain, --out and --threads.

    `results`: the name of what it writes into tests/quality/results unless --out says otherwise, after the domain's.
    """

    def decorated(command: Command) -> Command:
        for option in (
            click.option("--threads", default=1, show_default=True),
            click.option("--out", type=click.Path(path_type=Path), help=f"[default: {_results('DOMAIN', results)}]"),
            click.option("--domain", type=click.Choice(tuple(RECIPES)), help="[default: as the model is called]"),
            click.option("--model", default="portraits", show_default=True, help="A bundled model's id, or a file."),
        ):
            command = option(command)
        return command

    return decorated


def results_file(subject: Subject, results: str) -> Path:
    """Where a measurement of the subject is written unless somebody says otherwise."""
    return CHECKOUT / _results(subject.recipe, results)


def _results(recipe: str, results: str) -> Path:
    return Path("tests", "quality", "results", f"{recipe}{results and '-'}{results}.json")


def file_sha256(path: Path) -> str:
    """Hexadecimal."""
    return sha256(path.read_bytes()).hexdigest()


def revision() -> str:
    """The commit, with "+" where files that it tracks differ from it."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", "-C", CHECKOUT, *arguments], check=True, capture_output=True, text=True).stdout

    changed = git("status", "--porcelain", "--untracked-files=no", "--", "draggan_server")
    return git("rev-parse", "HEAD").strip() + ("+" if changed else "")
