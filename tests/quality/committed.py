"""Reads the committed results back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .measures import Measures
from .running import DragResult


@dataclass(frozen=True)
class Committed:
    """What a full run wrote, as far as tests compare with it."""

    model_sha256: str
    finder_sha256: str
    seeds: tuple[int, ...]
    per_kind: int
    longest: float
    summary: list[dict[str, Any]]
    drags: tuple[DragResult, ...]

    @classmethod
    def read(cls, path: Path) -> Committed:
        record = json.loads(path.read_text())
        return cls(
            record["model"]["sha256"],
            record["finder"]["sha256"],
            tuple(record["seeds"]),
            record["per_kind"],
            record["longest"],
            record["summary"],
            tuple(drag_result(drag) for drag in record["drags"]),
        )

    def of_seed(self, seed: int, *, masked: bool) -> tuple[DragResult, ...]:
        """The drags of one seed in their order."""
        return tuple(drag for drag in self.drags if drag.seed == seed and drag.masked == masked)


def drag_result(record: dict[str, Any]) -> DragResult:
    """From what `dataclasses.asdict` made of one."""
    measured = {name: Measures(**record[name]) for name in ("edited", "unedited")}
    places = {name: tuple(record[name]) for name in ("handle", "target")}
    return DragResult(**(record | measured | places))
