"""A model that can be got: a web server on this computer gives its file, and a catalogue names it.

`file` and `web` are fixtures, for the tests that import them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.checkpoints import writers
from tests.web import Served, Web, serving

LICENCE = "For research only"
PATH = "/cats.pkl"
"""Of the file on the web server."""


def model_file() -> bytes:
    """A model of 32 px with random weights, in NVIDIA's form."""
    return writers.nvidia_file(*writers.make_networks())


@pytest.fixture(scope="module")
def file() -> bytes:
    return model_file()


@pytest.fixture
def web(file: bytes) -> Iterator[Web]:
    with serving() as web:
        web.files[PATH] = Served(file)
        yield web


def entry(web: Web, **changes: Any) -> dict[str, Any]:
    """How a catalogue names it."""
    facts = {
        "id": "cats", "name": "Cats", "domain": "cats", "resolution": 32, "licence": LICENCE,
        "page": "https://example.org/cats", "address": f"{web.url}{PATH}",
    }  # fmt: skip
    return {**facts, **changes}


def write_catalogue(path: Path, *entries: dict[str, Any]) -> None:
    """A catalogue with these entries, in a folder that is made where it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"format": "draggan-catalogue", "version": 1, "models": entries}))
