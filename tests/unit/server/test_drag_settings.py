"""A request's options and a model's card become the engine's settings."""

from __future__ import annotations

from typing import Any

import pytest

from draggan_client.messages import DragOptions
from draggan_server.checkpoints import Checkpoint, DragDefaults, ModelCard
from draggan_server.drag import DragInputError, DragSettings, LatentSpace, Norm
from draggan_server.server.dragging import drag_settings
from draggan_server.server.errors import RefusedError
from draggan_server.stylegan2 import Generator, GeneratorConfig

GENERATOR = Generator(GeneratorConfig(z_dim=8, w_dim=8, img_resolution=64, channel_base=64, channel_max=8))


def settings(options: DragOptions, **of_the_card: Any) -> DragSettings:
    card = ModelCard("Cats", "cats", "MIT", drag=DragDefaults(**of_the_card))
    return drag_settings(options, Checkpoint(GENERATOR, None, card))


def test_every_option_arrives_where_it_belongs():
    options = DragOptions(
        r1=0.01,
        r2=0.03,
        mask_weight=7.0,
        step_size=0.004,
        feature_resolution=64,
        latent_space="w",
        moving_resolution=16,
        max_steps=77,
        tolerance_px=1.5,
        tracking_norm="l1",
    )
    assert settings(options) == DragSettings(
        supervision_radius_fraction=0.01,
        tracking_radius_fraction=0.03,
        mask_weight=7.0,
        step_size=0.004,
        feature_resolution=64,
        latent_space=LatentSpace.W,
        moving_resolution=16,
        max_steps=77,
        tolerance_px=1.5,
        tracking_norm=Norm.L1,
    )


def test_what_nobody_asks_for_is_the_methods_own():
    assert settings(DragOptions()) == DragSettings()


def test_the_request_goes_before_the_card_and_the_card_before_the_method():
    card = {"feature_resolution": 32, "latent_space": "w", "step_size": 0.01}
    assert settings(DragOptions(step_size=0.02), **card) == DragSettings(
        feature_resolution=32, latent_space=LatentSpace.W, step_size=0.02
    )


@pytest.mark.parametrize(
    ("of_the_card", "mention"),
    [
        ({"step_size": 50.0}, r"step_size must lie in .*, not 50"),
        ({"mask_weight": -1.0}, r"mask_weight must lie in .*, not -1"),
        ({"latent_space": "z"}, r"latent_space must be one of .*, not 'z'"),
        ({"moving_resolution": 33}, "moving_resolution must be a power of two .*not 33"),
        ({"feature_resolution": 128}, "no block at 128 px"),
    ],
)
def test_what_is_wrong_with_the_models_own_settings_is_said_of_its_file(of_the_card: dict[str, Any], mention: str):
    for options in (DragOptions(), DragOptions(step_size=0.02)):
        with pytest.raises(RefusedError, match=rf"The file of the model 'Cats' .*{mention}") as raised:
            settings(options, **of_the_card)
        assert raised.value.error.code == "bad_model"
        assert "another model" in raised.value.error.hint


def test_what_is_wrong_with_the_request_is_not_said_of_the_file():
    with pytest.raises(DragInputError, match="33"):
        settings(DragOptions(moving_resolution=33), step_size=0.01)
