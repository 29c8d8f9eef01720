"""The selection's edge as lines, from a coarse copy of its mask. Pure."""

import re

Segment = tuple[float, float, float, float]

_INSIDE = bytes(128) + b"\xff" * 128
"""Half selected is where GIMP draws its marching ants."""
_RUN = re.compile(rb"\xff+")


def edge_of(mask: bytes, width: int, left: float, top: float, cell: float) -> tuple[Segment, ...]:
    """The lines between what is selected and what is not.

    `mask` has one byte for each cell, row after row; a cell is a square of `cell` image pixels, the first at (left,
    top). Beyond the mask nothing is selected.
    """
    height = len(mask) // width if width else 0
    inside = mask.translate(_INSIDE)
    rows = [inside[row * width : (row + 1) * width] for row in range(height)]
    columns = [inside[column::width] for column in range(width)]
    across = [
        (left + run.start() * cell, top + row * cell, left + run.end() * cell, top + row * cell)
        for row, run in _differences(rows, width)
    ]
    down = [
        (left + column * cell, top + run.start() * cell, left + column * cell, top + run.end() * cell)
        for column, run in _differences(columns, height)
    ]
    return (*across, *down)


def _differences(lines: list[bytes], length: int) -> list[tuple[int, "re.Match[bytes]"]]:
    found = []
    before = bytes(length)
    for number, line in enumerate([*lines, bytes(length)]):
        if line != before:
            differs = int.from_bytes(line, "little") ^ int.from_bytes(before, "little")
            found += [(number, run) for run in _RUN.finditer(differs.to_bytes(length, "little"))]
        before = line
    return found
