"""The frame of messages and edit states, and the one that `canvas` works with."""

from __future__ import annotations

from draggan_client import messages
from draggan_server.canvas import Frame


def canvas_frame(frame: messages.Frame) -> Frame:
    """As `canvas` knows it. Raises FrameError where it is none to work with."""
    return Frame(frame.x, frame.y, frame.size, frame.angle, frame.aspect)


def wire_frame(frame: Frame) -> messages.Frame:
    """As messages carry it. Raises MessageError where it lies further off than any document reaches."""
    return messages.Frame(frame.x, frame.y, frame.size, frame.angle, frame.aspect)
