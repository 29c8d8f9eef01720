"""How the document lies on a canvas: document px <-> the canvas widget's logical px, under zoom, rotation, mirror."""

import math
from dataclasses import dataclass
from typing import Any

from ..draggan_client import frames
from ..draggan_client.messages import Frame
from ..draggan_client.points import Spot
from ..qt import QtCore, QtGui


@dataclass(frozen=True)
class Mapping:
    """A snapshot; make a new one whenever the canvas may have moved. Equal ones show the same."""

    to_canvas: Any
    """A QTransform: document px -> logical px of the canvas widget."""
    to_document: Any
    """The way back."""

    @staticmethod
    def of(view: Any) -> "Mapping | None":
        """How the document lies on the canvas of this `krita.View` now. None: nowhere, as while it is being closed."""
        # Krita's "flake" is the document in points (1/72 inch), whatever resolution the document has.
        image_to_flake, found = view.flakeToImageTransform().inverted()
        to_canvas = image_to_flake * view.flakeToCanvasTransform()
        to_document, exists = to_canvas.inverted()
        return Mapping(to_canvas, to_document) if found and exists else None

    def canvas(self, spot: Spot) -> Any:
        """Where a place of the document is on the canvas, as a QPointF."""
        return self.to_canvas.map(QtCore.QPointF(spot.x, spot.y))

    def document(self, place: Any) -> Spot:
        """The place of the document at a QPointF of the canvas."""
        point = self.to_document.map(QtCore.QPointF(place))
        return Spot(point.x(), point.y())

    def polygon(self, frame: Frame) -> Any:
        """A frame's corners on the canvas, as a QPolygonF; the first is its own top left one."""
        return QtGui.QPolygonF([self.canvas(corner) for corner in frames.corners(frame)])

    def of_frame(self, frame: Frame) -> Any:
        """A QTransform: the frame's own px (its top left corner is 0, 0; `width` by `height`) -> the canvas."""
        turned = QtGui.QTransform().translate(frame.x, frame.y).rotate(frame.angle)
        return turned * self.to_canvas

    @property
    def scale(self) -> float:
        """Logical px of the canvas per document px."""
        return math.sqrt(abs(self.to_canvas.determinant()))
