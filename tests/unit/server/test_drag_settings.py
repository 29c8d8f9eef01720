"""A request's options and a model's card become the engine's settings."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from draggan_client.messages import DragOptions
from draggan_server.checkpoints import DragDefaults
from draggan_server.drag import DragSettings, LatentSpace, Norm
from draggan_server.server.dragging import drag_settings


def settings(options: DragOptions, **of_the_card: Any) -> DragSettings:
    return drag_settings(options, SimpleNamespace(card=SimpleNamespace(drag=DragDefaults(**of_the_card))))


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
