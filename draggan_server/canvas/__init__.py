"""Layer pixels <-> the generator's square picture. numpy and Pillow only; the one place that converts px."""

from .change import change_alpha
from .copy import EditedCopy, edited_copy
from .depth import to_rgb8
from .errors import CanvasError, EmptyPictureError, FrameError, MaskError, PictureError
from .frame import Frame
from .model_input import ModelPicture, mask_for_model, picture_for_model
from .picture import Mask, Picture, Region
from .preview import EditPreview
from .result import composite, over, whole_frame

__all__ = [
    "CanvasError",
    "EditPreview",
    "EditedCopy",
    "EmptyPictureError",
    "Frame",
    "FrameError",
    "Mask",
    "MaskError",
    "ModelPicture",
    "Picture",
    "PictureError",
    "Region",
    "change_alpha",
    "composite",
    "edited_copy",
    "mask_for_model",
    "over",
    "picture_for_model",
    "to_rgb8",
    "whole_frame",
]
