"""Runs in the root's own Python on the desktop: finds widgets of any program by AT-SPI, as a screen reader does."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import gi

gi.require_version("Atspi", "2.0")
import sent  # noqa: E402
from gi.repository import Atspi  # noqa: E402


def applications():
    """The names of the programs that can be read."""
    desktop = Atspi.get_desktop(0)
    return [child.get_name() for child in _children(desktop)]


def find(role=None, name=None, showing=True, within=None):
    """All widgets of this role ("push button", "toggle button", "drawing area"), with this name, wherever they are."""
    found = []
    _collect(within or Atspi.get_desktop(0), role, name, showing, found)
    return found


def facts(widgets):
    """Of each: its name, role, text, and the box on the screen [x, y, width, height]."""
    return [fact(widget) for widget in widgets]


def fact(widget):
    states = widget.get_state_set()
    box = widget.get_component_iface().get_extents(Atspi.CoordType.SCREEN)
    text = widget.get_text_iface()
    return {
        "name": widget.get_name(),
        "role": widget.get_role_name(),
        "text": Atspi.Text.get_text(text, 0, Atspi.Text.get_character_count(text)) if text else "",
        "box": [box.x, box.y, box.width, box.height],
        "enabled": states.contains(Atspi.StateType.SENSITIVE),
        "checked": states.contains(Atspi.StateType.CHECKED),
    }


def tree(widget=None, depth=12):
    """What is shown, as indented text: for looking at by hand."""
    lines = []
    _describe(widget or Atspi.get_desktop(0), 0, depth, lines)
    return "\n".join(lines)


def _children(widget):
    return [child for child in map(widget.get_child_at_index, range(widget.get_child_count())) if child]


def _collect(widget, role, name, showing, found):
    fits = (role is None or widget.get_role_name() == role) and (name is None or widget.get_name() == name)
    shown = not showing or widget.get_state_set().contains(Atspi.StateType.SHOWING)
    if fits and shown and widget.get_component_iface():
        found.append(widget)
    for child in _children(widget):
        _collect(child, role, name, showing, found)


def _describe(widget, level, depth, lines):
    lines.append(f"{'  ' * level}{widget.get_role_name()} {widget.get_name()!r}")
    if level < depth:
        for child in _children(widget):
            _describe(child, level + 1, depth, lines)


line = sent.Sent(globals())
while line.take():
    pass
