"""True positions of named points on visible features, from the geometry that the renderer draws."""

from __future__ import annotations

import torch
from torch import Tensor

from ..landmark import Landmark
from .geometry import Geometry, Point, geometry


def _pair(stem: str, kind: str, **moved_by: float) -> tuple[Landmark, Landmark]:
    return Landmark(f"{stem}_left", kind, moved_by), Landmark(f"{stem}_right", kind, moved_by)


def _single(name: str, kind: str, **moved_by: float) -> Landmark:
    return Landmark(name, kind, moved_by)


LANDMARKS: tuple[Landmark, ...] = (
    *_pair("eye_outer", "eye corner", yaw=0.035, pitch=0.027, eye_spacing=0.021, eye_size=0.019, face_width=0.012),
    *_pair("eye_inner", "eye corner", yaw=0.076, pitch=0.058, eye_spacing=0.021, eye_size=0.019, face_width=0.012),
    *_pair(
        "eyelid_upper",
        "eyelid",
        yaw=0.056,
        pitch=0.042,
        eye_opening=0.032,
        eye_spacing=0.021,
        face_width=0.012,
    ),
    *_pair(
        "eyelid_lower",
        "eyelid",
        yaw=0.056,
        pitch=0.042,
        eye_spacing=0.021,
        face_width=0.012,
        eye_opening=0.012,
    ),
    *_pair(
        "pupil",
        "pupil",
        yaw=0.056,
        gaze_x=0.048,
        pitch=0.042,
        gaze_y=0.035,
        eye_spacing=0.021,
        face_width=0.012,
    ),
    *_pair("brow_inner", "brow", yaw=0.09, brow_height=0.072, pitch=0.068, brow_angle=0.059),
    *_pair("brow_peak", "brow", brow_height=0.084, yaw=0.052, pitch=0.04, brow_angle=0.012),
    *_pair("brow_outer", "brow", brow_height=0.072, brow_angle=0.059, yaw=0.027, pitch=0.021, face_width=0.014),
    _single("nose_tip", "nose tip", yaw=0.144, pitch=0.109, nose_length=0.065),
    *_pair("nose_wing", "nose wing", yaw=0.109, pitch=0.083, nose_length=0.065, nose_width=0.039),
    *_pair(
        "mouth_corner",
        "mouth corner",
        smile=0.061,
        yaw=0.058,
        mouth_width=0.049,
        pitch=0.044,
        jaw_width=0.012,
    ),
    _single("mouth_top", "lip", yaw=0.09, pitch=0.068, mouth_opening=0.012),
    _single("mouth_bottom", "lip", yaw=0.09, pitch=0.068, mouth_opening=0.053),
    _single("chin", "chin", chin_length=0.089, yaw=0.058, pitch=0.03, mouth_opening=0.018),
    *_pair("jaw", "jaw", chin_length=0.06, jaw_width=0.052, face_width=0.034, pitch=0.016, mouth_opening=0.012),
    *_pair("ear_tip", "ear", yaw=0.078, pitch=0.059, face_width=0.045, ear_size=0.038),
    _single("hairline", "hairline", hair_fringe=0.096, yaw=0.04, pitch=0.035),
    _single("hair_top", "hair top", hair_volume=0.069, yaw=0.062, pitch=0.047),
    *_pair(
        "hair_side",
        "hair side",
        yaw=0.062,
        hair_volume=0.056,
        pitch=0.047,
        face_width=0.046,
        hair_length=0.012,
    ),
    *_pair("hair_end", "hair end", hair_length=0.378, yaw=0.062, hair_volume=0.05, face_width=0.041),
    *_pair("shoulder", "shoulder", shoulder_width=0.221),
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
            ((point.x - ear.x) / ear.half_width).square() + ((point.y - ear.y) / ear.half_height).square() < 1.0
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
