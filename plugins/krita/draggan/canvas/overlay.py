"""The sheet that lies over one canvas: it shows what it is given, and catches nothing.

It repaints only what has changed. Krita paints its canvas below in its own time, and does not notice it.
"""

import math
from collections.abc import Iterable
from typing import Any

from ..draggan_client.messages import Frame
from ..qt import Qt, QtCore, QtGui, QtWidgets
from .frame_marks import FrameLook, frame_bounds, paint_frame
from .mapping import Mapping
from .marks import Mark, paint_mark


class Overlay(QtWidgets.QWidget):
    """A child of the canvas, as large as it. Gets no pointer, no keys, no focus."""

    def __init__(self, canvas: Any) -> None:
        super().__init__(canvas)
        for attribute in (
            Qt.WidgetAttribute.WA_TransparentForMouseEvents,
            Qt.WidgetAttribute.WA_NoSystemBackground,
        ):
            self.setAttribute(attribute)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setObjectName("draggan_overlay")
        self._mapping: Mapping | None = None
        self._marks: tuple[Mark, ...] = ()
        self._bounds: dict[Mark, Any] = {}
        self._look = FrameLook()
        self._picture: Any = None
        self._reduced: dict[int, Any] = {}
        self._picture_frame: Frame | None = None
        self._hidden = False
        self.fit()
        self.show()
        self.lower()  # below Krita's own children of the canvas, as its pop-up palette

    def fit(self) -> None:
        """Cover the canvas as it is now."""
        if self.geometry() != self.parentWidget().rect():
            self.setGeometry(self.parentWidget().rect())

    def set_mapping(self, mapping: Mapping | None) -> None:
        """The document lies otherwise on the canvas now."""
        self._mapping = mapping
        self.update()

    def set_marks(self, marks: Iterable[Mark]) -> None:
        """Show these pairs, in this order."""
        marks = tuple(marks)
        if marks == self._marks:
            return
        old, new = self._bounds, {mark: self._bounds.get(mark) or mark.bounds() for mark in marks}
        for mark in old.keys() ^ new.keys():
            self.update((old.get(mark) or new[mark]).toAlignedRect())
        self._marks, self._bounds = marks, new

    def set_frame(self, look: FrameLook) -> None:
        """Show the part of the document that the model sees."""
        if look == self._look:
            return
        before, self._look = self._look, look
        if before.fills_canvas or look.fills_canvas:
            self.update()
        else:
            self._damage(before.frame)
            self._damage(look.frame)

    def set_picture(self, picture: Any, frame: Frame | None) -> None:
        """Lay a QImage over that frame of the document; None: none."""
        self._damage(self._picture_frame)
        self._picture, self._reduced = picture, {}
        self._picture_frame = frame if picture is not None else None
        self._damage(self._picture_frame)

    def set_hidden(self, hidden: bool) -> None:
        """Show the bare picture below; only the frame stays, to tell that the mode is still on."""
        if hidden != self._hidden:
            self._hidden = hidden
            self.update()

    def paintEvent(self, event: Any) -> None:  # noqa: N802  # Qt's name
        if self._mapping is None:
            return
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        exposed = QtCore.QRectF(event.rect())
        if not self._hidden:
            self._paint_picture(painter)
        if self._look.fills_canvas or self._touches(self._look.frame, exposed):
            paint_frame(painter, self._look, self._mapping, QtCore.QRectF(self.rect()))
        if not self._hidden:
            for mark in self._marks:
                if self._bounds[mark].intersects(exposed):
                    paint_mark(painter, mark)
        painter.end()

    def _paint_picture(self, painter: Any) -> None:
        frame = self._picture_frame
        if frame is None or self._mapping is None:
            return
        picture = self._fitting(frame.width * self._mapping.scale * self.devicePixelRatioF())
        painter.save()
        painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform)
        painter.setTransform(self._mapping.of_frame(frame), True)
        place = QtCore.QRectF(0.0, 0.0, frame.width, frame.height)
        painter.drawImage(place, picture, QtCore.QRectF(picture.rect()))
        painter.restore()

    def _fitting(self, width: float) -> Any:
        """The picture, halved as often as smooth scaling to `width` device px needs: that reads only 2 x 2 px."""
        halvings = max(0, math.ceil(math.log2(self._picture.width() / max(width, 1.0))) - 1)
        if halvings not in self._reduced:
            size = self._picture.size() / 2**halvings
            how = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
            self._reduced[halvings] = self._picture.scaled(size, *how) if halvings else self._picture
        return self._reduced[halvings]

    def _touches(self, frame: Frame | None, exposed: Any) -> bool:
        if frame is None or self._mapping is None:
            return False
        return bool(frame_bounds(self._mapping.polygon(frame)).intersects(exposed))

    def _damage(self, frame: Frame | None) -> None:
        if frame is not None and self._mapping is not None:
            self.update(frame_bounds(self._mapping.polygon(frame)).toAlignedRect())
