"""`draggan-server models`: which there are, and more of them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from draggan_client.discovery import find_home
from draggan_client.messages import ModelInfo
from draggan_server.cli.errors import CommandError
from draggan_server.cli.options import json_option
from draggan_server.cli.progress import ProgressLine
from draggan_server.cli.serving import connect
from draggan_server.cli.shapes import size_text
from draggan_server.cli.shop import STOPPED, get_entry, print_catalogue
from draggan_server.cli.table import print_table

if TYPE_CHECKING:
    from draggan_server.checkpoints import Alignment
    from draggan_server.models import AddedModel, ModelEntry, ModelLibrary

_MIB = 1 << 20


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """List the models of this computer, add some, take some away.

    Without a further command: the list.

    \b
    draggan-server models list --catalogue
    draggan-server models get ffhq-512
    draggan-server models add ffhq.pkl --name "Faces"
    draggan-server models info Faces
    """
    if context.invoked_subcommand is None:
        _print_list(as_json)
    elif as_json:
        raise click.UsageError(f"Put --json behind {context.invoked_subcommand}.")


@models.command("list")
@click.option("--catalogue", is_flag=True, help="Those that can be got from elsewhere.")
@json_option
def list_(catalogue: bool, as_json: bool) -> None:
    """List the models of this computer, or those that can be got.

    To the program's own catalogue come yours: files like it (JSON) in the folder `catalogues` of DragGAN's data folder.
    """
    if catalogue:
        print_catalogue(_library(), as_json)
    else:
        _print_list(as_json)


@models.command()
@click.argument("model")
@click.option("--agree-to-licence", is_flag=True, help="You have read the licence, and agree to it.")
@click.option("--unverified", is_flag=True, help="Also when nobody has published what the file's sha-256 is.")
@json_option
def get(model: str, agree_to_licence: bool, unverified: bool, as_json: bool) -> int:
    """Download a model of the catalogue, and add it.

    Its licence is shown first. A download that is cut or stopped goes on where it was when the model is got again.
    """
    with _readable_errors():
        added = get_entry(model, _library(), agree_to_licence, unverified)
    if added is None:
        return STOPPED
    _print_added(added, as_json)
    return 0


@models.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", metavar="NAME", help="What menus show; the model's id is made from it.  [default: the file's]")
@click.option("--domain", metavar="TEXT", help="What it draws, in a few words.")
@click.option("--licence", metavar="TEXT", help="Its licence. Most models of others may not be used to earn money.")
@click.option(
    "--alignment",
    metavar="NAME",
    help="Where it expects eyes and mouth: ffhq, or none.  [default: what the file or its name tells]",
)
@click.option(
    "--class-names",
    metavar="NAME,NAME...",
    help="Of a model that draws by class: what each one draws, in their order.  [default: what the file says]",
)
@json_option
def add(
    file: Path,
    name: str | None,
    domain: str | None,
    licence: str | None,
    alignment: str | None,
    class_names: str | None,
    as_json: bool,
) -> None:
    """Convert a StyleGAN2 model of any known format, and add it.

    Pickles of NVIDIA's StyleGAN2 for PyTorch and of the original for TensorFlow, networks saved whole by torch.save,
    rosinality's files, and the decoders of e4e and pSp. The file is read as data and never executed. A picture is
    drawn to see that it works. FILE itself is not changed, and not needed any more.
    """
    from draggan_server.models import add_model  # torch takes its time

    with _readable_errors():
        added = add_model(
            file,
            _library(),
            find_home().models,
            name=name,
            domain=domain,
            licence=licence,
            alignment=alignment,
            class_names=None if class_names is None else [one.strip() for one in class_names.split(",")],
        )
    _print_added(added, as_json)


def _print_added(added: AddedModel, as_json: bool) -> None:
    entry = added.entry
    for remark in added.remarks:
        click.echo(remark, err=True)
    if as_json:
        described = {**_described_entry(entry), "format": added.format, "remarks": added.remarks}
        click.echo(json.dumps({"added": described}))
        return
    click.echo(f"Added {entry.id} ({size_text(entry.resolution, entry.aspect)}) from {added.format}: {entry.path}")
    click.echo(f"sha-256 {entry.sha256}")


@models.command()
@click.argument("model")
@json_option
def info(model: str, as_json: bool) -> None:
    """Say all that is known of a model."""
    from draggan_server.checkpoints import discriminator_file, read_card

    with _readable_errors():
        entry = _library().entry(model)
        card, config = read_card(entry.path)
    described = {
        **_described_entry(entry),
        "description": card.description,
        "bytes": entry.stamp[0],
        "discriminator": discriminator_file(entry.path).exists(),
        "z_dim": config.z_dim,
        "w_dim": config.w_dim,
        "architecture": config.architecture,
    }
    if as_json:
        click.echo(json.dumps({"model": described}))
        return
    for field, value in described.items():
        if field == "bytes":
            field, value = "size", f"{entry.stamp[0] / _MIB:.1f} MiB"
        elif field == "alignment":
            value = ", ".join(f"{name} at {x:g}, {y:g}" for name, (x, y) in _places(entry.alignment).items()) or "none"
        elif field == "class_names":
            value = ", ".join(entry.class_names) or "none"
        elif isinstance(value, bool):
            value = "yes" if value else "no"
        click.echo(f"{field + ':':<15}{value}".rstrip())


@models.command()
@click.argument("model")
def remove(model: str) -> None:
    """Delete a model that was added."""
    from draggan_server.server.thumbnails import Thumbnails

    with _readable_errors():
        library = _library()
        sha256 = next((entry.sha256 for entry in library.entries() if entry.id == model), None)
        path = library.remove(model)
    if sha256 is not None:
        Thumbnails(find_home().thumbnails).forget(sha256)
    click.echo(f"Removed {path}")


@models.command()
@click.argument("names", metavar="[MODEL]...", nargs=-1)
def verify(names: tuple[str, ...]) -> int:
    """Read models whole, compare them with what was recorded when they were added, draw with each.  [default: all]

    The exit code is 1 when one does not work.
    """
    from draggan_server.checkpoints import CheckpointError, load_checkpoint
    from draggan_server.models import ModelAddError, try_out
    from draggan_server.models.origin import changes_since, read_origin

    with _readable_errors():
        library = _library()
        wanted = names or tuple(sorted(library.ids()))
        unknown = [name for name in wanted if name not in library.ids()]
        if unknown:
            library.entry(unknown[0])
    failed = 0
    for name in wanted:
        try:
            entry = library.entry(name)
            origin = read_origin(entry.path)
            changed = changes_since(entry.path, origin) if origin else ()
            if changed:
                raise ModelAddError(f"{'; '.join(changed)}. Add it again.")
            try_out(entry.path, load_checkpoint(entry.path).generator)
            recorded = " as recorded" if origin else ""
            click.echo(f"{name}: works, sha-256 {entry.sha256}{recorded}")
        except (CheckpointError, ModelAddError) as error:
            failed += 1
            click.echo(f"{name}: DOES NOT WORK. {error}")
    return 1 if failed else 0


@contextlib.contextmanager
def _readable_errors() -> Iterator[None]:
    """What the library and the formats refuse becomes the command's one line."""
    from draggan_server.checkpoints import CheckpointError
    from draggan_server.models import ModelAddError, ModelRemovalError, UnknownModelError
    from draggan_server.models.catalogue import UnknownEntryError
    from draggan_server.models.downloading import DownloadError

    refusals = (CheckpointError, DownloadError, ModelAddError, ModelRemovalError, UnknownEntryError, UnknownModelError)
    try:
        yield
    except refusals as error:
        raise CommandError(str(error)) from None


