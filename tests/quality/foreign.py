"""Pictures that the portraits model does not know, drawn from a seed: five kinds."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

_DRAWN_AT = 4
"""Times the size asked for: edges come out smooth."""

Random = np.random.RandomState
Colour = tuple[int, int, int]


def foreign_picture(kind: str, number: int, resolution: int) -> Tensor:
    """[1, 3, R, R] in [-1, 1]; the same for the same kind and number, whatever else is drawn."""
    random = Random([KINDS.index(kind), number])
    image = _DRAW[kind](random, resolution * _DRAWN_AT).resize((resolution, resolution), Image.Resampling.BOX)
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 127.5 - 1


def _colour(
    random: Random, saturation: tuple[float, float] = (0.1, 0.8), value: tuple[float, float] = (0.2, 1.0)
) -> Colour:
    rgb = colorsys.hsv_to_rgb(random.rand(), random.uniform(*saturation), random.uniform(*value))
    red, green, blue = (int(255 * part) for part in rgb)
    return red, green, blue


def _landscape(random: Random, size: int) -> Image.Image:
    """A sky from light to dark, a sun, ranges of hills that darken towards the viewer, and trees."""
    top, horizon = _colour(random, (0.2, 0.7), (0.4, 0.9)), _colour(random, (0.05, 0.5), (0.7, 1.0))
    ramp = np.linspace(0, 1, size)[:, None, None]
    sky = (np.array(top) * (1 - ramp) + np.array(horizon) * ramp).astype(np.uint8)
    image = Image.fromarray(np.broadcast_to(sky, (size, size, 3)).copy())
    draw = ImageDraw.Draw(image)
    x, y, radius = random.uniform(0.1, 0.9), random.uniform(0.08, 0.35), random.uniform(0.03, 0.08)
    draw.ellipse(
        [(x - radius) * size, (y - radius) * size, (x + radius) * size, (y + radius) * size], fill=(255, 240, 200)
    )
    hue, across = random.rand(), np.linspace(0, 1, 200)
    ranges = random.randint(3, 6)
    for i in range(ranges):
        height = 0.35 + 0.5 * (i + random.rand()) / ranges
        for wave in range(1, 6):
            height = height + random.uniform(0.2, 1) * 0.09 / wave * np.sin(across * wave * 9 + random.uniform(0, 7))
        red, green, blue = (
            int(255 * c) for c in colorsys.hsv_to_rgb((hue + 0.05 * i) % 1, 0.3 + 0.1 * i, 0.8 - 0.13 * i)
        )
        ground = [(a * size, b * size) for a, b in zip(across, np.broadcast_to(height, across.shape), strict=True)]
        draw.polygon([(0, size), *ground, (size, size)], fill=(red, green, blue))
    for _ in range(random.randint(0, 12)):
        x, y, tall = random.rand(), random.uniform(0.7, 1.0), random.uniform(0.05, 0.2)
        draw.polygon(
            [(x * size, (y - tall) * size), ((x - tall / 4) * size, y * size), ((x + tall / 4) * size, y * size)],
            fill=(20, int(random.uniform(30, 80)), 30),
        )
    return image


def _noise(random: Random, size: int) -> Image.Image:
    """Grains of a size from a pixel to an eighth of the picture, grey or coloured."""
    cells = int(2 ** random.uniform(3, math.log2(size / _DRAWN_AT)))
    channels = random.choice([1, 3])
    grains = random.uniform(0, 255, (cells, cells, channels)).astype(np.uint8)
    image = Image.fromarray(np.broadcast_to(grains, (cells, cells, 3)).copy())
    return image.resize((size, size), Image.Resampling.BICUBIC if random.rand() < 0.5 else Image.Resampling.NEAREST)


def _text(random: Random, size: int) -> Image.Image:
    """Lines of made-up words, dark on light or light on dark."""
    paper, ink = _colour(random, (0.0, 0.2), (0.85, 1.0)), _colour(random, (0.0, 0.9), (0.0, 0.35))
    if random.rand() < 0.3:
        paper, ink = ink, paper
    image = Image.new("RGB", (size, size), paper)
    draw = ImageDraw.Draw(image)
    height = size * random.uniform(0.05, 0.16)
    font = ImageFont.load_default(height)
    y = random.uniform(0, 0.1) * size
    while y < size:
        words = ["".join(chr(97 + c) for c in random.randint(0, 26, random.randint(2, 10))) for _ in range(12)]
        draw.text((random.uniform(0.02, 0.1) * size, y), " ".join(words), font=font, fill=ink)
        y += height * random.uniform(1.2, 1.6)
    return image


def _flat(random: Random, size: int) -> Image.Image:
    """One colour; in half of them a little lighter towards one side."""
    colour = np.array(_colour(random, (0.0, 1.0), (0.05, 1.0)), dtype=np.float64)
    fall = random.choice([0.0, 1.0]) * random.uniform(5, 40)
    slope = np.linspace(-fall, fall, size)
    plane = np.broadcast_to(slope[:, None] if random.rand() < 0.5 else slope, (size, size))
    return Image.fromarray((colour + plane[..., None]).clip(0, 255).astype(np.uint8))


def _other_domain(random: Random, size: int) -> Image.Image:
    """A car, a house or a flower in the middle, as a model of such things would know it."""
    image = Image.new("RGB", (size, size), _colour(random, (0.05, 0.4), (0.6, 1.0)))
    draw = ImageDraw.Draw(image)
    ground = random.uniform(0.62, 0.8)
    draw.rectangle([0, ground * size, size, size], fill=_colour(random, (0.1, 0.5), (0.3, 0.7)))
    random.choice([_car, _house, _flower])(random, draw, size, ground)
    return image


def _box(
    draw: ImageDraw.ImageDraw, size: int, left: float, top: float, right: float, bottom: float, fill: Colour
) -> None:
    draw.rectangle([left * size, top * size, right * size, bottom * size], fill=fill)


def _car(random: Random, draw: ImageDraw.ImageDraw, size: int, ground: float) -> None:
    body, glass = _colour(random, (0.5, 1.0)), (190, 215, 235)
    long, high = random.uniform(0.3, 0.42), random.uniform(0.1, 0.16)
    _box(draw, size, 0.5 - long, ground - high, 0.5 + long, ground + 0.04, body)
    roof = [(0.5 - long * 0.6, ground - high), (0.5 - long * 0.35, ground - 2 * high)]
    roof += [(0.5 + long * 0.3, ground - 2 * high), (0.5 + long * 0.65, ground - high)]
    draw.polygon([(x * size, y * size) for x, y in roof], fill=body)
    _box(draw, size, 0.5 - long * 0.32, ground - 1.85 * high, 0.48, ground - high * 1.05, glass)
    _box(draw, size, 0.51, ground - 1.85 * high, 0.5 + long * 0.3, ground - high * 1.05, glass)
    for x in (0.5 - long * 0.6, 0.5 + long * 0.6):
        for radius, fill in ((0.075, (25, 25, 28)), (0.035, (170, 170, 175))):
            place = [(x - radius), (ground + 0.04 - radius), (x + radius), (ground + 0.04 + radius)]
            draw.ellipse([value * size for value in place], fill=fill)


def _house(random: Random, draw: ImageDraw.ImageDraw, size: int, ground: float) -> None:
    half, wall = random.uniform(0.2, 0.34), random.uniform(0.2, 0.35)
    _box(draw, size, 0.5 - half, ground - wall, 0.5 + half, ground + 0.02, _colour(random, (0.0, 0.5), (0.6, 1.0)))
    roof = [
        (0.45 - half, ground - wall),
        (0.5, ground - wall - random.uniform(0.12, 0.24)),
        (0.55 + half, ground - wall),
    ]
    draw.polygon([(x * size, y * size) for x, y in roof], fill=_colour(random, (0.4, 0.9), (0.3, 0.6)))
    _box(draw, size, 0.46, ground - 0.14, 0.54, ground + 0.02, _colour(random, (0.3, 0.9), (0.2, 0.5)))
    for x in (0.5 - half * 0.6, 0.5 + half * 0.6):
        _box(draw, size, x - 0.045, ground - wall * 0.75, x + 0.045, ground - wall * 0.35, (180, 210, 235))


def _flower(random: Random, draw: ImageDraw.ImageDraw, size: int, ground: float) -> None:
    y, petals, reach = random.uniform(0.3, 0.45), random.randint(5, 12), random.uniform(0.12, 0.22)
    draw.line([0.5 * size, y * size, 0.5 * size, (ground + 0.1) * size], fill=(50, 120, 40), width=int(0.025 * size))
    fill = _colour(random, (0.5, 1.0), (0.7, 1.0))
    for i in range(petals):
        angle = 2 * math.pi * i / petals
        a, b, radius = 0.5 + reach * math.cos(angle), y + reach * math.sin(angle), reach * 2.2 / petals + 0.02
        draw.ellipse([(a - radius) * size, (b - radius) * size, (a + radius) * size, (b + radius) * size], fill=fill)
    radius = reach * 0.55
    place = [0.5 - radius, y - radius, 0.5 + radius, y + radius]
    draw.ellipse([value * size for value in place], fill=_colour(random, (0.6, 1.0), (0.5, 0.9)))


_DRAW: dict[str, Callable[[Random, int], Image.Image]] = {
    "landscape": _landscape,
    "text": _text,
    "noise": _noise,
    "flat colour": _flat,
    "another domain": _other_domain,
}
KINDS = tuple(_DRAW)
