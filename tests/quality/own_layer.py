"""The result on a layer of its own size: how near does an edit come to the renderer's own picture of the change?

    python -m tests.quality.own_layer                        as the committed results were made
    python -m tests.quality.own_layer --seed 7 --factor yaw --crops /tmp/crops --out /tmp/quick.json

A layer of 3000 x 2000 px shows a portrait that the renderer drew at 900 px, turned by 20 degrees. A frame is on it, the
portrait is inverted faithfully, as an artist's would be (though the search begins at its true latent code), one factor
of it changes, and what becomes of the layer is compared with the renderer's own picture of that change, as fine as the
layer: where that change is, the mean error of the edit beside those of pasting the enlarged picture of the model and of
feathering it in. The factor changes by a drag, and, since the drag is not judged here, also along the direction of the
true latent codes. A third time without an inversion, from true code to true code: the model draws the portrait worse
then, so that more of it is carried along as detail.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import click
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from draggan_server.canvas import Frame, Motion, Picture, composite, over, picture_for_model, whole_frame
from draggan_server.checkpoints import Checkpoint, load_checkpoint
from draggan_server.drag import DragPoint, DragSettings, dense_motion, drag
from draggan_server.inversion import InversionSettings, InversionStart, invert
from draggan_server.stylegan2 import Generator
from draggan_server.training.portraits import FACTOR_INDEX, render

from .cases import FactorDrag, factor_drags
from .subject import BUNDLED, RESULTS, file_sha256, revision

WIDTH, HEIGHT = 3000, 2000
FRAME = Frame(1250.25, 540.5, 900.0, angle=20.0)
SUPERSAMPLED = 2
"""The renderer draws so many pixels for one of the layer's, along each axis."""
CHANGED_LEVELS = 8
"""Of 255: where the renderer's pictures differ by more, the change is."""
CROPS = RESULTS / "own_layer"
METHODS = ("pasted", "feathered", "carried")
CHANGES = ("dragged", "directed", "latent")
FACTORS = ("mouth_opening", "jaw_width", "chin_length", "brow_height", "nose_width", "hair_length", "yaw")


@dataclass(frozen=True)
class Errors:
    """Mean absolute errors inside the change, in levels of 0..255."""

    nothing: float
    """Of the layer as it was."""
    pasted: float
    """Of the model's picture, enlarged over the whole frame."""
    feathered: float
    """Of the same, where it changed."""
    carried: float
    """Of ours: with the original's detail."""
    seam_feathered: float
    """How far the edit's own colours are from the layer's where its alpha is under a half, which is where it ends."""
    seam_carried: float
    """The same of ours."""


@dataclass(frozen=True)
class Case:
    """One drag of one portrait."""

    seed: int
    number: int
    landmark: str
    factor: str
    changed: int
    """Pixels of the layer."""
    reconstruction_db: float | None
    """Peak signal-to-noise ratio of the inverted picture."""
    dragged: Errors | None
    """After an inversion; None: not done."""
    directed: Errors | None
    """After an inversion, along the direction of the true latent codes; None: not done."""
    latent: Errors
    """From the true latent code to that of the change."""
    outside_identical: bool
    """Every pixel of the layer that the edit's alpha does not reach is bit for bit the same, and there are such inside
    the frame as well."""
    motion_s: float
    """Of the processor's time, as `composite_s`."""
    composite_s: float


def layer_of(factors: Tensor) -> NDArray[np.uint8]:
    """[HEIGHT, WIDTH, 4]: the portrait of factors [1, F] in the frame; round it its own edges go on for a while."""
    fine = round(FRAME.size) * SUPERSAMPLED
    drawn = render(factors, fine)[0].numpy() * 0.5 + 0.5
    border = fine // 3
    x, y = zip(*FRAME.corners, strict=True)
    left, top, right, bottom = (math.floor(min(x)), math.floor(min(y)), math.ceil(max(x)), math.ceil(max(y)))
    layer = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    layer[..., :3] = np.rint(np.clip(drawn[:, :40, :40].mean(axis=(1, 2)), 0, 1) * 255)
    # Samples of the layer, to those of the renderer's picture.
    cosine, sine = FRAME.direction
    corner = FRAME.to_model(left, top, fine)
    coefficients = (cosine, sine, corner[0] + border, -sine, cosine, corner[1] + border)
    size = (right - left) * SUPERSAMPLED, (bottom - top) * SUPERSAMPLED
    for channel, plane in enumerate(drawn):
        image = Image.fromarray(np.pad(plane, border, mode="edge"))
        samples = np.asarray(image.transform(size, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR))
        blocks = samples.reshape(bottom - top, SUPERSAMPLED, right - left, SUPERSAMPLED).mean(axis=(1, 3))
        layer[top:bottom, left:right, channel] = np.rint(np.clip(blocks, 0, 1) * 255)
    return layer


