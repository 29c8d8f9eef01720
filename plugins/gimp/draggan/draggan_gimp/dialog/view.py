"""How the canvas shows the image: where a place of it lies in the widget, and the other way round. Pure."""

from dataclasses import dataclass, replace

from draggan_client import frames
from draggan_client.messages import Frame
from draggan_client.points import Spot

MIN_SCALE = 1 / 64
MAX_SCALE = 32.0
ZOOM_STEP = 1.25
"""Of one notch of the wheel."""
MARGIN = 12.0
"""Round a picture that was fitted in, so that points on its edge can be grabbed."""
KNOB_DISTANCE = 28.0
"""Of the knob that turns the frame from the frame's edge, in logical pixels."""
ROUND_FRAME = 0.15
"""So much more than the frame is seen on each side while points are dragged, in fractions of its bounds."""
CRISP_SCALE = 3.0
"""From here on single pixels are shown as squares, as GIMP does."""


@dataclass(frozen=True)
class View:
    """widget = image * scale + origin. The widget's unit is the logical pixel, the image's its own pixel."""

    scale: float = 1.0
    origin_x: float = 0.0
    origin_y: float = 0.0

    def to_widget(self, spot: Spot) -> tuple[float, float]:
        """Where a place of the image lies in the widget."""
        return spot.x * self.scale + self.origin_x, spot.y * self.scale + self.origin_y

    def to_image(self, x: float, y: float) -> Spot:
        """The place of the image that lies at (x, y) in the widget."""
        return Spot((x - self.origin_x) / self.scale, (y - self.origin_y) / self.scale)

    def zoomed(self, factor: float, x: float, y: float) -> "View":
        """The same with another scale; what lies at (x, y) in the widget stays there."""
        return self.scaled(self.scale * factor, x, y)

    def scaled(self, scale: float, x: float, y: float) -> "View":
        """As `zoomed`, to a certain scale."""
        scale = min(MAX_SCALE, max(MIN_SCALE, scale))
        place = self.to_image(x, y)
        return View(scale, x - place.x * scale, y - place.y * scale)

    def moved(self, dx: float, dy: float) -> "View":
        """Shifted by so many logical pixels."""
        return replace(self, origin_x=self.origin_x + dx, origin_y=self.origin_y + dy)

    def kept_in_sight(self, left: float, top: float, right: float, bottom: float, width: int, height: int) -> "View":
        """Moved as little as possible so that a part of that rectangle of the image stays in a widget of that size."""
        least = 32.0
        x1, y1 = self.to_widget(Spot(left, top))
        x2, y2 = self.to_widget(Spot(right, bottom))
        dx = max(0.0, least - x2) - max(0.0, x1 - (width - least))
        dy = max(0.0, least - y2) - max(0.0, y1 - (height - least))
        return self.moved(dx, dy)

    @staticmethod
    def fitting(
        left: float, top: float, width: float, height: float, into_width: int, into_height: int, margin: float = MARGIN
    ) -> "View":
        """That rectangle of the image, whole, in the middle of a widget of that size; small ones are enlarged."""
        room_x, room_y = max(1.0, into_width - 2 * margin), max(1.0, into_height - 2 * margin)
        scale = min(MAX_SCALE, max(MIN_SCALE, min(room_x / width, room_y / height)))
        return View(
            scale,
            into_width / 2 - (left + width / 2) * scale,
            into_height / 2 - (top + height / 2) * scale,
        )

    @staticmethod
    def of_frame(
        frame: Frame, layer: tuple[float, float, float, float], choosing: bool, into_width: int, into_height: int
    ) -> "View":
        """The frame on a layer (left, top, width, height). While it is chosen: all of both, and its knob. While points
        are dragged in it: the frame and what lies round it, as far as there is something."""
        left, top, width, height = frames.bounds(frame)
        right, bottom = left + width, top + height
        more_x, more_y = ROUND_FRAME * width, ROUND_FRAME * height
        layer_left, layer_top, layer_right, layer_bottom = layer[0], layer[1], layer[0] + layer[2], layer[1] + layer[3]
        if not choosing:
            layer_left, layer_right = max(left - more_x, layer_left), min(right + more_x, layer_right)
            layer_top, layer_bottom = max(top - more_y, layer_top), min(bottom + more_y, layer_bottom)
        left, top = min(left, layer_left), min(top, layer_top)
        right, bottom = max(right, layer_right), max(bottom, layer_bottom)
        margin = MARGIN + KNOB_DISTANCE if choosing else MARGIN
        return View.fitting(left, top, right - left, bottom - top, into_width, into_height, margin)
