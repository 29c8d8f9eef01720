"""Where everything in a portrait is: one definition, shared by the renderer and the landmarks.

The head is thought of as a solid that turns about a point between its centre and the face: a feature with
depth ``z`` (towards the viewer) shifts by ``(z - PIVOT) * sin(angle)``, so a nose moves further than an eye
and the back of the head moves the other way. As in FFHQ the face itself stays where it is: there are no
factors for place, size or roll.

All lengths are in units of the picture's width, x to the right, y down; every tensor is ``[N, 1, 1]``.
"Left" is the left of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..factors import factor_values, span
from .factors import FACTORS

PIVOT = 0.05
MAX_YAW = 0.40
MAX_PITCH = 0.30
CENTRE_X = 0.5
CENTRE_Y = 0.5


@dataclass(frozen=True)
class Point:
    """A place in the picture."""

    x: Tensor
    y: Tensor


@dataclass(frozen=True)
class Head:
    """Outline of the face: half an ellipse above ``cheek_y``, a squared-off one below."""

    centre_x: Tensor
    chin_x: Tensor
    half_width: Tensor
    top_y: Tensor
    cheek_y: Tensor
    chin_y: Tensor
    squareness: Tensor
    taper: Tensor

    def down(self, y: Tensor) -> Tensor:
        """How far down the lower face a row is: 0 at the cheeks, 1 at the chin, at most 1.3."""
        return ((y - self.cheek_y) / (self.chin_y - self.cheek_y)).clamp(0.0, 1.3)

    def middle(self, y: Tensor) -> Tensor:
        """x of the face's middle line in row y; the chin swings with the turn of the head."""
        return self.centre_x + (self.chin_x - self.centre_x) * self.down(y).clamp(max=1.0).square()

    def squared_width(self, y: Tensor) -> Tensor:
        """Squared half width in row y; negative above and below the face."""
        up = ((self.cheek_y - y) / (self.cheek_y - self.top_y)).clamp(min=0.0)
        down = self.down(y)
        narrowing = (1.0 - self.taper * down.clamp(max=1.0).square()).square()
        return self.half_width.square() * (1.0 - up.square() - down.pow(self.squareness)) * narrowing

    def edge(self, y: Tensor, side: int) -> Point:
        """The outline in row y, on the left (side -1) or right (+1)."""
        return Point(self.middle(y) + side * self.squared_width(y).clamp(min=0.0).sqrt(), y)


@dataclass(frozen=True)
class Hair:
    """Outline of the hair, and the fringe as a curve y(x) below which the forehead shows."""

    centre_x: Tensor
    half_width: Tensor
    top_y: Tensor
    wide_y: Tensor
    end_y: Tensor
    flare: Tensor
    fringe_x: Tensor
    fringe_y: Tensor
    fringe_drop: Tensor
    fringe_scale: Tensor

    def squared_width(self, y: Tensor) -> Tensor:
        """Squared half width in row y; negative above and below the hair."""
        up = ((self.wide_y - y) / (self.wide_y - self.top_y)).clamp(min=0.0)
        down = ((y - self.wide_y) / (self.end_y - self.wide_y)).clamp(0.0, 1.3)
        width = self.half_width + self.flare * down.clamp(max=1.0)
        return width.square() * (1.0 - up.pow(2.3) - down.pow(6.0))

    def fringe(self, x: Tensor) -> Tensor:
        """y of the fringe's lower edge in column x."""
        t2 = ((x - self.fringe_x) / self.fringe_scale).square()
        rise = 0.45 * t2 + 0.55 * t2.square()
        return self.fringe_y + self.fringe_drop * rise / (1.0 + 0.25 * rise)

    def end(self, side: int) -> Point:
        """Where the outline turns in at the tips of the hair."""
        # Where the square of the width has lost a fifth (see squared_width).
        y = self.wide_y + 0.765 * (self.end_y - self.wide_y)
        return Point(self.centre_x + side * self.squared_width(y).clamp(min=0.0).sqrt(), y)