def true_latent(generator: Generator, case: FactorDrag) -> Tensor:
    """ws of the portrait after the change: z with the one coordinate that makes the factor what it is then."""
    column = FACTOR_INDEX[case.factor]
    z = case.z.clone()
    wanted = torch.erfinv(2 * case.after[0, column] - 1) * math.sqrt(2)
    rest = z.square().sum() - z[0, column].square()
    z[0, column] = wanted * torch.sqrt(rest / (z.shape[1] - wanted.square()))  # the mean square is 1 after it
    return generator.mapping(z)


def dragged_latent(generator: Generator, ws: Tensor, case: FactorDrag, settings: DragSettings) -> Tensor:
    """ws after the drag of the landmark that the factor moves."""
    handle, target = case.handle_and_target(generator.resolution)
    *_, last = drag(generator, ws, [DragPoint(handle, target)], None, settings)
    return last.ws


@dataclass(frozen=True)
class Results:
    """What becomes of the layer, by each method [HEIGHT, WIDTH, 4]."""

    shown: dict[str, NDArray[np.uint8]]
    edits: dict[str, Picture]
    motion_s: float
    composite_s: float


def results(generator: Generator, layer: NDArray[np.uint8], ws: Tensor, ws_after: Tensor) -> Results:
    """By all methods."""
    picture = Picture(layer)
    with torch.no_grad():
        before, after = (generator.image(each)[0].numpy() for each in (ws, ws_after))
    began = time.process_time()
    found = dense_motion(generator, ws, ws_after)
    moved = time.process_time()
    motion = Motion(found.offsets.numpy(), found.confidence.numpy())
    carried = composite(picture, FRAME, before, after, motion=motion)
    ended = time.process_time()
    edits = {
        "pasted": whole_frame(after, FRAME, np.dtype(np.uint8)),
        "feathered": composite(picture, FRAME, before, after),
        "carried": carried,
    }
    shown = {name: over(picture, each).pixels for name, each in edits.items()}
    return Results(shown, edits, moved - began, ended - moved)


def errors(found: Results, layer: NDArray[np.uint8], truth: NDArray[np.uint8], changed: NDArray[np.bool_]) -> Errors:
    """Inside the change."""

    def error(shown: NDArray[np.uint8]) -> float:
        return float(np.abs(shown[changed][:, :3].astype(int) - truth[changed][:, :3]).mean())

    def seam(edit: Picture) -> float:
        there = edit.region.of(layer, 0, 0)[..., :3].astype(int)
        soft = (edit.pixels[..., 3] > 0) & (edit.pixels[..., 3] < 128)
        return float(np.abs(edit.pixels[..., :3] - there)[soft].mean())

    seams = (seam(found.edits[name]) for name in ("feathered", "carried"))
    return Errors(error(layer), *(error(found.shown[name]) for name in METHODS), *seams)


