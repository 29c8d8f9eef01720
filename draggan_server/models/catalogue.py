"""Models that can be had from elsewhere: lists of names, addresses and licences.

One comes with the program; it holds only addresses that stand on the model's own page. Where that page quotes one with
http:// (those of LSUN cars, churches and horses) it is asked for with https:// all the same: nobody has published the
files' hashes, so that nothing else would tell what was put in their place on the way. Users put their own, as JSON
files, into their catalogues folder:

    {"format": "draggan-catalogue", "version": 1, "models": [{"id": "cats", "name": "Cats", "domain": "cats",
     "resolution": 256, "licence": "CC BY 4.0", "page": "https://example.org/cats", "address":
     "https://example.org/cats.pkl", "sha256": "...", "size": 123456}]}
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from draggan_server.checkpoints.plain import from_plain
from draggan_server.models.adding import ModelAddError, id_from_name
from draggan_server.models.guessing import ALIGNMENTS

OWN_CATALOGUE = Path(__file__).parent / "catalogue.json"
FORMAT = "draggan-catalogue"
VERSION = 1
LARGEST_MODEL = 16 << 30
"""Bytes. More than any model has."""
_LARGEST_CATALOGUE = 4 << 20
_MOST_ENTRIES = 5_000
_LONGEST = 2_000
_OWN = "DragGAN"
_SHA256 = re.compile(r"[0-9a-f]{64}")


class UnknownEntryError(LookupError):
    """The catalogues have no such model. The text says so, and how to see what they have."""


@dataclass(frozen=True)
class CatalogueEntry:
    """A model that can be had. Raises ValueError for what no menu can show and no download can use."""

    id: str
    name: str
    domain: str
    resolution: int
    licence: str
    page: str
    """The model's own page, on which the address is quoted."""
    licence_page: str = ""
    address: str = ""
    """Empty: to be got by hand, from its page."""
    sha256: str | None = None
    """Published by whoever publishes the model."""
    size: int | None = None
    """Bytes."""
    alignment: str | None = None
    """A name in `guessing.ALIGNMENTS`."""

    def __post_init__(self) -> None:
        _check_id(self.id)
        for field, least in (("name", 1), ("domain", 0), ("licence", 1), ("licence_page", 0), ("page", 0)):
            text = getattr(self, field)
            if not least <= len(text) <= (200 if field == "name" else _LONGEST):
                raise ValueError(f"{field} has {len(text)} characters")
        for field in ("page", "licence_page", "address"):
            if getattr(self, field):
                _check_address(field, getattr(self, field))
        if not 4 <= self.resolution <= 4096:
            raise ValueError(f"resolution is {self.resolution}")
        if self.sha256 is not None and not _SHA256.fullmatch(self.sha256):
            raise ValueError("sha256 is not 64 digits of 0-9 and a-f")
        if self.size is not None and not 1 <= self.size <= LARGEST_MODEL:
            raise ValueError(f"size is {self.size} bytes")
        if self.alignment is not None and self.alignment not in ALIGNMENTS:
            raise ValueError(f"alignment is {self.alignment[:80]!r}, not one of {', '.join(ALIGNMENTS)}")


@dataclass(frozen=True)
class Listed:
    """An entry, and whose catalogue it stands in: the program's, or a file of the user's."""

    entry: CatalogueEntry
    origin: str = _OWN


@dataclass(frozen=True)
class Catalogue:
    """All catalogues together. A file that cannot be read, or an entry in one, hides none of the others."""

    listed: tuple[Listed, ...]
    problems: tuple[str, ...]
    """Whole sentences that name the file."""

    def find(self, entry_id: str) -> Listed:
        """The entry of that id. Raises UnknownEntryError."""
        for one in self.listed:
            if one.entry.id == entry_id:
                return one
        raise UnknownEntryError(
            f"The catalogue has no model {entry_id[:80]!r}. `draggan-server models list --catalogue` shows what it has."
        )


@dataclass(frozen=True)
class _Head:
    format: str
    version: int


def read_catalogues(folder: Path, own: Path = OWN_CATALOGUE) -> Catalogue:
    """The program's catalogue and the JSON files in `folder`; where two have the same id the user's counts."""
    listed: dict[str, Listed] = {}
    problems: list[str] = []
    files = [(own, _OWN)]
    files += [(path, path.name[:200]) for path in sorted(folder.glob("*.json"))]
    for path, origin in files:
        try:
            for entry in _entries(path, problems):
                listed[entry.id] = Listed(entry, origin)
        except (OSError, ValueError, RecursionError) as error:
            problems.append(f"The catalogue {path.name} cannot be read: {_reason(error)}.")
    return Catalogue(tuple(listed.values())[:_MOST_ENTRIES], tuple(problems[:100]))


def _entries(path: Path, problems: list[str]) -> list[CatalogueEntry]:
    with path.open("rb") as file:
        text = file.read(_LARGEST_CATALOGUE + 1)
    if len(text) > _LARGEST_CATALOGUE:
        raise ValueError(f"it has more than {_LARGEST_CATALOGUE >> 20} MiB")
    root = json.loads(text)
    if not isinstance(root, dict) or not isinstance(root.get("models"), list):
        raise ValueError(f'it is no map with "format": "{FORMAT}", "version": {VERSION} and a list "models"')
    head = from_plain(_Head, {name: value for name, value in root.items() if name != "models"})
    if head.format != FORMAT:
        raise ValueError(f'its format is not "{FORMAT}"')
    if head.version != VERSION:
        raise ValueError(f"its version is {head.version}, and this program reads {VERSION}")
    entries = []
    for place, value in enumerate(root["models"][:_MOST_ENTRIES]):
        try:
            entries.append(from_plain(CatalogueEntry, value))
        except ValueError as error:
            name = value.get("id") if isinstance(value, dict) else None
            which = f"{str(name)[:80]!r}" if name else f"number {place + 1}"
            problems.append(f"The catalogue {path.name} has a model ({which}) that cannot be used: {error}.")
    return entries


def _check_id(text: str) -> None:
    try:
        fits = id_from_name(text) == text
    except ModelAddError:
        fits = False
    if not fits:
        raise ValueError(f"id is {text[:80]!r}, not letters, digits, _ and - alone")


def _check_address(field: str, text: str) -> None:
    """Raises ValueError for what is not a plain address on the web."""
    parts = urlsplit(text)
    if len(text) > _LONGEST or parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise ValueError(f"{field} is {text[:80]!r}, not an address that begins with https:// or http://")
    if any(not letter.isprintable() or letter == " " for letter in text):
        raise ValueError(f"{field} holds spaces or control characters")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error)[:300] or type(error).__name__
