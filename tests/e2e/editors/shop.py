"""A model that can be got: a web server on this computer, and the user's catalogue that names it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests import cats
from tests.e2e.editors.server import ServerHome
from tests.web import Served, Web, serving

LICENCE = "For tests only: not to earn money"
NAME = "Cats of the tests"


@contextlib.contextmanager
def offered(server: ServerHome, entry_id: str, seconds: float = 300.0) -> Iterator[Web]:
    """A model of 32 px with random weights, which takes so long to come until `at_once`."""
    file = cats.model_file()
    catalogue = server.home.catalogues / f"{entry_id}.json"
    with serving() as web:
        web.files[cats.PATH] = Served(file, bytes_per_s=len(file) / seconds)
        facts = {"id": entry_id, "name": NAME, "licence": LICENCE, "licence_page": "https://example.org/licence"}
        cats.write_catalogue(catalogue, cats.entry(web, **facts, size=len(file)))
        try:
            yield web
        finally:
            catalogue.unlink()
            _remove(server.home.models / f"{entry_id}.safetensors")


def at_once(web: Web) -> None:
    """From now on it comes as fast as it can."""
    web.files[cats.PATH].bytes_per_s = None


def _remove(path: Path) -> None:
    for file in path.parent.glob(f"{path.stem}.*"):
        file.unlink()
