"""Previews from a lower block: only of models whose lower blocks draw faithful small pictures."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest
import torch
from PIL import Image

from draggan_client.messages import PreviewOptions
from draggan_server.server.pixels import SmallPictures, draw, encode
from draggan_server.stylegan2 import Generator, GeneratorConfig, z_from_seed

CONFIG = GeneratorConfig(z_dim=16, w_dim=16, img_resolution=64, channel_base=512, channel_max=16, mapping_layers=2)


@pytest.fixture
def generator() -> Generator:
    """Its picture is complete at 16 px: the blocks above only make it larger."""
    torch.manual_seed(0)
    generator = Generator(CONFIG)
    for resolution in CONFIG.block_resolutions:
        rgb = generator.synthesis.block(resolution).torgb
        with torch.no_grad():
            rgb.weight.mul_(0.2 if resolution < 16 else 0.0)
    return generator.freeze()


@pytest.fixture
def ws(generator):
    return generator.mapping(z_from_seed(0, 16))


def test_a_faithful_model_draws_no_more_than_is_shown(generator, ws):
    pictures = SmallPictures(generator, 16)
    assert np.array_equal(pictures.draw(ws, "const"), draw(generator, ws, "const")), "the first one is drawn whole"
    later = pictures.draw(ws + 0.1, "const")
    assert later.shape == (3, 16, 16)
    assert np.array_equal(later, generator.image(ws + 0.1, resolution=16)[0].numpy())


def test_a_model_whose_lower_blocks_are_off_in_colour_is_drawn_whole(generator, ws):
    generator.synthesis.block(64).torgb.bias[0] += 0.3
    pictures = SmallPictures(generator, 16)
    for code in (ws, ws + 0.1):
        assert np.array_equal(pictures.draw(code, "const"), draw(generator, code, "const"))


@pytest.mark.parametrize(("size", "drawn"), [(16, 16), (17, 32), (4, 4), (64, 64), (300, 64)])
def test_the_smallest_block_that_is_large_enough(generator, ws, size, drawn):
    for resolution in CONFIG.block_resolutions:  # a picture of one colour is the same at every size
        generator.synthesis.block(resolution).torgb.weight.zero_()
    pictures = SmallPictures(generator, size)
    pictures.draw(ws, "const")
    assert pictures.draw(ws, "const").shape == (3, drawn, drawn)


def test_every_blocks_picture_is_what_stopping_there_gives(generator, ws):
    found = generator.images(ws)
    assert tuple(found) == CONFIG.block_resolutions
    for resolution, picture in found.items():
        assert torch.equal(picture, generator.image(ws, resolution=resolution))


@pytest.mark.parametrize("architecture", ["resnet", "orig"])
def test_a_model_without_small_pictures_is_drawn_whole(architecture):
    torch.manual_seed(0)
    generator = Generator(dataclasses.replace(CONFIG, architecture=architecture, base_width=2)).freeze()
    ws = generator.ws_from_seed(0)
    pictures = SmallPictures(generator, 16)
    for code in (ws, ws + 0.1):
        drawn = pictures.draw(code, "const")
        assert drawn.shape == (3, 64, 32)
        assert np.array_equal(drawn, draw(generator, code, "const"))


@pytest.mark.parametrize(("base", "shown"), [((4, 2), (24, 12)), ((2, 4), (12, 24)), ((3, 4), (18, 24))])
def test_pictures_that_are_not_square_keep_their_shape(base, shown):
    """shown: height and width."""
    torch.manual_seed(0)
    generator = Generator(dataclasses.replace(CONFIG, base_height=base[0], base_width=base[1])).freeze()
    for resolution in CONFIG.block_resolutions:
        generator.synthesis.block(resolution).torgb.weight.zero_()
    pictures = SmallPictures(generator, 16)
    ws = generator.ws_from_seed(0)
    pictures.draw(ws, "const")
    small = pictures.draw(ws, "const")
    assert small.shape == (3, 4 * base[0], 4 * base[1])
    preview = encode(small, PreviewOptions(size=24, format="png"), 0)
    assert (preview.height, preview.width) == shown
    assert Image.open(io.BytesIO(preview.data)).size == shown[::-1]
