"""From many drags to the few numbers that are reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median

from .measures import Measures
from .running import DragResult

NEAR, CLOSE = 0.02, 0.012
"""A landmark within this part of the picture's width of its target has arrived; and what a good model shall keep to."""

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
    close: int
    """The same within CLOSE."""
    start_error: float
    """Of the dragged landmarks before the drag, from their old places: the model's and the finder's own error. Median
    over the drags, as are the following."""
    landmark_error: float
    """Of the dragged landmarks, from their targets."""
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
    kinds = dict.fromkeys(result.kind for result in results)
    groups = {kind: [result for result in results if result.kind == kind] for kind in kinds}
    return [edited_row(kind, group) for kind, group in groups.items()]


def _row(name: str, results: Sequence[DragResult], measures: Sequence[Measures]) -> Row:
    return Row(
        name=name,
        drags=len(results),
        reached=sum(result.reached for result in results),
        near=sum(m.landmark_error <= NEAR for m in measures),
        close=sum(m.landmark_error <= CLOSE for m in measures),
        start_error=median(result.start_error for result in results),
        landmark_error=median(m.landmark_error for m in measures),
        others_error=median(m.others_error for m in measures),
        psnr_db=median(m.psnr_db for m in measures),
        mean_change=median(m.mean_change for m in measures),
        change_outside=median(result.change_outside for result in results),
        calm=sum(result.change_outside <= CALM for result in results),
        steps=median(result.steps for result in results),
        seconds=mean(result.seconds for result in results),
    )


_COLUMNS = {
    "drags": "5",
    "reached": "7",
    "near": "5",
    "close": "5",
    "start_error": "11.2%",
    "landmark_error": "14.2%",
    "others_error": "12.2%",
    "psnr_db": "7.2f",
    "mean_change": "11.2f",
    "change_outside": "14.1f",
    "calm": "5",
    "steps": "5.0f",
    "seconds": "7.2f",
}


def table(rows: Sequence[Row]) -> str:
    """The rows as text, one line each, under a line of names."""
    first = max(22, *(len(row.name) for row in rows))
    head = " ".join([" " * first, *(f"{name:>{form.split('.')[0]}}" for name, form in _COLUMNS.items())])
    lines = [
        " ".join([f"{row.name:{first}}", *(f"{getattr(row, name):{form}}" for name, form in _COLUMNS.items())])
        for row in rows
    ]
    return "\n".join([head, *lines])
