"""Pictures of models of other shapes and architectures are found too, and such models can be tuned."""

from __future__ import annotations

import pytest
import torch

from draggan_server.inversion import InversionInputError, InversionSettings, InversionStage, invert
from draggan_server.stylegan2 import Discriminator, DiscriminatorConfig, Generator, GeneratorConfig
from tests.unit.inversion.test_invert import psnr

KINDS = [("skip", 4, 2, 0), ("resnet", 4, 4, 0), ("resnet", 4, 2, 3), ("orig", 2, 4, 0)]


@pytest.mark.parametrize(("architecture", "height", "width", "classes"), KINDS)
def test_the_models_own_picture(architecture: str, height: int, width: int, classes: int) -> None:
    shape = {"img_resolution": 32, "channel_base": 512, "base_height": height, "base_width": width, "c_dim": classes}
    with torch.random.fork_rng():
        torch.manual_seed(2)
        generator = Generator(
            GeneratorConfig(z_dim=32, w_dim=32, mapping_layers=2, architecture=architecture, **shape)
        ).freeze()
        discriminator = Discriminator(
            DiscriminatorConfig(architecture="orig", cmap_dim=8 if classes else 0, **shape)
        ).freeze()
    with torch.no_grad():
        picture = generator.image(generator.ws_from_seed(11, psi=0.7))
    assert picture.shape[2:] == (height * 8, width * 8)
    settings = InversionSettings(candidates=8, w_steps=50, w_plus_steps=30, tuning_steps=3)
    steps = list(invert(generator, discriminator, picture, settings))
    assert [stage for stage in InversionStage if any(step.stage is stage for step in steps)] == list(InversionStage)
    last_latent = [step for step in steps if step.stage is InversionStage.W_PLUS][-1]
    assert psnr(generator, last_latent.ws, picture) > psnr(generator, steps[0].ws, picture) + 6
    assert steps[-1].delta is not None and steps[-1].delta.parts
    assert steps[-1].recognition is not None and steps[-1].recognition.score > 0.5
    if height != width:
        with pytest.raises(InversionInputError, match="must have the shape"):
            invert(generator, None, picture.transpose(2, 3))
