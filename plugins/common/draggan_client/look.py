"""How points look, in both editors. Lengths in logical pixels of the screen, colours as #rrggbb."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """Sizes and colours of what is painted over the picture. A dark line under a light one shows on any picture."""

    handle_radius: float = 6.0
    """A filled disc."""
    target_radius: float = 6.0
    """A ring."""
    pin_radius: float = 5.0
    """A filled square, half its side."""
    arrow_head: float = 10.0
    """For `points.arrow_head`."""
    line_width: float = 2.0
    outline_width: float = 4.0
    """Of the dark line below the light one."""
    selected_ring: float = 3.0
    """How far the ring round a selected end stands off it."""
    number_offset: float = 9.0
    """From the middle of the handle to the lower left corner of its number, to the right and up."""
    number_size: float = 12.0
    reach: float = 12.0
    """How near the pointer must come to an end to grab it."""
    pen_reach: float = 18.0
    slop: float = 4.0
    """What is pulled less than this is a click."""
    handle: str = "#e8453c"
    target: str = "#3d7dff"
    pin: str = "#f2b632"
    line: str = "#ffffff"
    outline: str = "#101010"
    selected: str = "#ffe066"
    number: str = "#ffffff"
    frame: str = "#ffffff"
    """The edge of the square that the model sees; dashed."""


LOOK = Look()
