"""Small pictures: files from the server to Qt's images, and one laid over another."""

import functools
from typing import Any

from ..draggan_client import png_place
from ..qt import QtCore, QtGui

_MOST_PX = 1 << 26
"""Of a picture that came with a document: 8192 x 8192, which is 0.5 GB with 16 bits."""


@functools.lru_cache(maxsize=4)  # the same picture is shown in the docker and on the canvas
def image_of(file: bytes) -> Any:
    """A QImage from a PNG or JPEG, not to be painted on; None: it is none."""
    image = QtGui.QImage.fromData(file) if file else None
    return image if image is not None and not image.isNull() else None


def laid_over(base: bytes, over: bytes) -> bytes:
    """Two pictures of the same square as one PNG, as large as the lower one; either may be empty."""
    below, above = image_of(base), image_of(over)
    if below is None or above is None:
        return base if below is not None else over
    below = below.convertToFormat(QtGui.QImage.Format.Format_RGB32)
    painter = QtGui.QPainter(below)
    painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(QtCore.QRectF(below.rect()), above, QtCore.QRectF(above.rect()))
    painter.end()
    made = QtCore.QByteArray()
    buffer = QtCore.QBuffer(made)
    buffer.open(QtCore.QIODevice.OpenModeFlag.WriteOnly)
    below.save(buffer, "PNG")
    return bytes(made)


def lets_nothing_through(file: bytes) -> bool:
    """Whether no pixel of a PNG is transparent, not even a little. No picture: nothing lets through.

    What cannot be read, or is too large to be looked at, may let something through.
    """
    if not file:
        return True
    size = png_place.size_of(file)
    image = image_of(file) if size is not None and size[0] * size[1] <= _MOST_PX else None
    if image is None or not image.hasAlphaChannel():
        return image is not None
    alpha = image.convertToFormat(QtGui.QImage.Format.Format_Alpha8)
    bits = alpha.constBits()
    bits.setsize(alpha.bytesPerLine() * alpha.height())
    rows, stride, width = bytes(bits), alpha.bytesPerLine(), alpha.width()
    return all(rows.count(255, row * stride, row * stride + width) == width for row in range(alpha.height()))
