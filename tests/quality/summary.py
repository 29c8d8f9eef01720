"""From many drags to the few numbers that are reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median

from .cases import KINDS
from .measures import Measures
from .running import DragResult

NEAR = 0.02
"""A landmark within this part of the picture's width of its target has arrived."""


CALM = 10.0
"""A drag that changes no more than this outside its mask has kept to it: p99, in levels of 0..255."""


@dataclass(frozen=True)
class Row:
    """A line of the report: some drags together. Errors are in picture widths."""

    name: str
    drags: int
    reached: int
    """By the drag's own tracking."""
    near: int
    """Dragged landmarks within NEAR of their target, by the finder."""
    landmark_error: float
    """Median over the drags, as are the following."""
    others_error: float
    psnr_db: float
    mean_change: float
    change_outside: float
    """Outside the drags' masks."""
    calm: int
    """Drags with no more than CALM outside."""
    steps: float
    seconds: float
    """Mean."""


def edited_row(name: str, results: Sequence[DragResult]) -> Row:
    """What the drags achieved."""
    return _row(name, results, [result.edited for result in results])


def unedited_row(name: str, results: Sequence[DragResult]) -> Row:
    """What doing nothing would have scored."""
    row = _row(name, results, [result.unedited for result in results])
    return Row(**{**vars(row), "reached": 0, "change_outside": 0.0, "calm": len(results), "steps": 0.0, "seconds": 0.0})


def rows_by_kind(results: Sequence[DragResult]) -> list[Row]:
    """One row for each kind of landmark that was dragged."""
    groups = {kind: [result for result in results if result.kind == kind] for kind in KINDS}
    return [edited_row(kind, group) for kind, group in groups.items() if group]


def _row(name: str, results: Sequence[DragResult], measures: Sequence[Measures]) -> Row:
    return Row(
        name=name,
        drags=len(results),
        reached=sum(result.reached for result in results),
        near=sum(m.landmark_error <= NEAR for m in measures),
        landmark_error=median(m.landmark_error for m in measures),
        others_error=median(m.others_error for m in measures),
        psnr_db=median(m.psnr_db for m in measures),
        mean_change=median(m.mean_change for m in measures),
        change_outside=median(result.change_outside for result in results),
        calm=sum(result.change_outside <= CALM for result in results),
        steps=median(result.steps for result in results),
        seconds=mean(result.seconds for result in results),
    )


def table(rows: Sequence[Row]) -> str:
    """The rows as text, one line each."""
    head = (
        f"{'':22} {'drags':>5} {'reached':>7} {'near':>5} {'landmark':>8} {'others':>7} {'PSNR':>6} {'levels':>6} "
        f"{'outside':>7} {'calm':>5} {'steps':>5} {'seconds':>7}"
    )
    lines = [
        f"{row.name:22} {row.drags:5} {row.reached:7} {row.near:5} {row.landmark_error:8.2%} {row.others_error:7.2%} "
        f"{row.psnr_db:6.2f} {row.mean_change:6.2f} {row.change_outside:7.1f} {row.calm:5} {row.steps:5.0f} "
        f"{row.seconds:7.2f}"
        for row in rows
    ]
    return "\n".join([head, *lines])
