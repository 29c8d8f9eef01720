"""`python -m draggan_server.training`: train the bundled model, look at it, put it in its place."""

from __future__ import annotations

from pathlib import Path

import click
import torch

from .recipe import PORTRAITS
from .trainer import Progress, Trainer


def _default_device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


@click.group()
def main() -> None:
    """Train the bundled model by this project's own recipe."""


@main.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/portraits"), show_default=True)
@click.option("--device", default=_default_device, show_default="cuda where there is one, else cpu")
@click.option("--bf16/--fp32", default=False, help="Regress in bfloat16: faster on processors that have it.")
@click.option("--threads", type=int, help="Processor threads; all cores if not given.")
def train(out: Path, device: str, bf16: bool, threads: int | None) -> None:
    """Train in the folder OUT, going on from what is there. Ctrl+C or a kill loses at most a minute."""
    if threads:
        torch.set_num_threads(threads)

    def report(progress: Progress) -> None:
        left = (progress.of - progress.pictures) / max(progress.pictures_per_second, 1e-6)
        click.echo(
            f"{progress.phase:>7}  {progress.pictures:>7}/{progress.of}  loss {progress.loss:.4f}  "
            f"PSNR {progress.validation_psnr:.2f} dB  {progress.pictures_per_second:.0f} pictures/s  "
            f"{left / 60:.0f} min left in this phase"
        )

    Trainer(PORTRAITS, out, torch.device(device), bf16).run(report)


if __name__ == "__main__":
    main()
