"""How turned frames are resampled: the ways there are, how far each is from the truth, and what it takes.

    python -m tests.quality.resampling

Towards the model: a document of stripes and noise as fine as its pixels, through a frame turned by 20 degrees, against
the mean of very many samples. Back: the renderer's portraits at the bundled model's size, enlarged sevenfold and
turned, against the renderer's picture of that size; and how far each way moves a place, by a ramp of places. Levels
of 0..255.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import click
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from draggan_server.canvas import Frame, Region
from draggan_server.canvas.resample import area_average, upsample
from draggan_server.training.portraits import FACTORS, factors_from_z, render

RESOLUTION = 128
ANGLE = 20.0
NEAREST, BILINEAR, BICUBIC = Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC
Plane = NDArray[np.float32]


def sampled(plane: Plane, frame: Frame, across: int, method: Image.Resampling) -> Plane:
    """The mean of across x across samples in each of the model's pixels."""
    cosine, sine = frame.direction
    side = RESOLUTION * across
    pitch = frame.size / side
    coefficients = (cosine * pitch, -sine * pitch, frame.x, sine * pitch, cosine * pitch, frame.y)
    samples = Image.fromarray(plane).transform((side, side), Image.Transform.AFFINE, coefficients, method)
    return np.asarray(samples).reshape(RESOLUTION, across, RESOLUTION, across).mean(axis=(1, 3))


def reduced(plane: Plane, frame: Frame) -> Plane:
    """Brought down by whole pixels first, then one bicubic sample for each of the model's pixels."""
    by = max(1, int(frame.scale(RESOLUTION)))
    smaller = Frame(frame.x / by, frame.y / by, frame.size / by, frame.angle)
    return sampled(np.asarray(Image.fromarray(plane).reduce(by)), smaller, 1, BICUBIC)


def ours(plane: Plane, frame: Frame) -> Plane:
    """As the canvas does it."""
    return area_average(plane, 0, 0, frame, RESOLUTION, lambda rows: rows[..., None])[..., 0].astype(np.float32)


def towards_the_model(scale: float) -> None:
    """Prints a table for a frame of so many document pixels for each of the model's."""
    size = RESOLUTION * scale
    side = int(size * 1.5)
    y, x = np.mgrid[:side, :side] + 0.5
    stripes = np.sin((x - side / 2) ** 2 / side * 0.6 + (y - side / 2) ** 2 / side * 0.4) > 0
    plane = (stripes * 0.7 + np.random.default_rng(0).random((side, side)) * 0.3).astype(np.float32)
    frame = Frame(side * 0.45, side * 0.05, size, ANGLE)
    truth = sampled(plane, frame, max(16, math.ceil(8 * scale)), NEAREST)
    every = math.ceil(scale)
    ways: dict[str, Callable[[], Plane]] = {
        "one bilinear sample": lambda: sampled(plane, frame, 1, BILINEAR),
        "reduced, one bicubic": lambda: reduced(plane, frame),
        "nearest, 1 a px": lambda: sampled(plane, frame, max(2, every), NEAREST),
        "nearest, 3 a px": lambda: sampled(plane, frame, 3 * every, NEAREST),
        "bilinear, 1 a px": lambda: sampled(plane, frame, max(2, every), BILINEAR),
        "the canvas": lambda: ours(plane, frame),
    }
    for name, way in ways.items():
        began = time.process_time()
        error = np.sqrt(np.mean((way() - truth) ** 2)) * 255
        click.echo(f"{scale:6.2f}  {name:24}{error:8.2f} levels {(time.process_time() - began) * 1000:8.1f} ms")


def transformed(plane: Plane, frame: Frame, region: Region, finer: int, method: Image.Resampling) -> Plane:
    """Enlarged so many times as Pillow enlarges, then through Pillow's affine."""
    border = 4
    image = Image.fromarray(np.pad(plane, border, mode="edge"))
    if finer > 1:
        image = image.resize((image.width * finer, image.height * finer), BICUBIC)
    cosine, sine = frame.direction
    part = len(plane) / frame.size * finer
    left, top = frame.to_model(float(region.left), float(region.top), len(plane) * finer)
    coefficients = (
        cosine * part,
        sine * part,
        left + border * finer,
        -sine * part,
        cosine * part,
        top + border * finer,
    )
    return np.asarray(image.transform((region.width, region.height), Image.Transform.AFFINE, coefficients, method))


def back_to_the_document() -> None:
    """Prints a table."""
    fine = RESOLUTION * 8
    z = torch.randn(3, len(FACTORS), generator=torch.Generator().manual_seed(3))
    drawn = render(factors_from_z(z), fine).numpy()[:, 0]
    small = drawn.reshape(3, RESOLUTION, 8, RESOLUTION, 8).mean(axis=(2, 4))
    frame = Frame(320.3, 10.4, RESOLUTION * 7.03, ANGLE)
    region = Region.covering(frame)
    x, y = np.arange(region.left, region.right) + 0.5, np.arange(region.top, region.bottom)[:, None] + 0.5
    u, v = frame.to_model(x, y, 1)
    inside = (u > 0.03) & (u < 0.97) & (v > 0.03) & (v < 0.97)
    truth = [transformed(each, frame, region, 1, BILINEAR) for each in drawn]
    ramp = np.broadcast_to(np.arange(RESOLUTION, dtype=np.float32) + 0.5, (RESOLUTION, RESOLUTION))
    ways: dict[str, Callable[[Plane], Plane]] = {
        "bilinear": lambda plane: transformed(plane, frame, region, 1, BILINEAR),
        "Pillow's bicubic affine": lambda plane: transformed(plane, frame, region, 1, BICUBIC),
        "2 x bicubic, bilinear": lambda plane: transformed(plane, frame, region, 2, BILINEAR),
        "8 x bicubic, bilinear": lambda plane: transformed(plane, frame, region, 8, BILINEAR),
        "the canvas (4 x)": lambda plane: upsample(plane, frame, region, BICUBIC),
    }
    for name, way in ways.items():
        began = time.process_time()
        errors = [(way(each) - true)[inside] for each, true in zip(small, truth, strict=True)]
        took = (time.process_time() - began) / len(small)
        moved = np.abs(way(ramp) - u * RESOLUTION)[inside].max()
        level = np.sqrt(np.mean(np.square(errors))) * 127.5
        click.echo(f"{name:32}{level:8.2f} levels {moved:6.3f} model px {took * 1000:8.1f} ms")


@click.command(help=__doc__.splitlines()[0] if __doc__ else None)
def main() -> None:
    for scale in (0.8, 1.2, 2.3, 3.5, 7.0):
        towards_the_model(scale)
    back_to_the_document()


if __name__ == "__main__":
    main()
