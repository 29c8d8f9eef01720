"""What can be wrong with the pixels, the frame or the mask that an editor sends."""

from __future__ import annotations


class CanvasError(ValueError):
    """Base of all errors of `canvas`; its text can be shown to an artist as it is.

    `message` says what was wrong and where, `hint` what to do about it.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}"


class PictureError(CanvasError):
    """The pixels cannot be read: wrong shape, wrong type, NaN."""


class EmptyPictureError(PictureError):
    """There is nothing to see: no pixels, or only transparent ones, inside the frame."""


class FrameError(CanvasError):
    """The frame is no usable square, or lies beside the picture."""


class MaskError(CanvasError):
    """The editable mask cannot be read, does not fit, or allows no change anywhere."""
