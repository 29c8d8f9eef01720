"""How much work a step of a drag is, before there is a network."""

from __future__ import annotations

from ..stylegan2 import Box, GeneratorConfig, Work, features_work
from .feature_map import reading_box
from .loop import feature_resolution, reading_reach
from .points import Point
from .settings import DragSettings


def step_work(config: GeneratorConfig, settings: DragSettings) -> Work:
    """Of a step that drags one point, in the middle of the picture, without a mask.

    Raises:
        DragInputError: the model has no block at the wanted resolution.
    """
    size, resolution = config.img_resolution, feature_resolution(config, settings)
    height, width = config.map_size(size)
    whole = Box.whole(*config.map_size(resolution))
    box = reading_box(Point(width / 2, height / 2), reading_reach(size, settings), whole, size)
    return features_work(config, resolution, (box,), settings.moving_ws(config.num_ws))
