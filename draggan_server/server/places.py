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

_LAST_BITS = 1e-6
"""Of a model pixel."""


@dataclasses.dataclass(frozen=True)
class Places:
    """The way between the two, through a session's frame."""

    frame: Frame
    resolution: int

    def check(self, points: Sequence[StatePoint]) -> None:
        """Raises RefusedError for a point outside the frame, in the client's own coordinates."""
        for point in points:
            for name, x, y in (
                ("handle", point.handle_x, point.handle_y),
                ("target", point.target_x, point.target_y),
            ):
                if not self._shows(x, y):
                    raise RefusedError(
                        "bad_request",
                        f"The {name} of the point {point.id!r} at ({x:g}, {y:g}) lies outside the picture, "
                        f"{self._where()}.",
                        "Put it inside.",
                    )

    def _shows(self, x: float, y: float) -> bool:
        """The edges belong to the frame, also where a turn, or a frame far from the corner, is off by a last bit."""
        across, down = self.frame.to_model(x, y, self.resolution)
        width, height = self._model_size
        return -_LAST_BITS <= across <= width + _LAST_BITS and -_LAST_BITS <= down <= height + _LAST_BITS

    @property
    def _model_size(self) -> tuple[float, float]:
        """Width and height of the model's picture: whole, whatever the frame's sides were rounded to."""
        scale = self.frame.scale(self.resolution)
        return float(round(self.frame.width / scale)), float(round(self.frame.height / scale))

    def _where(self) -> str:
        corners = [f"({x:g}, {y:g})" for x, y in self.frame.corners]
        if self.frame.is_upright:
            return f"which reaches from {corners[0]} to {corners[2]}"
        return f"whose corners are {', '.join(corners[:3])} and {corners[3]}"

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
        across, down = self.frame.to_model(x, y, self.resolution)
        width, height = self._model_size
        return Point(min(max(across, 0.0), width), min(max(down, 0.0), height))

    def _document(self, point: Point) -> tuple[float, float]:
        return self.frame.to_document(point.x, point.y, self.resolution)