@dataclass(frozen=True)
class Ear:
    """An ear: an ellipse behind the cheek."""

    x: Tensor
    y: Tensor
    half_width: Tensor
    half_height: Tensor

    def tip(self, side: int) -> Point:
        """The outer upper end, on the ellipse."""
        return Point(self.x + side * 0.8 * self.half_width, self.y - 0.6 * self.half_height)


@dataclass(frozen=True)
class Brow:
    """A brow: an arched, tapering band between its inner and outer end."""

    inner: Point
    outer: Point
    arch: Tensor
    thickness: Tensor

    def place(self, x: Tensor) -> Tensor:
        """-1 at the inner end, 1 at the outer end."""
        return (2.0 * x - (self.inner.x + self.outer.x)) / (self.outer.x - self.inner.x)

    def line(self, x: Tensor) -> Tensor:
        """y of the brow's middle in column x."""
        t = self.place(x)
        tilt = 0.5 * (self.outer.y - self.inner.y)
        # The highest point lies past the middle, towards the outer end.
        return 0.5 * (self.inner.y + self.outer.y) + tilt * t - self.arch * (1.0 - t.square()) * (1.0 + 0.35 * t)

    def half_height(self, x: Tensor) -> Tensor:
        """Half the brow's thickness in column x; negative outside the brow."""
        t = self.place(x).clamp(-1.6, 1.6)
        return self.thickness * (1.0 - t.pow(4.0)) * (1.0 - 0.35 * t)

    @property
    def peak(self) -> Point:
        """The brow's highest part."""
        x = 0.4 * self.inner.x + 0.6 * self.outer.x
        return Point(x, self.line(x))


