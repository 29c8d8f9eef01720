"""A model that can be got: a web server on this computer, and the user's catalogue that names it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.editors.server import ServerHome
from tests.unit.checkpoints import writers
from tests.web import Served, Web, serving

LICENCE = "For tests only: not to earn money"
NAME = "Cats of the tests"


@contextlib.contextmanager
def offered(server: ServerHome, entry_id: str, seconds: float = 300.0) -> Iterator[Web]:
    """A model of 32 px with random weights, which takes so long to come until `at_once`."""
    file = writers.nvidia_file(*writers.make_networks())
    catalogue = server.home.catalogues / f"{entry_id}.json"
    with serving() as web:
        web.files["/cats.pkl"] = Served(file, bytes_per_s=len(file) / seconds)
        entry = {
            "id": entry_id, "name": NAME, "domain": "cats", "resolution": 32, "licence": LICENCE,
            "licence_page": "https://example.org/licence", "page": "https://example.org/cats",
            "address": f"{web.url}/cats.pkl", "size": len(file),
        }  # fmt: skip
        catalogue.parent.mkdir(parents=True, exist_ok=True)
        catalogue.write_text(json.dumps({"format": "draggan-catalogue", "version": 1, "models": [entry]}))
        try:
            yield web
        finally:
            catalogue.unlink()
            _remove(server.home.models / f"{entry_id}.safetensors")


def at_once(web: Web) -> None:
    """From now on it comes as fast as it can."""
    web.files["/cats.pkl"].bytes_per_s = None


def _remove(path: Path) -> None:
    for file in path.parent.glob(f"{path.stem}.*"):
        file.unlink()
