"""What a long measurement has found so far, so that a kill costs one item and not the run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any


class Kept:
    """Results by key, in a file of lines beside the record that the run will write.

    The first line says what is measured: a file of something else (another model, seed or setting) is begun anew.
    """

    def __init__(self, out: Path, identity: Mapping[str, Any]) -> None:
        self.path = out.with_name(f"{out.stem}.part.jsonl")
        head = json.dumps(identity, sort_keys=True)
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        self._found: dict[str, Any] = {}
        if lines[:1] != [head]:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(head + "\n")
            return
        for line in lines[1:]:
            try:
                row = json.loads(line)
            except json.JSONDecodeError:  # cut short by a kill: measured again
                continue
            self._found[row["key"]] = row["value"]

    def value(self, key: str, measure: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """What was found for the key, or what `measure` finds now: of plain values and dataclasses. As JSON has it."""
        if key not in self._found:
            self._found[key] = json.loads(json.dumps(measure(*arguments, **options), default=asdict))
            with self.path.open("a") as file:
                file.write("\n" + json.dumps({"key": key, "value": self._found[key]}))
        return self._found[key]

    def finish(self, out: Path, record: Mapping[str, Any]) -> None:
        """Write the record and drop the lines that it was made from."""
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(record, indent=1) + "\n")
        self.path.unlink()
