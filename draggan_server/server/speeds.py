"""How fast each model drags on this computer, and how fast the computer is, kept in the user's data folder."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from draggan_server.stylegan2 import Work

log = logging.getLogger(__name__)

FASTEST = 1e6
"""Steps per second; whatever says more is wrong."""


@dataclass(frozen=True)
class Pace:
    """How long a step takes by the work in it."""

    layer_s: float
    """Seconds for each layer, however small."""
    multiply_add_s: float
    """Seconds for each multiply-add."""

    def __post_init__(self) -> None:
        if not (1 / FASTEST <= self.layer_s <= 1e3 and 0 <= self.multiply_add_s <= 1):
            raise ValueError(
                f"no computer takes {self.layer_s:g} s a layer and {self.multiply_add_s:g} s a multiply-add"
            )

    def step_s(self, work: Work) -> float:
        """Seconds."""
        return work.layers * self.layer_s + work.multiply_adds * self.multiply_add_s


@dataclass(frozen=True)
class _Known:
    """What the file says."""

    steps_per_s: dict[str, float]
    pace: Pace | None = None


_NOTHING = _Known({})


class Speeds:
    """Steps per second by the model's sha256, as last measured, and the pace. Those of another device are forgotten.

    The file is read anew each time: the server writes it, and so does `draggan-server bench`. One that is damaged or
    cannot be written costs nothing but the numbers in it. Safe to use from any thread.
    """

    def __init__(self, file: Path, device: str) -> None:
        """device: in words, as `describe_device` says it."""
        self._file = file
        self._device = device
        self._writing = threading.Lock()

    def get(self, sha256: str) -> float | None:
        """Steps per second; None: not measured yet."""
        return self._read().steps_per_s.get(sha256)

    def measured(self, sha256: str, steps_per_s: float) -> None:
        """Keeps it."""
        with self._writing:
            known = self._read()
            self._write(replace(known, steps_per_s={**known.steps_per_s, sha256: round(steps_per_s, 2)}))

    def pace(self) -> Pace | None:
        """The computer's; None: not measured yet with this torch."""
        return self._read().pace

    def calibrated(self, pace: Pace) -> None:
        """Keeps it."""
        with self._writing:
            self._write(replace(self._read(), pace=pace))

    def _write(self, known: _Known) -> None:
        content: dict[str, object] = {"device": self._device, "steps_per_s": known.steps_per_s}
        if known.pace is not None:
            content["pace"] = {"torch": torch.__version__, **asdict(known.pace)}
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            draft = self._file.with_suffix(".part")
            draft.write_text(json.dumps(content), encoding="utf-8")
            draft.replace(self._file)
        except OSError as error:
            log.warning("the speed is not kept: %s", error)

    def _read(self) -> _Known:
        try:
            content = json.loads(self._file.read_text(encoding="utf-8"))
            if content["device"] != self._device:
                return _NOTHING
            found = {str(sha256): float(speed) for sha256, speed in content["steps_per_s"].items()}
            pace = _pace(content.get("pace"))
        except FileNotFoundError:
            return _NOTHING
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("%s cannot be read: %s", self._file, error)
            return _NOTHING
        return _Known({sha256: speed for sha256, speed in found.items() if 0 < speed <= FASTEST}, pace)


def _pace(content: dict[str, object] | None) -> Pace | None:
    """Raises what something else than a pace raises."""
    if content is None or content["torch"] != torch.__version__:
        return None
    return Pace(float(content["layer_s"]), float(content["multiply_add_s"]))  # type: ignore[arg-type]
