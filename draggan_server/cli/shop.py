"""`draggan-server models get` and `models list --catalogue`: models that can be had from elsewhere."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from draggan_client.discovery import find_home
from draggan_client.wording import size_text
from draggan_server.cli.errors import CommandError
from draggan_server.cli.progress import ProgressLine
from draggan_server.cli.table import print_table

if TYPE_CHECKING:
    from draggan_server.models import ModelLibrary
    from draggan_server.models.adding import AddedModel
    from draggan_server.models.catalogue import CatalogueEntry
    from draggan_server.models.getting import Downloads

STOPPED = 130


def print_catalogue(library: ModelLibrary, as_json: bool) -> None:
    """What can be had, as a table or as JSON; what is wrong with the user's own catalogues, on standard error."""
    from draggan_server.models.catalogue import read_catalogues
    from draggan_server.models.getting import Downloads

    home = find_home()
    catalogue = read_catalogues(home.catalogues)
    downloads, here = Downloads(home.downloads), library.ids()
    for problem in catalogue.problems:
        click.echo(problem, err=True)
    if as_json:
        entries = [{**vars(one.entry), "origin": one.origin, "here": one.entry.id in here} for one in catalogue.listed]
        click.echo(json.dumps({"catalogue": entries}))
        return
    rows = [("MODEL", "DRAWS", "SIZE", "FILE", "LICENCE", "")]
    rows += [
        (
            one.entry.id,
            one.entry.domain,
            f"{one.entry.resolution} px",
            size_text(one.entry.size) if one.entry.size else "?",
            one.entry.licence,
            _state(one.entry, downloads, one.entry.id in here),
        )
        for one in catalogue.listed
    ]
    print_table(rows)
    click.echo("\nGet one with `draggan-server models get MODEL`.")


def get_entry(name: str, library: ModelLibrary, agreed: bool, unverified: bool) -> AddedModel | None:
    """Show the licence, ask, download, convert. None: stopped by Ctrl+C; what has come is kept, and that is said."""
    from draggan_server.models import get_model, read_catalogues
    from draggan_server.models.getting import Downloads

    home = find_home()
    entry = read_catalogues(home.catalogues).find(name).entry
    downloads = Downloads(home.downloads)
    if entry.address:
        _ask(entry, downloads, agreed, unverified)
    getting = get_model(entry, library, home.models, downloads, licence=entry.licence, unverified=True)
    try:
        with ProgressLine() as line:
            while True:
                line.getting(next(getting))
    except StopIteration as end:
        added: AddedModel = end.value
        return added
    except KeyboardInterrupt:
        getting.close()
        kept = size_text(downloads.bytes_here(entry))
        click.echo(f"Stopped. What has come ({kept}) is kept: get it again, and it goes on from there.", err=True)
        return None


def _ask(entry: CatalogueEntry, downloads: Downloads, agreed: bool, unverified: bool) -> None:
    """Raises CommandError where there is nobody to ask, and click.Abort for a no."""
    click.echo(f"{entry.name}, from {entry.address}", err=True)
    click.echo(f"Its page: {entry.page}", err=True)
    click.echo(f"Licence: {entry.licence}", err=True)
    if entry.licence_page:
        click.echo(f"         {entry.licence_page}", err=True)
    _yes(agreed, "Do you agree to the licence?", "--agree-to-licence")
    if downloads.sha256(entry) is None:
        if entry.address.startswith("http:"):
            click.echo("The way to this address is not encrypted.", err=True)
        click.echo(
            "Nobody has published what the file's sha-256 is, so this first download cannot be checked. It is read as "
            "data, never executed; what comes is remembered, and the next time the same must come.",
            err=True,
        )
        _yes(unverified, "Download it all the same?", "--unverified")


def _yes(given: bool, question: str, option: str) -> None:
    if given:
        return
    if not sys.stdin.isatty():
        raise CommandError(f"{question} Say so with {option}.")
    click.confirm(question, abort=True, err=True)


def _state(entry: CatalogueEntry, downloads: Downloads, is_here: bool) -> str:
    if is_here:
        return "here"
    if not entry.address:
        return f"by hand: {entry.page}"
    come = downloads.bytes_here(entry)
    return f"{size_text(come)} have come" if come else ""