def true_change(layer: NDArray[np.uint8], truth: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """[HEIGHT, WIDTH] inside the frame."""
    across, down = FRAME.to_model(np.arange(WIDTH) + 0.5, np.arange(HEIGHT)[:, None] + 0.5, 1)
    inside = (across >= 0) & (across <= 1) & (down >= 0) & (down <= 1)
    return inside & (np.abs(layer.astype(int) - truth).max(axis=-1) > CHANGED_LEVELS)


def outside_identical(found: Results, layer: NDArray[np.uint8]) -> bool:
    """By the alpha of the edit, which is all that is inserted."""
    edit, shown = found.edits["carried"], found.shown["carried"]
    reached = np.zeros((HEIGHT, WIDTH), bool)
    reached[edit.y : edit.y + edit.height, edit.x : edit.x + edit.width] = edit.pixels[..., 3] > 0
    across, down = FRAME.to_model(np.arange(WIDTH) + 0.5, np.arange(HEIGHT)[:, None] + 0.5, 1)
    beyond = (across < 0) | (across > 1) | (down < 0) | (down > 1)
    return not (reached & beyond).any() and np.array_equal(shown[~reached], layer[~reached])


@dataclass(frozen=True)
class Inverted:
    """What draws the frame's part of a layer."""

    generator: Generator
    """Tuned to it."""
    ws: Tensor
    reconstruction_db: float


def inverted(checkpoint: Checkpoint, layer: NDArray[np.uint8], ws: Tensor) -> Inverted:
    """Looked for from the true latent code."""
    seen = picture_for_model(Picture(layer), FRAME, checkpoint.generator.resolution).rgb
    settings, start = InversionSettings.faithful(), InversionStart(ws)
    picture = torch.from_numpy(seen)[None]
    *_, last = invert(checkpoint.generator, checkpoint.discriminator, picture, settings, start=start)
    generator = checkpoint.generator if last.delta is None else checkpoint.generator.tuned(last.delta)
    with torch.no_grad():
        drawn = generator.image(last.ws)[0].clamp(-1, 1).numpy()
    return Inverted(generator, last.ws, 10 * math.log10(4 / float(np.mean((drawn - seen) ** 2))))


def measured(
    checkpoint: Checkpoint, case: FactorDrag, crops: Path | None = None, *, with_inversion: bool = True
) -> Case:
    """One drag; `crops`: a folder for what became of the layer, beside the truth."""
    generator, settings = checkpoint.generator, DragSettings.of(asdict(checkpoint.card.drag))
    layer = layer_of(case.before)
    with torch.no_grad():
        ws = generator.mapping(case.z)
        true_ws = true_latent(generator, case)
    known, changes = None, {"latent": (generator, ws, true_ws)}
    if with_inversion:
        known = inverted(checkpoint, layer, ws)
        changes["directed"] = (known.generator, known.ws, known.ws + true_ws - ws)
        changes["dragged"] = (known.generator, known.ws, dragged_latent(known.generator, known.ws, case, settings))
    return judged(case, layer, changes, known.reconstruction_db if known else None, crops)


def judged(
    case: FactorDrag,
    layer: NDArray[np.uint8],
    changes: Mapping[str, tuple[Generator, Tensor, Tensor]],
    reconstruction_db: float | None,
    crops: Path | None,
) -> Case:
    """`changes`: the generator, and the latent codes before and after, by the names of CHANGES."""
    truth = layer_of(case.after)
    changed = true_change(layer, truth)
    found = {which: results(generator, layer, ws, after) for which, (generator, ws, after) in changes.items()}
    if crops is not None:
        for which, each in found.items():
            save_crops(crops / f"{case.factor}-{case.seed}-{which}.jpg", layer, truth, each, changed)
    by_change = {which: errors(found[which], layer, truth, changed) if which in found else None for which in CHANGES}
    return Case(
        seed=case.seed,
        number=case.number,
        landmark=case.mark.name,
        factor=case.factor,
        changed=int(changed.sum()),
        reconstruction_db=reconstruction_db,
        outside_identical=all(outside_identical(each, layer) for each in found.values()),
        motion_s=found["latent"].motion_s,
        composite_s=found["latent"].composite_s,
        **by_change,  # type: ignore[arg-type]
    )


def save_crops(
    file: Path, layer: NDArray[np.uint8], truth: NDArray[np.uint8], found: Results, changed: NDArray[np.bool_]
) -> None:
    """Before, pasted, feathered, carried, truth: side by side, round the middle of the change."""
    side = 320
    rows, columns = np.nonzero(changed)
    top, left = int(np.median(rows)) - side // 2, int(np.median(columns)) - side // 2
    every = (layer, *(found.shown[name] for name in METHODS), truth)
    strip = np.concatenate([each[top : top + side, left : left + side, :3] for each in every], axis=1)
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(strip).save(file, "JPEG", quality=80)


def chosen(seeds: Sequence[int], factors: Sequence[str]) -> list[FactorDrag]:
    """The first drag of each of the factors."""
    first: dict[str, FactorDrag] = {}
    for seed in seeds:
        for case in factor_drags(seed, 1):
            if case.factor in factors:
                first.setdefault(case.factor, case)
    return list(first.values())


def summary(cases: Sequence[Case]) -> dict[str, dict[str, float]]:
    """Means over the cases."""
    every = {which: [found for case in cases if (found := getattr(case, which))] for which in CHANGES}
    names = ("nothing", *METHODS, "seam_feathered", "seam_carried")
    return {
        which: {name: round(mean(getattr(each, name) for each in found), 3) for name in names}
        for which, found in every.items()
        if found
    }


def record(model: Path, seeds: Sequence[int], cases: Sequence[Case]) -> dict[str, Any]:
    """What is committed."""
    return {
        "model": {"file": model.name, "sha256": file_sha256(model)},
        "revision": revision(),
        "seeds": list(seeds),
        "layer": [WIDTH, HEIGHT],
        "frame": asdict(FRAME),
        "summary": summary(cases),
        "cases": [asdict(each) for each in cases],
    }


@click.command(help=__doc__.splitlines()[0] if __doc__ else None)
@click.option("--model", type=click.Path(path_type=Path, exists=True), default=BUNDLED, show_default="the bundled one")
@click.option("--seed", "seeds", multiple=True, type=int, default=(41, 42), show_default=True)
@click.option("--factor", "factors", multiple=True, default=FACTORS, show_default=True)
@click.option("--crops", type=click.Path(path_type=Path), default=CROPS, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS / "own_layer.json", show_default=True)
def main(model: Path, seeds: tuple[int, ...], factors: tuple[str, ...], crops: Path, out: Path) -> None:
    torch.set_num_threads(1)
    checkpoint = load_checkpoint(model)
    cases = []
    for case in chosen(seeds, factors):
        found = measured(checkpoint, case, crops)
        cases.append(found)
        every = ((which, getattr(found, which)) for which in CHANGES)
        line = "   ".join(
            f"{which} " + " ".join(f"{getattr(each, name):.1f}" for name in ("nothing", *METHODS))
            for which, each in every
            if each
        )
        click.echo(f"{found.seed} {found.factor:15} {line}   {found.motion_s:.2f} s, {found.composite_s:.2f} s")
        out.write_text(json.dumps(record(model, seeds, cases), indent=1) + "\n", encoding="utf-8")
    click.echo(json.dumps(summary(cases), indent=1))


if __name__ == "__main__":
    main()
