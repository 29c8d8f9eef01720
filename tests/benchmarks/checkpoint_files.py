"""How much memory adding a model takes, and how long loading one does, beside its file:
`python -m tests.benchmarks.checkpoint_files --record`, some three minutes on two quiet cores.

Models of 1024 px and full width with random weights. Each measurement has a process of its own, the files are written
by others. Read the ratios, machines are noisy.
"""

from __future__ import annotations

import argparse
import datetime
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks.measuring_checkpoints import WRITERS, Adding, Loading
from tests.benchmarks.surroundings import ROOT, machine, revision

RESULTS = Path(__file__).parent / "results" / "checkpoint_files.json"
RESOLUTION = 1024
MOST_MEMORY = 1.5
"""Adding a model takes at most so many times its file; one in half precision is half as large, and no easier."""
MOST_TIME = 1.3
"""Loading a file of ours and touching every byte takes at most so many times reading it."""
FULL_PRECISION = tuple(layout for layout in WRITERS if "half" not in layout)
OUR_LAYOUTS = tuple(layout for layout in WRITERS if layout.startswith("our"))
_TIMES = 15


def measured(
    added: Sequence[str], loaded: Sequence[str], *, resolution: int = RESOLUTION, times: int = _TIMES
) -> tuple[list[Adding], list[Loading]]:
    """Measures the layouts and prints; each file is written, used and deleted."""
    adding, loading = [], []
    for layout in dict.fromkeys((*added, *loaded)):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / ("model.safetensors" if layout in OUR_LAYOUTS else "model")
            _own_process("write", layout, path, resolution)
            if layout in added:
                row = Adding(**json.loads(_own_process("add", layout, path, 0)))
                adding.append(row)
                text = f"{row.memory_mib:.0f} MiB, {row.memory_ratio:.2f} times the file (at most {MOST_MEMORY:g})"
                print(f"adding   {layout:38}{row.file_mib:6.0f} MiB: {text}, {row.seconds:.1f} s", flush=True)
            if layout in loaded:
                read = Loading(**json.loads(_own_process("load", layout, path, times)))
                loading.append(read)
                text = (
                    f"{1000 * (read.load_seconds + read.touch_seconds):.0f} ms, reading {1000 * read.read_seconds:.0f}"
                )
                text += f" (through a buffer {1000 * read.into_buffer_seconds:.0f})"
                text += f": {read.ratio:.2f} times (at most {MOST_TIME:g})"
                print(f"loading  {layout:38}{read.file_mib:6.0f} MiB: {text}", flush=True)
    return adding, loading


def _own_process(action: str, layout: str, path: Path, number: int) -> str:
    command = [sys.executable, "-m", "tests.benchmarks.measuring_checkpoints", action, layout, str(path), str(number)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help=f"write all measurements into {RESULTS}")
    options = parser.parse_args()
    adding, loading = measured(tuple(WRITERS), OUR_LAYOUTS)
    if options.record:
        content = {
            "revision": revision(),
            "date": datetime.date.today().isoformat(),
            "machine": machine(),
            "resolution": RESOLUTION,
            "adding": [asdict(row) for row in adding],
            "loading": [asdict(row) for row in loading],
        }
        RESULTS.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        print(f"written to {RESULTS}")


if __name__ == "__main__":
    main()