@dataclass(frozen=True)
class Eye:
    """An eye: the area between two lids (parabolas through the corners), and the iris."""

    inner: Point
    outer: Point
    upper: Tensor
    lower: Tensor
    iris: Point
    iris_rx: Tensor
    iris_ry: Tensor

    def place(self, x: Tensor) -> Tensor:
        """-1 at the inner corner, 1 at the outer corner."""
        return (2.0 * x - (self.inner.x + self.outer.x)) / (self.outer.x - self.inner.x)

    def lids(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """y of the upper and lower lid's edge in column x."""
        t = self.place(x)
        middle = 0.5 * (self.inner.y + self.outer.y) + 0.5 * (self.outer.y - self.inner.y) * t
        bulge = 1.0 - t.square()
        return middle - self.upper * bulge * (1.0 - 0.12 * t), middle + self.lower * bulge * (1.0 + 0.2 * t)

    def lid_point(self, upper: bool) -> Point:
        """The middle of the upper or lower lid."""
        x = 0.5 * (self.inner.x + self.outer.x)
        return Point(x, self.lids(x)[0 if upper else 1])


@dataclass(frozen=True)
class Nose:
    """The nose: its root between the eyes, its tip, the base on the face, and half its width there."""

    root: Point
    tip: Point
    base: Point
    half_width: Tensor


@dataclass(frozen=True)
class Mouth:
    """The mouth: corners, the line between the lips, how far it opens and how full the lips are."""

    left: Point
    right: Point
    centre: Point
    opening: Tensor
    upper_lip: Tensor
    lower_lip: Tensor

    def place(self, x: Tensor) -> Tensor:
        """-1 at the left corner, 0 in the (turned) middle, 1 at the right corner."""
        half = 0.5 * (self.right.x - self.left.x)
        t = (x - 0.5 * (self.left.x + self.right.x)) / half
        skew = (self.centre.x - 0.5 * (self.left.x + self.right.x)) / half
        # Zero at the turned middle, and straight beyond the corners.
        return t - skew * (1.0 - t.square()).clamp(min=0.0)

    def curves(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """y of: upper lip's top, the opening's top and bottom, lower lip's bottom, in column x."""
        t2 = self.place(x).square()
        bulge = 1.0 - t2
        line = self.centre.y + (0.5 * (self.left.y + self.right.y) - self.centre.y) * t2
        inner_top = line - 0.2 * self.opening * bulge
        inner_bottom = line + 0.8 * self.opening * bulge
        # Cupid's bow: a dip at the middle of the upper lip.
        bow = 1.0 + 0.6 * t2.clamp(max=1.0) - 0.22 * torch.exp(-t2 * 30.0)
        return (
            inner_top - self.upper_lip * bulge * bow,
            inner_top,
            inner_bottom,
            inner_bottom + self.lower_lip * bulge,
        )


@dataclass(frozen=True)
class Body:
    """Neck and shoulders; they do not turn with the head."""

    neck_x: Tensor
    neck_half_width: Tensor
    shoulder_half_width: Tensor
    shoulder_y: Tensor

    def squared_shoulder(self, y: Tensor) -> Tensor:
        """Squared half width of the shoulders in row y."""
        down = ((y - self.shoulder_y) / 0.17).clamp(-0.3, 1.0)
        return self.shoulder_half_width.square() * (1.0 - (1.0 - down).pow(2.6))

    def squared_neck(self, y: Tensor) -> Tensor:
        """Squared half width of the neck and the neckline, which ends round on the chest."""
        flare = ((y - 0.82) / 0.12).clamp(0.0, 1.5)
        top = ((0.72 - y) / 0.1).clamp(0.0, 1.3)
        bottom = ((y - 0.80) / 0.175).clamp(0.0, 1.3)
        return (self.neck_half_width + 0.035 * flare.square()).square() * (1.0 - top.square() - bottom.pow(6.0))

    def shoulder(self, side: int) -> Point:
        """A point on the slope of a shoulder."""
        y = self.shoulder_y + 0.085
        return Point(CENTRE_X + side * self.squared_shoulder(y).sqrt(), y)


@dataclass(frozen=True)
class Geometry:
    """Everything that has a place. Index 0 of a pair is the picture's left."""

    head: Head
    hair: Hair
    ears: tuple[Ear, Ear]
    brows: tuple[Brow, Brow]
    eyes: tuple[Eye, Eye]
    nose: Nose
    mouth: Mouth
    body: Body


class _Turn:
    """The turn of the head: places a point of the head in the picture."""

    def __init__(self, yaw: Tensor, pitch: Tensor) -> None:
        self.sin_yaw, self.cos_yaw = torch.sin(yaw), torch.cos(yaw)
        self.sin_pitch, self.cos_pitch = torch.sin(pitch), torch.cos(pitch)

    def x(self, x: Tensor | float, z: float) -> Tensor:
        return CENTRE_X + x * self.cos_yaw + (z - PIVOT) * self.sin_yaw

    def y(self, y: Tensor | float, z: float) -> Tensor:
        return CENTRE_Y + (y - CENTRE_Y) * self.cos_pitch + (z - PIVOT) * self.sin_pitch

    def point(self, x: Tensor | float, y: Tensor | float, z: float) -> Point:
        """``x`` is measured from the head's middle, ``y`` in the picture of an unturned head."""
        return Point(self.x(x, z), self.y(y, z))


def _eye(v: dict[str, Tensor], turn: _Turn, side: int) -> Eye:
    # A wider face has its eyes a little further apart.
    centre = span(v["eye_spacing"], 0.107, 0.129) + span(v["face_width"], -0.006, 0.006)
    half = span(v["eye_size"], 0.047, 0.067)
    row = 0.472
    inner = turn.point(side * (centre - half), row + 0.004, 0.148)
    outer = turn.point(side * (centre + half), row - 0.005, 0.095)
    upper = half * span(v["eye_opening"], 0.20, 0.76)
    lower = half * span(v["eye_opening"], 0.14, 0.36)
    radius = half * 0.50
    # The gaze keeps the pupil between the lids, whatever their opening is.
    gaze_x = span(v["gaze_x"], -0.44, 0.44) * half
    gaze_y = span(v["gaze_y"], -0.42, 0.42) * (upper + lower) - 0.25 * (upper - lower)
    pupil = Point(0.5 * (inner.x + outer.x) + gaze_x * turn.cos_yaw, 0.5 * (inner.y + outer.y) + gaze_y)
    return Eye(inner, outer, upper, lower, pupil, radius * turn.cos_yaw, radius)


def _brow(v: dict[str, Tensor], turn: _Turn, side: int) -> Brow:
    row = span(v["brow_height"], 0.425, 0.352)
    angle = span(v["brow_angle"], -0.03, 0.03)
    inner = turn.point(side * 0.055, row + angle, 0.165)
    outer = turn.point(side * span(v["face_width"], 0.172, 0.186), row + 0.012 - angle, 0.085)
    return Brow(inner, outer, span(v["brow_height"], 0.010, 0.022), span(v["brow_thickness"], 0.006, 0.0165))


def geometry(factors: Tensor) -> Geometry:
    """Place everything for factors ``[N, F]`` in [0, 1]."""
    v = factor_values(factors, FACTORS)
    turn = _Turn(span(v["yaw"], -MAX_YAW, MAX_YAW), span(v["pitch"], -MAX_PITCH, MAX_PITCH))

    opening = 0.072 * v["mouth_opening"].pow(1.5)
    half_width = span(v["face_width"], 0.200, 0.246)
    head = Head(
        centre_x=turn.x(0.0, 0.0),
        chin_x=turn.x(0.0, 0.125),
        half_width=half_width,
        top_y=turn.y(0.165, 0.0),
        cheek_y=turn.y(0.48, 0.03),
        # The jaw drops a little with the mouth.
        chin_y=turn.y(span(v["chin_length"], 0.805, 0.895) + 0.25 * opening, 0.10),
        squareness=span(v["jaw_width"], 2.1, 3.6),
        taper=span(v["jaw_width"], 0.35, 0.02),
    )

    fringe, length, volume = v["hair_fringe"], v["hair_length"], v["hair_volume"]
    hair = Hair(
        centre_x=turn.x(0.0, -0.03),
        half_width=half_width + span(volume, 0.026, 0.088) * span(length, 0.8, 1.0),
        top_y=turn.y(span(volume, 0.135, 0.065), -0.03),
        wide_y=turn.y(0.36, -0.03),
        end_y=span(length, 0.455, 0.945),
        flare=span(length, -0.005, 0.045),
        fringe_x=turn.x(span(v["hair_parting"], -0.068, 0.068), 0.12),
        fringe_y=turn.y(span(fringe, 0.245, 0.345), 0.11),
        fringe_drop=span(fringe, 0.15, 0.07),
        fringe_scale=0.96 * half_width,
    )

    size = v["ear_size"]
    ears = tuple(
        Ear(
            x=turn.x(side * (half_width + span(size, -0.002, 0.016)), -0.05),
            y=turn.y(0.505, -0.05),
            half_width=span(size, 0.026, 0.044),
            half_height=span(size, 0.044, 0.078),
        )
        for side in (-1, 1)
    )

    nose_y = span(v["nose_length"], 0.552, 0.618)
    nose = Nose(
        root=turn.point(0.0, 0.44, 0.165),
        tip=turn.point(0.0, nose_y, 0.235),
        base=turn.point(0.0, nose_y + 0.016, 0.19),
        half_width=span(v["nose_width"], 0.027, 0.066),
    )

    # A pointed jaw leaves less room for the mouth.
    mouth_half = span(v["mouth_width"], 0.060, 0.112) * span(v["jaw_width"], 0.90, 1.04) + 0.004 * v["smile"]
    corner = span(v["smile"], 0.026, -0.036)
    mouth_y = 0.702 + 0.004 * v["smile"]
    mouth = Mouth(
        left=turn.point(-mouth_half, 0.702 + corner, 0.125),
        right=turn.point(mouth_half, 0.702 + corner, 0.125),
        centre=turn.point(0.0, mouth_y, 0.165),
        opening=opening,
        upper_lip=0.0190 - 0.05 * opening,
        lower_lip=0.0280 - 0.06 * opening,
    )

    body = Body(
        neck_x=turn.x(0.0, 0.05),
        neck_half_width=span(v["shoulder_width"], 0.088, 0.112),
        shoulder_half_width=span(v["shoulder_width"], 0.30, 0.54),
        shoulder_y=span(v["shoulder_width"], 0.868, 0.842),
    )
    return Geometry(
        head=head,
        hair=hair,
        ears=(ears[0], ears[1]),
        brows=(_brow(v, turn, -1), _brow(v, turn, 1)),
        eyes=(_eye(v, turn, -1), _eye(v, turn, 1)),
        nose=nose,
        mouth=mouth,
        body=body,
    )
