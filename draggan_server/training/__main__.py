"""`python -m draggan_server.training`: train a bundled model, look at it, put it in its place."""

from __future__ import annotations

from pathlib import Path

import click
import torch
from PIL import Image

from ..checkpoints import load_checkpoint
from .export import export
from .finder import FinderProgress, FinderRecipe, FinderTraining, save_finder
from .recipe import RECIPES
from .sheet import SHEETS
from .trainer import Progress, Trainer

BUNDLED = Path(__file__).parents[1] / "models" / "bundled"
RECIPE = click.argument("recipe", type=click.Choice(tuple(RECIPES)))
OUT = click.option("--out", type=click.Path(path_type=Path), help="The training's folder.  [default: runs/RECIPE]")


def _default_device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def _folder(recipe: str) -> Path:
    return Path("runs") / recipe


@click.group()
def main() -> None:
    """Train the bundled models by this project's own recipes."""


@main.command()
@RECIPE
@OUT
@click.option("--device", default=_default_device, show_default="cuda where there is one, else cpu")
@click.option("--bf16/--fp32", default=False, help="Regress in bfloat16: faster on processors that have it.")
@click.option("--compiled/--eager", default=False, help="Compile the regression: faster; needs a C++ compiler.")
@click.option("--threads", type=int, help="Processor threads; all cores if not given.")
@click.option("--save-every", type=float, default=60.0, show_default=True, help="Seconds that a kill may cost.")
def train(
    recipe: str,
    out: Path | None,
    device: str,
    bf16: bool,
    compiled: bool,
    threads: int | None,
    save_every: float,
) -> None:
    """Train the model of RECIPE, going on from what is in its folder after Ctrl+C or a kill."""
    if threads:
        torch.set_num_threads(threads)

    def report(progress: Progress) -> None:
        left = (progress.of - progress.pictures) / max(progress.pictures_per_second, 1e-6)
        click.echo(
            f"{progress.phase:>7}  {progress.pictures:>7}/{progress.of}  loss {progress.loss:.4f}  "
            f"PSNR {progress.validation_psnr:.2f} dB  {progress.pictures_per_second:.0f} pictures/s  "
            f"{left / 60:.0f} min left in this phase"
        )

    trainer = Trainer(RECIPES[recipe], out or _folder(recipe), torch.device(device), bf16, compiled)
    trainer.run(report, save_every)


@main.command("export")
@RECIPE
@OUT
@click.option("--model", type=click.Path(path_type=Path), help="[default: where the bundled model of RECIPE lies]")
def export_command(recipe: str, out: Path | None, model: Path | None) -> None:
    """Write the model trained by RECIPE, and its discriminator beside it, to the file MODEL."""
    model = model or BUNDLED / f"{recipe}.safetensors"
    export(RECIPES[recipe], out or _folder(recipe), model)
    click.echo(f"{model}: {model.stat().st_size / 1e6:.1f} MB")


@main.command()
@RECIPE
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The finder's file.  [default: tests/data/finders/RECIPE.safetensors]",
)
@click.option("--pictures", default=FinderRecipe().pictures, show_default=True, help="To learn from.")
@click.option("--bf16/--fp32", default=False, help="Train in bfloat16: faster on processors that have it.")
@click.option("--threads", type=int, default=1, show_default=True)
def finder(recipe: str, out: Path | None, pictures: int, bf16: bool, threads: int) -> None:
    """Train the landmark finder that judges models of RECIPE, on the processor, going on after Ctrl+C or a kill."""
    torch.set_num_threads(threads)
    out = out or Path("tests", "data", "finders", f"{recipe}.safetensors")

    def report(progress: FinderProgress) -> None:
        left = (progress.of - progress.pictures) / progress.pictures_per_second
        click.echo(
            f"{progress.pictures:>7}/{progress.of}  loss {progress.loss:.5f}  "
            f"{progress.pictures_per_second:.0f} pictures/s  {left / 60:.0f} min left"
        )

    state = Path("runs", "finders", f"{recipe}.pt")
    save_finder(out, FinderTraining(RECIPES[recipe].domain, FinderRecipe(pictures=pictures), state, bf16).run(report))
    state.unlink()


@main.command()
@RECIPE
@click.option("--model", type=click.Path(path_type=Path, exists=True), help="[default: the bundled model of RECIPE]")
@click.option("--kind", type=click.Choice(tuple(SHEETS)), default=next(iter(SHEETS)), show_default=True)
@click.option("--width", type=int, help="Shrink the sheet to so many px.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A JPEG or PNG file.")
def sheet(recipe: str, model: Path | None, kind: str, width: int | None, out: Path) -> None:
    """Draw pictures that no training saw, to be looked at.

    contact: 64 at psi 0.7, at psi 1, and as the renderer draws them. interpolations: 16 ways from one to another, in 8
    steps. truncation: 8 from psi 0 to 1.2.
    """
    torch.set_num_threads(1)
    generator = load_checkpoint(model or BUNDLED / f"{recipe}.safetensors").generator
    picture = SHEETS[kind](generator, RECIPES[recipe].domain)
    if width is not None and width < picture.width:
        picture = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
    picture.save(out, quality=88)


if __name__ == "__main__":
    main()
