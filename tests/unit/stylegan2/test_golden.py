"""Our networks against numbers that NVIDIA's networks computed from the same parameters."""

import pytest
import torch

from draggan_server.stylegan2 import (
    Discriminator,
    DiscriminatorConfig,
    Generator,
    GeneratorConfig,
    z_from_seed,
)
from tests.unit.stylegan2 import golden

CONFIG = GeneratorConfig(
    z_dim=64, w_dim=64, img_resolution=32, channel_base=512, channel_max=32, mapping_layers=2, conv_clamp=256
)
DISCRIMINATOR_CONFIG = DiscriminatorConfig(img_resolution=32, channel_base=512, channel_max=32)


@pytest.fixture(scope="module", params=golden.NAMES)
def reference(request):
    return golden.read(request.param)


@pytest.fixture(scope="module")
def generator(reference):
    generator = Generator(CONFIG)
    generator.load_state_dict(reference.generator, strict=True)
    return generator.freeze()


def test_seed_and_mapping_give_nvidias_w(reference, generator):
    z = torch.cat([z_from_seed(seed, 64) for seed in reference.seeds])
    torch.testing.assert_close(generator.mapping(z, psi=reference.psi), reference.w, rtol=0, atol=1e-5)


def test_picture_is_nvidias(reference, generator):
    torch.testing.assert_close(generator.image(reference.w), reference.image, rtol=0, atol=1e-4)


def test_discriminator_is_nvidias(reference):
    discriminator = Discriminator(DISCRIMINATOR_CONFIG)
    discriminator.load_state_dict(reference.discriminator, strict=True)
    torch.testing.assert_close(discriminator.freeze()(reference.image), reference.logits, rtol=0, atol=1e-4)


def test_noise_matters_and_none_leaves_it_out(reference, generator):
    const = generator.image(reference.w, noise="const")
    none = generator.image(reference.w, noise="none")
    assert (const - none).abs().max() > 1e-2
    assert not torch.equal(generator.image(reference.w, noise="random"), const)


def test_features_end_at_their_block(reference, generator):
    for resolution in CONFIG.block_resolutions:
        features = generator.features(reference.w, resolution)
        assert features.shape == (3, CONFIG.channels(resolution), resolution, resolution)
    # A w that only feeds blocks above must not matter.
    changed = reference.w.clone()
    changed[:, 5:] += 1.0
    assert torch.equal(generator.features(changed, 16), generator.features(reference.w, 16))
    with pytest.raises(ValueError, match="no block at 64 px"):
        generator.features(reference.w, 64)
