"""Points in document px, as sessions keep them, and in model px, as a drag takes them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch

from draggan_client.edit_state import StatePoint
from draggan_server.canvas import Frame
from draggan_server.drag import DragPoint, DragStep, Point, Reference
from draggan_server.server.errors import RefusedError
from draggan_server.server.pixels import half, to_tensor


@dataclasses.dataclass(frozen=True)
class Places:
    """The way between the two, through a session's frame."""

    frame: Frame
    resolution: int

    def check(self, points: Sequence[StatePoint]) -> None:
        """Raises RefusedError for a point outside the frame, in the client's own coordinates."""
        left, top, size = self.frame.x, self.frame.y, self.frame.size
        for point in points:
            for name, x, y in (
                ("handle", point.handle_x, point.handle_y),
                ("target", point.target_x, point.target_y),
            ):
                if not (left <= x <= left + size and top <= y <= top + size):
                    raise RefusedError(
                        "bad_request",
                        f"The {name} of the point {point.id!r} at ({x:g}, {y:g}) lies outside the picture, "
                        f"which reaches from ({left:g}, {top:g}) to ({left + size:g}, {top + size:g}).",
                        "Put it inside.",
                    )

    def to_model(self, point: StatePoint, device: torch.device) -> DragPoint:
        reference = None
        if point.reference_feature is not None:
            assert point.reference_x is not None and point.reference_y is not None
            assert point.reference_resolution is not None
            reference = Reference(
                self._model(point.reference_x, point.reference_y),
                to_tensor(point.reference_feature, device),
                point.reference_resolution,
            )
        return DragPoint(
            self._model(point.handle_x, point.handle_y),
            self._model(point.target_x, point.target_y),
            reference,
        )

    def moved(self, points: Sequence[StatePoint], step: DragStep) -> tuple[StatePoint, ...]:
        """The points with their handles where `step` found them."""
        moved = []
        for point, now in zip(points, step.points, strict=True):
            x, y = self._document(now.handle)
            moved.append(dataclasses.replace(point, handle_x=x, handle_y=y))
        return tuple(moved)

    def with_references(self, points: Sequence[StatePoint], step: DragStep) -> tuple[StatePoint, ...]:
        """The points with the references that the drag read for those that had none."""
        complete = []
        for point, now in zip(points, step.points, strict=True):
            if point.reference_feature is None and now.reference is not None:
                x, y = self._document(now.reference.position)
                feature, resolution = half(now.reference.feature), now.reference.resolution
                point = dataclasses.replace(
                    point,
                    reference_x=x,
                    reference_y=y,
                    reference_feature=feature,
                    reference_resolution=resolution,
                )
            complete.append(point)
        return tuple(complete)

    def _model(self, x: float, y: float) -> Point:
        """Inside the picture to the last bit: a point on the frame's edge must not be rounded over it."""
        inside = (min(max(v, 0.0), float(self.resolution)) for v in self.frame.to_model(x, y, self.resolution))
        return Point(*inside)

    def _document(self, point: Point) -> tuple[float, float]:
        return self.frame.to_document(point.x, point.y, self.resolution)
