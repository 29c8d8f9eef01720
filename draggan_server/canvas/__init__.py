"""Layer pixels <-> the generator's square picture. numpy and Pillow only; the one place that converts px."""

from .change import change_alpha
from .depth import to_rgb8
from .errors import CanvasError, EmptyPictureError, FrameError, MaskError, PictureError
from .frame import Frame
from .model_input import ModelPicture, mask_for_model, picture_for_model
from .picture import Mask, Picture
from .result import composite, over

__all__ = [
    "CanvasError",
    "EmptyPictureError",
    "Frame",
    "FrameError",
    "Mask",
    "MaskError",
    "ModelPicture",
    "Picture",
    "PictureError",
    "change_alpha",
    "composite",
    "mask_for_model",
    "over",
    "picture_for_model",
    "to_rgb8",
]
