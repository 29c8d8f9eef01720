"""Every architecture and shape against the plain networks: pictures, features, windows, logits, gradients."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
import torch

from draggan_server.stylegan2 import (
    Box,
    Discriminator,
    DiscriminatorConfig,
    Generator,
    GeneratorConfig,
    z_from_seed,
)
from draggan_server.stylegan2.windows import plan
from tests.reference import plain_stylegan2
from tests.unit.stylegan2.test_windows import part

SHAPES = {"square": (4, 4), "tall": (4, 2), "wide": (2, 4), "narrow": (4, 1), "three quarters": (3, 4)}
KINDS = [("skip", "tall"), ("skip", "three quarters"), ("resnet", "square"), ("resnet", "tall"), ("resnet", "wide")]
KINDS += [("orig", "square"), ("orig", "narrow")]
TOP = 64


def varied(network: torch.nn.Module) -> None:
    """Every parameter matters."""
    for name, parameter in network.named_parameters():
        if name.endswith(("bias", "noise_strength")):
            torch.nn.init.normal_(parameter, std=0.3)


def make_generator(architecture: str, shape: str, *, c_dim: int = 0, clamp: float | None = 0.9) -> Generator:
    torch.manual_seed(17)
    height, width = SHAPES[shape]
    generator = Generator(
        GeneratorConfig(
            z_dim=16, w_dim=16, img_resolution=TOP, c_dim=c_dim, channel_base=2048, channel_max=40, mapping_layers=2,
            conv_clamp=clamp, architecture=architecture, base_height=height, base_width=width,
        )
    )  # fmt: skip
    varied(generator)
    return generator.double().freeze()


def latents(generator: Generator, count: int = 2) -> torch.Tensor:
    ws = generator.mapping(torch.cat([z_from_seed(seed, 16) for seed in range(count)]).double())
    return ws + 0.3 * torch.randn(ws.shape, generator=torch.Generator().manual_seed(3), dtype=ws.dtype)


@pytest.fixture(scope="module", params=KINDS, ids=" ".join)
def generator(request) -> Generator:
    return make_generator(*request.param)


def test_picture_and_features(generator):
    ws = latents(generator)
    picture, maps = plain_stylegan2.draw(generator, ws)
    height, width = SHAPES[next(name for name, size in SHAPES.items() if size == maps[4].shape[2:])]
    assert picture.shape == (2, 3, height * TOP // 4, width * TOP // 4)
    assert (generator.height, generator.width) == picture.shape[2:]
    assert generator.aspect == width / height
    torch.testing.assert_close(generator.image(ws), picture, rtol=0, atol=1e-10)
    assert list(maps) == list(generator.config.block_resolutions)
    for resolution, features in maps.items():
        assert max(features.shape[2:]) == resolution
        torch.testing.assert_close(generator.features(ws, resolution), features, rtol=0, atol=1e-10)


def test_blocks_say_where_there_is_a_picture(generator):
    ws = latents(generator)
    drawing = [r for r, _, picture in generator.blocks(ws, TOP) if picture is not None]
    assert drawing == list(generator.config.picture_resolutions) == list(generator.images(ws))
    if generator.config.architecture == "skip":
        assert drawing == list(generator.config.block_resolutions)
        assert max(generator.image(ws, resolution=8).shape[2:]) == 8
    else:
        assert drawing == [TOP]
        with pytest.raises(ValueError, match=r"no picture at 8 px: a model of the \w+ architecture draws one of 64 px"):
            generator.image(ws, resolution=8)


def boxes_of(height: int, width: int) -> list[list[Box]]:
    """One at every corner and side, several at once, and one that reaches across the shorter side."""
    places = itertools.product((0, height // 2 - 1, height - 2), (0, max(width // 2 - 1, 0), max(width - 2, 0)))
    single = [Box(top, left, top + 2, left + min(2, width)) for top, left in places]
    across = Box(height // 3, 0, height // 3 + 1, width)
    return [*([box] for box in single), single[::3], [across]]


@pytest.mark.parametrize("resolution", [4, 8, 32, 64])
def test_windows_are_the_whole_maps_numbers_and_gradients(generator, resolution):
    ws = latents(generator, 1).requires_grad_()
    whole = generator.features(ws, resolution)[0]
    weights = torch.randn(whole.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for boxes in boxes_of(*generator.config.map_size(resolution)):
        windows = generator.feature_windows(ws, resolution, boxes).windows
        crops = [next(window for window in windows if window.box.contains(box)).crop(box) for box in boxes]
        for box, crop in zip(boxes, crops, strict=True):
            torch.testing.assert_close(crop, part(whole, box), rtol=0, atol=1e-10)
        ours = sum((part(weights, box) * crop).sum() for box, crop in zip(boxes, crops, strict=True))
        expected = sum((part(weights, box) * part(whole, box)).sum() for box in boxes)
        (g_ours,), (g_expected,) = (torch.autograd.grad(y, ws, retain_graph=True) for y in (ours, expected))
        torch.testing.assert_close(g_ours, g_expected, rtol=1e-10, atol=1e-10)


def test_windows_really_are_used(generator):
    """Otherwise the test above would compare the whole map with itself."""
    height, width = generator.config.map_size(TOP)
    box = Box(height // 2, width // 2, height // 2 + 2, width // 2 + 2)
    levels = plan(generator.config, TOP, [box])
    assert not levels[-1].is_whole
    assert not levels[-2].is_whole
    (window,) = generator.feature_windows(latents(generator, 1), TOP, [box]).windows
    assert window.box == box


def test_only_the_w_that_move_get_a_gradient(generator):
    ws = latents(generator, 1).requires_grad_()
    found = generator.feature_windows(ws, TOP, [Box(4, 2, 8, 4)], whole_at=32, moving=4)
    torch.testing.assert_close(found.whole, generator.features(ws, 32)[0], rtol=0, atol=1e-10)
    (gradient,) = torch.autograd.grad(found.windows[0].values.sum() + found.whole.sum(), ws)
    assert (gradient[:, :4] != 0).all()
    assert (gradient[:, 4:] == 0).all()


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("clamp", [None, 0.8])
@pytest.mark.parametrize("shape", ["square", "tall"])
@pytest.mark.parametrize("architecture", ["resnet", "skip", "orig"])
def test_discriminators(architecture, shape, clamp, classes):
    torch.manual_seed(5)
    height, width = SHAPES[shape]
    discriminator = Discriminator(
        DiscriminatorConfig(
            img_resolution=32, c_dim=classes, channel_base=512, channel_max=24, conv_clamp=clamp, mapping_layers=2,
            cmap_dim=20 if classes else 0, architecture=architecture, base_height=height, base_width=width,
        )
    )  # fmt: skip
    varied(discriminator)
    discriminator.double().freeze()
    pictures = torch.randn(4, 3, height * 8, width * 8, dtype=torch.float64)
    c = torch.eye(3, dtype=torch.float64)[[0, 1, 2, 0]] if classes else None
    due = plain_stylegan2.judge(discriminator, pictures, c)
    torch.testing.assert_close(discriminator(pictures, c), due, rtol=0, atol=1e-10)
    assert due.std() > 1e-3
    maps = discriminator.features(pictures)
    assert [tuple(each.shape[2:]) for each in maps] == [(height * r // 4, width * r // 4) for r in (16, 8, 4)]


def test_a_seed_with_a_class():
    generator = make_generator("skip", "square", c_dim=3)
    z = z_from_seed(7, 16).double()
    for label in (0, 1, 2):
        condition = torch.eye(3, dtype=torch.float64)[[label]]
        expected = generator.mapping(z, condition, psi=0.5)
        assert torch.equal(generator.ws_from_seed(7, psi=0.5, label=label), expected)
    assert torch.equal(generator.ws_from_seed(7), generator.ws_from_seed(7, label=1)), "7 modulo 3"
    for wrong in (-1, 3):
        with pytest.raises(ValueError, match=rf"there is no class {wrong}; this model's are 0 to 2"):
            generator.ws_from_seed(7, label=wrong)
    without = make_generator("skip", "square")
    assert torch.equal(without.ws_from_seed(7, psi=0.5), without.mapping(z, psi=0.5))
    with pytest.raises(ValueError, match=r"no class 0; this model's are none: it draws without classes"):
        without.ws_from_seed(7, label=0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"architecture": "dense"},
        {"base_height": 2, "base_width": 2},
        {"base_width": 0},
        {"base_height": 8},
        {"c_dim": -1},
        {"c_dim": 10**6},
    ],
)
def test_impossible_settings_are_refused(wrong):
    config = GeneratorConfig(z_dim=8, w_dim=8, img_resolution=8)
    with pytest.raises(ValueError, match=r"must be (one of orig, skip, resnet|4 px long|from 0 to 100000)"):
        dataclasses.replace(config, **wrong)
    with pytest.raises(ValueError, match=r"must be (one of orig, skip, resnet|4 px long|from 0 to 100000)"):
        dataclasses.replace(DiscriminatorConfig(img_resolution=8), **wrong)