def _library() -> ModelLibrary:
    from draggan_server.models import BUNDLED_MODELS, ModelLibrary

    return ModelLibrary((BUNDLED_MODELS, find_home().models), resident=1)


def _print_list(as_json: bool) -> None:
    with ProgressLine() as line:
        connection = connect(line)
        listed = connection.models()
    found = listed.models
    if as_json:
        click.echo(json.dumps({"models": [_described(model) for model in found]}))
        return
    for file in listed.files:
        click.echo(f"{file.name}: {file.problem or 'is being converted'}", err=True)
    if not found:
        click.echo("There are no models. Add one with `draggan-server models add FILE`.")
        return
    rows = [("MODEL", "NAME", "SIZE", "DRAWS", "LICENCE", "STEPS/S", "SHA-256")]
    rows += [
        (
            model.id,
            model.name,
            size_text(model.resolution, model.aspect),
            model.domain,
            model.licence,
            _speed(model),
            model.sha256[:12],
        )
        for model in found
    ]
    print_table(rows)


def _speed(model: ModelInfo) -> str:
    """ "~" stands before what is only estimated."""
    if model.steps_per_s:
        return f"{model.steps_per_s:.1f}"
    return f"~{model.estimated_steps_per_s:.1f}" if model.estimated_steps_per_s else "?"


def _described(model: ModelInfo) -> dict[str, object]:
    return {
        "id": model.id,
        "name": model.name,
        "resolution": model.resolution,
        "aspect": model.aspect,
        "classes": model.classes,
        "class_names": model.class_names,
        "domain": model.domain,
        "licence": model.licence,
        "sha256": model.sha256,
        "bundled": model.bundled,
        "steps_per_s": model.steps_per_s,
        "estimated_steps_per_s": model.estimated_steps_per_s,
        "alignment": {point.name: [point.x, point.y] for point in model.alignment},
    }


def _described_entry(entry: ModelEntry) -> dict[str, object]:
    return {
        "id": entry.id,
        "name": entry.name,
        "file": str(entry.path),
        "resolution": entry.resolution,
        "aspect": entry.aspect,
        "classes": entry.classes,
        "class_names": entry.class_names,
        "domain": entry.domain,
        "licence": entry.licence,
        "sha256": entry.sha256,
        "bundled": entry.bundled,
        "alignment": {name: list(place) for name, place in _places(entry.alignment).items()},
    }


def _places(alignment: Alignment | None) -> dict[str, tuple[float, float]]:
    return {point.name: (point.x, point.y) for point in alignment.points} if alignment else {}
