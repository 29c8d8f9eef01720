"""True positions of named points on visible features, from the geometry that the renderer draws."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .geometry import Geometry, Point, geometry


@dataclass(frozen=True)
class Landmark:
    """A named point. ``moved_by`` lists the factors that move it most, the strongest first."""

    name: str
    kind: str
    moved_by: tuple[str, ...]


def _pair(stem: str, kind: str, *moved_by: str) -> tuple[Landmark, Landmark]:
    return Landmark(f"{stem}_left", kind, moved_by), Landmark(f"{stem}_right", kind, moved_by)


LANDMARKS: tuple[Landmark, ...] = (
    *_pair("eye_outer", "eye corner", "yaw", "eye_size", "eye_spacing", "pitch"),
    *_pair("eye_inner", "eye corner", "yaw", "eye_size", "eye_spacing", "pitch"),
    *_pair("eyelid_upper", "eyelid", "eye_opening", "pitch", "yaw", "eye_size"),
    *_pair("eyelid_lower", "eyelid", "pitch", "yaw", "eye_opening", "eye_size"),
    *_pair("pupil", "pupil", "yaw", "gaze_x", "gaze_y", "pitch"),
    *_pair("brow_inner", "brow", "yaw", "brow_height", "brow_angle", "pitch"),
    *_pair("brow_peak", "brow", "brow_height", "yaw", "pitch", "brow_angle"),
    *_pair("brow_outer", "brow", "brow_height", "brow_angle", "yaw", "pitch"),
    Landmark("nose_tip", "nose tip", ("yaw", "pitch", "nose_length")),
    *_pair("nose_wing", "nose wing", "yaw", "pitch", "nose_length", "nose_width"),
    *_pair("mouth_corner", "mouth corner", "smile", "yaw", "mouth_width", "pitch"),
    Landmark("mouth_top", "lip", ("yaw", "pitch", "mouth_opening")),
    Landmark("mouth_bottom", "lip", ("yaw", "mouth_opening", "pitch")),
    Landmark("chin", "chin", ("chin_length", "yaw", "pitch", "mouth_opening")),
    *_pair("jaw", "jaw", "jaw_width", "face_width", "chin_length", "yaw"),
    *_pair("ear_tip", "ear", "yaw", "ear_size", "face_width", "pitch"),
    Landmark("hairline", "hairline", ("hair_fringe", "yaw", "pitch")),
    Landmark("hair_top", "hair top", ("hair_volume", "yaw", "pitch")),
    *_pair("hair_side", "hair side", "hair_volume", "face_width", "yaw"),
    *_pair("hair_end", "hair end", "hair_length", "hair_volume", "face_width", "yaw"),
    *_pair("shoulder", "shoulder", "shoulder_width"),
)

LANDMARK_INDEX: dict[str, int] = {landmark.name: index for index, landmark in enumerate(LANDMARKS)}


def landmarks(factors: Tensor) -> Tensor:
    """Positions ``[N, L, 2]`` of :data:`LANDMARKS` as (x, y), x right and y down, in picture widths.

    A pixel ``(column, row)`` has its centre at ``((column + 0.5) / R, (row + 0.5) / R)``.
    """
    places = _places(geometry(factors.detach().to(torch.float32)))
    points = [torch.stack((places[mark.name].x, places[mark.name].y), dim=-1) for mark in LANDMARKS]
    return torch.stack([point.view(-1, 2) for point in points], dim=1)


def landmark_visibility(factors: Tensor) -> Tensor:
    """Which landmarks can be seen, ``[N, L]`` booleans: the others lie behind the face, an ear or hair."""
    g = geometry(factors.detach().to(torch.float32))
    places = _places(g)
    return torch.stack([~_hidden(mark, places[mark.name], g).view(-1) for mark in LANDMARKS], dim=1)


def _hidden(mark: Landmark, point: Point, g: Geometry) -> Tensor:
    in_face = (point.x - g.head.middle(point.y)).square() < g.head.squared_width(point.y)
    if mark.kind == "ear":
        return in_face
    if mark.kind == "hair end":
        in_ear = [
            ((point.x - ear.x) / ear.half_width).square() + ((point.y - ear.y) / ear.half_height).square()
            < 1.0
            for ear in g.ears
        ]
        return in_face | in_ear[0] | in_ear[1]
    if mark.kind in ("brow", "eye corner", "eyelid", "pupil"):
        # Brows may lie under the fringe; all may be turned just out of sight.
        return (point.y < g.hair.fringe(point.x)) | ~in_face
    return torch.zeros_like(in_face)


def _places(g: Geometry) -> dict[str, Point]:
    half_way = g.head.cheek_y + 0.68 * (g.head.chin_y - g.head.cheek_y)
    temple = g.hair.wide_y
    places = {
        "nose_tip": g.nose.tip,
        "mouth_top": _at(g, 0),
        "mouth_bottom": _at(g, 3),
        "mouth_corner_left": g.mouth.left,
        "mouth_corner_right": g.mouth.right,
        "chin": Point(g.head.chin_x, g.head.chin_y),
        "hairline": Point(g.head.centre_x, g.hair.fringe(g.head.centre_x)),
        "hair_top": Point(g.hair.centre_x, g.hair.top_y),
    }
    for index, (name, side) in enumerate((("left", -1), ("right", 1))):
        eye, brow, ear = g.eyes[index], g.brows[index], g.ears[index]
        places |= {
            f"eye_outer_{name}": eye.outer,
            f"eye_inner_{name}": eye.inner,
            f"eyelid_upper_{name}": eye.lid_point(upper=True),
            f"eyelid_lower_{name}": eye.lid_point(upper=False),
            f"pupil_{name}": eye.iris,
            f"brow_inner_{name}": brow.inner,
            f"brow_peak_{name}": brow.peak,
            f"brow_outer_{name}": brow.outer,
            f"nose_wing_{name}": Point(g.nose.base.x + side * g.nose.half_width, g.nose.base.y - 0.014),
            f"jaw_{name}": g.head.edge(half_way, side),
            f"ear_tip_{name}": ear.tip(side),
            f"hair_side_{name}": Point(g.hair.centre_x + side * g.hair.squared_width(temple).sqrt(), temple),
            f"hair_end_{name}": g.hair.end(side),
            f"shoulder_{name}": g.body.shoulder(side),
        }
    return places


def _at(g: Geometry, curve: int) -> Point:
    """The middle of one of the mouth's curves."""
    return Point(g.mouth.centre.x, g.mouth.curves(g.mouth.centre.x)[curve])
