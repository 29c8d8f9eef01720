"""How fast each model drags on this computer, kept in the user's data folder."""

from __future__ import annotations

import json
import logging
from pathlib import Path

log = logging.getLogger(__name__)

_FASTEST = 1e6


class Speeds:
    """Steps per second by the model's sha256, as last measured. Speeds of another device are forgotten.

    The file is read anew each time: the server writes it, and so does `draggan-server bench`. One that is damaged or
    cannot be written costs nothing but the numbers in it.
    """

    def __init__(self, file: Path, device: str) -> None:
        """device: in words, as `describe_device` says it."""
        self._file = file
        self._device = device

    def get(self, sha256: str) -> float | None:
        """Steps per second; None: not measured yet."""
        return self._read().get(sha256)

    def measured(self, sha256: str, steps_per_s: float) -> None:
        """Keeps it."""
        known = {**self._read(), sha256: round(steps_per_s, 2)}
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            draft = self._file.with_suffix(".part")
            draft.write_text(json.dumps({"device": self._device, "steps_per_s": known}), encoding="utf-8")
            draft.replace(self._file)
        except OSError as error:
            log.warning("the speed is not kept: %s", error)

    def _read(self) -> dict[str, float]:
        try:
            content = json.loads(self._file.read_text(encoding="utf-8"))
            if content["device"] != self._device:
                return {}
            found = {str(sha256): float(speed) for sha256, speed in content["steps_per_s"].items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("%s cannot be read: %s", self._file, error)
            return {}
        return {sha256: speed for sha256, speed in found.items() if 0 < speed <= _FASTEST}
