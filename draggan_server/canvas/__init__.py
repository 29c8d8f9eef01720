"""Layer pixels <-> the generator's square picture. numpy and Pillow only; the one place that converts px."""

from .change import change_alpha
from .copy import EditedCopy, edited_copy
from .depth import to_rgb8
from .errors import CanvasError, EmptyPictureError, FrameError, MaskError, PictureError
from .frame import Frame
from .model_input import ModelPicture, mask_for_model, picture_for_model
from .moving import Motion, is_cut_out
from .picture import Mask, Picture, Region
from .preview import EditPreview
from .result import blank, composite, over, whole_frame

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
    "Motion",
    "Picture",
    "PictureError",
    "Region",
    "blank",
    "change_alpha",
    "composite",
    "edited_copy",
    "is_cut_out",
    "mask_for_model",
    "over",
    "picture_for_model",
    "to_rgb8",
    "whole_frame",
]
